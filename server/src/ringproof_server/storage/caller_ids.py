"""Caller-ID pools in rows, and the snapshot of them that every process keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock
from typing import Final

from sqlalchemy import Integer, bindparam, func, literal_column, select, text
from sqlalchemy.dialects import postgresql, sqlite

from ringproof_server.domain.caller_id import PoolStatistics
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import Pool, PoolNumber
from ringproof_server.storage import tables
from ringproof_server.storage.links import Link
from ringproof_server.storage.numbers import lock_number
from ringproof_server.storage.packed import PackedNumbers, checked_e164
from ringproof_server.storage.statements import LIMIT, ZERO, Statement, insert_unless_there
from ringproof_server.storage.tables import attempts, caller_ids, pools, verifications
from ringproof_server.storage.values import micros, moment

_CHUNK: Final = 10_000
"""Rows that one statement call takes; bounds the memory of adding a large pool."""

_one: Final = literal_column("1", Integer)
_of_pool = caller_ids.c.application_id == bindparam("application_id")

_VERSION = Statement(select(pools.c.version).where(pools.c.application_id == bindparam("application_id")))
_BUMP = Statement(
    sqlite.insert(pools)
    .inline()
    .values(application_id=bindparam("application_id"), version=_one)
    .on_conflict_do_update(index_elements=[pools.c.application_id], set_={"version": pools.c.version + _one}),
    on_postgresql=postgresql.insert(pools)
    .inline()
    .values(application_id=bindparam("application_id"), version=_one)
    .on_conflict_do_update(index_elements=[pools.c.application_id], set_={"version": pools.c.version + _one}),
)
_HEALTHY = Statement(
    select(caller_ids.c.e164).where(_of_pool, caller_ids.c.healthy).order_by(caller_ids.c.e164)
)
_ADD = insert_unless_there(caller_ids)
_REMOVE = Statement(caller_ids.delete().where(_of_pool, caller_ids.c.e164 == bindparam("e164")))
_SET_HEALTHY = Statement(
    caller_ids.update()
    .where(_of_pool, caller_ids.c.e164 == bindparam("number"))
    .values(healthy=bindparam("healthy"))
)
_LISTING = Statement(
    select(caller_ids.c.e164, caller_ids.c.healthy, caller_ids.c.added_at)
    .where(_of_pool, caller_ids.c.e164 > bindparam("after"))
    .order_by(caller_ids.c.e164)
    .limit(LIMIT)
    .offset(ZERO)
)
_SIZE = Statement(select(func.count()).select_from(caller_ids).where(_of_pool))
_USED_SINCE = select(attempts.c.caller_id).where(
    attempts.c.number_digest == bindparam("digest"),
    attempts.c.queued_at >= bindparam("since"),
    attempts.c.caller_id.is_not(None),
)
_USED_BY_PENDING = (
    select(attempts.c.caller_id)
    .join_from(verifications, attempts, attempts.c.verification_id == verifications.c.id)
    .where(
        text("verifications." + tables.IS_PENDING),
        verifications.c.number_digest == bindparam("digest"),
        attempts.c.caller_id.is_not(None),
    )
)
_USED = Statement(_USED_SINCE.union(_USED_BY_PENDING))


class Snapshots:
    """The pools that this process has loaded, each until its version has passed."""

    def __init__(self) -> None:
        self._pools: dict[str, Pool] = {}
        self._loading: dict[str, Lock] = {}
        self._guard = Lock()

    def get(self, application_id: str, version: int) -> Pool | None:
        pool = self._pools.get(application_id)
        return pool if pool is not None and pool.version == version else None

    def keep(self, application_id: str, pool: Pool) -> None:
        self._pools[application_id] = pool

    def loading(self, application_id: str) -> Lock:
        """Held by whoever loads a pool, so that a large one is loaded once and not once by every thread."""
        with self._guard:
            return self._loading.setdefault(application_id, Lock())


class SnapshotOutdated(Exception):
    """A unit of work that may write needs a pool that this process must load first.

    A large pool takes seconds, and meanwhile no other would get to write: so the unit is given up, the pool
    loaded by a read, and the unit run again.
    """

    def __init__(self, application_id: str) -> None:
        super().__init__("a pool has to be loaded")
        self.application_id = application_id


class SqlCallerIds:
    """`ports.CallerIds` in SQL. Unless it `loads`, a write raises `SnapshotOutdated` for an outdated pool."""

    def __init__(
        self, link: Link, hasher: Callable[[str], bytes], snapshots: Snapshots, *, loads: bool
    ) -> None:
        self._link = link
        self._hasher = hasher
        self._snapshots = snapshots
        self._loads = loads or not link.writes
        self._changed: set[str] = set()
        self._loaded: dict[str, Pool] = {}

    def pool(self, application_id: str) -> Pool:
        row = self._link.one(_VERSION, {"application_id": application_id})
        version = 0 if row is None else int(row[0])
        known = self._known(application_id, version)
        if known is not None:
            return known
        if not self._loads and application_id not in self._changed:
            raise SnapshotOutdated(application_id)
        with self._snapshots.loading(application_id):
            known = self._known(application_id, version)
            return known if known is not None else self._load(application_id, version)

    def _known(self, application_id: str, version: int) -> Pool | None:
        mine = self._loaded.get(application_id)
        return mine if mine is not None else self._snapshots.get(application_id, version)

    def _load(self, application_id: str, version: int) -> Pool:
        rows = self._link.stream(_HEALTHY, {"application_id": application_id})
        numbers = PackedNumbers(row[0] for row in rows)
        pool = Pool(version, numbers, PoolStatistics.of(numbers))
        if self._link.writes:
            # What this unit of work sees may still be undone; others may have the pool once it is certain.
            self._loaded[application_id] = pool
            self._link.after_commit(self._publish)
        else:
            self._snapshots.keep(application_id, pool)
        return pool

    def _publish(self) -> None:
        for application_id, pool in self._loaded.items():
            self._snapshots.keep(application_id, pool)

    def used_for(self, number: PhoneNumber, since: datetime) -> set[str]:
        digest = self._hasher(number.e164)
        lock_number(self._link, digest)
        return {row[0] for row in self._link.all(_USED, {"digest": digest, "since": micros(since)})}

    def add(self, application_id: str, numbers: Sequence[str], now: datetime) -> int:
        self._bump(application_id)
        at = micros(now)
        added = 0
        for start in range(0, len(numbers), _CHUNK):
            added += self._link.change_many(
                _ADD,
                [
                    {
                        "application_id": application_id,
                        "e164": checked_e164(number),
                        "healthy": True,
                        "added_at": at,
                    }
                    for number in numbers[start : start + _CHUNK]
                ],
            )
        return added

    def remove(self, application_id: str, numbers: Sequence[str]) -> int:
        self._bump(application_id)
        removed = 0
        for start in range(0, len(numbers), _CHUNK):
            chunk = numbers[start : start + _CHUNK]
            removed += self._link.change_many(
                _REMOVE, [{"application_id": application_id, "e164": number} for number in chunk]
            )
        return removed

    def set_healthy(self, application_id: str, number: str, healthy: bool) -> bool:
        parameters = {"application_id": application_id, "number": number, "healthy": healthy}
        if self._link.change(_SET_HEALTHY, parameters) == 0:
            return False
        self._bump(application_id)
        return True

    def listing(self, application_id: str, limit: int, after: str = "") -> list[PoolNumber]:
        parameters = {"application_id": application_id, "after": after, "limit": limit}
        return [
            PoolNumber(e164=e164, healthy=bool(healthy), added_at=moment(added_at))
            for e164, healthy, added_at in self._link.all(_LISTING, parameters)
        ]

    def size(self, application_id: str) -> int:
        row = self._link.one(_SIZE, {"application_id": application_id})
        return 0 if row is None else int(row[0])

    def _bump(self, application_id: str) -> None:
        """Every process finds its snapshot outdated; on PostgreSQL changes of one pool queue up here."""
        self._link.put(_BUMP, {"application_id": application_id})
        self._loaded.pop(application_id, None)
        self._changed.add(application_id)
