"""What a client of a test's world knows and reports."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from ringproof_server.domain.application import Application, Caller
from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.evidence import (
    Basis,
    CallEvidence,
    CodeEvidence,
    Evidence,
    Quality,
    Verdict,
)
from ringproof_server.domain.verification import Status, Verification
from ringproof_server.service.progress import Progress
from ringproof_server.service.requests import ConfirmRequest, IdempotencyKey
from tests.support.api import another
from tests.support.processes import Process


@dataclass(frozen=True)
class App:
    """An application with its two callers."""

    application: Application
    client: Caller
    back_end: Caller


@dataclass
class Session:
    """What a client knows of a verification it has started."""

    caller: Caller
    id: str
    verifier: str
    challenge: str
    started: Progress
    process: Process = field(repr=False)

    def confirm(self, evidence: Evidence, key: IdempotencyKey | None = None) -> Progress:
        request = ConfirmRequest(evidence=evidence, challenge=self.challenge, code_verifier=self.verifier)
        return self.process.service.confirm(self.caller, self.id, request, key)

    def advance(self, channel: Channel | None = None, key: IdempotencyKey | None = None) -> Progress:
        return self.process.service.advance(
            self.caller, self.id, challenge=self.challenge, channel=channel, idempotency=key
        )

    def cancel(self) -> Progress:
        return self.process.service.cancel(self.caller, self.id, challenge=self.challenge)

    def get(self) -> Progress:
        return self.process.service.get(self.caller, self.id, challenge=self.challenge)

    @property
    def stored(self) -> Verification:
        return self.process.verification(self.id)

    @property
    def attempts(self) -> list[Attempt]:
        return self.process.attempts(self.id)

    @property
    def caller_id(self) -> str:
        """The secret: which number calls. A test that plays the phone or an all-knowing one may look."""
        found = [item.caller_id for item in self.attempts if item.caller_id is not None]
        return found[-1]


def right_call(session: Session, ring_ms: int | None = None) -> CallEvidence:
    """What the phone reports that was really called."""
    return call_report(session.caller_id, ring_ms=ring_ms)


def call_report(caller_id: str | None, *, ring_ms: int | None = None) -> CallEvidence:
    quality = Quality.LIVE if ring_ms is not None else Quality.ESTIMATED
    return CallEvidence(caller_id=caller_id, ring_ms=ring_ms, basis=Basis.SIMULATED, quality=quality)


def wrong_call(session: Session) -> CallEvidence:
    """Another number of the same pool than the one that called."""
    return call_report(another(session.caller_id))


def digits_report(digits: str) -> CallEvidence:
    return CallEvidence(last_digits=digits)


def code_report(code: str, channel: Channel = Channel.SMS) -> CodeEvidence:
    return CodeEvidence(channel=channel, code=code)


def wrong_code(right: str) -> str:
    return str((int(right) + 1) % 10 ** len(right)).zfill(len(right))


def key(name: str, says: str = "") -> IdempotencyKey:
    """An idempotency key that came with a request which says `says`."""
    return IdempotencyKey(name, hashlib.sha256(says.encode()).digest())


def outcome(progress: Progress) -> tuple[Status, Verdict | None]:
    return progress.status, progress.result
