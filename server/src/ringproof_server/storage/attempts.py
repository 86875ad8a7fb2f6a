"""Attempts in rows: what was sent, where it stands, and which of them something is to be done about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, literal_column, select, text

from ringproof_server.domain.attempt import Attempt, AttemptState
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import PastAttempt
from ringproof_server.storage import tables
from ringproof_server.storage.links import Link
from ringproof_server.storage.numbers import lock_number
from ringproof_server.storage.statements import LIMIT, ZERO, Parameter, Row, Statement
from ringproof_server.storage.tables import attempts, verifications
from ringproof_server.storage.values import (
    CHANNELS,
    maybe_micros,
    maybe_moment,
    maybe_reason,
    micros,
    moment,
)

_FIXED: Final = ("id", "verification_id", "queued_at")
_CHANGING: Final = (
    "channel",
    "step",
    "call",
    "state",
    "reason",
    "carrier",
    "routing_reason",
    "remote_id",
    "caller_id",
    "claimed_at",
    "accepted_at",
    "ringing_at",
    "answered_at",
    "ended_at",
    "hang_up_at",
    "hang_ups",
    "ring_ms",
    "reported",
)
_COLUMNS = [attempts.c[name] for name in (*_FIXED, *_CHANGING, "version")]
_STATES: Final = {state.value: state for state in AttemptState}

# The position makes the order of attempts certain even when several are queued in one microsecond; with the
# unique key on it, two writers that add to the same verification at once conflict instead of crossing.
_others = attempts.alias("others")
_ADD = Statement(
    attempts.insert()
    .values(
        number_digest=select(verifications.c.number_digest)
        .where(verifications.c.id == bindparam("verification_id"))
        .scalar_subquery(),
        position=select(func.count())
        .where(_others.c.verification_id == bindparam("verification_id"))
        .scalar_subquery(),
        **{name: bindparam(name) for name in (*_FIXED, *_CHANGING, "version")},
    )
    .inline()
)
_BY_ID = Statement(select(*_COLUMNS).where(attempts.c.id == bindparam("key")))
_BY_REMOTE_ID = Statement(
    select(*_COLUMNS)
    .where(attempts.c.remote_id == bindparam("remote_id"), attempts.c.carrier == bindparam("carrier"))
    .order_by(attempts.c.queued_at.desc())
    .limit(LIMIT)
    .offset(ZERO)
)
_OF_VERIFICATION = Statement(
    select(*_COLUMNS).where(attempts.c.verification_id == bindparam("key")).order_by(attempts.c.position)
)
_UPDATE = Statement(
    attempts.update()
    .where(attempts.c.id == bindparam("key"), attempts.c.version == bindparam("seen"))
    .values({name: bindparam(name) for name in (*_CHANGING, "version")})
)
_TO_NUMBER = Statement(
    select(attempts.c.channel, attempts.c.queued_at, attempts.c.verification_id)
    .where(attempts.c.number_digest == bindparam("digest"), attempts.c.queued_at >= bindparam("since"))
    .order_by(attempts.c.queued_at, attempts.c.position)
)
_queued = (
    select(attempts.c.id)
    .where(text(tables.IS_QUEUED))
    .order_by(attempts.c.queued_at)
    .limit(LIMIT)
    .offset(ZERO)
)
_QUEUED = Statement(_queued)
_QUEUED_LOCKED = Statement(_queued.with_for_update(skip_locked=True))
_COUNT_QUEUED = Statement(
    select(func.count()).select_from(
        select(literal_column("1").label("one"))
        .select_from(attempts)
        .where(text(tables.IS_QUEUED))
        .limit(LIMIT)
        .offset(ZERO)
        .subquery()
    )
)
_hang_ups = (
    select(attempts.c.id)
    .where(text(tables.AWAITS_HANG_UP), attempts.c.hang_up_at <= bindparam("now"))
    .order_by(attempts.c.hang_up_at)
    .limit(LIMIT)
    .offset(ZERO)
)
_HANG_UPS = Statement(_hang_ups)
_HANG_UPS_LOCKED = Statement(_hang_ups.with_for_update(skip_locked=True))
_stale = (
    select(attempts.c.id)
    .where(text(tables.IS_CLAIMED), attempts.c.claimed_at < bindparam("before"))
    .order_by(attempts.c.claimed_at)
    .limit(LIMIT)
    .offset(ZERO)
)
_STALE = Statement(_stale)
_STALE_LOCKED = Statement(_stale.with_for_update(skip_locked=True))


class AttemptRows:
    """The part of `ports.Verifications` that deals with attempts."""

    def __init__(self, link: Link, hasher: Callable[[str], bytes]) -> None:
        self._link = link
        self._hasher = hasher

    def add_attempt(self, attempt: Attempt) -> None:
        self._link.put(
            _ADD,
            {
                **_changing(attempt),
                "id": attempt.id,
                "verification_id": attempt.verification_id,
                "queued_at": micros(attempt.queued_at),
                "version": attempt.version,
            },
        )

    def attempt(self, attempt_id: str) -> Attempt | None:
        row = self._link.one(_BY_ID, {"key": attempt_id})
        return None if row is None else _attempt_of(row)

    def attempt_by_remote_id(self, carrier: str, remote_id: str) -> Attempt | None:
        row = self._link.one(_BY_REMOTE_ID, {"remote_id": remote_id, "carrier": carrier, "limit": 1})
        return None if row is None else _attempt_of(row)

    def attempts(self, verification_id: str) -> list[Attempt]:
        return [_attempt_of(row) for row in self._link.all(_OF_VERIFICATION, {"key": verification_id})]

    def update_attempt(self, attempt: Attempt) -> None:
        parameters = _changing(attempt)
        parameters["key"] = attempt.id
        parameters["seen"] = attempt.version
        parameters["version"] = attempt.version + 1
        self._link.put(_UPDATE, parameters, lost="the attempt has changed")

    def attempts_to(self, number: PhoneNumber, since: datetime) -> list[PastAttempt]:
        digest = self._hasher(number.e164)
        # Whoever decides by these whether another may be sent must not decide together with somebody else.
        lock_number(self._link, digest)
        parameters = {"digest": digest, "since": micros(since)}
        return [
            PastAttempt(CHANNELS[channel], moment(at), verification_id)
            for channel, at, verification_id in self._link.all(_TO_NUMBER, parameters)
        ]

    def queued_attempts(self, limit: int) -> list[str]:
        statement = _QUEUED_LOCKED if self._link.writes else _QUEUED
        return [row[0] for row in self._link.all(statement, {"limit": limit})]

    def count_queued(self, limit: int) -> int:
        row = self._link.one(_COUNT_QUEUED, {"limit": limit})
        return 0 if row is None else int(row[0])

    def due_hang_ups(self, now: datetime, limit: int) -> list[str]:
        statement = _HANG_UPS_LOCKED if self._link.writes else _HANG_UPS
        return [row[0] for row in self._link.all(statement, {"now": micros(now), "limit": limit})]

    def stale_claims(self, claimed_before: datetime, limit: int) -> list[str]:
        statement = _STALE_LOCKED if self._link.writes else _STALE
        parameters = {"before": micros(claimed_before), "limit": limit}
        return [row[0] for row in self._link.all(statement, parameters)]


def _changing(attempt: Attempt) -> dict[str, Parameter]:
    reason = attempt.reason
    return {
        "channel": attempt.channel.value,
        "step": attempt.step,
        "call": attempt.call,
        "state": attempt.state.value,
        "reason": None if reason is None else reason.value,
        "carrier": attempt.carrier,
        "routing_reason": attempt.routing_reason,
        "remote_id": attempt.remote_id,
        "caller_id": attempt.caller_id,
        "claimed_at": maybe_micros(attempt.claimed_at),
        "accepted_at": maybe_micros(attempt.accepted_at),
        "ringing_at": maybe_micros(attempt.ringing_at),
        "answered_at": maybe_micros(attempt.answered_at),
        "ended_at": maybe_micros(attempt.ended_at),
        "hang_up_at": maybe_micros(attempt.hang_up_at),
        "hang_ups": attempt.hang_ups,
        "ring_ms": attempt.ring_ms,
        "reported": attempt.reported,
    }


def _attempt_of(row: Row) -> Attempt:
    (
        id_,
        verification_id,
        queued_at,
        channel,
        step,
        call,
        state,
        reason,
        carrier,
        routing_reason,
        remote_id,
        caller_id,
        claimed_at,
        accepted_at,
        ringing_at,
        answered_at,
        ended_at,
        hang_up_at,
        hang_ups,
        ring_ms,
        reported,
        version,
    ) = row
    return Attempt(
        id=id_,
        verification_id=verification_id,
        channel=CHANNELS[channel],
        step=step,
        call=call,
        state=_STATES[state],
        reason=maybe_reason(reason),
        carrier=carrier,
        routing_reason=routing_reason,
        remote_id=remote_id,
        caller_id=caller_id,
        queued_at=moment(queued_at),
        claimed_at=maybe_moment(claimed_at),
        accepted_at=maybe_moment(accepted_at),
        ringing_at=maybe_moment(ringing_at),
        answered_at=maybe_moment(answered_at),
        ended_at=maybe_moment(ended_at),
        hang_up_at=maybe_moment(hang_up_at),
        hang_ups=hang_ups,
        ring_ms=ring_ms,
        reported=None if reported is None else bool(reported),
        version=version,
    )
