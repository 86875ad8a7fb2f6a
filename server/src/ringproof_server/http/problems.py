"""What a client is told when something went wrong: one table, and the only writer of problem documents."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import structlog
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from ringproof_server.domain import errors
from ringproof_server.domain.errors import CallbackRefused, InvalidRequest, RingproofError
from ringproof_server.http.answers import Answer
from ringproof_server.http.bodies import FieldFault, ProblemView, encode
from ringproof_server.http.exchange import current_exchange

MEDIA_TYPE: Final = "application/problem+json"

_STATUS: Final[dict[type[RingproofError], int]] = {
    errors.InvalidPhoneNumber: 422,
    errors.InvalidRequest: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.NumberNotAllowed: 403,
    errors.CountryNotAllowed: 403,
    errors.OptedOut: 403,
    errors.ConcurrentVerification: 409,
    errors.TooEarly: 409,
    errors.NoStepsLeft: 409,
    errors.AlreadyFinished: 409,
    errors.ChallengeInvalid: 403,
    errors.ChallengeExpired: 410,
    errors.VerifierMismatch: 403,
    errors.RateLimited: 429,
    errors.GuessBudgetExhausted: 429,
    errors.SpendLimitReached: 429,
    errors.IdempotencyConflict: 409,
    errors.NoChannelAvailable: 422,
    errors.PayloadTooLarge: 413,
    errors.ServiceUnavailable: 503,
    errors.Internal: 500,
}

PROBLEM_STATUS: Final[Mapping[str, int]] = MappingProxyType(
    {error.slug: status for error, status in _STATUS.items()}
)
"""The HTTP status of every problem, by slug."""

_BY_STATUS: Final[dict[int, tuple[type[RingproofError], str]]] = {
    400: (errors.InvalidRequest, "The request cannot be understood"),
    404: (errors.NotFound, "There is nothing at this address"),
    405: (errors.InvalidRequest, "This address does not take this method"),
    413: (errors.PayloadTooLarge, "The body is larger than 64 KiB"),
    415: (errors.InvalidRequest, "The body must be application/json"),
}

Refused = Callable[[str], None]
Page = Callable[[RingproofError, int], Response | None]
"""A page for people in place of a document, where the present request is a person's; None where it is not."""


class WrongMediaType(InvalidRequest):
    """The body is of another type than JSON."""


def problem(
    error: RingproofError, *, status: int | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer for an error; what is not in the table is `internal`, without its message."""
    shown, code = _told(error, status)
    wait = None if shown.retry_after is None else max(0, math.ceil(shown.retry_after))
    faults = shown.faults if isinstance(shown, InvalidRequest) else ()
    exchange = current_exchange()
    exchange.problem = shown.slug
    body = ProblemView(
        type=f"/problems/{shown.slug}",
        title=shown.title,
        status=code,
        detail=str(shown),
        instance=exchange.request_id,
        retry_after=wait,
        verification=shown.verification_id,
        errors=[FieldFault(field=name, message=text) for name, text in faults] or None,
    )
    response = Answer(encode(body), code, content_type=MEDIA_TYPE, headers=headers)
    if wait is not None:
        response.headers["Retry-After"] = str(wait)
    if code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def register_problems(app: Flask, refused: Refused, page: Page | None = None) -> None:
    """Answer every error of `app` with a problem document, or a `page`; `refused` counts them by slug."""
    log = structlog.get_logger("ringproof_server.http")

    def answer(
        error: RingproofError, *, status: int | None = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        shown = None if page is None else page(*_told(error, status))
        if shown is None:
            return problem(error, status=status, headers=headers)
        current_exchange().problem = error.slug
        shown.headers.extend(headers or {})
        return shown

    def ours(error: RingproofError) -> Response:
        refused(error.slug)
        response = answer(error)
        if response.status_code >= 500:
            log.warning("request_failed", problem=error.slug, exc_info=error)
        return response

    def forged(_error: CallbackRefused) -> Response:
        refused(errors.Forbidden.slug)
        return problem(errors.Forbidden("The callback is not accepted"))

    def framework(error: HTTPException) -> Response:
        kind, detail = _BY_STATUS.get(error.code or 500, (errors.InvalidRequest, "The request is refused"))
        code = error.code or 500
        if code >= 500:
            return unforeseen(error)
        refused(kind.slug)
        allow = dict(error.get_headers()).get("Allow")
        return answer(kind(detail), status=code, headers={"Allow": allow} if allow else None)

    def unforeseen(error: Exception) -> Response:
        log.error("unforeseen_fault", exc_info=error)
        refused(errors.Internal.slug)
        return answer(errors.Internal())

    app.register_error_handler(RingproofError, ours)
    app.register_error_handler(CallbackRefused, forged)
    app.register_error_handler(HTTPException, framework)
    app.register_error_handler(Exception, unforeseen)


def _told(error: RingproofError, status: int | None) -> tuple[RingproofError, int]:
    """What the client may know of the error, and the HTTP status."""
    known = status or _status_of(error)
    return (errors.Internal(), 500) if known is None else (error, known)


def _status_of(error: RingproofError) -> int | None:
    if isinstance(error, WrongMediaType):
        return 415
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), None)
