"""What an operator sets about a sender of their own."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ringproof_rcml import Dialect
from ringproof_server.carriers.settings import SettingsReader, address_for_secrets
from ringproof_server.domain.channel import Channel

CHANNELS: Final = (Channel.FLASHCALL, Channel.SMS, Channel.WHATSAPP, Channel.VIBER, Channel.MESSENGER)
DEFAULT_CHANNELS: Final = frozenset({Channel.FLASHCALL, Channel.SMS})
DIALECTS: Final = (Dialect.TWIML, Dialect.RCML)
MOST_SECRETS: Final = 3

_PREFIX: Final = "whsec_"


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
    reader = SettingsReader(settings)
    url, secrets = reader.need("url", _url), reader.need("secret", _secrets)
    channels = reader.take("channels", _channels, DEFAULT_CHANNELS)
    dialect = reader.take("dialect", _dialect, Dialect.TWIML)
    reader.finish("webhook")
    assert url is not None
    assert secrets is not None
    return WebhookSettings(url=url, secrets=secrets, channels=channels, dialect=dialect)


def _url(text: str) -> str:
    address_for_secrets(text)
    return text


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
