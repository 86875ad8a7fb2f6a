"""What is forgotten after a time: first whose number it was, then that it ever happened."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, null, or_, select, text, tuple_

from ringproof_server.storage import tables
from ringproof_server.storage.links import Link
from ringproof_server.storage.statements import LIMIT, ZERO, Statement
from ringproof_server.storage.tables import attempts, guesses, idempotency, outbox, seen_events, verifications
from ringproof_server.storage.values import micros

_FINISHED: Final = Statement(
    select(verifications.c.id)
    .where(
        text(tables.IS_PLAIN),
        verifications.c.created_at < bindparam("before"),
        text("NOT " + tables.IS_PENDING),
    )
    .order_by(verifications.c.created_at)
    .limit(LIMIT)
    .offset(ZERO)
)
_ERASE: Final = Statement(
    verifications.update()
    .where(verifications.c.id == bindparam("key"))
    .values(number=null(), code_salt=null(), payment=null(), recipients=null())
)
_ERASE_CALLER_IDS: Final = Statement(
    attempts.update().where(attempts.c.verification_id == bindparam("key")).values(caller_id=null())
)
_ERASED: Final = Statement(
    select(verifications.c.id)
    .where(text(tables.IS_ERASED), verifications.c.created_at < bindparam("before"))
    .order_by(verifications.c.created_at)
    .limit(LIMIT)
    .offset(ZERO)
)
_DELETE: Final = Statement(verifications.delete().where(verifications.c.id == bindparam("key")))
_DELETE_GUESSES: Final = Statement(guesses.delete().where(guesses.c.verification_id == bindparam("key")))
_DELETE_EVENTS: Final = Statement(
    seen_events.delete().where(
        tuple_(seen_events.c.carrier, seen_events.c.event_key).in_(
            select(seen_events.c.carrier, seen_events.c.event_key)
            .where(seen_events.c.seen_at < bindparam("before"))
            .limit(LIMIT)
            .offset(ZERO)
        )
    )
)
_DELETE_REQUESTS: Final = Statement(
    idempotency.delete().where(
        tuple_(idempotency.c.scope, idempotency.c.key).in_(
            select(idempotency.c.scope, idempotency.c.key)
            .where(idempotency.c.created_at < bindparam("before"))
            .limit(LIMIT)
            .offset(ZERO)
        )
    )
)
_DELETE_OUTBOX: Final = Statement(
    outbox.delete().where(
        outbox.c.id.in_(
            select(outbox.c.id)
            .where(
                outbox.c.created_at < bindparam("before"),
                or_(outbox.c.delivered_at.is_not(None), outbox.c.gave_up_at.is_not(None)),
            )
            .limit(LIMIT)
            .offset(ZERO)
        )
    )
)


def erase(link: Link, created_before: datetime, limit: int) -> int:
    """Leave only keyed digests of the numbers of finished verifications; how many, at most `limit`.

    Codes, caller IDs and payment details go with the numbers. Counts and budgets per number stay right.
    """
    parameters = {"before": micros(created_before), "limit": limit}
    keys = [{"key": row[0]} for row in link.all(_FINISHED, parameters)]
    if keys:
        link.change_many(_ERASE, keys)
        link.change_many(_ERASE_CALLER_IDS, keys)
    return len(keys)


def delete(link: Link, created_before: datetime, limit: int) -> int:
    """Delete erased verifications with all that belongs to them, and as old events and repeated requests.

    Events to applications that are still on their way are kept until they are settled.

    How many rows of the most numerous kind went, at most `limit`.
    """
    parameters = {"before": micros(created_before), "limit": limit}
    keys = [{"key": row[0]} for row in link.all(_ERASED, parameters)]
    if keys:
        link.change_many(_DELETE_GUESSES, keys)
        link.change_many(_DELETE, keys)
    others = (_DELETE_EVENTS, _DELETE_REQUESTS, _DELETE_OUTBOX)
    return max(len(keys), *(link.change(statement, parameters) for statement in others))
