"""What every storage holds, as tests: subclass `StorageContract` and give it a `storage` fixture.

    class TestMyStorage(StorageContract):
        @pytest.fixture
        def storage(self) -> Iterator[Storage]:
            yield MyStorage(...)

Every test needs a storage that is empty. Threads are real; nothing is waited for by the clock.
"""

from __future__ import annotations

from ringproof_server.testing.storage_contract.devices import DevicesContract
from ringproof_server.testing.storage_contract.due import DueContract
from ringproof_server.testing.storage_contract.outbox import OutboxContract
from ringproof_server.testing.storage_contract.pools import CallerIdsContract
from ringproof_server.testing.storage_contract.records import (
    ApplicationsContract,
    IdempotencyContract,
    LedgerContract,
    SigningKeysContract,
)
from ringproof_server.testing.storage_contract.units import UnitsContract
from ringproof_server.testing.storage_contract.verifications import VerificationsContract


class StorageContract(
    UnitsContract,
    VerificationsContract,
    DueContract,
    CallerIdsContract,
    LedgerContract,
    ApplicationsContract,
    IdempotencyContract,
    SigningKeysContract,
    OutboxContract,
    DevicesContract,
):
    """Everything that `ports.Storage` promises."""


__all__ = ["StorageContract"]
