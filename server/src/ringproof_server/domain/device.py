"""A device that was enrolled after its number had been proved, and that can speak for the number later."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ringproof_server.domain.channel import Channel

ENROLMENT_TIME: Final = timedelta(minutes=5)
"""For how long after its success a verification lets a device be enrolled: as long as its token lives."""


class DeviceKind(StrEnum):
    TOTP = "totp"
    PUSH = "push"

    @property
    def channel(self) -> Channel:
        """The channel that devices of this kind prove a number on."""
        return Channel(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """`sealed` is what the device is recognised by, encrypted by the server's secret.

    `label` is the application's own name for it. `last_step` is the newest time step whose code was used.
    """

    id: str
    application_id: str
    kind: DeviceKind
    sealed: str = field(repr=False)
    label: str | None = None
    last_step: int | None = field(default=None, repr=False)
    created_at: datetime
    used_at: datetime | None = None
