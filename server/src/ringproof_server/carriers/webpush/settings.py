"""What an operator sets about Web Push."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ringproof_server.carriers.settings import SettingsReader, matching, switch

_SUBJECT: Final = matching(
    r"(?=.{1,255}$)(mailto:[!-~]+@[!-~]+|https://[!-~]+)", "a mailto: or https: address"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPushSettings:
    """`subject` is where push services reach the operator (RFC 8292 section 2.1): `mailto:` or `https:`.

    `private_addresses` is whether subscriptions may lead to other than public addresses, for a push service
    of one's own and for tests.
    """

    subject: str
    private_addresses: bool = False


def read_settings(settings: Mapping[str, str]) -> WebPushSettings:
    """Raises `CarrierSettingsError` with every fault at once; no message repeats a value."""
    reader = SettingsReader(settings)
    subject = reader.need("subject", _SUBJECT)
    private = reader.take("private_addresses", switch, default=False)
    reader.finish("webpush")
    assert subject is not None
    return WebPushSettings(subject=subject, private_addresses=private)
