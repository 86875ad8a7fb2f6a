"""What is kept: verifications, pools, budgets, applications, devices, events; and units of work on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from ringproof_server.domain.application import ApiKey, Application
from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.caller_id import PoolStatistics
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.device import Device, DeviceKind
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.verification import Verification
from ringproof_server.domain.webhook import Event

T = TypeVar("T")


class Conflict(Exception):
    """A compare-and-set found another version than it had read; the unit of work is run again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceEntry:
    """One decision about a verification, for the application's back end; `detail` holds no secret."""

    at: datetime
    what: str
    detail: Mapping[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True)
class PastAttempt:
    """What limits look at: on which channel an attempt was queued, when, and for which verification."""

    channel: Channel
    queued_at: datetime
    verification_id: str


class Verifications(Protocol):
    """Verifications with their attempts. Inside `Storage.write` a `get` locks the row until the end."""

    def add(self, verification: Verification) -> None: ...

    def get(self, verification_id: str) -> Verification | None: ...

    def update(self, verification: Verification) -> None:
        """Store what changed if the stored version is still `verification.version`; else raise `Conflict`."""
        ...

    def add_attempt(self, attempt: Attempt) -> None: ...

    def attempt(self, attempt_id: str) -> Attempt | None: ...

    def attempt_by_remote_id(self, carrier: str, remote_id: str) -> Attempt | None: ...

    def attempts(self, verification_id: str) -> list[Attempt]:
        """All attempts of a verification in the order in which they were queued."""
        ...

    def update_attempt(self, attempt: Attempt) -> None:
        """Compare-and-set like `update`."""
        ...

    def pending_for(self, number: PhoneNumber, now: datetime) -> list[Verification]:
        """The verifications of this number, of all applications, that are pending and not past their time."""
        ...

    def by_reference(
        self, application_id: str, reference: str, limit: int, *, unchallenged: bool = False
    ) -> list[Verification]:
        """Newest first; with `unchallenged` those without a code challenge only, which back ends start."""
        ...

    def attempts_to(self, number: PhoneNumber, since: datetime) -> list[PastAttempt]:
        """Every attempt to this number queued since then, of all applications, oldest first."""
        ...

    def note(self, verification_id: str, entry: TraceEntry) -> None: ...

    def trace(self, verification_id: str) -> list[TraceEntry]: ...

    def see_event(self, carrier: str, event_key: str, now: datetime) -> bool:
        """Remember a carrier's event; False when it had been seen before."""
        ...

    # What is due. Each answers identifiers, oldest first, at most `limit`; on a database with several
    # nodes rows that another node holds locked are left out.

    def queued_attempts(self, limit: int) -> list[str]: ...

    def count_queued(self, limit: int) -> int:
        """How many attempts wait to be claimed, counted up to `limit`."""
        ...

    def due_verifications(self, now: datetime, limit: int) -> list[str]:
        """Pending verifications whose `wake_at` has come."""
        ...

    def due_hang_ups(self, now: datetime, limit: int) -> list[str]:
        """Attempts of calls whose `hang_up_at` has come, in whatever state: a late one may have ended."""
        ...

    def stale_claims(self, claimed_before: datetime, limit: int) -> list[str]:
        """Attempts that were claimed before then and are still `dialing` or `sending`."""
        ...

    def next_due(self) -> datetime | None:
        """The earliest `wake_at` of a pending verification or `hang_up_at` of any attempt."""
        ...


@dataclass(frozen=True, slots=True)
class Pool:
    """The healthy caller IDs of an application, as E.164 strings, with what is needed to state their odds."""

    version: int
    numbers: Sequence[str] = field(repr=False)
    statistics: PoolStatistics


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolNumber:
    """One caller ID as an operator sees it."""

    e164: str
    healthy: bool
    added_at: datetime


class CallerIds(Protocol):
    """The caller-ID pools."""

    def pool(self, application_id: str) -> Pool:
        """The current pool; may be served from this process's memory while its version is current."""
        ...

    def used_for(self, number: PhoneNumber, since: datetime) -> set[str]:
        """The caller IDs used for this destination since then or in a pending verification of it."""
        ...

    def add(self, application_id: str, numbers: Sequence[str], now: datetime) -> int:
        """Add the numbers that the pool does not have; how many that were."""
        ...

    def remove(self, application_id: str, numbers: Sequence[str]) -> int: ...

    def set_healthy(self, application_id: str, number: str, healthy: bool) -> bool:
        """False when the pool has no such number."""
        ...

    def listing(self, application_id: str, limit: int, after: str = "") -> list[PoolNumber]: ...

    def size(self, application_id: str) -> int: ...


class Ledger(Protocol):
    """The guess budget of every number, and its failures in a row."""

    def spent(self, number: PhoneNumber, since: datetime) -> float:
        """The sum of guess probabilities reserved or spent for this number since then."""
        ...

    def reserve(
        self, number: PhoneNumber, verification_id: str, probability: float, now: datetime
    ) -> None: ...

    def settle(self, verification_id: str, probability: float) -> None:
        """Replace what was reserved for a verification by what its guesses really amounted to."""
        ...

    def failures(self, number: PhoneNumber) -> int: ...

    def add_failure(self, number: PhoneNumber) -> int:
        """Count one more wrong answer in a row; how many there are now."""
        ...

    def clear_failures(self, number: PhoneNumber) -> None: ...


