"""What the services need from outside, as Protocols; adapters provide them, `app.py` plugs them in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol, TypeVar, runtime_checkable

from ringproof_rcml import Dialect
from ringproof_server.domain.application import ApiKey, Application
from ringproof_server.domain.attempt import Attempt, AttemptEvent
from ringproof_server.domain.caller_id import PoolStatistics
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.device import Device, DeviceKind
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.verification import Verification
from ringproof_server.domain.webhook import Event

T = TypeVar("T")


class Clock(Protocol):
    def now(self) -> datetime:
        """The present as an aware datetime in UTC."""
        ...


class Random(Protocol):
    """Cryptographically secure randomness."""

    def below(self, limit: int) -> int:
        """A uniform integer in 0..limit-1."""
        ...

    def between(self, low: float, high: float) -> float:
        """A uniform real number in low..high."""
        ...

    def bytes(self, count: int) -> bytes: ...

    def identifier(self, prefix: str) -> str:
        """A new identifier such as `vrf_…`: time-ordered, with at least 80 random bits, URL-safe."""
        ...

    def secret(self, prefix: str) -> str:
        """A new key such as `rp_sk_…` with 256 random bits, URL-safe."""
        ...


# --- storage ---------------------------------------------------------------------------------------------


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
    """What an idempotency key stands for: the request it came with and what it led to."""

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


# --- limits, tokens --------------------------------------------------------------------------------------


class RateLimiter(Protocol):
    def hit(self, rule: str, key: str, limit: int, window: int) -> float | None:
        """Count one event. None when it fits into `limit` per `window` seconds, else the seconds to wait."""
        ...

    def look(self, rule: str, key: str, limit: int, window: int) -> float | None:
        """What `hit` would answer now; nothing is counted."""
        ...

    def ping(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeClaims:
    """What a challenge says: which verification, of which application, proved with which code challenge, and
    for which payment."""

    verification_id: str
    application_id: str
    code_challenge: str | None
    issued_at: datetime
    expires_at: datetime
    transaction: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenClaims:
    """What a token says about a verified number."""

    token_id: str
    verification_id: str
    application_id: str
    phone_number: str = field(repr=False)
    channel: Channel
    guess_probability: float
    assurance_bits: float
    reference: str | None
    nonce: str | None
    transaction: Mapping[str, str] | None
    verified_at: datetime


KEY_SET_MAY_BE_KEPT: Final = timedelta(minutes=5)
"""How long whoever checks tokens may keep our public keys: a new one is published longer than that before it
signs."""


class Tokens(Protocol):
    def sign_challenge(self, claims: ChallengeClaims) -> str:
        """The same claims always give the same text."""
        ...

    def read_challenge(self, text: str, now: datetime) -> ChallengeClaims:
        """Raises `ChallengeInvalid` or `ChallengeExpired`."""
        ...

    def sign_token(self, claims: TokenClaims) -> str:
        """The same claims give the same text while the signing key stays."""
        ...

    def public_keys(self) -> dict[str, object]:
        """The JWK set (RFC 7517) of all keys whose tokens may still be valid."""
        ...


class Seals(Protocol):
    """Keyed digests and encryption under subkeys of the server's secret."""

    def code_key(self) -> bytes: ...

    def digest(self, purpose: str, value: str) -> bytes:
        """HMAC-SHA256 of `value` under the subkey for `purpose`."""
        ...

    def sign_reference(self, attempt_id: str) -> str:
        """An unguessable, URL-safe text by which a carrier names an attempt."""
        ...

    def read_reference(self, text: str) -> str | None:
        """The attempt named by such a text, or None if it is not one of ours."""
        ...

    def seal(self, purpose: str, secret: str, *, bound_to: str = "") -> str:
        """The secret, encrypted under the subkey for `purpose`, in characters of Base64.

        Whoever opens it must say what it is `bound_to`, so that it opens nowhere else.
        """
        ...

    def unseal(self, purpose: str, sealed: str, *, bound_to: str = "") -> str | None:
        """What was sealed for this purpose and bound to this; None if that cannot have been by this server's
        secret."""
        ...


# --- applications' back ends -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Where a request to an application's back end goes; it is signed with every one of the secrets."""

    url: str = field(repr=False)
    secrets: Sequence[str] = field(repr=False)


class Delivery(StrEnum):
    """What came of sending an event. `gone` means that the receiver wants no more, ever."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    BLOCKED = "blocked"
    """Not sent, because the receiver's address is one that nothing is sent to."""
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Receipt:
    """`status` is the receiver's HTTP status where it gave one."""

    delivery: Delivery
    status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartQuestion:
    """What an application is asked before a verification starts. `address` is the client's, where it counts.

    `channels` are those that would be tried, in this order.
    """

    id: str
    at: datetime
    number: PhoneNumber = field(repr=False)
    channels: Sequence[Channel]
    reference: str | None
    language: str | None
    address: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartDecision:
    """What an application decided: nothing else than to `allow` a start, on these `channels` if it names any,
    with these `limits` by the names of `Policy`."""

    allow: bool
    channels: Sequence[Channel] | None = None
    limits: Mapping[str, float] = field(default_factory=dict)


class Undecided(Exception):
    """An application gave no answer in time, or none that can be used; the message is one of a few words."""


class Webhooks(Protocol):
    """Sends to the back ends of applications. Waits, but never for longer than it was told."""

    def deliver(self, receiver: Receiver, item: OutboxItem, now: datetime) -> Receipt:
        """Send an event once."""
        ...

    def ask(self, receiver: Receiver, question: StartQuestion, timeout: float) -> StartDecision:
        """Ask about a start; the whole of it takes at most `timeout` seconds. Raises `Undecided`."""
        ...


