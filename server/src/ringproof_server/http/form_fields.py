"""What a plain form says, and what it means to the services."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import InvalidPhoneNumber, InvalidRequest
from ringproof_server.domain.verification import Capabilities
from ringproof_server.http.bodies import ConfirmBody, StartBody
from ringproof_server.http.form_cookies import Kept
from ringproof_server.http.reading import raw_body
from ringproof_server.service.requests import ConfirmRequest, StartRequest

_MOST_FIELDS: Final = 16
_DIALLED_ABROAD: Final = re.compile(r"^\s*(?:00|011)(?=[\s(.-]*[1-9])")

Fields = dict[str, str]


def read_fields(*names: str) -> Fields:
    """These fields of the form, the first of each. Raises `InvalidRequest` for what is no form."""
    try:
        sent = parse_qsl(raw_body().decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise InvalidRequest("The form cannot be read") from None
    found: Fields = {}
    for name, value in sent:
        if name in names:
            found.setdefault(name, value)
    return found


def start_request(fields: Fields, *, code_challenge: str, language: str, origin: str) -> StartRequest:
    """The start that the number form asks for. Raises `InvalidPhoneNumber` for what cannot be a number.

    With `origin` the code of a text message is bound to this site, and phones offer it here only.
    """
    said: dict[str, Any] = {
        "phone_number": _DIALLED_ABROAD.sub("+", ascii_digits(fields.get("number", ""))).strip(),
        "code_challenge": code_challenge,
        "language": language,
    }
    if fields.get("way") == Channel.SMS:
        said["channels"] = [Channel.SMS.value]
    try:
        asked = msgspec.convert(said, StartBody).to_request()
    except msgspec.ValidationError:
        raise InvalidPhoneNumber("This is not a phone number") from None
    return replace(asked, capabilities=Capabilities(web_origin=origin))


def evidence_in(kept: Kept, fields: Fields) -> ConfirmRequest | None:
    """What the person typed, as evidence; None when digits are missing. Raises `InvalidRequest`."""
    channel = fields.get("channel", "")
    evidence: dict[str, str] = {"channel": channel}
    if channel != Channel.KEYPAD:
        typed = "".join(one for one in ascii_digits(fields.get("answer", "")) if "0" <= one <= "9")
        length = fields.get("length", "")
        wanted = int(length) if length.isascii() and length.isdigit() and len(length) <= 2 else 0
        if channel == Channel.FLASHCALL:
            typed = typed[-wanted:] if wanted else typed
            evidence["last_digits"] = typed
        else:
            evidence["code"] = typed
        if not typed or len(typed) != wanted:
            return None
    said = {"evidence": evidence, "challenge": kept.challenge, "code_verifier": kept.verifier}
    try:
        return msgspec.convert(said, ConfirmBody).to_request()
    except msgspec.ValidationError:
        raise InvalidRequest("The form is not one of ours") from None


def ascii_digits(text: str) -> str:
    """The text with the digits of every script as those of ASCII."""
    return "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in text)