class Applications(Protocol):
    def add(self, application: Application) -> None: ...

    def get(self, application_id: str) -> Application | None: ...

    def get_to_change(self, application_id: str) -> Application | None:
        """Like `get`, for an `update` in the same unit of work: until it ends nobody else's change comes
        between the two. Needs `Storage.write`."""
        ...

    def by_name(self, name: str) -> Application | None: ...

    def update(self, application: Application) -> None: ...

    def listing(self) -> list[Application]: ...

    def add_key(self, key: ApiKey) -> None: ...

    def key_by_digest(self, digest: bytes) -> tuple[ApiKey, Application] | None:
        """The key with this digest unless it is revoked, and its application."""
        ...

    def keys(self, application_id: str) -> list[ApiKey]: ...

    def revoke_key(self, key_id: str, now: datetime) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What an idempotency key stands for: the request it came with, as a keyed digest, and what it led to."""

    fingerprint: bytes
    verification_id: str
    result: str | None


class Idempotency(Protocol):
    def recall(self, scope: str, key: str) -> Remembered | None: ...

    def remember(self, scope: str, key: str, outcome: Remembered, now: datetime) -> None:
        """Raises `Conflict` when another request has just taken this key."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """An Ed25519 key of the token signer; `sealed` is the private key, encrypted by the server's secret."""

    kid: str
    sealed: bytes = field(repr=False)
    public: bytes
    created_at: datetime
    retired_at: datetime | None = None


class SigningKeys(Protocol):
    def listing(self) -> list[SigningKey]:
        """Newest first."""
        ...

    def add(self, key: SigningKey) -> None: ...

    def retire(self, kid: str, now: datetime) -> None: ...

    def remove(self, kid: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """An event on its way. `id` names it towards the receiver, the same on every try.

    `position` is its place among the events of its verification, from 0. `number` (E.164) is None once the
    verification's has been erased. Whoever claimed it must be done with it before `claimed_until`; `due_at`
    is None while an earlier event of the verification is on its way, and when this one is not.
    """

    id: str
    position: int
    event: Event
    number: str | None = field(repr=False)
    created_at: datetime
    due_at: datetime | None = None
    claimed_until: datetime | None = None
    tries: int = 0
    delivered_at: datetime | None = None
    gave_up_at: datetime | None = None


class Outbox(Protocol):
    """Events on their way to applications, of which each verification has one under way at a time.

    Whoever has lost a claim to somebody else settles nothing by it: the event will come again. Units of work
    that add or settle an event of a verification exclude each other.
    """

    def add(self, event: Event) -> None:
        """Put it behind the other events of its verification; due at once where it is the first."""
        ...

    def next_due(self, busy: Sequence[str]) -> datetime | None:
        """When the next event is due that is not of one of these applications."""
        ...

    def claim(self, now: datetime, until: datetime, limit: int, busy: Sequence[str]) -> list[OutboxItem]:
        """Take due events, oldest first, none of these applications; nobody else gets them before then."""
        ...

    def delivered(self, item: OutboxItem, now: datetime) -> None:
        """It has arrived; the next of its verification is due."""
        ...

    def retry(self, item: OutboxItem, at: datetime) -> None:
        """It is due again then."""
        ...

    def give_up(self, item: OutboxItem, now: datetime) -> None:
        """It is kept and not sent any more; the next of its verification is due."""
        ...

    def listing(
        self, limit: int, *, application_id: str | None = None, failed: bool = False
    ) -> list[OutboxItem]:
        """Newest first; with `failed` those that were given up only."""
        ...

    def send_again(
        self,
        now: datetime,
        limit: int,
        *,
        verification_id: str | None = None,
        application_id: str | None = None,
        since: datetime | None = None,
        failed: bool = False,
    ) -> int:
        """Make events due as if they were new that were delivered or given up before `now`; how many.

        Of one verification, or of all since then; with `failed` those that were given up only. Call it
        again, with the same `now`, while it answers `limit`. What waits for another try of these
        verifications or applications is due at once, too, and not counted.
        """
        ...


class Devices(Protocol):
    """Enrolled devices. Of the number that a device belongs to only a keyed digest is kept."""

    def add(self, number: PhoneNumber, device: Device) -> None: ...

    def of(
        self, application_id: str, number: PhoneNumber, limit: int, kind: DeviceKind | None = None
    ) -> list[Device]:
        """The devices of this number, newest first.

        Inside `Storage.write` nobody else adds one to this number until the unit of work ends.
        """
        ...

    def get(self, application_id: str, device_id: str) -> Device | None: ...

    def use_step(self, device_id: str, step: int, now: datetime) -> bool:
        """Take a time step; False when it or a later one has been taken, or the device is gone.

        Of all that take the same step at once, one does.
        """
        ...

    def remove(self, device_id: str) -> bool:
        """Forget a device with all that it was recognised by; False when there is none."""
        ...


class Session(Protocol):
    """One unit of storage work; everything done through it is kept together or not at all."""

    @property
    def verifications(self) -> Verifications: ...
    @property
    def caller_ids(self) -> CallerIds: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def applications(self) -> Applications: ...
    @property
    def idempotency(self) -> Idempotency: ...
    @property
    def signing_keys(self) -> SigningKeys: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def devices(self) -> Devices: ...


class Storage(Protocol):
    def write(self, work: Callable[[Session], T]) -> T:
        """Run `work` in one durable transaction and return its result.

        On `Conflict` everything is undone and `work` runs again on fresh data, so it must have no effects
        outside its session. Raises `ServiceUnavailable` when conflicts do not end or the database is away.
        Any other exception of `work` undoes everything and passes through.
        """
        ...

    def read(self, work: Callable[[Session], T]) -> T:
        """Run `work` without writing; it sees committed data only."""
        ...

    def ping(self) -> None:
        """Raise when the database cannot be reached."""
        ...

    def close(self) -> None: ...
