"""What a storage promises about enrolled devices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ringproof_server.domain.device import Device, DeviceKind
from ringproof_server.ports import Session, Storage
from ringproof_server.testing.storage_contract.samples import (
    NOW,
    NUMBER,
    OTHER_NUMBER,
    after,
    application,
    store,
)
from ringproof_server.testing.storage_contract.units import THREADS, at_once

LIMIT = 5


def device(device_id: str = "dev_1", **fields: Any) -> Device:
    values: dict[str, Any] = {
        "application_id": "app_1",
        "kind": DeviceKind.TOTP,
        "sealed": "c2VhbGVk",
        "created_at": NOW,
    }
    return Device(id=device_id, **(values | fields))


def enrol(storage: Storage, *devices: Device) -> None:
    """Add the devices to `NUMBER`, in this order."""

    def work(session: Session) -> None:
        for item in devices:
            session.devices.add(NUMBER, item)

    storage.write(work)


class DevicesContract:
    """`ports.Devices`."""

    def test_the_devices_of_a_number_are_listed_newest_first(self, storage: Storage) -> None:
        store(storage, application("app_1"), application("app_2"))
        old = device("dev_a", label="Büro", last_step=58_000_000, used_at=after(2))
        new = device("dev_b", created_at=after(1))
        enrol(storage, old, new, device("dev_c", application_id="app_2"))
        assert storage.read(lambda session: session.devices.of("app_1", NUMBER, LIMIT)) == [new, old]
        assert storage.read(lambda session: session.devices.of("app_1", NUMBER, 1)) == [new]
        of_kind = storage.read(lambda session: session.devices.of("app_1", NUMBER, LIMIT, DeviceKind.TOTP))
        assert of_kind == [new, old]
        assert storage.read(lambda session: session.devices.of("app_1", OTHER_NUMBER, LIMIT)) == []
        assert storage.read(lambda session: session.devices.of("app_3", NUMBER, LIMIT)) == []

    def test_a_device_is_found_by_its_own_application_only(self, storage: Storage) -> None:
        store(storage, application("app_1"), application("app_2"))
        enrol(storage, device())
        assert storage.read(lambda session: session.devices.get("app_1", "dev_1")) == device()
        assert storage.read(lambda session: session.devices.get("app_2", "dev_1")) is None
        assert storage.read(lambda session: session.devices.get("app_1", "dev_2")) is None

    def test_a_removed_device_is_gone_and_is_removed_once(self, storage: Storage) -> None:
        store(storage, application())
        enrol(storage, device())
        removed = [storage.write(lambda session: session.devices.remove("dev_1")) for _ in range(2)]
        assert removed == [True, False]
        assert storage.read(lambda session: session.devices.of("app_1", NUMBER, LIMIT)) == []
        assert not storage.write(lambda session: session.devices.use_step("dev_1", 7, NOW))

    def test_a_step_is_taken_once_and_none_before_it_afterwards(self, storage: Storage) -> None:
        store(storage, application())
        enrol(storage, device(), device("dev_2"))

        def take(step: int, seconds: float) -> bool:
            return storage.write(lambda session: session.devices.use_step("dev_1", step, after(seconds)))

        assert [take(100, 1), take(100, 2), take(99, 3), take(101, 4)] == [True, False, False, True]
        kept = storage.read(lambda session: session.devices.get("app_1", "dev_1"))
        assert kept == replace(device(), last_step=101, used_at=after(4))
        assert storage.read(lambda session: session.devices.get("app_1", "dev_2")) == device("dev_2")

    def test_of_many_threads_that_take_a_step_one_gets_it(self, storage: Storage) -> None:
        store(storage, application())
        enrol(storage, device())
        outcomes = at_once(
            [lambda: storage.write(lambda session: session.devices.use_step("dev_1", 100, NOW))] * THREADS
        )
        assert sorted(outcomes, key=str) == [False] * (THREADS - 1) + [True]

    def test_of_many_threads_that_find_no_device_one_enrols(self, storage: Storage) -> None:
        """Whoever looks which devices a number has and then adds one is not overtaken."""
        store(storage, application())

        def bring(name: int) -> bool:
            def work(session: Session) -> bool:
                if session.devices.of("app_1", NUMBER, LIMIT):
                    return False
                session.devices.add(NUMBER, device(f"dev_{name}"))
                return True

            return storage.write(work)

        outcomes = at_once([lambda name=name: bring(name) for name in range(THREADS)])  # type: ignore[misc]
        assert outcomes.count(True) == 1
