"""A simulated network for tests: its own database, a clock that stands still, a server that takes notes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import TypeVar

from hypothesis import settings
from sqlalchemy import Connection, Engine, StaticPool, create_engine

from ringproof_server.carriers import NetworkStore
from ringproof_server.carriers.simulated import Handsets, NetworkSettings, SimulatedCarrier
from ringproof_server.carriers.simulated.exchange import Exchange
from ringproof_server.carriers.simulated.moments import SECOND, moment
from ringproof_server.carriers.simulated.tables import metadata
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import CallbackRequest, CarrierEvent, OutgoingCall, OutgoingMessage
from ringproof_server.system import SystemRandom
from ringproof_server.testing.clock import FakeClock
from ringproof_server.tokens import SecretSeals
from tests.support.processes import Lines

T = TypeVar("T")

UNTIMED = settings(deadline=None)
"""For property tests: how long an example takes depends on what else the machine does."""

NUMBER = PhoneNumber("+447700900123")
OTHER = PhoneNumber("+12025550143")
CALLER_ID = "+442079460018"
SECRET = "a-secret-for-tests-that-is-long-enough-for-anyone"
EVENTS_URL = "https://ringproof.example/carriers/simulated/events"
CONFIRMING = '<?xml version="1.0"?><Response><Say>Your number is being confirmed.</Say><Hangup/></Response>'


class EngineStore:
    """The two methods that the network needs of the server's storage, over an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def run(self, work: Callable[[Connection], T]) -> T:
        with self._engine.begin() as connection:
            return work(connection)

    def look(self, work: Callable[[Connection], T]) -> T:
        with self._engine.connect() as connection:
            return work(connection)


def memory_store() -> EngineStore:
    """A database of its own in memory, for one thread."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    metadata.create_all(engine)
    return EngineStore(engine)


class NetworkClock(FakeClock):
    """Stands still until it is moved, and knows the network's way to tell the time."""

    @property
    def moment(self) -> int:
        return moment(self.now())

    def move_to_moment(self, microseconds: int) -> None:
        self.move(max(0, microseconds - self.moment) / SECOND)


class Network:
    """A carrier, its part of the network, and the server at the other end of its callbacks.

    `ring_seconds`: if given, the server hangs up so long after each `ring` event, as it does in earnest.
    """

    def __init__(
        self,
        store: NetworkStore | None = None,
        *,
        clock: NetworkClock | None = None,
        seed: bytes = b"seed",
        ring_seconds: float | None = None,
        patience: float = math.inf,
        **settings: object,
    ) -> None:
        self.clock = clock or NetworkClock()
        self.store = store or memory_store()
        self.log = Lines()
        self.slept: list[float] = []
        self.carrier = SimulatedCarrier(
            store=self.store,
            settings=dataclasses.replace(NetworkSettings(seed=seed), **settings),  # type: ignore[arg-type]  # Typed where they are read.
            clock=self.clock,
            random=SystemRandom(self.clock),
            seals=SecretSeals(SECRET),
            log=self.log,
            sleep=self.slept.append,
            patience=patience,
        )
        self.requests: list[CallbackRequest] = []
        self.events: list[CarrierEvent] = []
        self.arrivals: list[int] = []
        self.faults = 0
        self.document: str | Exception = CONFIRMING
        self.asked: list[str] = []
        self.told: list[tuple[str, str]] = []
        self.after_keys: list[str] = []
        self._ring_seconds = ring_seconds
        self._hang_ups: list[tuple[int, str]] = []
        self.exchange: Exchange = self.carrier.exchange(self._deliver, self._answer)

    @property
    def handsets(self) -> Handsets:
        return self.carrier.handsets

    def call(self, attempt_id: str = "att_1", to: PhoneNumber = NUMBER, dial_timeout: int = 20) -> str:
        return self.carrier.place_call(outgoing_call(attempt_id, to, dial_timeout)).remote_id

    def send(self, attempt_id: str = "att_2", to: PhoneNumber = NUMBER, text: str = "123456 it is") -> str:
        return self.carrier.send_message(outgoing_message(attempt_id, to, text)).remote_id

    def pass_time(self, seconds: float = 120.0) -> None:
        """Let the network work for so long, at exactly the points of time when something is due."""
        end = self.clock.moment + round(seconds * SECOND)
        while (due := self._due()) is not None and due <= end:
            self.clock.move_to_moment(due)
            while self._hang_ups and self._hang_ups[0][0] <= self.clock.moment:
                self.carrier.hang_up(self._hang_ups.pop(0)[1])
        self.clock.move_to_moment(end)

    def _due(self) -> int | None:
        planned = self.exchange.step()
        due = [at for at, _ in self._hang_ups[:1]] + ([] if planned is None else [planned])
        return min(due, default=None)

    def _deliver(self, request: CallbackRequest) -> None:
        if self.faults:
            self.faults -= 1
            raise ConnectionError("the server is restarting")
        event = self.carrier.parse_event(request)
        assert event is not None
        self.requests.append(request)
        self.events.append(event)
        self.arrivals.append(self.clock.moment)
        if event.kind.value == "ring" and self._ring_seconds is not None and event.remote_id is not None:
            at = self.clock.moment + round(self._ring_seconds * SECOND)
            self._hang_ups = sorted([*self._hang_ups, (at, event.remote_id)])

    def _answer(self, url: str, /, keys: str | None = None) -> str:
        self.asked.append(url)
        if keys is not None:
            self.told.append((url, keys))
            return self.after_keys.pop(0)
        if isinstance(self.document, Exception):
            raise self.document
        return self.document


def outgoing_call(
    attempt_id: str = "att_1", to: PhoneNumber = NUMBER, dial_timeout: int = 20
) -> OutgoingCall:
    return OutgoingCall(
        attempt_id=attempt_id,
        reference=SecretSeals(SECRET).sign_reference(attempt_id),
        channel=Channel.FLASHCALL,
        to=to.e164,
        caller_id=CALLER_ID,
        dial_timeout=dial_timeout,
        document_url=f"https://ringproof.example/rcml/{attempt_id}",
        events_url=EVENTS_URL,
    )


def outgoing_message(
    attempt_id: str = "att_2", to: PhoneNumber = NUMBER, text: str = "123456 it is"
) -> OutgoingMessage:
    return OutgoingMessage(
        attempt_id=attempt_id,
        reference=SecretSeals(SECRET).sign_reference(attempt_id),
        channel=Channel.SMS,
        to=to.e164,
        sender="Ringproof",
        text=text,
        code="493817",
        language="en",
        events_url=EVENTS_URL,
    )
