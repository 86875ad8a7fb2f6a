"""Carriers, and what is said to them and by them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from ringproof_rcml import Dialect
from ringproof_server.domain.attempt import Attempt, AttemptEvent
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.phone_number import PhoneNumber


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
