"""What devices are recognised by, sealed so that it opens for its own device, number and application only."""

from __future__ import annotations

from typing import Final

from ringproof_server.domain.device import Device, DeviceKind
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import Seals

_PURPOSE: Final = "device"


def seal_secret(
    seals: Seals, kind: DeviceKind, device_id: str, application_id: str, number: PhoneNumber, secret: str
) -> str:
    """The secret as it is stored."""
    return seals.seal(_PURPOSE, secret, bound_to=_owner(seals, kind, device_id, application_id, number))


def open_secret(seals: Seals, device: Device, number: PhoneNumber) -> str | None:
    """The secret of this number's device; None if it is another's, or of another server's secret."""
    owner = _owner(seals, device.kind, device.id, device.application_id, number)
    return seals.unseal(_PURPOSE, device.sealed, bound_to=owner)


def _owner(seals: Seals, kind: DeviceKind, device_id: str, application_id: str, number: PhoneNumber) -> str:
    digest = seals.digest("phone-number", number.e164).hex()
    return f"{kind} {device_id} {application_id} {digest}"
