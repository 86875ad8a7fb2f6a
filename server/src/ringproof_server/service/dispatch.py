"""The dispatcher: claims an attempt, asks the carrier with no database session open, records the outcome."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from dataclasses import dataclass
from datetime import timedelta

from ringproof_server.domain.application import Application
from ringproof_server.domain.attempt import Attempt, AttemptEvent, AttemptState
from ringproof_server.domain.channel import Reason
from ringproof_server.domain.errors import (
    CarrierError,
    CarrierMisconfigured,
    FraudSuspected,
    NumberRefused,
    NumberUnreachable,
    ServiceUnavailable,
)
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.verification import Verification
from ringproof_server.ports import Carrier, OutgoingCall, OutgoingMessage, Placed, Session
from ringproof_server.service.aftermath import carry_out
from ringproof_server.service.change import Aftermath, Change, backstop
from ringproof_server.service.messages import code_message, code_of, locale_for
from ringproof_server.service.parts import Log, Parts
from ringproof_server.service.routing import FAILED_HERE, choose
from ringproof_server.service.steps import Steps, is_current

STOPPING = 5.0
"""Seconds a server that is to stop waits for carriers that are being asked; the rest is looked up later."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """An attempt that this process, and no other, may give to its carrier."""

    attempt: Attempt
    verification: Verification
    application: Application
    carrier: Carrier


class Dispatching:
    """What happens to one attempt; the threads around it are `Dispatcher`."""

    def __init__(self, parts: Parts, steps: Steps, log: Log) -> None:
        self._parts = parts
        self._steps = steps
        self._log = log

    def dispatch(self, attempt_id: str) -> bool:
        """Claim and place the attempt; False when another had claimed it or it is not wanted any more."""
        claimed, aftermath = self._parts.storage.write(lambda session: self._claim(session, attempt_id))
        carry_out(self._parts, aftermath)
        if claimed is None:
            return False
        placed, reason = self._place(claimed)
        aftermath = self._parts.storage.write(
            lambda session: self._record(session, claimed.attempt, placed, reason)
        )
        carry_out(self._parts, aftermath)
        return True

    def reconcile(self, attempt_id: str) -> bool:
        """Ask the carrier what became of an attempt whose claimer died; it is never placed again.

        False when another process does so or the outcome has come in.
        """
        found = self._parts.storage.write(lambda session: self._renew_claim(session, attempt_id))
        if found is None:
            return False
        attempt, number = found
        placed = None
        carrier = self._parts.carriers.get(attempt.carrier or "")
        if carrier is not None:
            try:
                known = carrier.find(attempt, number)
            except Exception as fault:  # noqa: BLE001  (whatever it is, the attempt must not stay undecided)
                self._log("carrier_find_failed", carrier=attempt.carrier, fault=type(fault).__name__)
            else:
                placed = None if known is None else Placed(known.remote_id)
        reason = None if placed is not None else Reason.UNKNOWN
        aftermath = self._parts.storage.write(lambda session: self._record(session, attempt, placed, reason))
        carry_out(self._parts, aftermath)
        return True

    def _claim(self, session: Session, attempt_id: str) -> tuple[Claimed | None, Aftermath | None]:
        now = self._parts.clock.now()
        attempt = session.verifications.attempt(attempt_id)
        if attempt is None or attempt.state is not AttemptState.QUEUED:
            return None, None
        change = Change.load(session, attempt.verification_id, now)
        attempt = change.attempt(attempt_id)
        if attempt.state is not AttemptState.QUEUED:
            return None, None
        if not change.is_open:
            change.close_attempt(attempt_id, Reason.CANCELLED)
            return None, change.save()
        if _has_waited_too_long(change, attempt):
            change.close_attempt(attempt_id, Reason.LATE)
            change.note("attempt_moved", channel=attempt.channel, reason=Reason.LATE)
            self._steps.attempt_ended(change, change.attempt(attempt_id))
            return None, change.save()
        route = choose(self._parts.carriers, attempt.channel, change.verification.number, change.attempts)
        if route is None:
            change.close_attempt(attempt_id, Reason.CARRIER_ERROR)
            self._steps.attempt_ended(change, change.attempt(attempt_id))
            return None, change.save()
        change.move(
            attempt_id,
            AttemptEvent.CLAIM,
            claimed_at=now,
            carrier=route.carrier.name,
            routing_reason=route.reason,
        )
        change.note("carrier_chosen", carrier=route.carrier.name, why=route.reason)
        aftermath = change.save()
        claimed = Claimed(change.attempt(attempt_id), change.verification, change.application, route.carrier)
        return claimed, aftermath

    def _place(self, claimed: Claimed) -> tuple[Placed | None, Reason | None]:
        """Ask the carrier. Whatever it raises is sorted by the reaction it needs."""
        try:
            return self._ask(claimed), None
        except CarrierError as fault:
            self._log(
                "carrier_refused",
                carrier=claimed.carrier.name,
                channel=claimed.attempt.channel,
                fault=type(fault).__name__,
            )
            return None, _reason_for(fault)
        except Exception as fault:  # noqa: BLE001  (a plug-in's fault must not take the dispatcher with it)
            self._log(
                "carrier_faulty",
                carrier=claimed.carrier.name,
                channel=claimed.attempt.channel,
                fault=type(fault).__name__,
            )
            return None, Reason.CARRIER_ERROR

    def _ask(self, claimed: Claimed) -> Placed:
        attempt, verification, policy = claimed.attempt, claimed.verification, claimed.application.policy
        reference = self._parts.seals.sign_reference(attempt.id)
        base = self._parts.config.public_url
        events_url = f"{base}/carriers/{claimed.carrier.name}/events"
        if attempt.channel.is_call:
            assert attempt.caller_id is not None
            call = OutgoingCall(
                attempt_id=attempt.id,
                reference=reference,
                channel=attempt.channel,
                to=verification.number.e164,
                caller_id=attempt.caller_id,
                dial_timeout=policy.dial_timeout,
                document_url=f"{base}/rcml/{reference}",
                events_url=events_url,
            )
            return claimed.carrier.place_call(call)
        code = code_of(claimed.application, verification, self._parts.seals.code_key())
        message = OutgoingMessage(
            attempt_id=attempt.id,
            reference=reference,
            channel=attempt.channel,
            to=verification.number.e164,
            sender=claimed.application.brand,
            text=code_message(claimed.application, verification, code),
            code=code,
            language=str(locale_for(verification.language, verification.number)),
            events_url=events_url,
        )
        return claimed.carrier.send_message(message)

    def _record(
        self, session: Session, attempt: Attempt, placed: Placed | None, reason: Reason | None
    ) -> Aftermath:
        change = Change.load(session, attempt.verification_id, self._parts.clock.now())
        if placed is not None:
            self._accepted(change, attempt, placed)
        else:
            self._refused(change, attempt, reason or Reason.UNKNOWN)
        return change.save()

    def _accepted(self, change: Change, attempt: Attempt, placed: Placed) -> None:
        current = change.attempt(attempt.id)
        if current.remote_id is None:
            current = change.set_attempt(attempt.id, remote_id=placed.remote_id)
        hang_up_at = backstop(change, current) if attempt.channel.is_call else None
        note = change.move(attempt.id, AttemptEvent.ACCEPT, accepted_at=change.now, hang_up_at=hang_up_at)
        if note:
            change.note("odd_event", event=AttemptEvent.ACCEPT, why=note)
        if current.state is AttemptState.ENDED and attempt.channel.is_call:
            # The call came up after it had been given up: it is hung up once, by whoever is first to see it.
            change.set_attempt(attempt.id, hang_up_at=change.now)

    def _refused(self, change: Change, attempt: Attempt, reason: Reason) -> None:
        if change.attempt(attempt.id).state not in {AttemptState.DIALING, AttemptState.SENDING}:
            # An event of the carrier overtook its refusal, so the attempt lives after all.
            change.note("refusal_ignored", reason=reason)
            return
        change.close_attempt(attempt.id, reason)
        ended = change.attempt(attempt.id)
        change.note("attempt_moved", channel=ended.channel, state=ended.state, reason=reason)
        if change.is_open and reason in FAILED_HERE and is_current(change, ended):
            route = choose(self._parts.carriers, attempt.channel, change.verification.number, change.attempts)
            if route is not None:
                self._steps.try_again(change, ended)
                return
        self._steps.attempt_ended(change, ended)

    def _renew_claim(self, session: Session, attempt_id: str) -> tuple[Attempt, PhoneNumber] | None:
        now = self._parts.clock.now()
        attempt = session.verifications.attempt(attempt_id)
        if attempt is None or attempt.state not in {AttemptState.DIALING, AttemptState.SENDING}:
            return None
        lease = timedelta(seconds=self._parts.config.claim_lease)
        if attempt.claimed_at is not None and attempt.claimed_at + lease > now:
            return None
        change = Change.load(session, attempt.verification_id, now)
        renewed = change.set_attempt(attempt_id, claimed_at=now)
        change.save()
        return renewed, change.verification.number


def _has_waited_too_long(change: Change, attempt: Attempt) -> bool:
    """Whether it waited for a free thread, or for the server to come back, for as long as its step may take.

    By then nobody waits for it any more, and a phone that rings minutes later only frightens its owner.
    """
    timeout = change.verification.plan.steps[attempt.step].timeout
    return change.now >= attempt.queued_at + timedelta(seconds=timeout)


def _reason_for(fault: CarrierError) -> Reason:
    if isinstance(fault, NumberUnreachable):
        return Reason.UNREACHABLE
    if isinstance(fault, NumberRefused):
        return Reason.INVALID_NUMBER
    if isinstance(fault, FraudSuspected):
        return Reason.FRAUD_BLOCKED
    if isinstance(fault, CarrierMisconfigured):
        return Reason.CONFIG_ERROR
    return Reason.CARRIER_ERROR


class Dispatcher:
    """The threads that dispatch. Bounded; what does not fit into memory is found in the database again."""

    def __init__(
        self, parts: Parts, dispatching: Dispatching, log: Log, *, threads: int = 8, poll: float = 0.25
    ) -> None:
        self._parts = parts
        self._dispatching = dispatching
        self._log = log
        self._poll = poll
        self._waiting: queue.Queue[str] = queue.Queue(maxsize=1000)
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name=f"dispatcher-{number}", daemon=True)
            for number in range(threads)
        ]
        self._threads.append(threading.Thread(target=self._look, name="dispatcher-look", daemon=True))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the attempts under way finish, for at most `STOPPING` seconds together."""
        self._stopping.set()
        give_up = time.monotonic() + STOPPING
        for thread in self._threads:
            thread.join(timeout=max(0.0, give_up - time.monotonic()))

    def poke(self, attempt_id: str) -> None:
        """There is a new attempt; never waits."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(attempt_id)

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                attempt_id = self._waiting.get(timeout=self._poll)
            except queue.Empty:
                continue
            try:
                self._dispatching.dispatch(attempt_id)
            except ServiceUnavailable:
                self._log("dispatch_postponed")
            except Exception as fault:  # noqa: BLE001  (the thread must outlive any single attempt)
                self._log("dispatch_failed", fault=type(fault).__name__)

    def _look(self) -> None:
        """Find what other processes queued, or what was left by a process that died."""
        while not self._stopping.wait(self._poll):
            if not self._waiting.empty():
                continue
            try:
                found = self._parts.storage.read(lambda session: session.verifications.queued_attempts(100))
            except Exception as fault:  # noqa: BLE001  (the database may be away for a while)
                self._log("dispatch_look_failed", fault=type(fault).__name__)
                continue
            for attempt_id in found:
                self.poke(attempt_id)
