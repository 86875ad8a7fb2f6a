"""What the server does by the clock: hang-ups, step timeouts, expiry, and attempts left by a dead process.

Everything that is due stands in the database. Any process may carry it out; the change of state that claims
it is what makes it happen once, also when a process dies in between.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from ringproof_server.domain.attempt import Attempt, AttemptState
from ringproof_server.domain.channel import Reason
from ringproof_server.domain.errors import CarrierError
from ringproof_server.domain.verification import Ending
from ringproof_server.ports import Session
from ringproof_server.service.aftermath import carry_out
from ringproof_server.service.change import Aftermath, Change
from ringproof_server.service.dispatch import Dispatching, Log
from ringproof_server.service.parts import Parts
from ringproof_server.service.steps import Steps

HANG_UP_AGAIN = timedelta(seconds=5)
"""A call whose end is not reported within this time after a hang-up is hung up again."""
HANG_UPS_AT_MOST = 3
AT_ONCE = 100


class DueWork:
    """Carries out what is due at a moment; the thread around it is `Deadlines`."""

    def __init__(self, parts: Parts, steps: Steps, dispatching: Dispatching, log: Log) -> None:
        self._parts = parts
        self._steps = steps
        self._dispatching = dispatching
        self._log = log

    def run(self) -> int:
        """Carry out at most `AT_ONCE` items of each kind; how many were carried out."""
        now = self._parts.clock.now()
        lease = timedelta(seconds=self._parts.config.claim_lease)
        hang_ups, verifications, stale = self._parts.storage.read(
            lambda session: (
                session.verifications.due_hang_ups(now, AT_ONCE),
                session.verifications.due_verifications(now, AT_ONCE),
                session.verifications.stale_claims(now - lease, AT_ONCE),
            )
        )
        done = 0
        for items, act in (
            (hang_ups, self._hang_up),
            (verifications, self._wake),
            (stale, self._dispatching.reconcile),
        ):
            for item in items:
                done += self._carefully(act, item)
        return done

    def next_at(self) -> datetime | None:
        """When the next hang-up, timeout or expiry is due."""
        return self._parts.storage.read(lambda session: session.verifications.next_due())

    def _carefully(self, act: Callable[[str], bool], item: str) -> bool:
        try:
            return act(item)
        except Exception as fault:  # noqa: BLE001  (one bad row must not stop all the others)
            self._log("deadline_failed", what=act.__name__, fault=type(fault).__name__)
            return False

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

    def _hang_up(self, attempt_id: str) -> bool:
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

    def _claim_hang_up(self, session: Session, attempt_id: str) -> tuple[Attempt | None, Aftermath | None]:
        """Take the hang-up; it is due again later, in case the carrier never says that the call has ended."""
        attempt = session.verifications.attempt(attempt_id)
        if attempt is None:
            return None, None
        change = Change.load(session, attempt.verification_id, self._parts.clock.now())
        attempt = change.attempt(attempt_id)
        if attempt.hang_up_at is None or attempt.hang_up_at > change.now:
            return None, None
        if attempt.state is AttemptState.ENDED:
            # A call that came up after it was given up: one hang-up, nothing to wait for.
            attempt = change.set_attempt(attempt_id, hang_up_at=None, hang_ups=attempt.hang_ups + 1)
            return attempt, change.save()
        if attempt.hang_ups >= HANG_UPS_AT_MOST:
            self._give_up(change, attempt)
            return None, change.save()
        attempt = change.set_attempt(
            attempt_id, hang_up_at=change.now + HANG_UP_AGAIN, hang_ups=attempt.hang_ups + 1
        )
        return attempt, change.save()

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
    """The thread that carries out what is due; it wakes for the next item, or when told of a new one."""

    def __init__(self, parts: Parts, due: DueWork, log: Log, *, poll: float = 0.25) -> None:
        self._parts = parts
        self._due = due
        self._log = log
        self._poll = poll
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="deadlines", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout=2)

    def poke(self) -> None:
        """A deadline was set in this process; never waits."""
        self._wake.set()

    def _work(self) -> None:
        while not self._stopping:
            wait = self._poll
            try:
                wait = self._until_next() if self._due.run() == 0 else 0.0
            except Exception as fault:  # noqa: BLE001  (the database may be away for a while)
                self._log("deadlines_failed", fault=type(fault).__name__)
            if self._wake.wait(wait):
                self._wake.clear()

    def _until_next(self) -> float:
        next_at = self._due.next_at()
        if next_at is None:
            return self._poll
        seconds = (next_at - self._parts.clock.now()).total_seconds()
        return min(self._poll, max(0.005, seconds))
