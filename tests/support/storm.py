"""A server in bad weather: its real threads and guards, people with telephones, and a record of it all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from ringproof_server.carriers import Timeouts
from ringproof_server.carriers.guard import GuardedCarrier, GuardSettings
from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import RingproofError
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.routing import Routes, Share
from ringproof_server.domain.verification import Status
from ringproof_server.ports import (
    CallbackRequest,
    Carrier,
    CarrierCapabilities,
    CarrierEvent,
    DocumentSource,
    EventSink,
    Found,
    OutgoingCall,
    OutgoingMessage,
    Placed,
    Seals,
)
from ringproof_server.service.deadlines import Deadlines
from ringproof_server.service.dispatcher import Crew, Dispatcher
from ringproof_server.testing.clock import FakeClock
from ringproof_server.testing.randomness import SeededRandom
from tests.support.api import code_in
from tests.support.chaos import WINDOW, ChaosCarrier, Delivery, Dice, Order, person
from tests.support.clients import Session, call_report, code_report
from tests.support.processes import CountingMetrics, Lines
from tests.support.world import App, World

T = TypeVar("T")

NAMES: Final = ("alpha", "bravo", "charlie")
LONGEST: Final = 600
"""Seconds after the last wave; what is not over then is stuck."""
PATIENCE: Final = 40.0
"""Real seconds for what is to be done at one moment."""
THINKS_FOR: Final = 3
"""Seconds between what a person sees and what the person does."""
POLICY: Final = Policy(starts_per_ip_hour=1_000_000, countries_per_ip_day=300)


@dataclass(frozen=True, slots=True)
class Told:
    """What the services were told about one attempt when they asked, and what they heard of it later."""

    placed: list[str]
    found: list[str]
    heard: list[Delivery] = field(repr=False)


class Witness:
    """Stands between the services and a carrier's guard, and writes down what the services are told."""

    def __init__(self, guard: GuardedCarrier) -> None:
        self._guard = guard
        self._lock = threading.Lock()
        self.name: Final = guard.name
        self.capabilities: Final[CarrierCapabilities] = guard.capabilities
        self.busy = 0
        self.placed: dict[str, list[str]] = {}
        self.found: dict[str, list[str]] = {}
        self.hung_up: dict[str, list[str]] = {}

    def place_call(self, call: OutgoingCall) -> Placed:
        return self._told(self.placed, call.attempt_id, lambda: self._guard.place_call(call))

    def send_message(self, message: OutgoingMessage) -> Placed:
        return self._told(self.placed, message.attempt_id, lambda: self._guard.send_message(message))

    def find(self, attempt: Attempt, to: PhoneNumber) -> Found | None:
        return self._told(self.found, attempt.id, lambda: self._guard.find(attempt, to))

    def hang_up(self, remote_id: str) -> None:
        self._told(self.hung_up, remote_id, lambda: self._guard.hang_up(remote_id))

    def parse_event(self, request: CallbackRequest) -> CarrierEvent | None:
        return self._guard.parse_event(request)

    def ping(self) -> None:
        self._guard.ping()

    def start(self, deliver: EventSink, answer: DocumentSource) -> None:
        self._guard.start(deliver, answer)

    def stop(self) -> None:
        self._guard.stop()

    def _told(self, record: dict[str, list[str]], name: str, ask: Callable[[], T]) -> T:
        with self._lock:
            self.busy += 1
        answer: T | Exception
        try:
            answer = ask()
        except Exception as fault:
            answer = fault
        with self._lock:
            self.busy -= 1
            record.setdefault(name, []).append(type(answer).__name__)
        if isinstance(answer, Exception):
            raise answer
        return answer


class NoPace:
    """These accounts have no pace."""

    def reserve(self, key: str, per_second: float, patience: float) -> float:
        return 0.0


def _no_sleep(_seconds: float) -> None:
    """The guards' pauses are in the test's time, which stands still while they act."""


