"""What guesses a number has cost, and how many went wrong in a row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import Integer, bindparam, func, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.storage.links import Link
from ringproof_server.storage.numbers import lock_number
from ringproof_server.storage.statements import Statement
from ringproof_server.storage.tables import failures, guesses
from ringproof_server.storage.values import micros

_one: Final = literal_column("1", Integer)
_of_number = failures.c.number_digest == bindparam("digest")

_SPENT: Final = Statement(
    select(func.coalesce(func.sum(guesses.c.probability), literal_column("0.0"))).where(
        guesses.c.number_digest == bindparam("digest"), guesses.c.at >= bindparam("since")
    )
)
_more = {"probability": guesses.c.probability + literal_column("excluded.probability")}
_RESERVE: Final = Statement(
    sqlite.insert(guesses)
    .inline()
    .on_conflict_do_update(index_elements=[guesses.c.verification_id], set_=_more),
    on_postgresql=postgresql.insert(guesses)
    .inline()
    .on_conflict_do_update(index_elements=[guesses.c.verification_id], set_=_more),
)
_SETTLE: Final = Statement(
    guesses.update()
    .where(guesses.c.verification_id == bindparam("key"))
    .values(probability=bindparam("probability"))
)
_FAILURES: Final = Statement(select(failures.c.in_a_row).where(_of_number))
_FAIL: Final = Statement(
    sqlite.insert(failures)
    .inline()
    .values(number_digest=bindparam("digest"), in_a_row=_one)
    .on_conflict_do_update(
        index_elements=[failures.c.number_digest], set_={"in_a_row": failures.c.in_a_row + _one}
    ),
    on_postgresql=postgresql.insert(failures)
    .inline()
    .values(number_digest=bindparam("digest"), in_a_row=_one)
    .on_conflict_do_update(
        index_elements=[failures.c.number_digest], set_={"in_a_row": failures.c.in_a_row + _one}
    ),
)
_CLEAR: Final = Statement(failures.delete().where(_of_number))


class SqlLedger:
    """`ports.Ledger` in SQL. A second reservation for one verification adds to its first."""

    def __init__(self, link: Link, hasher: Callable[[str], bytes]) -> None:
        self._link = link
        self._hasher = hasher

    def spent(self, number: PhoneNumber, since: datetime) -> float:
        digest = self._hasher(number.e164)
        lock_number(self._link, digest)
        row = self._link.one(_SPENT, {"digest": digest, "since": micros(since)})
        return 0.0 if row is None else float(row[0])

    def reserve(self, number: PhoneNumber, verification_id: str, probability: float, now: datetime) -> None:
        self._link.put(
            _RESERVE,
            {
                "verification_id": verification_id,
                "number_digest": self._hasher(number.e164),
                "probability": probability,
                "at": micros(now),
            },
        )

    def settle(self, verification_id: str, probability: float) -> None:
        self._link.put(_SETTLE, {"key": verification_id, "probability": probability})

    def failures(self, number: PhoneNumber) -> int:
        row = self._link.one(_FAILURES, {"digest": self._hasher(number.e164)})
        return 0 if row is None else int(row[0])

    def add_failure(self, number: PhoneNumber) -> int:
        digest = self._hasher(number.e164)
        self._link.put(_FAIL, {"digest": digest})
        row = self._link.one(_FAILURES, {"digest": digest})
        return 0 if row is None else int(row[0])

    def clear_failures(self, number: PhoneNumber) -> None:
        self._link.put(_CLEAR, {"digest": self._hasher(number.e164)})
