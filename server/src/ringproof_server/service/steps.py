"""The moves of a verification, all inside a unit of work: starting steps, going on to the next, ending."""

from __future__ import annotations

from datetime import timedelta

from ringproof_server.domain import totp
from ringproof_server.domain.assurance import FlashOffer, still_holds
from ringproof_server.domain.attempt import Attempt, AttemptState
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.code import SALT_BYTES
from ringproof_server.domain.code import guess_probability as code_guess_probability
from ringproof_server.domain.verification import Ending, follow
from ringproof_server.ports import Random
from ringproof_server.service.change import Change, is_live_call
from ringproof_server.service.conditions import has_arrived
from ringproof_server.service.planning import Planner
from ringproof_server.service.spacing import DAY, attempt_wait, was_offered_already

MOVES_ON = frozenset(
    {
        Reason.BUSY,
        Reason.UNREACHABLE,
        Reason.INVALID_NUMBER,
        Reason.CARRIER_ERROR,
        Reason.CONFIG_ERROR,
        Reason.LATE,
        Reason.UNKNOWN,
    }
)
"""Ends after which no report can be expected, so that the next step starts at once. After `rang`, `answered`,
`rejected` and `no_answer` the phone has seen the call, and its report is waited for."""


ASKS_FOR_KEYS = frozenset({Channel.VOICE, Channel.KEYPAD})

UNHEARD = frozenset({Reason.REJECTED, Reason.NO_ANSWER, Reason.RANG})
"""Ends of a call that had something to say, after which nothing can come of it any more either."""


