"""Everything that can go wrong, as one tree.

RingproofError
├── ServerUnreachableError       no answer, also after retries
├── UnexpectedAnswerError        something answered, but not a Ringproof server
├── InsecureServerError          plain http:// to another machine (also a ValueError)
├── TokenInvalidError            a token that proves nothing (also a ValueError)
│   └── TokenExpiredError
├── WebhookInvalidError          a request that was not signed with your secret (also a ValueError)
│   └── WebhookExpiredError
├── NotVerifiedError             the verification ended, and not with `verified`
│   ├── VerificationFailedError
│   ├── VerificationExpiredError
│   └── VerificationCancelledError
└── ProblemError                 the server refused (RFC 9457); a problem without a class of its own
    ├── InvalidRequestError      ├── TooEarlyError            ├── RateLimitedError
    ├── InvalidPhoneNumberError  ├── NoStepsLeftError         ├── GuessBudgetExhaustedError
    ├── UnauthorizedError        ├── AlreadyFinishedError     ├── SpendLimitReachedError
    ├── ForbiddenError           ├── ChallengeInvalidError    ├── IdempotencyConflictError
    ├── NotFoundError            ├── ChallengeExpiredError    ├── NoChannelAvailableError
    ├── NumberNotAllowedError    ├── VerifierMismatchError    ├── PayloadTooLargeError
    ├── CountryNotAllowedError   └── InternalError            └── ServiceUnavailableError
    ├── OptedOutError
    └── ConcurrentVerificationError
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class RingproofError(Exception):
    """The base of everything this package raises on purpose."""


class ServerUnreachableError(RingproofError):
    """No answer came: no network, no such host, a timeout. The request may or may not have arrived."""


class UnexpectedAnswerError(RingproofError):
    """The answer was not what a Ringproof server says: a proxy's page, a redirect, broken JSON."""


class InsecureServerError(RingproofError, ValueError):
    """A key would have travelled over plain HTTP; only loopback and an explicit flag allow that."""


class TokenInvalidError(RingproofError, ValueError):
    """The token was not signed by this issuer for this audience, or says nothing that can be relied on."""


class TokenExpiredError(TokenInvalidError):
    """The token was right once, but its life of a few minutes is over."""


class WebhookInvalidError(RingproofError, ValueError):
    """The webhook was not signed with this secret, or says nothing that can be relied on."""


class WebhookExpiredError(WebhookInvalidError):
    """The signature is right, but of another time: an old request sent again, or clocks that differ."""


class NotVerifiedError(RingproofError):
    """The verification ended without proof. `status` and `reason` are the server's words."""

    status = "failed"

    def __init__(self, message: str, *, verification: str | None = None, reason: str | None = None) -> None:
        super().__init__(message)
        self.verification = verification
        self.reason = reason


class VerificationFailedError(NotVerifiedError):
    """Every way was tried, or too many answers were wrong."""


class VerificationExpiredError(NotVerifiedError):
    """The time was over before the proof came."""

    status = "expired"


class VerificationCancelledError(NotVerifiedError):
    """This client, or somebody entitled, stopped it."""

    status = "cancelled"


def not_verified(status: str, verification: str, reason: str | None) -> NotVerifiedError:
    """The exception for a verification that ended in a status other than verified."""
    kinds = {"expired": VerificationExpiredError, "cancelled": VerificationCancelledError}
    words = f"The verification is {status}" + (f": {reason}" if reason else "")
    return kinds.get(status, VerificationFailedError)(words, verification=verification, reason=reason)


class FieldError(NamedTuple):
    """Which input was wrong, and why."""

    field: str
    message: str


class ProblemError(RingproofError):
    """The server's refusal, read from `application/problem+json` (RFC 9457).

    `slug` is the last part of the problem's type, `instance` the request id to quote to the operator,
    `retry_after` seconds, `verification` the id of the verification concerned.
    """

    def __init__(
        self,
        title: str,
        *,
        slug: str = "",
        status: int = 0,
        detail: str | None = None,
        instance: str | None = None,
        retry_after: float | None = None,
        verification: str | None = None,
        errors: tuple[FieldError, ...] = (),
    ) -> None:
        super().__init__(f"{title}: {detail}" if detail else title)
        self.title = title
        self.slug = slug
        self.status = status
        self.detail = detail
        self.instance = instance
        self.retry_after = retry_after
        self.verification = verification
        self.errors = errors


class InvalidRequestError(ProblemError):
    """The request breaks the contract; `errors` says where."""


class InvalidPhoneNumberError(ProblemError):
    """No phone number of any country."""


