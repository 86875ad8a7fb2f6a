"""The secrets that requests to an application's back end are signed with: made, sealed, opened."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from ringproof_server.domain.webhook import SealedSecret
from ringproof_server.ports import Random, Seals

PURPOSE: Final = "webhook secret"
PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
"""Standard Webhooks asks for 24 to 64."""
OVERLAP: Final = timedelta(days=1)
"""How long a secret that was replaced goes on signing beside the new one."""


def new_secret(random: Random) -> str:
    return PREFIX + base64.b64encode(random.bytes(SECRET_BYTES)).decode()


def sealed(seals: Seals, secret: str) -> SealedSecret:
    return SealedSecret(sealed=seals.seal(PURPOSE, secret))


def rotated(secrets: Sequence[SealedSecret], new: SealedSecret, now: datetime) -> tuple[SealedSecret, ...]:
    """The new secret, and the one before it for a while; older ones are gone."""
    before = [
        SealedSecret(sealed=one.sealed, retires_at=now + OVERLAP) for one in secrets if one.retires_at is None
    ]
    return (new, *before[:1])


def opened(seals: Seals, secrets: Sequence[SealedSecret], now: datetime) -> tuple[str, ...]:
    """Those that sign now, as texts; without those that another server's secret has sealed."""
    found = (seals.unseal(PURPOSE, one.sealed) for one in secrets if one.signs_at(now))
    return tuple(secret for secret in found if secret is not None)