class Steps:
    """Carries out the plan of one verification; every method alters the given `Change` only."""

    def __init__(self, random: Random, planner: Planner) -> None:
        self._random = random
        self._planner = planner

    def begin(self, change: Change, index: int) -> bool:
        """Start the step at `index`; False when it cannot be started, and nothing is changed then."""
        step = change.verification.plan.steps[index]
        caller_id = None
        if was_offered_already(step.channel, change.attempts):
            return False
        if step.flash is not None:
            caller_id = self._draw(change, step.flash)
            if caller_id is None:
                change.note("step_skipped", channel=step.channel, reason="pool_too_small")
                return False
        elif step.channel.is_transported:
            if step.channel.is_call:
                caller_id = self._draw_any(change)
                if caller_id is None:
                    change.note("step_skipped", channel=step.channel, reason="pool_too_small")
                    return False
            if change.verification.code_salt is None or self._code_is_old(change):
                change.set(code_salt=self._random.bytes(SALT_BYTES), code_made_at=change.now)
        change.set(step=index)
        self._queue(change, index, call=1, caller_id=caller_id)
        change.note("step_started", channel=step.channel)
        return True

    def switch(self, change: Change, index: int) -> bool:
        """Stop the current step and start the one at `index`; False when it cannot be started."""
        self._release(change, Reason.CANCELLED, leaves=True)
        return self.begin(change, index)

    def next_call(self, change: Change, after: Attempt) -> None:
        """Queue the next of the serial calls, or go on when no number is left to call from."""
        flash = change.verification.plan.steps[after.step].flash
        caller_id = None if flash is None else self._draw(change, flash)
        if caller_id is None:
            self.go_on(change, Reason.CARRIER_ERROR)
            return
        self._queue(change, after.step, call=after.call + 1, caller_id=caller_id)

    def try_again(self, change: Change, failed: Attempt) -> None:
        """Queue the same send for another carrier; the same caller ID keeps the odds of a guess as stated."""
        self._queue(change, failed.step, call=failed.call, caller_id=failed.caller_id)

    def go_on(self, change: Change, reason: Reason | None) -> None:
        """Leave the current step: the next one starts, at the latest when its channel may be used again.

        Without a next step the verification fails, unless what was sent may still reach the person, or their
        report of it may still come in.
        """
        self._release(change, reason or Reason.NO_CALL, leaves=True)
        verification = change.verification
        for index in range(verification.step + 1, len(verification.plan.steps)):
            wait = self._wait_for(change, verification.plan.steps[index].channel)
            if wait > 0:
                at = change.now + timedelta(seconds=wait)
                if at < verification.expires_at:
                    change.set(wake_at=at)
                    return
                continue
            if self.begin(change, index):
                return
        may_still_come = reason in {Reason.NO_CALL, Reason.UNKNOWN}
        if may_still_come or any(map(_has_sent_code, change.attempts)):
            change.set(wake_at=verification.expires_at)
            return
        self.finish(change, Ending.FAIL, reason)

    def can_go_on_at_once(self, change: Change) -> bool:
        """Whether a later step may start now."""
        verification = change.verification
        later = verification.plan.steps[verification.step + 1 :]
        return any(self._wait_for(change, step.channel) == 0 for step in later)

    def step_timed_out(self, change: Change) -> None:
        """The current step's time is over without evidence.

        The last step is given the rest of the time, like one whose message has got as far as it should.
        """
        verification = change.verification
        is_last = verification.step + 1 >= len(verification.plan.steps)
        arrived = has_arrived(verification, change.attempts)
        if is_last or arrived:
            change.set(wake_at=verification.expires_at)
            if arrived and not is_last:
                change.note(
                    "step_kept",
                    channel=verification.current.channel,
                    waited_for=str(verification.current.advance),
                )
        else:
            self.go_on(change, Reason.NO_CALL)

    def attempt_ended(self, change: Change, attempt: Attempt) -> None:
        """What the end of an attempt means for its verification."""
        if not change.is_open or attempt.reason is None:
            return
        if attempt.reason is Reason.FRAUD_BLOCKED:
            self.finish(change, Ending.FAIL, Reason.FRAUD_BLOCKED)
        elif not is_current(change, attempt):
            return
        elif attempt.reported is not None and self._has_more_calls(change, attempt):
            self.next_call(change, attempt)
        elif _moves_on(attempt) or attempt.state is AttemptState.FAILED:
            self.go_on(change, attempt.reason)

    def call_reported(self, change: Change, attempt: Attempt, *, right: bool) -> None:
        """A serial call was reported: the next one follows once this one has ended."""
        reported = change.set_attempt(attempt.id, reported=right)
        if reported.state is AttemptState.ENDED:
            self.next_call(change, reported)
        else:
            self.hang_up_now(change, reported)

    def hang_up_now(self, change: Change, attempt: Attempt) -> None:
        """Have a live call hung up; the deadlines carry it out, exactly once, whatever happens to us.

        One that was hung up a moment ago and whose end has not come in yet is left to its turn.
        """
        was_hung_up = attempt.hang_ups > 0 and not attempt.was_answered
        if is_live_call(attempt) and not was_hung_up:
            change.set_attempt(attempt.id, hang_up_at=change.now)

    def finish(
        self,
        change: Change,
        ending: Ending,
        reason: Reason | None = None,
        *,
        proof: Channel | None = None,
        token_id: str | None = None,
    ) -> None:
        """End the verification along its table, whatever is still under way, and settle its guess budget."""
        before = change.verification.status
        status, note = follow(before, ending)
        if status is before:
            change.remark("end_ignored", ending=ending, why=note)
            return
        self._release(change, Reason.CANCELLED, interrupts=ending is Ending.CANCEL)
        change.set(
            status=status,
            reason=reason,
            finished_at=change.now,
            wake_at=None,
            proof=proof,
            token_id=token_id,
        )
        change.note("finished", status=status, reason=reason, channel=proof)
        change.session.ledger.settle(change.verification.id, guesses_made(change))

    def _release(
        self, change: Change, reason: Reason, *, interrupts: bool = False, leaves: bool = False
    ) -> None:
        """Stop what is under way: nothing waiting is sent any more, calls that ring are hung up.

        Whoever has answered hears the sentence to its end, unless a cancel `interrupts` it. A call that asks
        for keys ends when its step is left: the next channel must not find the phone engaged.
        """
        for attempt in list(change.open_attempts()):
            if attempt.state is AttemptState.QUEUED:
                change.close_attempt(attempt.id, reason)
            elif interrupts or not attempt.was_answered or (leaves and attempt.channel in ASKS_FOR_KEYS):
                self.hang_up_now(change, attempt)

    def _queue(self, change: Change, step: int, *, call: int, caller_id: str | None) -> None:
        verification = change.verification
        planned = verification.plan.steps[step]
        is_sent = planned.channel.is_transported
        attempt = Attempt(
            id=self._random.identifier("att_"),
            verification_id=verification.id,
            channel=planned.channel,
            step=step,
            call=call,
            state=AttemptState.QUEUED if is_sent else AttemptState.ACCEPTED,
            caller_id=caller_id,
            queued_at=change.now,
            accepted_at=None if is_sent else change.now,
        )
        change.add_attempt(attempt)
        over = change.now + timedelta(seconds=planned.timeout)
        change.set(wake_at=min(over, verification.expires_at))

    def _draw(self, change: Change, offer: FlashOffer) -> str | None:
        """A caller ID from the group of numbers that the offer's odds were stated for, if they still hold."""
        candidates = self._planner.candidates(
            change.session,
            change.application,
            change.verification.number,
            change.now,
            local=offer.local,
            also_used=[item.caller_id for item in change.attempts if item.caller_id is not None],
        )
        if not still_holds(offer, candidates.group.statistics):
            return None
        return candidates.draw(self._random)

    def _draw_any(self, change: Change) -> str | None:
        """A caller ID for a call that is to be answered. Who calls proves nothing there, so one that was used
        lately will do where there is no other."""
        return self._planner.any_caller_id(
            change.session, change.application, change.verification.number, change.now, self._random
        )

    def _wait_for(self, change: Change, channel: Channel) -> float:
        history = change.session.verifications.attempts_to(change.verification.number, change.now - DAY)
        return attempt_wait(change.application.policy, change.attempts, history, channel, change.now)

    def _code_is_old(self, change: Change) -> bool:
        made = change.verification.code_made_at
        life = timedelta(seconds=change.application.policy.code_ttl)
        return made is None or change.now >= made + life

    def _has_more_calls(self, change: Change, attempt: Attempt) -> bool:
        flash = change.verification.plan.steps[attempt.step].flash
        return flash is not None and attempt.call < flash.calls


