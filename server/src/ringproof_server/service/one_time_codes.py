"""Codes for back ends that know nothing but a code: sent under a name of their own, checked by that name.

A thin door over the ordinary way of a verification: every limit, ledger and count of that holds here too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ringproof_server.domain.application import Caller
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import AlreadyFinished, ConcurrentVerification, Forbidden
from ringproof_server.domain.evidence import CodeEvidence
from ringproof_server.domain.stage import Advance, Stage, Workflow
from ringproof_server.domain.verification import Status, Verification
from ringproof_server.ports import Session
from ringproof_server.service.aftermath import carry_out
from ringproof_server.service.confirming import Confirming
from ringproof_server.service.messages import code_of
from ringproof_server.service.parts import Parts
from ringproof_server.service.progress import Progress
from ringproof_server.service.repeats import Repeats
from ringproof_server.service.requests import ConfirmRequest, IdempotencyKey, StartRequest

MESSENGER_FIRST: Final[Workflow] = (
    Stage(channel=Channel.MESSENGER, advance=Advance.NOT_READ),
    Channel.SMS,
)
"""Messenger, and SMS for whoever has not read it within the time of a message, by default 120 s."""

_SENDS_NO_CODE: Final = frozenset({Channel.FLASHCALL, Channel.KEYPAD, Channel.TOTP})

Start = Callable[[Caller, StartRequest, IdempotencyKey | None], Progress]


class CodeCheck(StrEnum):
    """What a code turned out to be. `WRONG` is also what an unknown name gets."""

    RIGHT = "right"
    WRONG = "wrong"
    ALREADY_VERIFIED = "already_verified"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Passcode:
    """A code that was sent, for the back end that compares it itself."""

    verification: Verification
    code: str = field(repr=False)


class OneTimeCodes:
    """Sends and checks codes by the caller's own name for them, its verification's reference.

    What apps and pages start under the same reference is not looked at.

    For secret keys only; every method raises `Forbidden` for another one.
    """

    def __init__(self, parts: Parts, start: Start, confirming: Confirming) -> None:
        self._parts = parts
        self._start = start
        self._confirming = confirming
        self._repeats = Repeats(parts.seals)

    def send(
        self,
        caller: Caller,
        reference: str,
        *,
        phone_number: str,
        messenger_id: str | None,
        idempotency: IdempotencyKey | None,
    ) -> Progress:
        """Send a code to Messenger, where the person's id is known, then by SMS unless it has been read.

        Raises `ConcurrentVerification` while another code of this name is pending, and all that a start does.
        """
        _require_secret(caller)
        self._parts.storage.read(lambda session: self._require_free(session, caller, reference, idempotency))
        request = StartRequest(
            phone_number=phone_number,
            channels=MESSENGER_FIRST,
            reference=reference,
            recipients={} if messenger_id is None else {Channel.MESSENGER: messenger_id},
        )
        return self._start(caller, request, idempotency)

    def check(self, caller: Caller, reference: str, code: str) -> CodeCheck:
        """Check a code against the newest of this name; one right answer is `RIGHT`, later ones are not.

        Raises `TooEarly` when the next check is not allowed yet.
        """
        _require_secret(caller)
        found = self._parts.storage.read(lambda session: self._pending(session, caller, reference))
        if isinstance(found, CodeCheck):
            return found
        verification_id, channel = found
        request = ConfirmRequest(evidence=CodeEvidence(channel=channel, code=code))
        try:
            confirmed = self._confirming.confirm(caller, verification_id, request, None)
        except AlreadyFinished:
            now = self._parts.storage.read(lambda session: self._pending(session, caller, reference))
            return now if isinstance(now, CodeCheck) else CodeCheck.OVER
        carry_out(self._parts, confirmed.aftermath)
        if confirmed.result is not None:
            return CodeCheck.WRONG
        # Of two right answers at the same moment one has verified, the other found it done.
        return CodeCheck.ALREADY_VERIFIED if confirmed.aftermath.finished is None else CodeCheck.RIGHT

    def passcode(
        self, caller: Caller, *, phone_number: str, language: str | None, idempotency: IdempotencyKey | None
    ) -> Passcode:
        """Send a code by SMS and tell it to the caller, who is trusted with it. Raises what a start does."""
        _require_secret(caller)
        request = StartRequest(phone_number=phone_number, channels=(Channel.SMS,), language=language)
        verification = self._start(caller, request, idempotency).verification
        return Passcode(verification, code_of(caller.application, verification, self._parts.seals.code_key()))

    def _require_free(
        self, session: Session, caller: Caller, reference: str, idempotency: IdempotencyKey | None
    ) -> None:
        if self._repeats.recalled(session, caller, idempotency) is not None:
            return
        now = self._parts.clock.now()
        for other in _newest(session, caller, reference):
            if other.status_at(now) is Status.PENDING:
                raise ConcurrentVerification(
                    "a code of this name is pending",
                    retry_after=(other.expires_at - now).total_seconds(),
                    verification_id=other.id,
                )

    def _pending(self, session: Session, caller: Caller, reference: str) -> tuple[str, Channel] | CodeCheck:
        """The verification to check a code of, and the channel of its last code; else what the answer is."""
        for verification in _newest(session, caller, reference):
            status = verification.status_at(self._parts.clock.now())
            if status is Status.VERIFIED:
                return CodeCheck.ALREADY_VERIFIED
            if status is not Status.PENDING:
                return CodeCheck.OVER
            attempts = session.verifications.attempts(verification.id)
            sent = [item.channel for item in attempts if item.channel not in _SENDS_NO_CODE]
            if sent:
                return verification.id, sent[-1]
        return CodeCheck.WRONG


def _newest(session: Session, caller: Caller, reference: str) -> list[Verification]:
    """The newest verification of this name that a back end has started, if there is one.

    Apps and pages may give references too, and need a code challenge to start at all. One of theirs says
    nothing about the number that the back end has given this name, and does not stand in its way either.
    """
    return session.verifications.by_reference(caller.application.id, reference, 1, unchallenged=True)


def _require_secret(caller: Caller) -> None:
    if not caller.is_secret:
        raise Forbidden("only a secret key may send and check codes by name")
