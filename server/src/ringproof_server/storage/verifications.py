"""Verifications in rows, with their trace, the events seen, and what is due."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Boolean, bindparam, func, literal_column, or_, select, text

from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.verification import Status, Verification
from ringproof_server.ports import TraceEntry
from ringproof_server.storage import tables
from ringproof_server.storage.attempts import AttemptRows
from ringproof_server.storage.numbers import lock_number
from ringproof_server.storage.statements import (
    LIMIT,
    ZERO,
    Parameter,
    Row,
    Statement,
    insert,
    insert_unless_there,
)
from ringproof_server.storage.tables import attempts, verifications
from ringproof_server.storage.values import (
    as_json,
    capabilities_of,
    detail_of,
    maybe_channel,
    maybe_json,
    maybe_micros,
    maybe_moment,
    maybe_reason,
    maybe_transaction,
    micros,
    moment,
    plan_of,
    recipients_of,
)

_FIXED: Final = ("id", "application_id", "number", "reference", "created_at")
_CHANGING: Final = (
    "status",
    "reason",
    "nonce",
    "language",
    "code_challenge",
    "client",
    "capabilities",
    "payment",
    "plan",
    "step",
    "reports",
    "checks",
    "next_check_at",
    "code_salt",
    "code_made_at",
    "expires_at",
    "finished_at",
    "wake_at",
    "proof",
    "token_id",
    "recipients",
)
_COLUMNS = [verifications.c[name] for name in (*_FIXED, *_CHANGING, "version")]
_STATUSES: Final = {status.value: status for status in Status}
# A row whose plain number has been erased only counts; it is no verification that could be shown any more.
_not_erased = verifications.c.number.is_not(None)

_ADD = insert(verifications)
_by_id = select(*_COLUMNS).where(verifications.c.id == bindparam("key"), _not_erased)
_BY_ID = Statement(_by_id)
# The weaker of the two row locks: it excludes other writers of the row, but not the foreign-key checks of
# attempts and trace entries.
_BY_ID_LOCKED = Statement(_by_id.with_for_update(key_share=True))
_UPDATE = Statement(
    verifications.update()
    .where(verifications.c.id == bindparam("key"), verifications.c.version == bindparam("seen"))
    .values({name: bindparam(name) for name in (*_CHANGING, "version")})
)
_PENDING_FOR = Statement(
    select(*_COLUMNS)
    .where(
        text(tables.IS_PENDING),
        verifications.c.number_digest == bindparam("digest"),
        verifications.c.expires_at > bindparam("now"),
        _not_erased,
    )
    .order_by(verifications.c.created_at)
)
_BY_REFERENCE = Statement(
    select(*_COLUMNS)
    .where(
        verifications.c.application_id == bindparam("application_id"),
        verifications.c.reference == bindparam("reference"),
        or_(bindparam("challenged_too", type_=Boolean), verifications.c.code_challenge.is_(None)),
        _not_erased,
    )
    .order_by(verifications.c.created_at.desc(), verifications.c.id.desc())
    .limit(LIMIT)
    .offset(ZERO)
)
_due = (
    select(verifications.c.id)
    .where(text(tables.IS_PENDING), verifications.c.wake_at <= bindparam("now"))
    .order_by(verifications.c.wake_at)
    .limit(LIMIT)
    .offset(ZERO)
)
_DUE = Statement(_due)
_DUE_LOCKED = Statement(_due.with_for_update(key_share=True, skip_locked=True))
_NEXT_WAKE = Statement(
    select(func.min(verifications.c.wake_at)).where(
        text(tables.IS_PENDING), verifications.c.wake_at.is_not(None)
    )
)
_NEXT_HANG_UP = Statement(select(func.min(attempts.c.hang_up_at)).where(text(tables.AWAITS_HANG_UP)))
_NOTE = Statement(
    tables.trace.insert()
    .values(
        verification_id=bindparam("verification_id"),
        position=select(
            func.coalesce(func.max(literal_column("t.position")), literal_column("-1")) + literal_column("1")
        )
        .select_from(tables.trace.alias("t"))
        .where(literal_column("t.verification_id") == bindparam("verification_id"))
        .scalar_subquery(),
        at=bindparam("at"),
        what=bindparam("what"),
        detail=bindparam("detail"),
    )
    .inline()
)
_TRACE = Statement(
    select(tables.trace.c.at, tables.trace.c.what, tables.trace.c.detail)
    .where(tables.trace.c.verification_id == bindparam("key"))
    .order_by(tables.trace.c.position)
)
_SEE = insert_unless_there(tables.seen_events)


class SqlVerifications(AttemptRows):
    """`ports.Verifications` in SQL."""

    def add(self, verification: Verification) -> None:
        parameters = _changing(verification)
        e164 = verification.number.e164
        parameters["id"] = verification.id
        parameters["application_id"] = verification.application_id
        parameters["number"] = e164
        parameters["number_digest"] = self._hasher(e164)
        parameters["reference"] = verification.reference
        parameters["created_at"] = micros(verification.created_at)
        parameters["version"] = verification.version
        self._link.put(_ADD, parameters)

    def get(self, verification_id: str) -> Verification | None:
        statement = _BY_ID_LOCKED if self._link.writes else _BY_ID
        row = self._link.one(statement, {"key": verification_id})
        return None if row is None else _verification_of(row)

    def update(self, verification: Verification) -> None:
        parameters = _changing(verification)
        parameters["key"] = verification.id
        parameters["seen"] = verification.version
        parameters["version"] = verification.version + 1
        self._link.put(_UPDATE, parameters, lost="the verification has changed")

    def pending_for(self, number: PhoneNumber, now: datetime) -> list[Verification]:
        digest = self._hasher(number.e164)
        lock_number(self._link, digest)
        rows = self._link.all(_PENDING_FOR, {"digest": digest, "now": micros(now)})
        return [_verification_of(row) for row in rows]

    def by_reference(
        self, application_id: str, reference: str, limit: int, *, unchallenged: bool = False
    ) -> list[Verification]:
        parameters = {
            "application_id": application_id,
            "reference": reference,
            "challenged_too": not unchallenged,
            "limit": limit,
        }
        return [_verification_of(row) for row in self._link.all(_BY_REFERENCE, parameters)]

    def note(self, verification_id: str, entry: TraceEntry) -> None:
        self._link.put(
            _NOTE,
            {
                "verification_id": verification_id,
                "at": micros(entry.at),
                "what": entry.what,
                "detail": as_json(entry.detail),
            },
        )

    def trace(self, verification_id: str) -> list[TraceEntry]:
        return [
            TraceEntry(at=moment(at), what=what, detail=detail_of(detail))
            for at, what, detail in self._link.all(_TRACE, {"key": verification_id})
        ]

    def see_event(self, carrier: str, event_key: str, now: datetime) -> bool:
        parameters = {"carrier": carrier, "event_key": event_key, "seen_at": micros(now)}
        return self._link.change(_SEE, parameters) == 1

    def due_verifications(self, now: datetime, limit: int) -> list[str]:
        statement = _DUE_LOCKED if self._link.writes else _DUE
        return [row[0] for row in self._link.all(statement, {"now": micros(now), "limit": limit})]

    def next_due(self) -> datetime | None:
        times = [
            row[0]
            for statement in (_NEXT_WAKE, _NEXT_HANG_UP)
            if (row := self._link.one(statement, {})) is not None and row[0] is not None
        ]
        return moment(min(times)) if times else None


def _changing(verification: Verification) -> dict[str, Parameter]:
    reason, proof = verification.reason, verification.proof
    return {
        "status": verification.status.value,
        "reason": None if reason is None else reason.value,
        "nonce": verification.nonce,
        "language": verification.language,
        "code_challenge": verification.code_challenge,
        "client": verification.client,
        "capabilities": as_json(verification.capabilities),
        "payment": maybe_json(verification.transaction),
        "plan": as_json(verification.plan),
        "step": verification.step,
        "reports": verification.reports,
        "checks": verification.checks,
        "next_check_at": maybe_micros(verification.next_check_at),
        "code_salt": verification.code_salt,
        "code_made_at": maybe_micros(verification.code_made_at),
        "expires_at": micros(verification.expires_at),
        "finished_at": maybe_micros(verification.finished_at),
        "wake_at": maybe_micros(verification.wake_at),
        "proof": None if proof is None else proof.value,
        "token_id": verification.token_id,
        "recipients": as_json(verification.recipients) if verification.recipients else None,
    }


def _verification_of(row: Row) -> Verification:
    (
        id_,
        application_id,
        number,
        reference,
        created_at,
        status,
        reason,
        nonce,
        language,
        code_challenge,
        client,
        capabilities,
        payment,
        plan,
        step,
        reports,
        checks,
        next_check_at,
        code_salt,
        code_made_at,
        expires_at,
        finished_at,
        wake_at,
        proof,
        token_id,
        recipients,
        version,
    ) = row
    return Verification(
        id=id_,
        application_id=application_id,
        number=PhoneNumber.trusted(number),
        status=_STATUSES[status],
        reason=maybe_reason(reason),
        reference=reference,
        nonce=nonce,
        language=language,
        code_challenge=code_challenge,
        client=client,
        capabilities=capabilities_of(capabilities),
        transaction=maybe_transaction(payment),
        recipients=recipients_of(recipients),
        plan=plan_of(plan),
        step=step,
        reports=reports,
        checks=checks,
        next_check_at=maybe_moment(next_check_at),
        code_salt=code_salt,
        code_made_at=maybe_moment(code_made_at),
        created_at=moment(created_at),
        expires_at=moment(expires_at),
        finished_at=maybe_moment(finished_at),
        wake_at=maybe_moment(wake_at),
        proof=maybe_channel(proof),
        token_id=token_id,
        version=version,
    )
