"""The lines of attempts before their carriers: who hangs holds up nobody else, and nobody waits for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from types import MappingProxyType
from typing import Any

import pytest

from ringproof_server.domain.attempt import AttemptState
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.routing import Routes, RoutingReason, in_order
from ringproof_server.service.dispatcher import Crew, Dispatcher
from ringproof_server.service.lanes import Lane
from tests.support.switchboard import Switchboard
from tests.support.world import Process

GERMAN_ROUTE = MappingProxyType({"DE": in_order(["first"])})
LONG = 20.0
"""Seconds until a thread that does not do its work fails the test; none waits that long when all is well."""
PATIENCE = 3.0
MANY = Policy(flash_starts=100)
SMS_ONLY = Policy(workflow=(Channel.SMS,))


def german(index: int) -> str:
    return f"+49151123456{index:02}"


def british(index: int) -> str:
    return f"+4474001234{index:02}"


class Line:
    """What one carrier was asked for, as it comes; while it is held it answers nobody."""

    def __init__(self, board: Switchboard, name: str, *, held: bool = False) -> None:
        self._changed = threading.Condition()
        self._asked: list[str] = []
        self._goes_on = threading.Event()
        if not held:
            self._goes_on.set()
        board.orders[name].meanwhile = self._take

    def _take(self, item: Any, _remote_id: str) -> None:
        with self._changed:
            self._asked.append(item.attempt_id)
            self._changed.notify_all()
        assert self._goes_on.wait(6 * LONG)

    def let_go(self) -> None:
        self._goes_on.set()

    def wait_for(self, count: int) -> list[str]:
        """The attempts it was asked for, once there are so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._asked) >= count, LONG)
            return list(self._asked)

    def gets_more_than(self, count: int) -> bool:
        """Whether it does within a moment."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._asked) > count, 0.1)


class Exchange:
    """A server with the carriers `first` and `second`, whose dispatchers are stopped at the end."""

    def __init__(self, board: Switchboard) -> None:
        self.board = board
        self.world = board.world
        self.app = self.world.app(MANY)
        self._lines: list[Line] = []
        self._dispatchers: list[Dispatcher] = []

    def line(self, name: str, *, held: bool = False) -> Line:
        line = Line(self.board, name, held=held)
        self._lines.append(line)
        return line

    def dispatcher(self, process: Process | None = None, **crew: Any) -> Dispatcher:
        """A started one; what this process queues is told to it."""
        process = process or self.world.server
        options = {"per_carrier": 1, "poll": 0.01, "patience": PATIENCE, **crew}
        made = Dispatcher(process.parts, process.dispatching, process.log, Crew(**options))
        process.parts.wakeup.connect(made.poke, lambda _at: None)
        made.start()
        self._dispatchers.append(made)
        return made

    def close(self) -> None:
        for line in self._lines:
            line.let_go()
        for dispatcher in self._dispatchers:
            dispatcher.stop()
        self.world.close()


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[..., Exchange]]:
    made: list[Exchange] = []

    def one(names: tuple[str, ...] = ("first", "second"), routes: Any = None) -> Exchange:
        config = {"routes": Routes(routes or MappingProxyType({}))}
        made.append(Exchange(Switchboard(tmp_path / str(len(made)), names, config=config)))
        return made[-1]

    yield one
    for exchange in made:
        exchange.close()


Build = Callable[..., Exchange]


def test_a_carrier_that_hangs_for_ever_delays_no_attempt_of_another(build: Build) -> None:
    """Far more attempts wait for it than any number of threads could serve."""
    exchange = build(("second", "first"), GERMAN_ROUTE)
    hanging, working = exchange.line("first", held=True), exchange.line("second")
    exchange.dispatcher(per_carrier=3)
    stuck = [exchange.world.start(exchange.app, german(index)) for index in range(40)]
    hanging.wait_for(3)
    others = [exchange.world.start(exchange.app, british(index)) for index in range(20)]
    assert set(working.wait_for(20)) == {session.attempts[0].id for session in others}
    assert not hanging.gets_more_than(3)
    states = [session.attempts[0].state for session in stuck]
    assert (states.count(AttemptState.DIALING), states.count(AttemptState.QUEUED)) == (3, 37)


def test_what_waited_for_too_long_goes_to_another_carrier_and_says_so(build: Build) -> None:
    exchange = build()
    hanging, working = exchange.line("first", held=True), exchange.line("second")
    exchange.dispatcher()
    exchange.world.start(exchange.app, british(1))
    hanging.wait_for(1)
    waiting = exchange.world.start(exchange.app, british(2))
    assert not working.gets_more_than(0)
    exchange.world.clock.move(PATIENCE + 0.1)
    assert working.wait_for(1) == [waiting.attempts[0].id]
    (attempt,) = waiting.attempts
    assert (attempt.carrier, attempt.routing_reason) == ("second", RoutingReason.FAILOVER)
    noted = exchange.world.server.notes(waiting.id, "carrier_throttled")
    assert noted == [{"carrier": "first", "why": "waited_in_line"}]


@pytest.mark.parametrize("names", [("first",), ("first", "second")])
def test_what_waited_for_too_long_without_another_carrier_goes_on_to_its_next_step(
    build: Build, names: tuple[str, ...]
) -> None:
    exchange = build(names, MappingProxyType({"DE": in_order(["first"])}))
    hanging = exchange.line("first", held=True)
    dispatcher = exchange.dispatcher()
    exchange.world.start(exchange.app, german(1))
    hanging.wait_for(1)
    waiting = exchange.world.start(exchange.app, german(2), channels=[Channel.FLASHCALL, Channel.SMS])
    queued = threading.Event()

    def told(attempt_id: str) -> None:
        dispatcher.poke(attempt_id)
        queued.set()

    exchange.world.server.parts.wakeup.connect(told, lambda _at: None)
    exchange.world.clock.move(PATIENCE + 0.1)
    assert queued.wait(LONG)
    call, message = waiting.attempts
    assert (call.state, call.reason) == (AttemptState.ENDED, Reason.CARRIER_ERROR)
    assert (message.channel, message.state) == (Channel.SMS, AttemptState.QUEUED)
    noted = exchange.world.server.notes(waiting.id, "carrier_throttled")
    assert noted == [{"carrier": "first", "why": "waited_in_line"}]
    assert hanging.wait_for(1) == exchange.board.first.asked


@pytest.mark.parametrize("poll", [0.01, 600.0])
def test_what_has_nowhere_else_to_go_waits_on_and_is_placed_when_its_turn_comes(
    build: Build, poll: float
) -> None:
    """Whether its long wait is noticed meanwhile or only then."""
    exchange = build(("first",))
    slow = exchange.line("first", held=True)
    exchange.dispatcher(poll=poll)
    app = exchange.world.app(SMS_ONLY)
    sessions = [exchange.world.start(app, british(index)) for index in range(4)]
    slow.wait_for(1)
    exchange.world.clock.move(PATIENCE + 0.1)
    assert not slow.gets_more_than(1)
    slow.let_go()
    assert sorted(slow.wait_for(4)) == sorted(session.attempts[0].id for session in sessions)
    assert [len(session.attempts) for session in sessions] == [1, 1, 1, 1]


def test_what_finds_a_full_line_goes_to_another_carrier_at_once(build: Build) -> None:
    exchange = build()
    hanging, working = exchange.line("first", held=True), exchange.line("second")
    exchange.dispatcher(room=1)
    exchange.world.start(exchange.app, british(1))
    hanging.wait_for(1)
    exchange.world.start(exchange.app, british(2))
    overflow = exchange.world.start(exchange.app, british(3))
    working.wait_for(1)
    assert {item.carrier for item in overflow.attempts} <= {"second", None}
    assert not hanging.gets_more_than(1)


@pytest.mark.parametrize("policy", [MANY, SMS_ONLY])
def test_what_finds_every_line_full_stays_queued_and_is_found_again(build: Build, policy: Policy) -> None:
    """Also where it could go on to a next step: nobody has waited for long yet."""
    exchange = build(("first",))
    slow = exchange.line("first", held=True)
    exchange.dispatcher(room=1)
    app = exchange.world.app(policy)
    sessions = [exchange.world.start(app, british(index)) for index in range(10)]
    slow.wait_for(1)
    assert not slow.gets_more_than(1)
    states = [session.attempts[0].state for session in sessions]
    assert states.count(AttemptState.QUEUED) == 9
    slow.let_go()
    asked = slow.wait_for(10)
    assert sorted(asked) == sorted(session.attempts[0].id for session in sessions)


def test_what_is_cancelled_in_line_is_never_placed(build: Build) -> None:
    exchange = build(("first",))
    slow = exchange.line("first", held=True)
    exchange.dispatcher()
    first, second, third = (exchange.world.start(exchange.app, british(index)) for index in range(3))
    slow.wait_for(1)
    second.cancel()
    slow.let_go()
    asked = slow.wait_for(2)
    assert asked == [first.attempts[0].id, third.attempts[0].id]
    assert not slow.gets_more_than(2)


def test_what_is_in_line_is_nobody_s_so_that_another_process_can_place_it(build: Build) -> None:
    """The process whose threads all hang, or that dies, has not claimed it; it is placed all the same."""
    exchange = build(("first",))
    slow = exchange.line("first", held=True)
    exchange.dispatcher()
    exchange.world.start(exchange.app, british(1))
    slow.wait_for(1)
    waiting = exchange.world.start(exchange.app, british(2))
    other = exchange.world.process()
    exchange.dispatcher(other)
    assert slow.wait_for(2)[1] == waiting.attempts[0].id
    slow.let_go()
    assert not slow.gets_more_than(2)


def test_every_attempt_is_placed_once_over_two_carriers_by_two_processes(build: Build) -> None:
    """Also while one of the carriers is slow, so that attempts change their lines."""
    exchange = build()
    slow, quick = exchange.line("first", held=True), exchange.line("second")
    exchange.dispatcher(per_carrier=2)
    exchange.dispatcher(exchange.world.process(), per_carrier=2)
    app = exchange.world.app(SMS_ONLY)
    sessions = [exchange.world.start(app, british(index)) for index in range(30)]
    slow.wait_for(4)
    for _ in range(10):
        # Each process counts from when it found an attempt, so that some are late only the next time.
        exchange.world.clock.move(PATIENCE + 0.1)
        if quick.gets_more_than(25):
            break
    placed = slow.wait_for(4) + quick.wait_for(26)
    assert sorted(placed) == sorted(session.attempts[0].id for session in sessions)
    slow.let_go()
    assert not slow.gets_more_than(4)
    assert not quick.gets_more_than(26)


def test_a_stop_waits_for_no_carrier_that_hangs_and_claims_nothing_more(build: Build) -> None:
    exchange = build(("first",))
    hanging = exchange.line("first", held=True)
    dispatcher = exchange.dispatcher(stopping=0.05)
    under_way = exchange.world.start(exchange.app, british(1))
    hanging.wait_for(1)
    waiting = exchange.world.start(exchange.app, british(2))
    dispatcher.stop()
    hanging.let_go()
    assert not hanging.gets_more_than(1)
    assert under_way.attempts[0].state in {AttemptState.DIALING, AttemptState.ACCEPTED}
    assert waiting.attempts[0].state is AttemptState.QUEUED


def test_threads_are_made_when_they_are_needed_and_no_more_than_are_allowed(build: Build) -> None:
    exchange = build(("first",))
    hanging = exchange.line("first", held=True)
    exchange.dispatcher(per_carrier=4)

    def made() -> int:
        return sum(thread.name.startswith("carrier-first-") for thread in threading.enumerate())

    assert made() == 0
    for index in range(3):
        exchange.world.start(exchange.app, british(index))
    hanging.wait_for(3)
    assert made() == 3
    for index in range(3, 9):
        exchange.world.start(exchange.app, british(index))
    hanging.wait_for(4)
    assert not hanging.gets_more_than(4)
    assert made() == 4


def test_a_line_goes_on_after_the_machine_had_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody in it is lost, and it can be stopped."""
    served: SimpleQueue[int] = SimpleQueue()

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    lane: Lane[int] = Lane("first", lambda _, item: served.put(item), work="send", threads=2, room=8)
    with monkeypatch.context() as short_of_threads:
        short_of_threads.setattr(threading.Thread, "start", refuse)
        assert lane.take(1)
        assert lane.take(2)
    assert lane.take(3)
    assert [served.get(timeout=LONG) for _ in range(3)] == [1, 2, 3]
    lane.stop()
    lane.join(time.monotonic() + LONG)
