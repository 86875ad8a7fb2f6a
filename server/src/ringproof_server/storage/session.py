"""One unit of storage work: all sub-ports over one link."""

from __future__ import annotations

from collections.abc import Callable

from ringproof_server.storage.applications import KnownApplications, SqlApplications
from ringproof_server.storage.caller_ids import Snapshots, SqlCallerIds
from ringproof_server.storage.devices import SqlDevices
from ringproof_server.storage.idempotency import SqlIdempotency
from ringproof_server.storage.ledger import SqlLedger
from ringproof_server.storage.links import Link
from ringproof_server.storage.outbox import SqlOutbox
from ringproof_server.storage.signing_keys import SqlSigningKeys
from ringproof_server.storage.verifications import SqlVerifications


class SqlSession:
    """`ports.Session` in SQL; usable until the unit of work that it was made for ends."""

    __slots__ = (
        "applications",
        "caller_ids",
        "devices",
        "idempotency",
        "ledger",
        "outbox",
        "signing_keys",
        "verifications",
    )

    def __init__(
        self,
        link: Link,
        hasher: Callable[[str], bytes],
        snapshots: Snapshots,
        applications: KnownApplications,
        *,
        loads_pools: bool,
    ) -> None:
        hasher = _Digests(hasher).__getitem__
        self.verifications = SqlVerifications(link, hasher)
        self.caller_ids = SqlCallerIds(link, hasher, snapshots, loads=loads_pools)
        self.ledger = SqlLedger(link, hasher)
        self.applications = SqlApplications(link, applications)
        self.idempotency = SqlIdempotency(link)
        self.signing_keys = SqlSigningKeys(link)
        self.outbox = SqlOutbox(link)
        self.devices = SqlDevices(link, hasher)


class _Digests(dict[str, bytes]):
    """The digests of one unit of work, which looks the same number up again and again."""

    def __init__(self, hasher: Callable[[str], bytes]) -> None:
        super().__init__()
        self._hasher = hasher

    def __missing__(self, number: str) -> bytes:
        digest = self[number] = self._hasher(number)
        return digest