class UnauthorizedError(ProblemError):
    """The key is missing, unknown or withdrawn."""


class ForbiddenError(ProblemError):
    """The key is good, but not for this."""


class NotFoundError(ProblemError):
    """No such verification for this key."""


class NumberNotAllowedError(ProblemError):
    """A premium, shared-cost or otherwise refused number."""


class CountryNotAllowedError(ProblemError):
    """The operator does not verify numbers of this country."""


class OptedOutError(ProblemError):
    """The person asked not to be called or texted."""


class ConcurrentVerificationError(ProblemError):
    """One is pending already; `verification` is its id."""


class TooEarlyError(ProblemError):
    """Allowed after `retry_after` seconds."""


class NoStepsLeftError(ProblemError):
    """There is no further way to reach this number."""


class AlreadyFinishedError(ProblemError):
    """The verification has ended."""


class ChallengeInvalidError(ProblemError):
    """The challenge is not this server's, or of another verification."""


class ChallengeExpiredError(ProblemError):
    """The challenge's time is over."""


class VerifierMismatchError(ProblemError):
    """This client is not the one that started the verification."""


class RateLimitedError(ProblemError):
    """Too many requests; `retry_after` says how long to wait."""


class GuessBudgetExhaustedError(ProblemError):
    """So much has been guessed about this number that nothing more is offered for now."""


class SpendLimitReachedError(ProblemError):
    """The operator's money for calls and messages is used up for now."""


class IdempotencyConflictError(ProblemError):
    """The same idempotency key came with another request."""


class NoChannelAvailableError(ProblemError):
    """None of the wanted channels can reach this number."""


class PayloadTooLargeError(ProblemError):
    """The request's body is too long."""


class ServiceUnavailableError(ProblemError):
    """The server cannot work at the moment."""


class InternalError(ProblemError):
    """The server failed; quote `instance`."""


PROBLEM_SLUGS: Mapping[str, type[ProblemError]] = MappingProxyType(
    {
        "invalid-request": InvalidRequestError,
        "invalid-phone-number": InvalidPhoneNumberError,
        "unauthorized": UnauthorizedError,
        "forbidden": ForbiddenError,
        "not-found": NotFoundError,
        "number-not-allowed": NumberNotAllowedError,
        "country-not-allowed": CountryNotAllowedError,
        "opted-out": OptedOutError,
        "concurrent-verification": ConcurrentVerificationError,
        "too-early": TooEarlyError,
        "no-steps-left": NoStepsLeftError,
        "already-finished": AlreadyFinishedError,
        "challenge-invalid": ChallengeInvalidError,
        "challenge-expired": ChallengeExpiredError,
        "verifier-mismatch": VerifierMismatchError,
        "rate-limited": RateLimitedError,
        "guess-budget-exhausted": GuessBudgetExhaustedError,
        "spend-limit-reached": SpendLimitReachedError,
        "idempotency-conflict": IdempotencyConflictError,
        "no-channel-available": NoChannelAvailableError,
        "payload-too-large": PayloadTooLargeError,
        "service-unavailable": ServiceUnavailableError,
        "internal": InternalError,
    }
)
"""The closed list of problems a server of this version knows, each with its class."""


def _text(body: Mapping[str, Any], name: str, longest: int = 500) -> str | None:
    value = body.get(name)
    return value[:longest] if isinstance(value, str) else None


def _seconds(value: object) -> float | None:
    """A length of time from a header or a body; what is not a sane number counts as absent."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds < 1e9 else None


def problem_from(status: int, headers: Mapping[str, str], body: Mapping[str, Any] | None) -> ProblemError:
    """The exception for a refused request.

    `headers` has lower-case names. An unknown slug, or a body that is no problem document, gives a plain
    `ProblemError`, so that a newer server never breaks an older app.
    """
    body = body or {}
    slug = (_text(body, "type") or "").rstrip("/").rpartition("/")[2]
    retry_after = _seconds(body.get("retry_after"))
    if retry_after is None:
        retry_after = _seconds(headers.get("retry-after"))
    listed = body.get("errors")
    errors = tuple(
        FieldError(_text(item, "field") or "", _text(item, "message") or "")
        for item in (listed[:50] if isinstance(listed, list) else ())
        if isinstance(item, dict)
    )
    return PROBLEM_SLUGS.get(slug, ProblemError)(
        _text(body, "title") or f"The server answered {status}",
        slug=slug,
        status=status,
        detail=_text(body, "detail"),
        instance=_text(body, "instance"),
        retry_after=retry_after,
        verification=_text(body, "verification"),
        errors=errors,
    )
