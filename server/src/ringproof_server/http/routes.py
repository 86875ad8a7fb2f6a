"""One operation of the contract: how it is routed and how it is described, in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec
from flask import Blueprint, Flask, Response
from werkzeug.routing import BaseConverter

from ringproof_server.domain import errors
from ringproof_server.domain.errors import RingproofError
from ringproof_server.http.reading import CHALLENGE, IDEMPOTENCY_KEY, LONGEST_CHALLENGE

DEVICE_ID: Final = "dev_[A-Za-z0-9_-]{1,64}"
OWN_NAME: Final = "[A-Za-z0-9._~-]{1,128}"
VERIFICATION_ID: Final = "vrf_[A-Za-z0-9_-]{1,64}"
FICTITIOUS_NUMBER: Final = r"\+?[0-9]{7,15}"

Problem = type[RingproofError]
View = Callable[..., Response]

ALWAYS: Final[tuple[Problem, ...]] = (
    errors.InvalidRequest,
    errors.ServiceUnavailable,
    errors.Internal,
)
WITH_KEY: Final[tuple[Problem, ...]] = (*ALWAYS, errors.Unauthorized, errors.Forbidden)
WITH_CHALLENGE: Final[tuple[Problem, ...]] = (
    *WITH_KEY,
    errors.NotFound,
    errors.ChallengeInvalid,
    errors.ChallengeExpired,
)
WITH_BODY: Final[tuple[Problem, ...]] = (errors.PayloadTooLarge, errors.IdempotencyConflict)
STARTING: Final[tuple[Problem, ...]] = (
    errors.InvalidPhoneNumber,
    errors.NumberNotAllowed,
    errors.CountryNotAllowed,
    errors.OptedOut,
    errors.ConcurrentVerification,
    errors.RateLimited,
    errors.GuessBudgetExhausted,
    errors.SpendLimitReached,
    errors.NoChannelAvailable,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A header or query parameter; `schema` is its JSON schema."""

    name: str
    place: Literal["header", "query"]
    description: str
    schema: Mapping[str, Any]
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`answers` maps a status to a body, or to media types (with commas between them) for anything else.

    With `form` the body may also come as a form.
    """

    id: str
    method: Literal["GET", "POST", "DELETE"]
    rule: str
    tag: str
    summary: str
    description: str = ""
    body: type[msgspec.Struct] | None = None
    body_required: bool = True
    any_body: bool = False
    form: bool = False
    answers: Mapping[int, type[msgspec.Struct] | str]
    problems: tuple[Problem, ...] = ALWAYS
    parameters: tuple[Parameter, ...] = ()
    needs_key: bool = False
    location: bool = False
    request_example: Mapping[str, Any] | None = None
    answer_example: Mapping[str, Any] | None = field(default=None, repr=False)


class VerificationIdConverter(BaseConverter):
    """Lets through what can be an identifier of ours, and nothing that a database could stumble over."""

    regex = VERIFICATION_ID


class DeviceIdConverter(BaseConverter):
    """Lets through what can be a device of ours."""

    regex = DEVICE_ID


class OwnNameConverter(BaseConverter):
    """Lets through what a back end may call a code of its own."""

    regex = OWN_NAME


class CodeConverter(BaseConverter):
    """Lets through what a person may have typed as a code, right or wrong, in any script's digits."""

    regex = r"[\w -]{1,64}"


class HandsetNumberConverter(BaseConverter):
    """Lets through what can be an E.164 number, the plus sign or not."""

    regex = FICTITIOUS_NUMBER


def register_converters(app: Flask) -> None:
    """Make the converters known to `app`, before any blueprint that uses them."""
    app.url_map.converters["verification"] = VerificationIdConverter
    app.url_map.converters["device"] = DeviceIdConverter
    app.url_map.converters["label"] = OwnNameConverter
    app.url_map.converters["code"] = CodeConverter
    app.url_map.converters["handset"] = HandsetNumberConverter


def add(blueprint: Blueprint, operation: Operation, view: View) -> None:
    """Route the operation to `view`."""
    blueprint.add_url_rule(operation.rule, operation.id, view, methods=[operation.method])


REQUEST_ID_HEADER: Final = Parameter(
    name="X-Request-ID",
    place="header",
    description="Your own id for this request, repeated in the answer and in our logs; replaced unless it is "
    "8 to 64 letters, digits, dots, dashes and underscores.",
    schema={"type": "string"},
)
IDEMPOTENCY_HEADER: Final = Parameter(
    name=IDEMPOTENCY_KEY,
    place="header",
    description="A new random value for each logical request; a repeat with the same key and the same body "
    "is answered like the first one and does nothing again.",
    schema={"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]{1,255}$"},
)
CHALLENGE_HEADER: Final = Parameter(
    name=CHALLENGE,
    place="header",
    description="The challenge of the verification; required with a publishable key.",
    schema={
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_CHALLENGE,
        "pattern": f"^[A-Za-z0-9._-]{{1,{LONGEST_CHALLENGE}}}$",
    },
)
