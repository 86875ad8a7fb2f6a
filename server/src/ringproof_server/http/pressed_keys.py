"""Keys that were pressed in a call, as carriers tell them."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
from flask import request

from ringproof_server.domain.errors import InvalidRequest
from ringproof_server.http.answers import JSON
from ringproof_server.http.reading import raw_body

DIGITS: Final = "Digits"
"""Twilio's and Restcomm's name for the keys, in a query or a form."""
DTMF: Final = "dtmf"
DTMF_DIGITS: Final = "digits"
"""Vonage's names, an object in an object of JSON."""

MOST_FIELDS: Final = 100
_KEYS: Final = re.compile(r"[0-9A-D*#]{0,32}")


def pressed_keys() -> str:
    """The keys that the present request tells, empty when none was pressed.

    Raises `InvalidRequest` for what no carrier sends: no such keys, more than 32 of them, a broken body.
    """
    keys = _told()
    if not isinstance(keys, str) or not _KEYS.fullmatch(keys):
        raise _unfit("must be at most 32 of 0-9, A-D, * and #")
    return keys


def _told() -> object:
    raw = raw_body()
    if request.mimetype == JSON:
        try:
            said: Any = msgspec.json.decode(raw)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise InvalidRequest("The body is not valid JSON") from None
        pressed = said.get(DTMF) if isinstance(said, dict) else None
        return (pressed.get(DTMF_DIGITS) or "") if isinstance(pressed, dict) else ""
    values = [*request.args.getlist(DIGITS), *_form(raw)]
    if len(values) > 1:
        raise _unfit("must be given once")
    return values[0] if values else ""


def _form(raw: bytes) -> list[str]:
    try:
        return parse_qs(raw.decode("ascii"), max_num_fields=MOST_FIELDS).get(DIGITS, [])
    except ValueError:
        raise _unfit("must be a field of a form") from None


def _unfit(what: str) -> InvalidRequest:
    return InvalidRequest("The keys do not fit", faults=((DIGITS, what),))
