"""What an operator sets for Twilio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ringproof_server.carriers.settings import SettingsReader, address_for_secrets, matching


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
    reader = SettingsReader(settings)
    found = {name: reader.need(name, read) for name, read in _NEEDED.items()}
    found |= {name: reader.take(name, read, None) for name, read in _OPTIONAL.items()}
    taken = {name: text for name, text in found.items() if text is not None}
    reader.faults += _contradictions(taken)
    reader.finish("twilio")
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


def _base_url(text: str) -> str:
    """Where the auth token may travel: encrypted, or within this machine."""
    if address_for_secrets(text).query:
        raise ValueError("must have no query")
    return text.rstrip("/")


_NUMBER: Final = r"\+[1-9][0-9]{6,14}"
_SENDER: Final = rf"{_NUMBER}|[0-9]{{3,8}}|(?=.*[A-Za-z])[A-Za-z0-9 +&_-]{{1,11}}"
_secret: Final = matching(r"[!-~]{16,200}", "a text of 16 to 200 visible characters")
_NEEDED: Final = {
    "account_sid": matching("AC[0-9a-fA-F]{32}", "AC and 32 hexadecimal digits"),
    "auth_token": _secret,
}
_OPTIONAL: Final = {
    "base_url": _base_url,
    "region": matching("[a-z]{2}[0-9]", "a region such as ie1"),
    "edge": matching("[a-z][a-z0-9-]{1,30}", "an edge such as dublin"),
    "sender": matching(_SENDER, "a number in E.164, short code or alphanumeric sender of 11 characters"),
    "messaging_service_sid": matching("MG[0-9a-fA-F]{32}", "MG and 32 hexadecimal digits"),
    "whatsapp_sender": matching(_NUMBER, "a number in E.164"),
    "whatsapp_content_sid": matching("HX[0-9a-fA-F]{32}", "HX and 32 hexadecimal digits"),
    "whatsapp_code_variable": matching("[A-Za-z0-9_]{1,16}", "the name of a template's variable"),
    "webhook_secret": _secret,
}