class Storm:
    """Waves of `size` verifications, `stormy` ones in bad weather and then `calm` ones, each in a window."""

    def __init__(self, folder: Path, *, seed: str, stormy: int, calm: int, size: int) -> None:
        self._dice = Dice(seed)
        self._stormy = stormy
        self._waves = stormy + calm
        self._size = size
        self._pool = ThreadPoolExecutor(8)
        self._due: list[Delivery] = []
        self._errands: dict[int, list[tuple[Session, Order]]] = {}
        self._heard: dict[str, list[Delivery]] = {}
        self._told_of: set[str] = set()
        self.carriers: list[ChaosCarrier] = []
        self.witnesses: dict[str, Witness] = {}
        self.guard_log = Lines()
        self.guard_counts = CountingMetrics()
        self.sessions: list[Session] = []
        self.believed: set[str] = set()
        self.disbelieved: list[tuple[Session, str, float]] = []
        routes = Routes({"GB": (tuple(Share(name) for name in NAMES),)})
        self.refused: list[str] = []
        self.world = World(folder, seed=seed, carriers=self._build, config={"routes": routes})
        self._began = self.world.clock.now()
        self._session_of: dict[str, Session] = {}

    def _build(
        self, _storage: object, clock: FakeClock, chance: SeededRandom, seals: Seals
    ) -> dict[str, Carrier]:
        for number, name in enumerate(NAMES):
            carrier = ChaosCarrier(name, seals, clock, self._dice, 3 * number, self._stormy * WINDOW)
            guard = GuardedCarrier(
                carrier,
                GuardSettings(timeouts=Timeouts(connect=0.3, total=0.3)),
                account=name,
                pacer=NoPace(),
                metrics=self.guard_counts,
                random=chance,
                log=self.guard_log,
                monotonic=carrier.elapsed,
                sleep=_no_sleep,
            )
            self.carriers.append(carrier)
            self.witnesses[name] = Witness(guard)
        return {**self.witnesses}

    # --- the course of events

    def pass_over(self) -> None:
        """Let it all happen, from the first start until everything is over."""
        app = self.world.app(POLICY)
        with self._threads() as deadlines:
            for second in range(self._waves * WINDOW + LONGEST):
                wave, rest = divmod(second, WINDOW)
                if rest == 0 and wave < self._waves:
                    self._start(app, wave)
                for carrier in self.carriers:
                    self._due += carrier.step()
                self._deliver()
                self._see()
                self._act(second)
                deadlines.poke()
                if not self._comes_to_rest() or (wave >= self._waves and self._is_over()):
                    break
                self.world.clock.move(1)
        self._pool.shutdown()

    @contextmanager
    def _threads(self) -> Iterator[Deadlines]:
        server = self.world.server
        dispatcher = Dispatcher(server.parts, server.dispatching, server.log, Crew(poll=0.05))
        deadlines = Deadlines(server.parts, server.due, server.log, poll=0.02)
        server.parts.wakeup.connect(dispatcher.poke, deadlines.poke)
        dispatcher.start()
        deadlines.start()
        yield deadlines
        dispatcher.stop()
        deadlines.stop()
        for witness in self.witnesses.values():
            witness.stop()

    def _start(self, app: App, wave: int) -> None:
        numbers = [f"+447400{wave * self._size + index:06}" for index in range(self._size)]
        channels = (Channel.FLASHCALL, Channel.SMS)
        for session in self._pool.map(
            lambda number: self.world.start(app, number, channels=channels), numbers
        ):
            self.sessions.append(session)
            self._session_of[session.started.verification.number.e164] = session

    def _deliver(self) -> None:
        """Hand in what has come: attempts side by side, and what is about one attempt in order."""
        now = self.now
        due = [item for item in self._due if item.at <= now]
        self._due = [item for item in self._due if item.at > now]
        by_attempt: dict[str, list[Delivery]] = {}
        for item in due:
            by_attempt.setdefault(item.attempt_id, []).append(item)
        for _ in self._pool.map(self._hand_in, by_attempt.values()):
            pass

    def _hand_in(self, deliveries: list[Delivery]) -> None:
        for item in sorted(
            deliveries, key=lambda item: self._dice.about(item.attempt_id, item.kind).random()
        ):
            try:
                self.world.server.events.receive(item.carrier, item.request)
            except Exception as fault:
                self.refused.append(type(fault).__name__)
            item.at = self.now
            self._heard.setdefault(item.attempt_id, []).append(item)

    def _see(self) -> None:
        """What people see on their phones leads to what they do a little later."""
        for carrier in self.carriers:
            for orders in list(carrier.placed.values()):
                for order in orders:
                    if order.remote_id not in self._told_of and self._is_seen(order):
                        self._told_of.add(order.remote_id)
                        session = self._session_of[order.item.to]
                        self._errands.setdefault(int(self.now) + THINKS_FOR, []).append((session, order))

    def _is_seen(self, order: Order) -> bool:
        owner = person(self._dice, order.item.to)
        if order.is_call:
            return order.rang_at is not None and owner.reports
        return order.ended_at is not None and owner.gets_messages and owner.types

    def _act(self, second: int) -> None:
        errands = self._errands.pop(second, [])
        for _ in self._pool.map(self._report, errands):
            pass

    def _report(self, errand: tuple[Session, Order]) -> None:
        session, order = errand
        if session.id in self.believed:
            return
        item = order.item
        evidence = (
            call_report(item.caller_id) if isinstance(item, OutgoingCall) else code_report(code_in(item.text))
        )
        try:
            answer = session.confirm(evidence).status.value
        except RingproofError as fault:
            answer = fault.slug
        if answer == Status.VERIFIED:
            self.believed.add(session.id)
        else:
            self.disbelieved.append((session, answer, self.now))

    def _comes_to_rest(self) -> bool:
        """Wait until the server has done everything that there is to do at this moment."""
        give_up = time.monotonic() + PATIENCE
        while not self._is_settled():
            if time.monotonic() > give_up:
                return False
            time.sleep(0.002)
        return True

    def _is_settled(self) -> bool:
        storage, now = self.world.server.storage, self.world.clock.now()
        if any(witness.busy for witness in self.witnesses.values()):
            return False
        if storage.look(lambda connection: connection.exec_driver_sql(_UNDER_WAY).scalar_one()):
            return False
        return storage.read(
            lambda session: (
                not session.verifications.due_verifications(now, 1)
                and not session.verifications.due_hang_ups(now, 1)
            )
        )

    def _is_over(self) -> bool:
        pending = self.world.server.storage.look(
            lambda connection: connection.exec_driver_sql(_PENDING).scalar_one()
        )
        return not (pending or self._due or self._errands or any(carrier.up for carrier in self.carriers))

    # --- the record

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return self.seconds_at(self.world.clock.now())

    def seconds_at(self, moment: datetime) -> float:
        return (moment - self._began).total_seconds()

    def told(self, attempt: Attempt) -> Told:
        witness = self.witnesses.get(attempt.carrier or "")
        if witness is None:
            return Told([], [], [])
        return Told(
            witness.placed.get(attempt.id, []),
            witness.found.get(attempt.id, []),
            self._heard.get(attempt.id, []),
        )

    def orders(self, attempt: Attempt) -> list[Order]:
        """What its carrier has taken for it."""
        return next(
            (item.placed.get(attempt.id, []) for item in self.carriers if item.name == attempt.carrier), []
        )

    def breaker_lines(self, carrier: str, side: str) -> list[dict[str, object]]:
        """What the guard said of one of its breakers, in order."""
        return [
            fields
            for event, fields in self.guard_log.lines
            if event == "carrier_breaker" and (fields["carrier"], fields["side"]) == (carrier, side)
        ]


_UNDER_WAY: Final = "SELECT COUNT(*) FROM attempts WHERE state IN ('queued', 'dialing', 'sending')"
_PENDING: Final = (
    "SELECT (SELECT COUNT(*) FROM verifications WHERE status = 'pending') + "
    "(SELECT COUNT(*) FROM attempts WHERE hang_up_at IS NOT NULL)"
)