def is_current(change: Change, attempt: Attempt) -> bool:
    """Whether the verification is at this attempt: its step has not been left, and no later one took over."""
    step = change.verification.step
    return attempt.step == step and change.attempts_of_step(step)[-1].id == attempt.id


def _moves_on(attempt: Attempt) -> bool:
    """Whether the next step starts at the end of this attempt."""
    unheard = attempt.channel is not Channel.FLASHCALL and attempt.reason in UNHEARD
    return unheard or attempt.reason in MOVES_ON


def _has_sent_code(attempt: Attempt) -> bool:
    """Whether a code is on its way to the person or there already, or digits were typed that wait for the
    client's word."""
    if attempt.channel in ASKS_FOR_KEYS:
        return attempt.was_answered
    return not attempt.channel.is_call and attempt.state not in {AttemptState.QUEUED, AttemptState.FAILED}


def guesses_made(change: Change) -> float:
    """The guess probability that the reports of this verification really amounted to.

    The first report on a flash call costs as much as all that were allowed, because where numbers of the pool
    share their last digits it may be worth nearly as much.
    """
    verification = change.verification
    total = 0.0
    if verification.reports or verification.proof is Channel.FLASHCALL:
        total += sum(step.guess_probability for step in verification.plan.steps if step.flash is not None)
    checks = verification.checks + (verification.proof not in {None, Channel.FLASHCALL})
    total += checks * _guess_probability_of_a_check(change)
    return min(1.0, total)


def _guess_probability_of_a_check(change: Change) -> float:
    """That of the code that was easiest to guess among those that could be given."""
    sent = code_guess_probability(1, change.application.policy.code_digits)
    offered = any(item.channel is Channel.TOTP for item in change.attempts)
    return max(sent, totp.guess_probability(1)) if offered else sent
