"""One writer at a time per destination number, on databases that let several write."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, bindparam, func, select

from ringproof_server.storage.links import Link
from ringproof_server.storage.statements import Engine, Statement

_LOCK: Final = Statement(select(func.pg_advisory_xact_lock(bindparam("number", type_=BigInteger))))


def lock_number(link: Link, digest: bytes) -> None:
    """Keep other writers from deciding about this number until the unit of work ends.

    Whoever counts what is pending or spent for a number and then adds to it would otherwise overshoot a
    limit together with another writer that counted the same. SQLite has one writer anyway. Two numbers
    whose digests begin alike share a lock, which costs time and nothing else.
    """
    if not link.writes or link.engine is not Engine.POSTGRESQL:
        return
    key = int.from_bytes(digest[:8], signed=True)
    if key not in link.locked:
        link.one(_LOCK, {"number": key})
        link.locked.add(key)