# --- carriers --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierCapabilities:
    channels: frozenset[Channel]
    chooses_caller_id: bool
    hangs_up: bool
    reports_events: bool
    calls_per_second: float | None = None
    """How many calls the carrier's account may begin in a second; None where it sets no limit."""
    messages_per_second: float | None = None
    dialect: Dialect = Dialect.TWIML
    """How the carrier is told what to say to whoever answers."""
    fictitious_only: bool = False
    """Whether it carries fictitious numbers only, because real carriers stand beside it."""
    serves_fictitious: bool = False
    """Whether fictitious numbers may be given to it; they never go to a real network."""
    many_services: bool = False
    """Whether each recipient names the service that takes their messages, so that the faults of one, which
    may be a stranger's, say nothing about the others and stop nobody else's messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingCall:
    """A call to place. `reference` names the attempt in callbacks; `dial_timeout` is the carrier's backstop
    in whole seconds; `document_url` is where whoever answers is told what to say."""

    attempt_id: str
    reference: str
    channel: Channel
    to: str = field(repr=False)
    caller_id: str = field(repr=False)
    dial_timeout: int
    document_url: str
    events_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMessage:
    """A message to send. `sender` is the application's brand, `language` a BCP 47 tag; `code` stands in
    `text` and is given once more for channels that allow nothing but their own templates. `recipient` is the
    person's address on a channel that does not go by phone number, else empty: on `push` a subscription as
    `domain.web_push` writes it. `lifetime` is how many seconds from now the message is of use."""

    attempt_id: str
    reference: str
    channel: Channel
    to: str = field(repr=False)
    sender: str
    text: str = field(repr=False)
    code: str = field(repr=False)
    language: str
    events_url: str
    recipient: str = field(default="", repr=False)
    lifetime: int = 300


@dataclass(frozen=True, slots=True)
class Placed:
    """The carrier took the attempt under this name of its own."""

    remote_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRequest:
    """A carrier's request to us. `url` is the public one it was sent to; header names are lower case."""

    path: str
    url: str
    method: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierEvent:
    """What a carrier says about an attempt, by our reference or its own name.

    `key` is the same for repeats of one event and different for different events. `ring_ms` is the ring time
    as the carrier measured it, where it does.
    """

    key: str
    kind: AttemptEvent
    attempt_id: str | None = None
    remote_id: str | None = None
    reason: Reason | None = None
    ring_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a carrier knows of an attempt after a crash."""

    remote_id: str


EventSink = Callable[[CallbackRequest], None]
"""Takes an event that arises inside this process; it goes the same way as one that came by HTTP."""


class DocumentSource(Protocol):
    """Fetches voice documents without leaving this process."""

    def __call__(self, url: str, /, keys: str | None = None) -> str:
        """The document behind a `document_url`; with `keys`, what follows after these were pressed, behind
        the URL that the document before named for them."""
        ...


class Carrier(Protocol):
    """Who transports calls and messages. Its methods may take seconds; they raise `CarrierError`s only.

    `place_call` and `send_message` raise `OutcomeUnknown` when the carrier may have taken the attempt
    although its answer is missing or makes no sense; every other error says that it has not taken it.
    """

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> CarrierCapabilities: ...

    def place_call(self, call: OutgoingCall) -> Placed: ...

    def send_message(self, message: OutgoingMessage) -> Placed: ...

    def hang_up(self, remote_id: str) -> None:
        """End a call that rings or talks; nothing happens when it has ended. Safe to repeat."""
        ...

    def parse_event(self, request: CallbackRequest) -> CarrierEvent | None:
        """The event in a callback, None if it says nothing of interest.

        The signature is checked first. Raises `CallbackRefused`.
        """
        ...

    def find(self, attempt: Attempt, to: PhoneNumber) -> Found | None:
        """What became of an attempt whose answer was lost; None if nothing is known of it."""
        ...

    def ping(self) -> None:
        """Raise a `CarrierError` when calls cannot be placed now."""
        ...

    def start(self, deliver: EventSink, answer: DocumentSource) -> None:
        """Begin whatever runs in this process; called once, after the process has forked.

        `deliver` takes the events that arise there, `answer` tells what to say on an answered call.
        """
        ...

    def stop(self) -> None: ...


@runtime_checkable
class OwnsNumbers(Protocol):
    """A carrier that can list the numbers from which its account may call."""

    def owned_numbers(self) -> Iterator[str]:
        """Every one as E.164, as far as it can place calls. Raises a `CarrierError`."""
        ...


class Pacer(Protocol):
    """Spreads requests over time, for all processes that share a carrier's account."""

    def reserve(self, key: str, per_second: float, patience: float) -> float:
        """Take the next free moment of `key`, of which there are `per_second`; the seconds until then.

        When that would be more than `patience` nothing is taken, and the answer is still the wait.
        """
        ...


class Metrics(Protocol):
    """Counts for operators; labels are closed lists, never numbers or identifiers."""

    def started(self, channel: Channel, country: str | None) -> None: ...

    def attempt_ended(self, channel: Channel, carrier: str, reason: Reason | None) -> None: ...

    def finished(self, status: str, channel: Channel | None, seconds: float) -> None: ...

    def carrier_request(self, carrier: str, operation: str, outcome: str, seconds: float) -> None:
        """A request ended; `operation` is a method of the port, `outcome` is `ok` or an error class."""
        ...

    def breaker(self, carrier: str, state: str) -> None:
        """A carrier's breaker is now `closed`, `open` or `half_open`."""
        ...

    def webhook(self, kind: str, outcome: str, seconds: float) -> None:
        """A request to an application's back end ended.

        `kind` is that of an event or `verification.requested`; `outcome` is a `Delivery`, or what came of a
        question: `allow`, `deny` or `undecided`.
        """
        ...
