"""What an operator sets for Twilio."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from ringproof_server.carriers.plugin import CarrierSettingsError

SHORTEST_TOKEN: Final = 16
LONGEST_TEXT: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioSettings:
    """`base_url` replaces `https://api.twilio.com` and has no slash at its end.

    `sender` is the number (E.164), short code or alphanumeric name that SMS come from, unless a messaging
    service chooses one. `whatsapp_content_sid` names an approved template with the code in its variable
    `whatsapp_code_variable`. `webhook_secret` belongs to the shared key that callbacks are signed with where
    the operator made one; all others are signed with the auth token.
    """

    account_sid: str
    auth_token: str = field(repr=False)
    base_url: str | None = None
    region: str | None = None
    edge: str | None = None
    sender: str | None = None
    messaging_service_sid: str | None = None
    whatsapp_sender: str | None = None
    whatsapp_content_sid: str | None = None
    whatsapp_code_variable: str = "1"
    webhook_secret: str | None = field(default=None, repr=False)


def read_settings(settings: Mapping[str, str]) -> TwilioSettings:
    """The settings as the operator wrote them. Raises `CarrierSettingsError` with every fault at once."""
    left = dict(settings)
    taken: dict[str, str] = {}
    faults: list[str] = []
    for name, (is_right, should_be) in _RULES.items():
        text = left.pop(name, "")
        if not text:
            continue
        if len(text) > LONGEST_TEXT or not is_right(text):
            faults.append(f"{name} {should_be}")
        taken[name] = text
    faults += [f"{name} is missing" for name in ("account_sid", "auth_token") if name not in taken]
    faults += _contradictions(taken)
    known = ", ".join(_RULES)
    faults += [f"{name} is unknown (known are: {known})" for name in sorted(left)]
    if faults:
        raise CarrierSettingsError("twilio", tuple(faults))
    if "base_url" in taken:
        taken["base_url"] = taken["base_url"].rstrip("/")
    return TwilioSettings(**taken)


def _contradictions(taken: Mapping[str, str]) -> list[str]:
    faults = []
    if "base_url" in taken and ("region" in taken or "edge" in taken):
        faults.append("base_url cannot be combined with region or edge, which make up an address of Twilio's")
    if "sender" in taken and "messaging_service_sid" in taken:
        faults.append("sender cannot be combined with messaging_service_sid, which chooses the sender")
    if "whatsapp_content_sid" in taken and "whatsapp_sender" not in taken:
        faults.append("whatsapp_content_sid needs a whatsapp_sender")
    return faults


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def _is_address(text: str) -> bool:
    """Whether the auth token may travel there: encrypted, or within this machine."""
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.query or parts.fragment or parts.username is not None or not host or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_here(host))


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_sender(text: str) -> bool:
    """A number, a short code, or an alphanumeric sender id: up to 11 characters, a letter among them."""
    if re.fullmatch(r"\+[1-9][0-9]{6,14}|[0-9]{3,8}", text):
        return True
    return (
        re.fullmatch(r"[A-Za-z0-9 +&_-]{1,11}", text) is not None and re.search("[A-Za-z]", text) is not None
    )


_SECRET: Final = rf"[\x21-\x7e]{{{SHORTEST_TOKEN},}}"
_RULES: Final[dict[str, tuple[Callable[[str], bool], str]]] = {
    "account_sid": (_matches("AC[0-9a-fA-F]{32}"), "is not AC and 32 hexadecimal digits"),
    "auth_token": (_matches(_SECRET), "is too short or holds a space"),
    "base_url": (_is_address, "is not an https address without a query (http serves this machine only)"),
    "region": (_matches("[a-z]{2}[0-9]"), "is not a region such as ie1"),
    "edge": (_matches("[a-z][a-z0-9-]{1,30}"), "is not an edge such as dublin"),
    "sender": (_is_sender, "is no number in E.164, short code or alphanumeric sender of 11 characters"),
    "messaging_service_sid": (_matches("MG[0-9a-fA-F]{32}"), "is not MG and 32 hexadecimal digits"),
    "whatsapp_sender": (_matches(r"\+[1-9][0-9]{6,14}"), "is not a number in E.164"),
    "whatsapp_content_sid": (_matches("HX[0-9a-fA-F]{32}"), "is not HX and 32 hexadecimal digits"),
    "whatsapp_code_variable": (_matches("[A-Za-z0-9_]{1,16}"), "is not the name of a template's variable"),
    "webhook_secret": (_matches(_SECRET), "is too short or holds a space"),
}
