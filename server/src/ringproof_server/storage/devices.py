"""Enrolled devices in rows, found by the digest of their number."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import Boolean, Text, bindparam, or_, select

from ringproof_server.domain.device import Device, DeviceKind
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.storage.links import Link
from ringproof_server.storage.numbers import lock_number
from ringproof_server.storage.statements import LIMIT, ZERO, Row, Statement, insert
from ringproof_server.storage.tables import devices
from ringproof_server.storage.values import maybe_micros, maybe_moment, micros, moment

_COLUMNS = [
    devices.c[name]
    for name in (
        "id",
        "application_id",
        "kind",
        "sealed",
        "label",
        "last_step",
        "created_at",
        "used_at",
    )
]
_KINDS: Final = {kind.value: kind for kind in DeviceKind}

_ADD: Final = insert(devices)
_OF: Final = Statement(
    select(*_COLUMNS)
    .where(
        devices.c.number_digest == bindparam("digest"),
        devices.c.application_id == bindparam("application_id"),
        or_(bindparam("any_kind", type_=Boolean), devices.c.kind == bindparam("kind", type_=Text)),
    )
    .order_by(devices.c.created_at.desc(), devices.c.id.desc())
    .limit(LIMIT)
    .offset(ZERO)
)
_GET: Final = Statement(
    select(*_COLUMNS).where(
        devices.c.id == bindparam("key"), devices.c.application_id == bindparam("application_id")
    )
)
_USE_STEP: Final = Statement(
    devices.update()
    .where(
        devices.c.id == bindparam("key"),
        or_(devices.c.last_step.is_(None), devices.c.last_step < bindparam("step")),
    )
    .values(last_step=bindparam("step"), used_at=bindparam("at"))
)
_REMOVE: Final = Statement(devices.delete().where(devices.c.id == bindparam("key")))


class SqlDevices:
    """`ports.Devices` in SQL."""

    def __init__(self, link: Link, hasher: Callable[[str], bytes]) -> None:
        self._link = link
        self._hasher = hasher

    def add(self, number: PhoneNumber, device: Device) -> None:
        self._link.put(
            _ADD,
            {
                "id": device.id,
                "application_id": device.application_id,
                "number_digest": self._hasher(number.e164),
                "kind": device.kind.value,
                "sealed": device.sealed.encode(),
                "label": device.label,
                "last_step": device.last_step,
                "created_at": micros(device.created_at),
                "used_at": maybe_micros(device.used_at),
            },
        )

    def of(
        self, application_id: str, number: PhoneNumber, limit: int, kind: DeviceKind | None = None
    ) -> list[Device]:
        digest = self._hasher(number.e164)
        lock_number(self._link, digest)
        parameters = {
            "digest": digest,
            "application_id": application_id,
            "any_kind": kind is None,
            "kind": "" if kind is None else kind.value,
            "limit": limit,
        }
        return [_device_of(row) for row in self._link.all(_OF, parameters)]

    def get(self, application_id: str, device_id: str) -> Device | None:
        row = self._link.one(_GET, {"key": device_id, "application_id": application_id})
        return None if row is None else _device_of(row)

    def use_step(self, device_id: str, step: int, now: datetime) -> bool:
        parameters = {"key": device_id, "step": step, "at": micros(now)}
        return self._link.change(_USE_STEP, parameters) == 1

    def remove(self, device_id: str) -> bool:
        return self._link.change(_REMOVE, {"key": device_id}) == 1


def _device_of(row: Row) -> Device:
    id_, application_id, kind, sealed, label, last_step, created_at, used_at = row
    return Device(
        id=id_,
        application_id=application_id,
        kind=_KINDS[kind],
        sealed=bytes(sealed).decode(),
        label=label,
        last_step=last_step,
        created_at=moment(created_at),
        used_at=maybe_moment(used_at),
    )
