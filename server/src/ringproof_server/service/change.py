"""One verification being changed inside a unit of work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ringproof_server.domain.application import Application, Caller
from ringproof_server.domain.attempt import Attempt, AttemptEvent, AttemptState, follow
from ringproof_server.domain.channel import Reason
from ringproof_server.domain.errors import NotFound
from ringproof_server.domain.verification import Status, Verification
from ringproof_server.ports import Session, TraceEntry
from ringproof_server.service.outbox_events import events_of
from ringproof_server.service.payments import rules_for

BACKSTOP = timedelta(seconds=5)
"""A call that has not ended this long after the carrier's own time limit is hung up by us."""

REMARKS_WITHIN = 100
"""Entries of a verification's record up to which remarks are added to it."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What follows once a change is committed: attempts to dispatch, a deadline to keep, counts to keep.

    `deadline` is the earliest of those that were set. `has_events` is whether there is something to tell the
    application.
    """

    queued: tuple[str, ...]
    deadline: datetime | None
    ended: tuple[Attempt, ...]
    finished: Verification | None
    has_events: bool = False


class Change:
    """A verification with its attempts, loaded and locked; altered in memory, then saved in one go.

    Nothing is written before `save`, and each row at most once, so a unit of work that is run again starts
    from fresh data.
    """

    def __init__(
        self,
        session: Session,
        application: Application,
        verification: Verification,
        attempts: list[Attempt],
        now: datetime,
        *,
        is_new: bool = False,
    ) -> None:
        self.session = session
        self.application = rules_for(application, verification.transaction)
        self.verification = verification
        self.now = now
        self._attempts = {item.id: item for item in attempts}
        self._stored = verification
        self._is_new = is_new
        self._stored_attempts = dict(self._attempts)
        self._notes: list[TraceEntry] = []

    @classmethod
    def load(cls, session: Session, verification_id: str, now: datetime) -> Change:
        """Raises `NotFound`."""
        verification = session.verifications.get(verification_id)
        application = None if verification is None else session.applications.get(verification.application_id)
        if verification is None or application is None:
            raise NotFound("there is no such verification")
        attempts = session.verifications.attempts(verification_id)
        return cls(session, application, verification, attempts, now)

    @classmethod
    def load_own(cls, session: Session, caller: Caller, verification_id: str, now: datetime) -> Change:
        """One of the caller's application; another's is `NotFound`, like one that does not exist."""
        change = cls.load(session, verification_id, now)
        if change.verification.application_id != caller.application.id:
            raise NotFound("there is no such verification")
        return change

    @classmethod
    def new(
        cls, session: Session, application: Application, verification: Verification, now: datetime
    ) -> Change:
        """A verification that `save` stores for the first time."""
        return cls(session, application, verification, [], now, is_new=True)

    @property
    def attempts(self) -> list[Attempt]:
        return list(self._attempts.values())

    @property
    def is_open(self) -> bool:
        return self.verification.status_at(self.now) is Status.PENDING

    def attempt(self, attempt_id: str) -> Attempt:
        return self._attempts[attempt_id]

    def attempts_of_step(self, step: int) -> list[Attempt]:
        return [item for item in self._attempts.values() if item.step == step]

    def open_attempts(self) -> Iterator[Attempt]:
        """Those that can still reach the person; a delivered message cannot be taken back."""
        for item in self.attempts:
            if not item.state.is_final and item.state is not AttemptState.DELIVERED:
                yield item

    def set(self, **changes: Any) -> None:
        self.verification = replace(self.verification, **changes)

    def set_attempt(self, attempt_id: str, **changes: Any) -> Attempt:
        changed = replace(self._attempts[attempt_id], **changes)
        self._attempts[attempt_id] = changed
        return changed

    def add_attempt(self, attempt: Attempt) -> None:
        self._attempts[attempt.id] = attempt

    def move(self, attempt_id: str, event: AttemptEvent, **changes: Any) -> str:
        """Take an attempt along its table; the note of the row, empty for the plain ones.

        An odd row that keeps the state changes nothing else either. Raises `ImpossibleTransition`.
        """
        attempt = self._attempts[attempt_id]
        row = follow(attempt.channel, attempt.state, event)
        if row.state is not attempt.state:
            self.set_attempt(attempt_id, state=row.state, **changes)
        return row.note

    def close_attempt(self, attempt_id: str, reason: Reason) -> str:
        """End a call or fail a message for `reason`."""
        attempt = self._attempts[attempt_id]
        event = AttemptEvent.END if attempt.channel.is_call else AttemptEvent.FAIL
        return self.move(attempt_id, event, reason=reason, ended_at=self.now, hang_up_at=None)

    def note(self, what: str, **detail: str | int | float | bool | None) -> None:
        self._notes.append(TraceEntry(at=self.now, what=what, detail=detail))

    def remark(self, what: str, **detail: str | int | float | bool | None) -> None:
        """Like `note`, for what a client or a carrier may cause as often as it likes: a record that is long
        already is not made longer by it, and keeps its room for decisions."""
        if len(self.session.verifications.trace(self.verification.id)) < REMARKS_WITHIN:
            self.note(what, **detail)

    def save(self) -> Aftermath:
        """Write what differs from what was loaded; raises `Conflict`."""
        store = self.session.verifications
        deadlines = []
        if self._is_new:
            store.add(self.verification)
            deadlines.append(self.verification.wake_at)
        elif self.verification != self._stored:
            if self.verification.wake_at != self._stored.wake_at:
                deadlines.append(self.verification.wake_at)
            store.update(self.verification)
        queued, ended = [], []
        for item in self._attempts.values():
            before = self._stored_attempts.get(item.id)
            if before is None:
                store.add_attempt(item)
                queued.extend([item.id] if item.state is AttemptState.QUEUED else [])
            elif item != before:
                store.update_attempt(item)
                if item.hang_up_at != before.hang_up_at:
                    deadlines.append(item.hang_up_at)
                if item.state.is_final and not before.state.is_final:
                    ended.append(item)
        for entry in self._notes:
            store.note(self.verification.id, entry)
        finished = (
            self.verification
            if self.verification.status is not self._stored.status and self._stored.status is Status.PENDING
            else None
        )
        earliest = min((at for at in deadlines if at is not None), default=None)
        return Aftermath(tuple(queued), earliest, tuple(ended), finished, self._tell())

    def _tell(self) -> bool:
        """Write down what the application wants to know, whether that was anything."""
        webhook = self.application.webhook
        if webhook is None or not webhook.is_open:
            return False
        before = None if self._is_new else self._stored
        events = events_of(before, self.verification, self._stored_attempts, self._attempts, self.now)
        has_events = False
        for event in events:
            self.session.outbox.add(event)
            has_events = True
        return has_events


def is_awaited(change: Change, attempt: Attempt) -> bool:
    """Whether the verification still waits for this call, which may ring for as long as it should.

    A serial call that has been reported is settled; further calls follow it.
    """
    if not change.is_open or attempt.step != change.verification.step:
        return False
    flash = change.verification.plan.steps[attempt.step].flash
    return flash is None or flash.calls == 1 or attempt.reported is None


def backstop(change: Change, attempt: Attempt) -> datetime:
    """When a call that the carrier has just taken is hung up if its end is not heard of: soon after the
    carrier's own time limit, or at once when nobody waits for it any more."""
    if not is_awaited(change, attempt):
        return change.now
    return change.now + timedelta(seconds=change.application.policy.dial_timeout) + BACKSTOP


def is_live_call(attempt: Attempt) -> bool:
    """Whether a call is under way that the carrier knows of and that can be hung up."""
    return attempt.channel.is_call and attempt.state in {
        AttemptState.ACCEPTED,
        AttemptState.RINGING,
        AttemptState.ANSWERED,
    }
