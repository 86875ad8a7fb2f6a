"""A carrier that does what a test says, with a guard around it and time in the test's hand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ringproof_server.carriers.guard.guarded import GuardedCarrier
from ringproof_server.carriers.guard.settings import GuardSettings
from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import (
    CallbackRequest,
    CarrierCapabilities,
    CarrierEvent,
    DocumentSource,
    EventSink,
    Found,
    OutgoingCall,
    OutgoingMessage,
    Placed,
)
from ringproof_server.testing.clock import START
from ringproof_server.testing.options import LogLines
from ringproof_server.testing.randomness import SeededRandom
from tests.server.carriers.network import outgoing_call, outgoing_message
from tests.support.processes import CountingMetrics

PATIENCE = 20.0
"""Seconds until a thread that does not do its work fails the test; none waits that long when all is well."""
CALL = outgoing_call()
MESSAGE = outgoing_message()
NUMBER = PhoneNumber(CALL.to)
CALLBACK = CallbackRequest(
    path="events", url="https://ringproof.example", method="POST", headers={}, body=b""
)

OPERATIONS: dict[str, Callable[[GuardedCarrier], object]] = {
    "place_call": lambda carrier: carrier.place_call(CALL),
    "send_message": lambda carrier: carrier.send_message(MESSAGE),
    "hang_up": lambda carrier: carrier.hang_up("remote"),
    "find": lambda carrier: carrier.find(attempt(), NUMBER),
    "ping": lambda carrier: carrier.ping(),
}
PLACING = ("place_call", "send_message")
ENDING = ("hang_up", "find", "ping")


def ignore(_request: CallbackRequest) -> None:
    """Where events go that nobody waits for."""


def say_nothing(_url: str, /, keys: str | None = None) -> str:
    """What is said to whoever answers a call that nobody places."""
    return ""


def attempt() -> Attempt:
    return Attempt(id="att_1", verification_id="vrf_1", channel=Channel.FLASHCALL, step=0, queued_at=START)


@dataclass
class ScriptedCarrier:
    """`script` has a fault, or a function to call, for each of the next requests of an operation; when it is
    at its end requests succeed."""

    script: dict[str, list[BaseException | Callable[[], object] | None]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    callback_fault: BaseException | None = None
    rates: dict[str, float] = field(default_factory=dict)
    name: str = "scripted"

    @property
    def capabilities(self) -> CarrierCapabilities:
        return CarrierCapabilities(
            channels=frozenset({Channel.FLASHCALL, Channel.SMS}),
            chooses_caller_id=True,
            hangs_up=True,
            reports_events=True,
            calls_per_second=self.rates.get("calls"),
            messages_per_second=self.rates.get("messages"),
        )

    def will(self, operation: str, *steps: BaseException | Callable[[], object] | None) -> None:
        self.script.setdefault(operation, []).extend(steps)

    def place_call(self, call: OutgoingCall) -> Placed:
        self._next("place_call")
        return Placed(f"call-{len(self.asked)}")

    def send_message(self, message: OutgoingMessage) -> Placed:
        self._next("send_message")
        return Placed(f"message-{len(self.asked)}")

    def hang_up(self, remote_id: str) -> None:
        self._next("hang_up")

    def find(self, attempt: Attempt, to: PhoneNumber) -> Found | None:
        self._next("find")
        return Found(remote_id="remote")

    def ping(self) -> None:
        self._next("ping")

    def parse_event(self, request: CallbackRequest) -> CarrierEvent | None:
        if self.callback_fault is not None:
            raise self.callback_fault
        return None

    def start(self, deliver: EventSink, answer: DocumentSource) -> None:
        self.started.append("start")

    def stop(self) -> None:
        self.started.append("stop")

    def _next(self, operation: str) -> None:
        self.asked.append(operation)
        steps = self.script.get(operation)
        step = steps.pop(0) if steps else None
        if isinstance(step, BaseException):
            raise step
        if step is not None:
            step()


class NumberOwner(ScriptedCarrier):
    """One that can list its numbers, of which the last page fails."""

    def owned_numbers(self) -> Iterator[str]:
        yield "+442079460000"
        if self.callback_fault is not None:
            raise self.callback_fault


class FakeTime:
    """A monotonic clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.meanwhile: Callable[[], object] = int

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.meanwhile()
        self.now += seconds


class ScriptedPacer:
    """Answers the waits that a test sets, and notes who asked."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.asked: list[tuple[str, float, float]] = []
        self.was_asked = threading.Event()

    def reserve(self, key: str, per_second: float, patience: float) -> float:
        self.asked.append((key, per_second, patience))
        self.was_asked.set()
        return self.waits.pop(0) if self.waits else 0.0


class Guarded:
    """A scripted carrier, its guard, and all that the guard has told."""

    def __init__(
        self, inner: ScriptedCarrier | None = None, *, really_waits: bool = False, **settings: Any
    ) -> None:
        self.inner = inner or ScriptedCarrier()
        self.time = FakeTime()
        self.pacer = ScriptedPacer()
        self.metrics = CountingMetrics()
        self.log = LogLines()
        self.carrier = GuardedCarrier(
            self.inner,
            GuardSettings(**settings),
            account="scripted:0123",
            pacer=self.pacer,
            metrics=self.metrics,
            random=SeededRandom("guard"),
            log=self.log,
            monotonic=self.time.monotonic,
            sleep=None if really_waits else self.time.sleep,
        )

    def ask(self, operation: str) -> object:
        return OPERATIONS[operation](self.carrier)

    def fault_of(self, operation: str) -> BaseException:
        """How this request fails."""
        try:
            self.ask(operation)
        except Exception as fault:
            return fault
        raise AssertionError(f"{operation} does not fail")

    @property
    def lines(self) -> list[dict[str, object]]:
        """The log lines of requests."""
        return [fields for event, fields in self.log.lines if event == "carrier_request"]


class Hanging:
    """A step of a script that hangs until it is let go; use it as a context."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.begun = threading.Semaphore(0)
        self.over = threading.Semaphore(0)

    def __call__(self) -> None:
        self.begun.release()
        self.let_go.wait(PATIENCE)
        self.over.release()

    def __enter__(self) -> Hanging:
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go.set()
