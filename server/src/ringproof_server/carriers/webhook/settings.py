"""What an operator sets about a sender of their own."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import urlsplit

from ringproof_rcml import Dialect
from ringproof_server.carriers.plugin import CarrierSettingsError
from ringproof_server.domain.channel import Channel

T = TypeVar("T")

CHANNELS: Final = (Channel.FLASHCALL, Channel.SMS, Channel.WHATSAPP, Channel.VIBER, Channel.MESSENGER)
DEFAULT_CHANNELS: Final = frozenset({Channel.FLASHCALL, Channel.SMS})
DIALECTS: Final = (Dialect.TWIML, Dialect.RCML)
MOST_SECRETS: Final = 3

_PREFIX: Final = "whsec_"
_KNOWN: Final = ("channels", "dialect", "secret", "url")
_WHOLE: Final = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """`secrets` are in the form of Standard Webhooks, `whsec_` and Base64.

    Each request is signed with all of them, and each event is believed that one of them signed, so that a
    secret can be changed without a gap.
    """

    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    channels: frozenset[Channel] = DEFAULT_CHANNELS
    dialect: Dialect = Dialect.TWIML


def read_settings(settings: Mapping[str, str]) -> WebhookSettings:
    """Raises `CarrierSettingsError` with every fault at once; no message repeats a value."""
    faults: list[str] = []

    def take(name: str, read: Callable[[str], T], default: T | None) -> T | None:
        text = settings.get(name, "").strip()
        if not text:
            if default is None:
                faults.append(f"{name} must be set")
            return default
        try:
            return read(text)
        except ValueError as fault:
            faults.append(f"{name} {fault}")
            return default

    url, secrets = take("url", _url, None), take("secret", _secrets, None)
    channels = take("channels", _channels, DEFAULT_CHANNELS)
    dialect = take("dialect", _dialect, Dialect.TWIML)
    known = ", ".join(_KNOWN)
    faults += [f"{name} is unknown (known are: {known})" for name in sorted(set(settings) - set(_KNOWN))]
    if faults or url is None or secrets is None or channels is None or dialect is None:
        raise CarrierSettingsError("webhook", tuple(faults))
    return WebhookSettings(url=url, secrets=secrets, channels=channels, dialect=dialect)


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if parts.scheme not in {"http", "https"} or not host or parts.fragment or not _WHOLE.fullmatch(text):
        raise ValueError("is not an http(s) URL")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must hold no credentials; requests are signed")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError("must begin with https, since codes go there")
    return text


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _secrets(text: str) -> tuple[str, ...]:
    found = tuple(text.replace(",", " ").split())
    if not all(map(_is_secret, found)) or not found:
        raise ValueError("is not whsec_ and 24 to 64 bytes in Base64, as Standard Webhooks has it")
    if len(found) > MOST_SECRETS:
        raise ValueError(f"holds more than {MOST_SECRETS} secrets")
    return found


def _is_secret(text: str) -> bool:
    if not text.startswith(_PREFIX):
        return False
    encoded = text.removeprefix(_PREFIX)
    try:
        return 24 <= len(base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)) <= 64
    except (binascii.Error, ValueError):
        return False


def _channels(text: str) -> frozenset[Channel]:
    names = text.lower().replace(",", " ").split()
    known = {channel.value: channel for channel in CHANNELS}
    if not names or not set(names) <= set(known):
        raise ValueError(f"is not a list of: {', '.join(known)}")
    return frozenset(known[name] for name in names)


def _dialect(text: str) -> Dialect:
    known = {dialect.value: dialect for dialect in DIALECTS}
    if text.lower() not in known:
        raise ValueError(f"is not one of: {', '.join(known)}")
    return known[text.lower()]
