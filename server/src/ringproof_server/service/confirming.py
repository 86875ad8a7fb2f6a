"""Confirming a verification: proof of session first, then evidence, then exactly one winner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ringproof_server.domain import code
from ringproof_server.domain.application import Caller
from ringproof_server.domain.assurance import FlashOffer
from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.caller_id import is_altered
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import AlreadyFinished, InvalidRequest, TooEarly
from ringproof_server.domain.evidence import (
    CallEvidence,
    CodeEvidence,
    Evidence,
    KeypadEvidence,
    NetworkRing,
    Verdict,
    judge_call,
)
from ringproof_server.domain.policy import RingTimeRule
from ringproof_server.domain.verification import Ending, Status
from ringproof_server.ports import Session
from ringproof_server.service import authenticators
from ringproof_server.service.access import require_access, require_verifier
from ringproof_server.service.change import Aftermath, Change
from ringproof_server.service.checks import count_failure, count_wrong_check
from ringproof_server.service.outlook import progress_after
from ringproof_server.service.parts import Parts
from ringproof_server.service.progress import Progress
from ringproof_server.service.repeats import Repeats
from ringproof_server.service.requests import ConfirmRequest, IdempotencyKey
from ringproof_server.service.steps import Steps


@dataclass(frozen=True, slots=True)
class Confirmed:
    """`result` is None when the number is verified."""

    progress: Progress
    result: Verdict | None
    aftermath: Aftermath


class Confirming:
    """Carries out `POST …/confirm`."""

    def __init__(self, parts: Parts, steps: Steps) -> None:
        self._parts = parts
        self._steps = steps
        self._repeats = Repeats(parts.seals)

    def confirm(
        self,
        caller: Caller,
        verification_id: str,
        request: ConfirmRequest,
        idempotency: IdempotencyKey | None,
    ) -> Confirmed:
        """Judge the evidence and move the verification if it is right.

        Challenge and verifier are checked before the database is touched. Raises their errors, `NotFound`,
        `AlreadyFinished`, `TooEarly` and `IdempotencyConflict`; a wrong answer is a result, not an error.
        """
        now = self._parts.clock.now()
        claims = require_access(caller, verification_id, request.challenge, self._parts.tokens, now)
        require_verifier(caller, claims, request.code_verifier)
        return self._parts.storage.write(
            lambda session: self._judge(session, caller, verification_id, request, idempotency)
        )

    def _judge(
        self,
        session: Session,
        caller: Caller,
        verification_id: str,
        request: ConfirmRequest,
        idempotency: IdempotencyKey | None,
    ) -> Confirmed:
        # The time of the turn, not of the arrival: who waited behind another answer comes after it.
        now = self._parts.clock.now()
        change = Change.load_own(session, caller, verification_id, now)
        known = self._repeats.recalled(session, caller, idempotency, verification_id)
        if known is not None:
            result = None if known.result is None else Verdict(known.result)
            return Confirmed(progress_after(caller, change), result, change.save())
        if change.is_open:
            change.remark("evidence_given", **_how_it_was_seen(request.evidence))
        verdict = self._verdict(change, request)
        result = None if verdict is Verdict.MATCH else verdict
        aftermath = change.save()
        self._repeats.remember(session, caller, idempotency, verification_id, now, result=result)
        return Confirmed(progress_after(caller, change), result, aftermath)

    def _verdict(self, change: Change, request: ConfirmRequest) -> Verdict:
        if change.verification.status is Status.VERIFIED:
            return self._repeated(change, request)
        if not change.is_open:
            raise AlreadyFinished("this verification has ended")
        if isinstance(request.evidence, CodeEvidence):
            return self._judge_code(change, request.evidence)
        if isinstance(request.evidence, KeypadEvidence):
            return self._judge_keypad(change)
        return self._judge_call(change, request.evidence)

    def _repeated(self, change: Change, request: ConfirmRequest) -> Verdict:
        """After success the same proof gets the same result; anything else is told that it is over."""
        evidence = request.evidence
        right = False
        if isinstance(evidence, CodeEvidence):
            right = change.verification.proof is evidence.channel and self._proved(change, evidence)
        elif isinstance(evidence, KeypadEvidence):
            right = change.verification.proof is Channel.KEYPAD
        elif change.verification.proof is Channel.FLASHCALL:
            attempt = _last_reported(change)
            if attempt is not None:
                # The ring time was judged when it was new; the call's end may have come in since.
                verdict = self._evaluate(change, attempt, evidence, RingTimeRule.IGNORE)
                right = verdict is Verdict.MATCH
        if not right:
            raise AlreadyFinished("this verification has ended")
        return Verdict.MATCH

    # --- codes

    def _judge_code(self, change: Change, evidence: CodeEvidence) -> Verdict:
        sent = any(item.channel is evidence.channel for item in change.attempts)
        if not sent or evidence.channel is Channel.KEYPAD:
            raise InvalidRequest(
                "no code was sent on this channel",
                faults=(("evidence.channel", "no code was sent on this channel"),),
            )
        verification = change.verification
        if verification.next_check_at is not None and change.now < verification.next_check_at:
            wait = (verification.next_check_at - change.now).total_seconds()
            raise TooEarly("the next check is allowed a little later", retry_after=wait)
        if self._proves(change, evidence):
            return self._prove(change, evidence.channel)
        change.note("wrong_code", channel=evidence.channel, checks=verification.checks + 1)
        count_wrong_check(change, self._steps)
        return Verdict.MISMATCH

    def _proves(self, change: Change, evidence: CodeEvidence) -> bool:
        if evidence.channel is Channel.TOTP:
            return authenticators.use_code(self._parts.seals, change, evidence.code)
        return self._code_is_right(change, evidence)

    def _proved(self, change: Change, evidence: CodeEvidence) -> bool:
        """Whether this is the code by which the number was proved."""
        if evidence.channel is Channel.TOTP:
            return authenticators.is_code_last_used(self._parts.seals, change, evidence.code)
        return self._code_is_right(change, evidence)

    def _code_is_right(self, change: Change, evidence: CodeEvidence) -> bool:
        verification, policy = change.verification, change.application.policy
        made = verification.code_made_at
        if verification.code_seed is None or made is None:
            return False
        right = code.matches(
            self._parts.seals.code_key(), verification.code_seed, policy.code_digits, evidence.code
        )
        return right and change.now < made + timedelta(seconds=policy.code_ttl)

    def _judge_keypad(self, change: Change) -> Verdict:
        """Digits typed in a call were judged there; the client that asks gets what they prove."""
        calls = [item for item in change.attempts if item.channel is Channel.KEYPAD]
        if not calls:
            raise InvalidRequest(
                "no call asked for digits", faults=(("evidence.channel", "no call asked for digits"),)
            )
        if not any(item.reported for item in calls):
            return Verdict.MORE_EVIDENCE
        return self._prove(change, Channel.KEYPAD)

    # --- calls

    def _judge_call(self, change: Change, evidence: CallEvidence) -> Verdict:
        attempt = _to_report_on(change)
        if attempt is None:
            raise InvalidRequest(
                "no call was made for this verification",
                faults=(("evidence.channel", "no call was made"),),
            )
        flash = change.verification.plan.steps[attempt.step].flash
        assert flash is not None
        limit = timedelta(seconds=change.application.policy.report_timeout)
        if change.now > attempt.queued_at + limit or change.verification.reports >= flash.reports:
            # Equal for right and wrong reports, so that it tells nothing about the caller ID.
            change.remark("report_too_late_or_too_many")
            return Verdict.MISMATCH
        if flash.calls > 1 and attempt.reported is not None:
            # This call is settled and the next one is not out yet: there is nothing to judge.
            return Verdict.MORE_EVIDENCE
        verdict = self._evaluate(change, attempt, evidence, change.application.policy.ring_time)
        if verdict is Verdict.WITHHELD:
            self._withheld(change, attempt)
        elif verdict is not Verdict.MORE_EVIDENCE:
            verdict = self._settle_call(change, attempt, evidence, verdict, flash)
        return verdict

    def _settle_call(
        self, change: Change, attempt: Attempt, evidence: CallEvidence, verdict: Verdict, flash: FlashOffer
    ) -> Verdict:
        """What a judged report means: the next of the serial calls, the proof, or one guess less."""
        if attempt.call < flash.calls:
            self._steps.call_reported(change, attempt, right=verdict is Verdict.MATCH)
            return Verdict.MORE_EVIDENCE
        earlier = [
            item.reported for item in change.attempts_of_step(attempt.step) if item.call < attempt.call
        ]
        all_right = (verdict is Verdict.MATCH) & all(value is not False for value in earlier)
        change.set_attempt(attempt.id, reported=verdict is Verdict.MATCH)
        if all_right:
            return self._prove(change, Channel.FLASHCALL)
        self._wrong_call(change, attempt, evidence, flash.reports)
        return Verdict.MISMATCH

    def _evaluate(
        self, change: Change, attempt: Attempt, evidence: CallEvidence, rule: RingTimeRule
    ) -> Verdict:
        flash = change.verification.plan.steps[attempt.step].flash
        assert flash is not None
        assert attempt.caller_id is not None
        return judge_call(
            evidence,
            sent=attempt.caller_id,
            callee=change.verification.number.e164,
            digits=flash.digits,
            rule=rule,
            network=network_ring(attempt, change.now),
        )

    def _withheld(self, change: Change, attempt: Attempt) -> None:
        change.remark("caller_id_withheld", carrier=attempt.carrier)
        if attempt.step == change.verification.step:
            self._steps.go_on(change, Reason.WITHHELD)

    def _wrong_call(self, change: Change, attempt: Attempt, evidence: CallEvidence, allowed: int) -> None:
        """One guess less; a caller ID altered on its way ends the flash call, and the next step starts.

        Going on at once tells the client that its report was close, so no guess may be left to use that.
        """
        altered = (
            evidence.caller_id is not None
            and attempt.caller_id is not None
            and is_altered(attempt.caller_id, evidence.caller_id, change.verification.number.e164)
        )
        reports = allowed if altered else change.verification.reports + 1
        change.set(reports=reports)
        count_failure(change, self._steps)
        change.note("wrong_call", altered=altered, carrier=attempt.carrier, reports=reports)
        if change.is_open and reports >= allowed and attempt.step == change.verification.step:
            self._steps.go_on(change, Reason.ALTERED if altered else None)

    # --- endings

    def _prove(self, change: Change, channel: Channel) -> Verdict:
        ledger, number = change.session.ledger, change.verification.number
        failures = ledger.failures(number)
        if failures >= change.application.policy.max_failures_in_a_row:
            # Others of this number were under way when it was closed; none of them is one more guess.
            change.note("number_closed", failures=failures)
            self._steps.finish(change, Ending.FAIL)
            return Verdict.MISMATCH
        if failures:
            ledger.clear_failures(number)
        token_id = self._parts.random.identifier("tok_")
        self._steps.finish(change, Ending.PROVE, proof=channel, token_id=token_id)
        return Verdict.MATCH


def _how_it_was_seen(evidence: Evidence) -> dict[str, str | int | bool | None]:
    """How the client came by its evidence, for the trace; never what it reported."""
    if isinstance(evidence, CodeEvidence):
        return {"channel": evidence.channel, "source": evidence.source}
    if isinstance(evidence, KeypadEvidence):
        return {"channel": Channel.KEYPAD}
    return {
        "channel": Channel.FLASHCALL,
        "basis": evidence.basis,
        "quality": evidence.quality,
        "ring_ms": evidence.ring_ms,
        "answered": evidence.answered,
    }


def network_ring(attempt: Attempt, now: datetime) -> NetworkRing | None:
    """How long the network says it rang; None when it never said so.

    A carrier that has not measured it may have told us late, so it may have rung since it was asked to.
    """
    if attempt.ringing_at is None:
        return None
    stop = attempt.answered_at or attempt.ended_at
    ours = _milliseconds((stop or now) - attempt.ringing_at)
    if attempt.ring_ms is not None and attempt.ring_ms != ours:
        return NetworkRing(attempt.ring_ms, ended=True)
    unheard = _milliseconds(attempt.ringing_at - (attempt.claimed_at or attempt.ringing_at))
    return NetworkRing(ours, ended=stop is not None, unheard_ms=max(0, unheard))


def _milliseconds(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)


def _to_report_on(change: Change) -> Attempt | None:
    """The call a report is about: the latest of the serial calls."""
    calls = [item for item in change.attempts if item.channel is Channel.FLASHCALL]
    return calls[-1] if calls else None


def _last_reported(change: Change) -> Attempt | None:
    calls = [item for item in change.attempts if item.channel is Channel.FLASHCALL and item.reported]
    return calls[-1] if calls else None
