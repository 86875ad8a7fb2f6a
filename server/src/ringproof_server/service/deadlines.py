"""What the server does by the clock: hang-ups, step timeouts, expiry, and attempts left by a dead process.

Everything that is due stands in the database. Any process may carry it out; the change of state that claims
it is what makes it happen once, also when a process dies in between.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ringproof_server.domain.attempt import Attempt, AttemptState
from ringproof_server.domain.channel import Reason
from ringproof_server.domain.errors import CarrierError
from ringproof_server.domain.verification import Ending
from ringproof_server.ports import Session
from ringproof_server.service.aftermath import carry_out
from ringproof_server.service.change import Aftermath, Change
from ringproof_server.service.dispatch import Dispatching
from ringproof_server.service.errands import Errands
from ringproof_server.service.parts import Log, Parts
from ringproof_server.service.steps import Steps

HANG_UP_AGAIN = timedelta(seconds=5)
"""A call whose end is not reported within this time after a hang-up is hung up again."""
HANG_UPS_AT_MOST = 3
AT_ONCE = 100
HANG_UP_THREADS = 8
LOOK_UP_THREADS = 4
"""Of each, so many for every carrier; they are made when they are needed."""


@dataclass(frozen=True, slots=True)
class Due:
    """What is due: attempts to hang up, verifications to move on, attempts whose claimer has died."""

    hang_ups: list[str]
    verifications: list[str]
    stale: list[str]


class DueWork:
    """Carries out what is due at a moment; the threads around it are `Deadlines`."""

    def __init__(self, parts: Parts, steps: Steps, dispatching: Dispatching, log: Log) -> None:
        self._parts = parts
        self._steps = steps
        self._dispatching = dispatching
        self._log = log

    def run(self) -> int:
        """Carry out at most `AT_ONCE` items of each kind; how many were carried out."""
        due = self.look()
        return (
            self._each(due.hang_ups, self.hang_up)
            + self.move_on(due.verifications)
            + self._each(due.stale, self.reconcile)
        )

    def look(self) -> Due:
        """What is due now, at most `AT_ONCE` items of each kind."""
        now = self._parts.clock.now()
        lease = timedelta(seconds=self._parts.config.claim_lease)
        return self._parts.storage.read(
            lambda session: Due(
                session.verifications.due_hang_ups(now, AT_ONCE),
                session.verifications.due_verifications(now, AT_ONCE),
                session.verifications.stale_claims(now - lease, AT_ONCE),
            )
        )

    def move_on(self, verification_ids: Iterable[str]) -> int:
        """Start the next step of these, or end them; how many were moved. Waits for no carrier."""
        return self._each(verification_ids, self._wake)

    def next_at(self) -> datetime | None:
        """When the next hang-up, timeout or expiry is due."""
        return self._parts.storage.read(lambda session: session.verifications.next_due())

    def carriers_of(self, attempt_ids: Sequence[str]) -> dict[str, str]:
        """The carrier of each of these attempts that has one."""

        def work(session: Session) -> dict[str, str]:
            found = (session.verifications.attempt(attempt_id) for attempt_id in attempt_ids)
            return {item.id: item.carrier for item in found if item is not None and item.carrier is not None}

        return self._parts.storage.read(work)

    def hang_up(self, attempt_id: str) -> bool:
        """Hang this call up if that is still due and nobody else has taken it; may wait for its carrier."""
        attempt, aftermath = self._parts.storage.write(
            lambda session: self._claim_hang_up(session, attempt_id)
        )
        carry_out(self._parts, aftermath)
        if attempt is None or attempt.remote_id is None or attempt.carrier is None:
            return False
        carrier = self._parts.carriers.get(attempt.carrier)
        if carrier is None:
            return False
        try:
            carrier.hang_up(attempt.remote_id)
        except CarrierError as fault:
            self._log("hang_up_failed", carrier=attempt.carrier, fault=type(fault).__name__)
            return True
        if attempt.state is AttemptState.ENDED:
            self._parts.storage.write(lambda session: self._settle_hang_up(session, attempt))
        return True

    def reconcile(self, attempt_id: str) -> bool:
        """Find out what became of an attempt whose claimer died; may wait for its carrier."""
        return self._dispatching.reconcile(attempt_id)

    def _each(self, items: Iterable[str], act: Callable[[str], bool]) -> int:
        """How many could be done. One bad row does not stop the others, and all bad ones are one line."""
        done, faults = 0, Counter[str]()
        for item in items:
            try:
                done += act(item)
            except Exception as fault:  # noqa: BLE001  (whatever it is, the others have their own deadlines)
                faults[type(fault).__name__] += 1
        for fault_name, count in faults.items():
            self._log("deadline_failed", what=act.__name__, fault=fault_name, count=count)
        return done

    def _wake(self, verification_id: str) -> bool:
        aftermath = self._parts.storage.write(lambda session: self._wake_one(session, verification_id))
        carry_out(self._parts, aftermath)
        return aftermath is not None

    def _wake_one(self, session: Session, verification_id: str) -> Aftermath | None:
        change = Change.load(session, verification_id, self._parts.clock.now())
        verification = change.verification
        if verification.wake_at is None or verification.wake_at > change.now:
            return None
        if change.is_open:
            self._steps.step_timed_out(change)
        else:
            self._steps.finish(change, Ending.EXPIRE)
        return change.save()

    def _claim_hang_up(self, session: Session, attempt_id: str) -> tuple[Attempt | None, Aftermath | None]:
        """Take the hang-up; it is due again later, in case the carrier never says that the call has ended."""
        attempt = session.verifications.attempt(attempt_id)
        if attempt is None:
            return None, None
        change = Change.load(session, attempt.verification_id, self._parts.clock.now())
        attempt = change.attempt(attempt_id)
        if attempt.hang_up_at is None or attempt.hang_up_at > change.now:
            return None, None
        hang_ups = attempt.hang_ups + 1
        if attempt.state is AttemptState.ENDED:
            # A call that came up after it was given up. No end of it is waited for, so one hang-up is enough,
            # and only a failed one is repeated.
            again = change.now + HANG_UP_AGAIN if hang_ups < HANG_UPS_AT_MOST else None
            attempt = change.set_attempt(attempt_id, hang_up_at=again, hang_ups=hang_ups)
            return attempt, change.save()
        if attempt.hang_ups >= HANG_UPS_AT_MOST:
            self._give_up(change, attempt)
            return None, change.save()
        again = change.now + HANG_UP_AGAIN
        attempt = change.set_attempt(attempt_id, hang_up_at=again, hang_ups=hang_ups)
        return attempt, change.save()

    def _settle_hang_up(self, session: Session, done: Attempt) -> None:
        change = Change.load(session, done.verification_id, self._parts.clock.now())
        if change.attempt(done.id).hang_up_at == done.hang_up_at:
            change.set_attempt(done.id, hang_up_at=None)
            change.save()

    def _give_up(self, change: Change, attempt: Attempt) -> None:
        """End a call whose end the carrier never reports; it rang until the first of our hang-ups."""
        reason = Reason.UNKNOWN
        if attempt.answered_at is not None:
            reason = Reason.ANSWERED
        elif attempt.ringing_at is not None:
            reason = Reason.RANG
            rang = change.now - HANG_UP_AGAIN * HANG_UPS_AT_MOST - attempt.ringing_at
            change.set_attempt(attempt.id, ring_ms=max(0, int(rang.total_seconds() * 1000)))
        change.close_attempt(attempt.id, reason)
        change.note("end_never_reported", carrier=attempt.carrier)
        self._steps.attempt_ended(change, change.attempt(attempt.id))


class Deadlines:
    """The threads that carry out what is due; they wake for the next item, or when told of a new one.

    One thread does what needs the database only. Hang-ups and look-ups wait for carriers, so each carrier has
    threads of its own for them: one that hangs delays neither a next step nor the end of another's call.
    """

    def __init__(self, parts: Parts, due: DueWork, log: Log, *, poll: float = 0.25) -> None:
        self._parts = parts
        self._due = due
        self._log = log
        self._poll = poll
        self._wake = threading.Event()
        self._stopping = False
        of = due.carriers_of
        self._hang_ups = Errands("hang-up", due.hang_up, log, carriers_of=of, threads=HANG_UP_THREADS)
        self._look_ups = Errands("look-up", due.reconcile, log, carriers_of=of, threads=LOOK_UP_THREADS)
        self._thread = threading.Thread(target=self._work, name="deadlines", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing any more; what is under way is given two seconds."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout=2)
        self._hang_ups.stop()
        self._look_ups.stop()

    def poke(self, at: datetime | None = None) -> None:
        """A deadline was set in this process, for then or for now; never waits.

        One that is further off than the next look in any case wakes nobody: most deadlines are.
        """
        if at is None or (at - self._parts.clock.now()).total_seconds() <= self._poll:
            self._wake.set()

    def _work(self) -> None:
        while not self._stopping:
            wait = self._poll
            try:
                wait = self._round()
            except Exception as fault:  # noqa: BLE001  (the database may be away for a while)
                self._log("deadlines_failed", fault=type(fault).__name__)
            if self._wake.wait(wait):
                self._wake.clear()

    def _round(self) -> float:
        """Do or hand out what is due; the seconds to wait before the next round."""
        looked_at = self._parts.clock.now()
        due = self._due.look()
        self._hang_ups.take(due.hang_ups)
        self._look_ups.take(due.stale)
        if self._due.move_on(due.verifications):
            return 0.0
        next_at = self._due.next_at()
        if next_at is None or next_at <= looked_at:
            # What was due and still is, is under way or could not be done: looking at once helps nobody.
            return self._poll
        seconds = (next_at - self._parts.clock.now()).total_seconds()
        return min(self._poll, max(0.0, seconds))
