"""Which changes of a verification its application is told, and what it is told of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from ringproof_server.domain.attempt import Attempt, AttemptState
from ringproof_server.domain.verification import Status, Verification
from ringproof_server.domain.webhook import ENDINGS, AttemptFacts, Event, EventKind, Facts

OURS: Final = frozenset({AttemptState.DIALING, AttemptState.SENDING})
"""States that say how far we are rather than what the person has seen."""


def events_of(
    before: Verification | None,
    after: Verification,
    attempts_before: Mapping[str, Attempt],
    attempts: Mapping[str, Attempt],
    now: datetime,
) -> Iterator[Event]:
    """The events of one change, in the order in which they make sense; `before` is None for a start.

    The end of a verification comes after what its attempts came to by it.
    """
    latest = next(reversed(list(attempts.values())), None)
    if before is None:
        yield _event(EventKind.STARTED, after, latest, now)
        return
    for attempt in attempts.values():
        earlier = attempts_before.get(attempt.id)
        is_news = earlier is None or attempt.state is not earlier.state
        if is_news and attempt.state not in OURS:
            yield _event(EventKind.ATTEMPT_UPDATED, after, attempt, now)
    if after.status is not before.status and after.status in ENDINGS:
        yield _event(ENDINGS[after.status], after, latest, now)


def _event(kind: EventKind, verification: Verification, attempt: Attempt | None, now: datetime) -> Event:
    return Event(
        application_id=verification.application_id,
        verification_id=verification.id,
        kind=kind,
        facts=_facts(verification, attempt, now),
    )


def _facts(verification: Verification, attempt: Attempt | None, now: datetime) -> Facts:
    is_verified = verification.status is Status.VERIFIED
    return Facts(
        at=now,
        status=verification.status,
        reason=verification.reason,
        reference=verification.reference,
        created_at=verification.created_at,
        expires_at=verification.expires_at,
        finished_at=verification.finished_at,
        channel=verification.proof,
        guess_probability=verification.guess_probability if is_verified else None,
        token_id=verification.token_id,
        attempt=None if attempt is None else _attempt_facts(attempt),
    )


def _attempt_facts(attempt: Attempt) -> AttemptFacts:
    return AttemptFacts(
        id=attempt.id,
        channel=attempt.channel,
        status=attempt.state,
        reason=attempt.reason,
        step=attempt.step,
        call=attempt.call,
        carrier=attempt.carrier,
        queued_at=attempt.queued_at,
        accepted_at=attempt.accepted_at,
        ringing_at=attempt.ringing_at,
        answered_at=attempt.answered_at,
        ended_at=attempt.ended_at,
        ring_ms=attempt.ring_ms,
    )
