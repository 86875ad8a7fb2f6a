"""Events on their way to applications, in rows.

Of the events of a verification that are not settled, the first has a `due_at` and the others wait without
one. So the index of what is due holds one row for each verification, however long a receiver is away.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
    text,
)

from ringproof_server.domain.webhook import Event, EventKind
from ringproof_server.ports import OutboxItem
from ringproof_server.storage import tables
from ringproof_server.storage.links import Link
from ringproof_server.storage.statements import LIMIT, ZERO, Row, Statement
from ringproof_server.storage.tables import outbox, verifications
from ringproof_server.storage.values import as_json, facts_of, maybe_micros, maybe_moment, micros, moment

_KINDS: Final = {kind.value: kind for kind in EventKind}
_COLUMNS = [
    outbox.c[name]
    for name in (
        "id",
        "application_id",
        "verification_id",
        "position",
        "kind",
        "body",
        "created_at",
        "due_at",
        "claimed_until",
        "tries",
        "delivered_at",
        "gave_up_at",
    )
]
_ONE: Final = literal_column("1", BigInteger)
_NONE_YET: Final = literal_column("-1", BigInteger)

_settled = or_(outbox.c.delivered_at.is_not(None), outbox.c.gave_up_at.is_not(None))
_line = outbox.alias("line")
_waits = and_(_line.c.delivered_at.is_(None), _line.c.gave_up_at.is_(None))
_place = (
    select(
        (func.coalesce(func.max(_line.c.position), _NONE_YET) + _ONE).label("position"),
        func.max(case((_waits, _ONE))).label("is_behind"),
    )
    .where(_line.c.verification_id == bindparam("verification_id"))
    .subquery()
)
_ADD = Statement(
    outbox.insert()
    .from_select(
        [
            "id",
            "application_id",
            "verification_id",
            "position",
            "kind",
            "body",
            "created_at",
            "due_at",
            "tries",
        ],
        select(
            bindparam("stem", type_=Text).concat(cast(_place.c.position, Text)),
            bindparam("application_id", type_=Text),
            bindparam("verification_id", type_=Text),
            _place.c.position,
            bindparam("kind", type_=Text),
            bindparam("body", type_=Text),
            bindparam("created_at", type_=BigInteger),
            case((_place.c.is_behind.is_(None), bindparam("created_at", type_=BigInteger))),
            literal_column("0"),
        ).select_from(_place),
    )
    .inline()
)

# Applications whose receivers have as much to do as they may come as a list in JSON: both kinds of database
# read it, and the statement stays one text however many there are.
_busy_here = text("outbox.application_id NOT IN (SELECT value FROM json_each(:busy))")
_busy_there = text("outbox.application_id NOT IN (SELECT jsonb_array_elements_text(CAST(:busy AS jsonb)))")


def _next_due(busy: ColumnElement[bool] | Any) -> Select[Any]:
    return select(func.min(outbox.c.due_at)).where(text(tables.IS_UNSENT), busy)


def _due(busy: ColumnElement[bool] | Any) -> Select[Any]:
    return (
        select(*_COLUMNS, verifications.c.number)
        .select_from(outbox.outerjoin(verifications, verifications.c.id == outbox.c.verification_id))
        .where(text("outbox." + tables.IS_UNSENT), outbox.c.due_at <= bindparam("now"), busy)
        .order_by(outbox.c.due_at)
        .limit(LIMIT)
        .offset(ZERO)
        .with_for_update(of=outbox, key_share=True, skip_locked=True)
    )


_NEXT_DUE = Statement(_next_due(_busy_here), on_postgresql=_next_due(_busy_there))
_DUE = Statement(_due(_busy_here), on_postgresql=_due(_busy_there))
_CLAIM = Statement(
    outbox.update()
    .where(outbox.c.id == bindparam("key"))
    .values(
        due_at=bindparam("until"),
        claimed_until=bindparam("until"),
        tries=outbox.c.tries + literal_column("1"),
    )
)
_LOCK_VERIFICATION = Statement(
    select(verifications.c.id)
    .where(verifications.c.id == bindparam("verification_id"))
    .with_for_update(key_share=True)
)
_is_mine = and_(outbox.c.id == bindparam("key"), outbox.c.claimed_until == bindparam("claimed_until"))
_DELIVERED = Statement(
    outbox.update().where(_is_mine).values(delivered_at=bindparam("at"), due_at=null(), claimed_until=null())
)
_RETRY = Statement(outbox.update().where(_is_mine).values(due_at=bindparam("at"), claimed_until=null()))
_GIVE_UP = Statement(
    outbox.update().where(_is_mine).values(gave_up_at=bindparam("at"), due_at=null(), claimed_until=null())
)
_of_line = _line.c.verification_id == bindparam("verification_id")
_NEXT_IN_LINE = Statement(
    outbox.update()
    .where(
        outbox.c.verification_id == bindparam("verification_id"),
        outbox.c.position == select(func.min(_line.c.position)).where(_of_line, _waits).scalar_subquery(),
        ~select(_line.c.id).where(_of_line, _waits, _line.c.due_at.is_not(None)).exists(),
    )
    .values(due_at=bindparam("at"))
)

_any_application = or_(
    bindparam("of_any", type_=Boolean), outbox.c.application_id == bindparam("application_id")
)
_chosen = or_(bindparam("delivered_too", type_=Boolean), outbox.c.gave_up_at.is_not(None))
_LISTING = Statement(
    select(*_COLUMNS, null())
    .where(outbox.c.created_at >= bindparam("since"), _any_application, _chosen)
    .order_by(outbox.c.created_at.desc(), outbox.c.position.desc())
    .limit(LIMIT)
    .offset(ZERO)
)


def _sent(*where: ColumnElement[bool]) -> Select[Any]:
    return (
        select(outbox.c.id, outbox.c.verification_id)
        .where(*where, outbox.c.created_at < bindparam("now"), _settled, _any_application, _chosen)
        .order_by(outbox.c.created_at, outbox.c.position)
        .limit(LIMIT)
        .offset(ZERO)
    )


_SENT_SINCE = Statement(_sent(outbox.c.created_at >= bindparam("since")))
_SENT_OF = Statement(_sent(outbox.c.verification_id == bindparam("verification_id")))
_AGAIN = Statement(
    outbox.update()
    .where(outbox.c.id == bindparam("key"))
    .values(
        created_at=bindparam("at"),
        delivered_at=null(),
        gave_up_at=null(),
        due_at=null(),
        claimed_until=null(),
        tries=literal_column("0"),
    )
)
# Also what is being sent just now, which then comes again in its turn.
_STEP_BACK = Statement(
    outbox.update()
    .where(outbox.c.verification_id == bindparam("verification_id"), outbox.c.due_at.is_not(None))
    .values(due_at=null(), claimed_until=null())
)
_AT_ONCE = Statement(
    outbox.update()
    .where(
        outbox.c.due_at > bindparam("now"),
        outbox.c.claimed_until.is_(None),
        _any_application,
        or_(bindparam("of_all", type_=Boolean), outbox.c.verification_id == bindparam("verification_id")),
    )
    .values(due_at=bindparam("now"))
)


class SqlOutbox:
    """`ports.Outbox` in SQL."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def add(self, event: Event) -> None:
        self._link.put(
            _ADD,
            {
                "stem": f"evt_{event.verification_id.removeprefix('vrf_')}_",
                "application_id": event.application_id,
                "verification_id": event.verification_id,
                "kind": event.kind.value,
                "body": as_json(event.facts),
                "created_at": micros(event.facts.at),
            },
        )

    def next_due(self, busy: Sequence[str]) -> datetime | None:
        row = self._link.one(_NEXT_DUE, {"busy": json.dumps(busy)})
        return None if row is None else maybe_moment(row[0])

    def claim(self, now: datetime, until: datetime, limit: int, busy: Sequence[str]) -> list[OutboxItem]:
        parameters = {"now": micros(now), "limit": limit, "busy": json.dumps(busy)}
        found = [_item_of(row) for row in self._link.all(_DUE, parameters)]
        if found:
            self._link.change_many(_CLAIM, [{"key": item.id, "until": micros(until)} for item in found])
        return [_claimed(item, until) for item in found]

    def delivered(self, item: OutboxItem, now: datetime) -> None:
        self._settle(_DELIVERED, item, now)

    def retry(self, item: OutboxItem, at: datetime) -> None:
        parameters = {"key": item.id, "claimed_until": maybe_micros(item.claimed_until), "at": micros(at)}
        self._link.put(_RETRY, parameters)

    def give_up(self, item: OutboxItem, now: datetime) -> None:
        self._settle(_GIVE_UP, item, now)

    def listing(
        self, limit: int, *, application_id: str | None = None, failed: bool = False
    ) -> list[OutboxItem]:
        parameters = {**_choice(application_id, failed=failed), "since": 0, "limit": limit}
        return [_item_of(row) for row in self._link.all(_LISTING, parameters)]

    def send_again(
        self,
        now: datetime,
        limit: int,
        *,
        verification_id: str | None = None,
        application_id: str | None = None,
        since: datetime | None = None,
        failed: bool = False,
    ) -> int:
        choice = {**_choice(application_id, failed=failed), "now": micros(now), "limit": limit}
        if verification_id is None:
            rows = self._link.all(_SENT_SINCE, {**choice, "since": maybe_micros(since) or 0})
        else:
            rows = self._link.all(_SENT_OF, {**choice, "verification_id": verification_id})
        for verification in sorted({row[1] for row in rows}):
            self._lock(verification)
            keys = [{"key": row[0], "at": micros(now)} for row in rows if row[1] == verification]
            self._link.change_many(_AGAIN, keys)
            self._link.change(_STEP_BACK, {"verification_id": verification})
            self._call_next(verification, now)
        waiting = {"of_all": verification_id is None, "verification_id": verification_id or ""}
        self._link.change(_AT_ONCE, {**_of(application_id), **waiting, "now": micros(now)})
        return len(rows)

    def _settle(self, how: Statement, item: OutboxItem, now: datetime) -> None:
        self._lock(item.event.verification_id)
        parameters = {"key": item.id, "claimed_until": maybe_micros(item.claimed_until), "at": micros(now)}
        self._link.put(how, parameters)
        self._call_next(item.event.verification_id, now)

    def _lock(self, verification_id: str) -> None:
        """An event that is added meanwhile would find this one unsettled, and nobody would call it."""
        self._link.one(_LOCK_VERIFICATION, {"verification_id": verification_id})

    def _call_next(self, verification_id: str, now: datetime) -> None:
        self._link.put(_NEXT_IN_LINE, {"verification_id": verification_id, "at": micros(now)})


def _of(application_id: str | None) -> dict[str, str | bool]:
    return {"of_any": application_id is None, "application_id": application_id or ""}


def _choice(application_id: str | None, *, failed: bool) -> dict[str, str | bool]:
    return {**_of(application_id), "delivered_too": not failed}


def _claimed(item: OutboxItem, until: datetime) -> OutboxItem:
    return replace(item, claimed_until=until, due_at=until, tries=item.tries + 1)


def _item_of(row: Row) -> OutboxItem:
    id_, application_id, verification_id, position, kind, body, created_at, *rest, number = row
    due_at, claimed_until, tries, delivered_at, gave_up_at = rest
    return OutboxItem(
        id=id_,
        position=position,
        event=Event(
            application_id=application_id,
            verification_id=verification_id,
            kind=_KINDS[kind],
            facts=facts_of(body),
        ),
        number=number,
        created_at=moment(created_at),
        due_at=maybe_moment(due_at),
        claimed_until=maybe_moment(claimed_until),
        tries=tries,
        delivered_at=maybe_moment(delivered_at),
        gave_up_at=maybe_moment(gave_up_at),
    )
