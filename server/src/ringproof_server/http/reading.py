"""Taking a request apart: its body, its idempotency key, its challenge."""

from __future__ import annotations

import hashlib
import re
from typing import Final, Generic, TypeVar
from urllib.parse import parse_qsl

import msgspec
from flask import request

from ringproof_server.domain.errors import InvalidRequest, PayloadTooLarge
from ringproof_server.http.answers import JSON
from ringproof_server.http.bodies.texts import END
from ringproof_server.http.problems import WrongMediaType
from ringproof_server.service.requests import IdempotencyKey

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
CHALLENGE: Final = "Ringproof-Challenge"
LONGEST_CHALLENGE: Final = 2048

FORM: Final = "application/x-www-form-urlencoded"
MOST_FIELDS: Final = 20
LARGEST_BODY: Final = 64 * 1024
LONGEST_MESSAGE: Final = 200
_VISIBLE: Final = re.compile(r"[\x21-\x7e]{1,255}")

T = TypeVar("T", bound=msgspec.Struct)


class BodyOf(Generic[T]):
    """Reads the JSON body of the present request as one kind of struct; the decoder is built once."""

    def __init__(self, kind: type[T], *, empty: T | None = None, form: bool = False) -> None:
        """`empty` is what a request without a body means; None where a body is required. With `form` the
        body may also be a form, whose fields are texts."""
        self._kind = kind
        self._decoder = msgspec.json.Decoder(kind)
        self._empty = empty
        self._form = form

    def read(self) -> tuple[T, IdempotencyKey | None]:
        """The body, and the idempotency key with a digest of all that the request says.

        Raises `InvalidRequest` naming the field at fault.
        """
        raw = raw_body()
        if not raw and self._empty is not None:
            return self._empty, _idempotency(raw)
        is_form = self._form and request.mimetype == FORM
        if not is_form and request.environ.get("CONTENT_TYPE") != JSON and request.mimetype != JSON:
            raise WrongMediaType("The body must be application/json")
        try:
            body = msgspec.convert(_form_fields(raw), self._kind) if is_form else self._decoder.decode(raw)
        except msgspec.ValidationError as fault:
            raise _unfit(fault) from None
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise InvalidRequest("The body is not valid JSON") from None
        return body, _idempotency(raw)


def _form_fields(raw: bytes) -> dict[str, str]:
    """The fields of a form; empty ones count as left out, as browsers send them so."""
    try:
        pairs = parse_qsl(raw.decode("ascii"), encoding="utf-8", errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise InvalidRequest("The body is not a valid form") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise InvalidRequest("The body does not fit", faults=(("body", "names a field twice"),))
    return fields


def _unfit(fault: msgspec.ValidationError) -> InvalidRequest:
    """The error for JSON that is not the struct it should be, with the name of the field that is at fault."""
    message, _, path = str(fault).partition(" - at `")
    place = path.rstrip("`").removeprefix("$").removeprefix(".")
    for start in ("Object missing required field `", "Object contains unknown field `"):
        if message.startswith(start):
            name = message.removeprefix(start).rstrip("`")
            place = f"{place}.{name}" if place else name
            message = "is required" if "missing" in start else "is not a field of this request"
    told = message.replace(END, "$")[:LONGEST_MESSAGE]
    return InvalidRequest("The body does not fit", faults=((place[:LONGEST_MESSAGE] or "body", told),))


def raw_body() -> bytes:
    """All of the body. Raises `PayloadTooLarge` before it keeps more than `LARGEST_BODY` bytes."""
    environ = request.environ
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isascii() and length.isdigit():
        wanted = int(length) if len(length) < 16 else LARGEST_BODY + 1
    else:
        # A body in chunks has no length; it can be read to its end only where the server marks that.
        wanted = LARGEST_BODY + 1 if environ.get("wsgi.input_terminated") else 0
    if length and wanted > LARGEST_BODY:
        raise PayloadTooLarge("The body is larger than 64 KiB")
    body = b""
    while len(body) < wanted:
        more = environ["wsgi.input"].read(wanted - len(body))
        if not more:
            break
        body += more
    if len(body) > LARGEST_BODY:
        raise PayloadTooLarge("The body is larger than 64 KiB")
    return body


def challenge_header() -> str | None:
    """The challenge that comes in a header. Raises `InvalidRequest` if it is longer than any of ours."""
    challenge: str | None = request.environ.get("HTTP_RINGPROOF_CHALLENGE")
    if challenge is not None and not 1 <= len(challenge) <= LONGEST_CHALLENGE:
        raise InvalidRequest(
            "A header does not fit", faults=((CHALLENGE, f"must have 1 to {LONGEST_CHALLENGE} characters"),)
        )
    return challenge


def _idempotency(raw: bytes) -> IdempotencyKey | None:
    key = request.environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return None
    if not _VISIBLE.fullmatch(key):
        raise InvalidRequest(
            "A header does not fit",
            faults=((IDEMPOTENCY_KEY, "must have 1 to 255 visible ASCII characters"),),
        )
    digest = hashlib.sha256(f"{request.method}\n{request.path}\n".encode())
    digest.update(raw)
    return IdempotencyKey(key, digest.digest())
