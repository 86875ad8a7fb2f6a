"""What idempotency keys stand for."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select

from ringproof_server.ports import Remembered
from ringproof_server.storage.links import Link
from ringproof_server.storage.statements import Statement, insert_unless_there
from ringproof_server.storage.tables import idempotency
from ringproof_server.storage.values import micros

_RECALL: Final = Statement(
    select(idempotency.c.fingerprint, idempotency.c.verification_id, idempotency.c.result).where(
        idempotency.c.scope == bindparam("scope"), idempotency.c.key == bindparam("key")
    )
)
_REMEMBER: Final = insert_unless_there(idempotency)


class SqlIdempotency:
    """`ports.Idempotency` in SQL; the primary key decides who was first."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def recall(self, scope: str, key: str) -> Remembered | None:
        row = self._link.one(_RECALL, {"scope": scope, "key": key})
        if row is None:
            return None
        fingerprint, verification_id, result = row
        return Remembered(fingerprint=fingerprint, verification_id=verification_id, result=result)

    def remember(self, scope: str, key: str, outcome: Remembered, now: datetime) -> None:
        self._link.put(
            _REMEMBER,
            {
                "scope": scope,
                "key": key,
                "fingerprint": outcome.fingerprint,
                "verification_id": outcome.verification_id,
                "result": outcome.result,
                "created_at": micros(now),
            },
            lost="the idempotency key has just been taken",
        )
