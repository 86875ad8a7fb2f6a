"""Authenticator apps: whether what one shows proves the number that it was enrolled for.

Whoever asks without a device gets the same answers in the same way as whoever types a wrong code: an answer
must not tell a stranger which numbers have one.
"""

from __future__ import annotations

from typing import Final

from ringproof_server.domain import totp
from ringproof_server.domain.device import Device, DeviceKind
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import Seals
from ringproof_server.service.change import Change
from ringproof_server.service.device_secrets import open_secret

_NO_SECRET: Final = bytes(totp.SECRET_BYTES)
"""What codes are compared with where there is no device, so that it takes as long; it proves nothing."""


def secret_of(seals: Seals, device: Device, number: PhoneNumber) -> bytes | None:
    """The secret of this number's authenticator; None if it is another's."""
    opened = open_secret(seals, device, number)
    return None if opened is None else totp.read_secret(opened)


def use_code(seals: Seals, change: Change, typed: str) -> bool:
    """Whether the code is one that the number's authenticator shows about now, and has not been used.

    The step is taken in the same unit of work: of several verifications that are given the same code, or an
    older one after it, one is proved.
    """
    device, secret = _device_of(seals, change)
    step = totp.matching_step(secret or _NO_SECRET, typed, change.now)
    if device is None or secret is None or step is None:
        return False
    if device.last_step is not None and step <= device.last_step:
        change.remark("used_code", channel=DeviceKind.TOTP.channel)
        return False
    if not change.session.devices.use_step(device.id, step, change.now):
        return False
    change.note("device_used", device=device.id)
    return True


def is_code_last_used(seals: Seals, change: Change, typed: str) -> bool:
    """Whether this is the code that the authenticator was used with last, for an answer that was lost."""
    device, secret = _device_of(seals, change)
    if device is None or secret is None or device.last_step is None:
        return False
    return totp.is_code_of(secret, typed, device.last_step)


def _device_of(seals: Seals, change: Change) -> tuple[Device | None, bytes | None]:
    number = change.verification.number
    found = change.session.devices.of(change.verification.application_id, number, 1, DeviceKind.TOTP)
    if not found:
        return None, None
    return found[0], secret_of(seals, found[0], number)
