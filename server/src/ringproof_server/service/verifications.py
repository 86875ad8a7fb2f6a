"""The verification service: what clients and back ends may ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ringproof_server.domain.application import Caller
from ringproof_server.domain.assurance import bits
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import (
    AlreadyFinished,
    Forbidden,
    NoStepsLeft,
    NotFound,
    TooEarly,
)
from ringproof_server.domain.verification import Ending, Status, Verification
from ringproof_server.ports import Session, TokenClaims
from ringproof_server.service.access import require_access
from ringproof_server.service.aftermath import carry_out
from ringproof_server.service.change import Aftermath, Change
from ringproof_server.service.claims import transaction_claim
from ringproof_server.service.confirming import Confirming
from ringproof_server.service.devices import DeviceService
from ringproof_server.service.keypad_digits import with_keypad
from ringproof_server.service.one_time_codes import OneTimeCodes
from ringproof_server.service.outlook import channel_wait, progress_after, progress_of
from ringproof_server.service.parts import Parts
from ringproof_server.service.planning import Planner
from ringproof_server.service.progress import Progress
from ringproof_server.service.repeats import Repeats
from ringproof_server.service.requests import ClientReport, ConfirmRequest, IdempotencyKey, StartRequest
from ringproof_server.service.spacing import DAY
from ringproof_server.service.starting import Starting
from ringproof_server.service.steps import Steps

REPORT_KINDS = frozenset({"no_call", "late_call", "seen"})
FOUND_AT_MOST = 20


class VerificationService:
    """Starts, confirms, advances, cancels and reads verifications.

    A verification of another application is `NotFound`, like one that does not exist.
    """

    def __init__(self, parts: Parts, planner: Planner, steps: Steps) -> None:
        self._parts = parts
        self._steps = steps
        self._repeats = Repeats(parts.seals)
        self._starting = Starting(parts, planner, steps)
        self._confirming = Confirming(parts, steps)
        self.devices: Final = DeviceService(parts)
        self.codes: Final = OneTimeCodes(parts, self.start, self._confirming)
        """The same services for back ends that know nothing but a code."""

    def start(self, caller: Caller, request: StartRequest, idempotency: IdempotencyKey | None) -> Progress:
        """Store and queue a new verification; the answer carries its challenge. See `Starting.start`."""
        started = self._starting.start(caller, request, idempotency)
        carry_out(self._parts, started.aftermath)
        verification = started.progress.verification
        if started.aftermath is not None and started.progress.attempt is not None:
            self._parts.metrics.started(started.progress.attempt.channel, verification.number.region)
        return self._shown(replace(started.progress, challenge=self._starting.challenge(verification)))

    def confirm(
        self,
        caller: Caller,
        verification_id: str,
        request: ConfirmRequest,
        idempotency: IdempotencyKey | None,
    ) -> Progress:
        """Judge evidence; the answer carries the token or what is missing. See `Confirming.confirm`."""
        confirmed = self._confirming.confirm(caller, verification_id, request, idempotency)
        carry_out(self._parts, confirmed.aftermath)
        progress = confirmed.progress
        if confirmed.result is None and progress.status is Status.VERIFIED:
            return replace(progress, token=self._token(caller, progress.verification))
        return self._shown(replace(progress, result=confirmed.result))

    def advance(
        self,
        caller: Caller,
        verification_id: str,
        *,
        challenge: str | None,
        channel: Channel | None,
        idempotency: IdempotencyKey | None,
    ) -> Progress:
        """Start the next step, or the named channel, now.

        Raises `NoStepsLeft`, `TooEarly` with the time to wait, `AlreadyFinished`.
        """
        self._require_access(caller, verification_id, challenge)

        def work(session: Session) -> tuple[Progress, Aftermath | None]:
            change = self._load(session, caller, verification_id)
            if self._repeats.recalled(session, caller, idempotency, verification_id) is not None:
                return progress_after(caller, change), None
            self._repeats.remember(session, caller, idempotency, verification_id, change.now)
            self._advance(change, channel)
            aftermath = change.save()
            return progress_after(caller, change), aftermath

        return self._carried_out(work)

    def report(
        self,
        caller: Caller,
        verification_id: str,
        *,
        challenge: str | None,
        report: ClientReport,
        idempotency: IdempotencyKey | None,
    ) -> Progress:
        """Keep a client's telemetry; it never verifies and never moves a verification."""
        self._require_access(caller, verification_id, challenge)

        def work(session: Session) -> tuple[Progress, Aftermath | None]:
            change = self._load(session, caller, verification_id)
            if self._repeats.recalled(session, caller, idempotency, verification_id) is not None:
                return progress_after(caller, change), None
            self._repeats.remember(session, caller, idempotency, verification_id, change.now)
            change.remark(
                "client_report",
                kind=report.kind if report.kind in REPORT_KINDS else "other",
                ring_ms=report.ring_ms,
                basis=report.basis,
                quality=report.quality,
                with_caller_id=report.caller_id is not None,
            )
            aftermath = change.save()
            return progress_after(caller, change), aftermath

        return self._carried_out(work)

    def cancel(self, caller: Caller, verification_id: str, *, challenge: str | None) -> Progress:
        """End the verification and hang up; an ended one stays as it is."""
        self._require_access(caller, verification_id, challenge)

        def work(session: Session) -> tuple[Progress, Aftermath]:
            change = self._load(session, caller, verification_id)
            ending = Ending.CANCEL if change.is_open else Ending.EXPIRE
            self._steps.finish(change, ending)
            aftermath = change.save()
            return progress_after(caller, change), aftermath

        return self._carried_out(work)

    def get(self, caller: Caller, verification_id: str, *, challenge: str | None) -> Progress:
        """Where the verification stands; a secret key also sees why."""
        self._require_access(caller, verification_id, challenge)
        return self._read(caller, verification_id)

    def by_reference(self, caller: Caller, reference: str) -> list[Progress]:
        """The application's verifications with this reference, newest first; secret keys only."""
        if not caller.is_secret:
            raise Forbidden("only a secret key may look up references")
        now = self._parts.clock.now()

        def work(session: Session) -> list[Progress]:
            application = caller.application
            found = session.verifications.by_reference(application.id, reference, FOUND_AT_MOST)
            return [
                self._shown(
                    progress_of(session, application, item, session.verifications.attempts(item.id), now)
                )
                for item in found
            ]

        return self._parts.storage.read(work)

    def _require_access(self, caller: Caller, verification_id: str, challenge: str | None) -> None:
        require_access(caller, verification_id, challenge, self._parts.tokens, self._parts.clock.now())

    def _carried_out(self, work: Callable[[Session], tuple[Progress, Aftermath | None]]) -> Progress:
        progress, aftermath = self._parts.storage.write(work)
        carry_out(self._parts, aftermath)
        return self._shown(progress)

    def _shown(self, progress: Progress) -> Progress:
        """As the client is told, which shows the digits that whoever is called has to type."""
        return with_keypad(progress, self._parts.seals)

    def _load(self, session: Session, caller: Caller, verification_id: str) -> Change:
        return Change.load_own(session, caller, verification_id, self._parts.clock.now())

    def _read(self, caller: Caller, verification_id: str) -> Progress:
        now = self._parts.clock.now()

        def work(session: Session) -> Progress:
            verification = session.verifications.get(verification_id)
            if verification is None or verification.application_id != caller.application.id:
                raise NotFound("there is no such verification")
            attempts = session.verifications.attempts(verification_id)
            progress = progress_of(session, caller.application, verification, attempts, now)
            if caller.is_secret:
                progress = replace(progress, trace=session.verifications.trace(verification_id))
            return progress

        return self._shown(self._parts.storage.read(work))

    def _advance(self, change: Change, channel: Channel | None) -> None:
        if not change.is_open:
            raise AlreadyFinished("this verification has ended")
        verification = change.verification
        plan = verification.plan
        if channel is None:
            if verification.step + 1 >= len(plan.steps):
                raise NoStepsLeft("this was the last step")
            channel = plan.steps[verification.step + 1].channel
        position = plan.position_of(channel)
        history = change.session.verifications.attempts_to(verification.number, change.now - DAY)
        wait = channel_wait(
            change.application.policy, verification, change.attempts, history, channel, change.now
        )
        if wait is None or position is None:
            raise NoStepsLeft("this channel is not available for this verification")
        if wait > 0:
            raise TooEarly("this channel may be used a little later", retry_after=wait)
        if not self._steps.switch(change, position):
            raise NoStepsLeft("this channel is not available for this verification")

    def _token(self, caller: Caller, verification: Verification) -> str:
        """The signed result; the same text for every repeat while the signing key stays."""
        assert verification.token_id is not None
        assert verification.proof is not None
        assert verification.finished_at is not None
        claims = TokenClaims(
            token_id=verification.token_id,
            verification_id=verification.id,
            application_id=caller.application.id,
            phone_number=verification.number.e164,
            channel=verification.proof,
            guess_probability=verification.guess_probability,
            assurance_bits=bits(verification.guess_probability),
            reference=verification.reference,
            nonce=verification.nonce,
            transaction=transaction_claim(verification.transaction),
            verified_at=verification.finished_at,
        )
        return self._parts.tokens.sign_token(claims)
