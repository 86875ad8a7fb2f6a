"""What happens to one attempt: claimed, given to a carrier with no database session open, and recorded."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta

from ringproof_server.domain.application import Application
from ringproof_server.domain.attempt import Attempt, AttemptEvent, AttemptState
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.device import Device, DeviceKind
from ringproof_server.domain.errors import (
    CarrierError,
    CarrierMisconfigured,
    CarrierThrottled,
    FraudSuspected,
    NumberRefused,
    NumberUnreachable,
    OutcomeUnknown,
)
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.verification import Verification
from ringproof_server.domain.web_push import MOST_DEVICES
from ringproof_server.ports import Carrier, OutgoingCall, OutgoingMessage, Placed, Session
from ringproof_server.service.aftermath import carry_out
from ringproof_server.service.change import Aftermath, Change, backstop
from ringproof_server.service.failover import Failover
from ringproof_server.service.messages import code_message, code_of, locale_for
from ringproof_server.service.parts import Log, Parts
from ringproof_server.service.pushing import push_to
from ringproof_server.service.routing import Route, Routing
from ringproof_server.service.steps import Steps


@dataclass(frozen=True, slots=True)
class Claimed:
    """An attempt that this process, and no other, may give to its carrier."""

    attempt: Attempt
    verification: Verification
    application: Application
    carrier: Carrier
    devices: tuple[Device, ...] = ()
    """Those that a push message goes to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of asking a carrier: it is `placed`, or it is not for a `reason`.

    `fault` is the name of the error that the carrier raised, if it raised one, and `throttled` whether that
    said that it had too many requests. `gone` are devices that can be reached no more; `unsent` says why an
    attempt goes on as if it had been sent.
    """

    placed: Placed | None = None
    reason: Reason | None = None
    fault: str | None = None
    throttled: bool = False
    gone: tuple[str, ...] = ()
    unsent: str | None = None


class Dispatching:
    """What happens to one attempt; the threads around it are `Dispatcher`."""

    def __init__(self, parts: Parts, steps: Steps, log: Log) -> None:
        self._parts = parts
        self._steps = steps
        self._log = log
        self._routing = Routing(parts.carriers, parts.config.routes, parts.random)
        self._failover = Failover(self._routing, steps)

    def route(self, attempt_id: str, busy: Collection[str] = ()) -> Route | None:
        """The carrier for an attempt that waits, none of the `busy` ones; nothing is written.

        None when it does not wait any more, or when only busy carriers could have it, or nobody at all.
        """

        def work(session: Session) -> Route | None:
            store = session.verifications
            attempt = store.attempt(attempt_id)
            if attempt is None or attempt.state is not AttemptState.QUEUED:
                return None
            verification = store.get(attempt.verification_id)
            if verification is None:
                return None
            earlier = store.attempts(verification.id)
            return self._routing.choose(attempt.channel, verification.number, earlier, busy=busy)

        return self._parts.storage.read(work)

    def dispatch(
        self, attempt_id: str, route: Route | None = None, passed_over: Collection[str] = ()
    ) -> bool:
        """Claim and place the attempt; False when another had claimed it or it is not wanted any more.

        `route` is what was chosen for it, None to choose now; `passed_over` are carriers in whose line it has
        waited for too long.
        """
        claimed, aftermath = self._parts.storage.write(
            lambda session: self._claim(session, attempt_id, route, passed_over)
        )
        carry_out(self._parts, aftermath)
        if claimed is None:
            return False
        outcome = self._place(claimed)
        aftermath = self._parts.storage.write(lambda session: self._record(session, claimed.attempt, outcome))
        carry_out(self._parts, aftermath)
        return True

    def leave_line(self, attempt_id: str, busy: Collection[str], *, after: timedelta) -> bool:
        """Give up an attempt for which only `busy` carriers are left, so that its next step starts now.

        False when it was queued less than `after` ago, or when there is no step that could start now, so
        that waiting on is all that can be done.
        """
        left, aftermath = self._parts.storage.write(
            lambda session: self._leave_line(session, attempt_id, busy, after)
        )
        carry_out(self._parts, aftermath)
        return left

    def reconcile(self, attempt_id: str) -> bool:
        """Ask the carrier what became of an attempt whose claimer died; it is never placed again.

        False when another process does so or the outcome has come in.
        """
        found = self._parts.storage.write(lambda session: self._renew_claim(session, attempt_id))
        if found is None:
            return False
        attempt, number = found
        outcome = self._find(attempt, number)
        aftermath = self._parts.storage.write(lambda session: self._record(session, attempt, outcome))
        carry_out(self._parts, aftermath)
        return True

    def _find(self, attempt: Attempt, number: PhoneNumber, lost_by: str | None = None) -> Outcome:
        """Ask the carrier once what became of an attempt; what it does not know stays unknown.

        `lost_by` is the error with which its answer was lost, None if whoever asked for it has died.
        """
        carrier = self._parts.carriers.get(attempt.carrier or "")
        known = None
        if carrier is not None:
            try:
                known = carrier.find(attempt, number)
            except Exception as fault:  # noqa: BLE001  (whatever it is, the attempt must not stay undecided)
                self._log("carrier_find_failed", carrier=attempt.carrier, fault=type(fault).__name__)
        if known is None:
            return Outcome(reason=Reason.UNKNOWN, fault=lost_by)
        return Outcome(placed=Placed(known.remote_id), fault=lost_by)

    def _claim(
        self, session: Session, attempt_id: str, route: Route | None, passed_over: Collection[str]
    ) -> tuple[Claimed | None, Aftermath | None]:
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
        if route is None or self._routing.has_failed(route.carrier.name, attempt.channel, change.attempts):
            route = self._choose(change, attempt)
        if route is None:
            self._give_up(change, attempt)
            return None, change.save()
        for name in passed_over:
            change.note("carrier_throttled", carrier=name, why="waited_in_line")
        change.move(
            attempt_id,
            AttemptEvent.CLAIM,
            claimed_at=now,
            carrier=route.carrier.name,
            routing_reason=route.reason,
        )
        change.note("carrier_chosen", carrier=route.carrier.name, why=route.reason)
        aftermath = change.save()
        verification, application = change.verification, change.application
        devices = self._devices(change) if attempt.channel is Channel.PUSH else ()
        claimed = Claimed(change.attempt(attempt_id), verification, application, route.carrier, devices)
        return claimed, aftermath

    def _devices(self, change: Change) -> tuple[Device, ...]:
        verification = change.verification
        number, application_id = verification.number, verification.application_id
        return tuple(change.session.devices.of(application_id, number, MOST_DEVICES, DeviceKind.PUSH))

    def _leave_line(
        self, session: Session, attempt_id: str, busy: Collection[str], after: timedelta
    ) -> tuple[bool, Aftermath | None]:
        attempt = session.verifications.attempt(attempt_id)
        if attempt is None or attempt.state is not AttemptState.QUEUED:
            return True, None
        change = Change.load(session, attempt.verification_id, self._parts.clock.now())
        attempt = change.attempt(attempt_id)
        if attempt.state is not AttemptState.QUEUED:
            return True, None
        if not change.is_open:
            change.close_attempt(attempt_id, Reason.CANCELLED)
            return True, change.save()
        if self._choose(change, attempt) is None:
            self._give_up(change, attempt)
            return True, change.save()
        if attempt.queued_at + after > change.now or not self._steps.can_go_on_at_once(change):
            return False, None
        for name in sorted(
            self._routing.able(attempt.channel, change.verification.number).intersection(busy)
        ):
            change.note("carrier_throttled", carrier=name, why="waited_in_line")
        self._give_up(change, attempt)
        return True, change.save()

    def _choose(self, change: Change, attempt: Attempt) -> Route | None:
        return self._routing.choose(attempt.channel, change.verification.number, change.attempts)

    def _give_up(self, change: Change, attempt: Attempt) -> None:
        """End an attempt that nobody was asked for."""
        change.close_attempt(attempt.id, Reason.CARRIER_ERROR)
        ended = change.attempt(attempt.id)
        change.note("attempt_moved", channel=ended.channel, state=ended.state, reason=ended.reason)
        self._steps.attempt_ended(change, ended)

    def _place(self, claimed: Claimed) -> Outcome:
        """Ask the carrier. Whatever it raises is sorted by the reaction it needs.

        After an error that the port does not know the attempt may have been sent as well as not.
        """
        attempt, carrier = claimed.attempt, claimed.carrier
        if attempt.channel is Channel.PUSH:
            return self._push(claimed)
        try:
            return Outcome(placed=self._ask(claimed))
        except Exception as fault:  # noqa: BLE001  (a plug-in's fault must not take the dispatcher with it)
            name = type(fault).__name__
            if isinstance(fault, CarrierError) and not isinstance(fault, OutcomeUnknown):
                self._log("carrier_refused", carrier=carrier.name, channel=attempt.channel, fault=name)
                throttled = isinstance(fault, CarrierThrottled)
                return Outcome(reason=_reason_for(fault), fault=name, throttled=throttled)
            self._log("carrier_outcome_unknown", carrier=carrier.name, channel=attempt.channel, fault=name)
        return self._find(attempt, claimed.verification.number, lost_by=name)

    def _push(self, claimed: Claimed) -> Outcome:
        """Send to the number's devices.

        Where a client looks on, that there is none, or none that takes it, is kept from it: the next step
        follows by the clock, as it does for a device that nobody looks at.
        """
        attempt, carrier, verification = claimed.attempt, claimed.carrier, claimed.verification
        message, seals = self._message(claimed), self._parts.seals
        pushed = push_to(carrier, message, seals, verification.number, claimed.devices)
        if pushed.placed is not None:
            return Outcome(placed=pushed.placed, gone=pushed.gone)
        fault = pushed.fault
        if fault is None:
            outcome = Outcome(reason=Reason.UNREACHABLE, gone=pushed.gone)
            why = "no_device"
        else:
            why = type(fault).__name__
            self._log("carrier_refused", carrier=carrier.name, channel=attempt.channel, fault=why)
            reason = Reason.UNKNOWN if isinstance(fault, OutcomeUnknown) else _reason_for(fault)
            throttled = isinstance(fault, CarrierThrottled)
            outcome = Outcome(reason=reason, fault=why, throttled=throttled, gone=pushed.gone)
        if verification.code_challenge is None:
            return outcome
        return replace(outcome, placed=Placed(attempt.id), reason=None, unsent=why)

    def _ask(self, claimed: Claimed) -> Placed:
        attempt, verification = claimed.attempt, claimed.verification
        if not attempt.channel.is_call:
            return claimed.carrier.send_message(self._message(claimed))
        assert attempt.caller_id is not None
        reference = self._parts.seals.sign_reference(attempt.id)
        call = OutgoingCall(
            attempt_id=attempt.id,
            reference=reference,
            channel=attempt.channel,
            to=verification.number.e164,
            caller_id=attempt.caller_id,
            dial_timeout=claimed.application.policy.dial_timeout,
            document_url=f"{self._parts.config.public_url}/rcml/{reference}",
            events_url=self._events_url(claimed),
        )
        return claimed.carrier.place_call(call)

    def _message(self, claimed: Claimed) -> OutgoingMessage:
        attempt, verification = claimed.attempt, claimed.verification
        code = code_of(claimed.application, verification, self._parts.seals.code_key())
        over = verification.wake_at or verification.expires_at
        return OutgoingMessage(
            attempt_id=attempt.id,
            reference=self._parts.seals.sign_reference(attempt.id),
            channel=attempt.channel,
            to=verification.number.e164,
            sender=claimed.application.brand,
            text=code_message(claimed.application, verification, code, attempt.channel),
            code=code,
            language=str(locale_for(verification.language, verification.number)),
            events_url=self._events_url(claimed),
            recipient=verification.recipients.get(attempt.channel, ""),
            lifetime=max(1, int((over - self._parts.clock.now()).total_seconds())),
        )

    def _events_url(self, claimed: Claimed) -> str:
        return f"{self._parts.config.public_url}/carriers/{claimed.carrier.name}/events"

    def _record(self, session: Session, attempt: Attempt, outcome: Outcome) -> Aftermath:
        change = Change.load(session, attempt.verification_id, self._parts.clock.now())
        if outcome.fault is not None:
            what = "carrier_throttled" if outcome.throttled else "carrier_failed"
            change.note(what, carrier=attempt.carrier, fault=outcome.fault)
        for device_id in outcome.gone:
            session.devices.remove(device_id)
            change.note("device_gone", device=device_id)
        if outcome.unsent is not None:
            change.note("push_unsent", why=outcome.unsent)
        if outcome.placed is not None:
            self._accepted(change, attempt, outcome.placed)
        else:
            self._refused(change, attempt, outcome.reason or Reason.UNKNOWN)
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
        self._failover.attempt_ended(change, ended)

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
    """Whether it waited for its turn, or for the server to come back, for as long as its step may take.

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
