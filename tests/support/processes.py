"""One server process of a test's world: the real services over real storage, without their threads."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.verification import Verification
from ringproof_server.service.access import AccessService
from ringproof_server.service.administration import Administration
from ringproof_server.service.carrier_events import CarrierEvents
from ringproof_server.service.deadlines import DueWork
from ringproof_server.service.dispatch import Dispatching
from ringproof_server.service.endpoints import Endpoints
from ringproof_server.service.outbox import Delivering
from ringproof_server.service.parts import Parts
from ringproof_server.service.verifications import VerificationService
from ringproof_server.storage import SqlStorage

NUMBER = "+447700900123"
OTHER_NUMBER = "+447700900456"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CountingMetrics:
    """Metrics that a test can read."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[object, ...]] = Counter()

    def started(self, channel: Channel, country: str | None) -> None:
        self.counts["started", channel, country] += 1

    def attempt_ended(self, channel: Channel, carrier: str, reason: Reason | None) -> None:
        self.counts["attempt_ended", channel, carrier, reason] += 1

    def finished(self, status: str, channel: Channel | None, seconds: float) -> None:
        self.counts["finished", status, channel] += 1

    def carrier_request(self, carrier: str, operation: str, outcome: str, seconds: float) -> None:
        self.counts["carrier_request", carrier, operation, outcome] += 1

    def breaker(self, carrier: str, state: str) -> None:
        self.counts["breaker", carrier, state] += 1

    def webhook(self, kind: str, outcome: str, seconds: float) -> None:
        self.counts["webhook", kind, outcome] += 1

    def refused(self, slug: str) -> None:
        self.counts["refused", slug] += 1


class Lines:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def __call__(self, event: str, /, **fields: object) -> None:
        self.lines.append((event, fields))

    info = warning = error = __call__


@dataclass
class Process:
    """One server process: its own connection to the database, its own caches, no memory of the others."""

    parts: Parts
    storage: SqlStorage
    service: VerificationService
    access: AccessService
    administration: Administration
    endpoints: Endpoints
    delivering: Delivering
    events: CarrierEvents
    dispatching: Dispatching
    due: DueWork
    metrics: CountingMetrics
    log: Lines

    def dispatch_all(self) -> int:
        """Dispatch what is queued; how many attempts this process placed."""
        queued = self.storage.read(lambda session: session.verifications.queued_attempts(100))
        return sum(self.dispatching.dispatch(attempt_id) for attempt_id in queued)

    def verification(self, verification_id: str) -> Verification:
        """The verification as it is stored."""
        found = self.storage.read(lambda session: session.verifications.get(verification_id))
        assert found is not None
        return found

    def attempts(self, verification_id: str) -> list[Attempt]:
        """All its attempts as they are stored."""
        return self.storage.read(lambda session: session.verifications.attempts(verification_id))

    def attempt(self, attempt_id: str) -> Attempt:
        """The attempt as it is stored."""
        found = self.storage.read(lambda session: session.verifications.attempt(attempt_id))
        assert found is not None
        return found

    def trace(self, verification_id: str) -> list[str]:
        """What was decided about the verification, without the details."""
        entries = self.storage.read(lambda session: session.verifications.trace(verification_id))
        return [entry.what for entry in entries]

    def notes(self, verification_id: str, what: str) -> list[dict[str, object]]:
        """The details of every decision of this kind, in order."""
        entries = self.storage.read(lambda session: session.verifications.trace(verification_id))
        return [dict(entry.detail) for entry in entries if entry.what == what]

    def spent(self, number: str = NUMBER, since: datetime = EPOCH) -> float:
        """What the guesses at this number come to."""
        parsed = PhoneNumber.parse(number)
        return self.storage.read(lambda session: session.ledger.spent(parsed, since))

    def failures(self, number: str = NUMBER) -> int:
        parsed = PhoneNumber.parse(number)
        return self.storage.read(lambda session: session.ledger.failures(parsed))
