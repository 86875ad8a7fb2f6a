"""What an operator sets about Web Push."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ringproof_server.carriers.plugin import CarrierSettingsError

_SUBJECT: Final = re.compile(r"mailto:[!-~]+@[!-~]+|https://[!-~]+")
_FLAGS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}
_KNOWN: Final = ("private_addresses", "subject")


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
    faults = []
    subject = settings.get("subject", "").strip()
    if not subject:
        faults.append("subject must be set")
    elif not _SUBJECT.fullmatch(subject) or len(subject) > 255:
        faults.append("subject must be a mailto: or https: address")
    private = _FLAGS.get(settings.get("private_addresses", "").strip().lower())
    if private is None:
        faults.append("private_addresses must be true or false")
    known = ", ".join(_KNOWN)
    faults += [f"{name} is unknown (known are: {known})" for name in sorted(set(settings) - set(_KNOWN))]
    if faults or private is None:
        raise CarrierSettingsError("webpush", tuple(faults))
    return WebPushSettings(subject=subject, private_addresses=private)
