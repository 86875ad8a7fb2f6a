"""A carrier that hangs while a call is hung up or looked for: the clock goes on for everybody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ringproof_server.domain.attempt import Attempt, AttemptEvent
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import CarrierUnavailable
from ringproof_server.service.deadlines import HANG_UP_THREADS, Deadlines
from tests.support.switchboard import Switchboard
from tests.support.world import Session

PATIENCE = 20.0
"""Seconds until a thread that does not do its work fails the test; none waits that long when all is well."""
HANGS = 120.0
"""Seconds for which the carrier hangs at the most; every test lets it go when it ends."""


class Hanging(list[str]):
    """The calls that were hung up; whoever hangs up the first one waits until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.first_came = threading.Event()
        self.second_came = threading.Event()
        self.let_go = threading.Event()

    def append(self, item: str) -> None:
        super().append(item)
        if len(self) > 1:
            self.second_came.set()
            return
        self.first_came.set()
        self.let_go.wait(HANGS)


@pytest.fixture
def hanging(board: Switchboard) -> Iterator[Hanging]:
    made = Hanging()
    board.first.hung_up = made
    yield made
    made.let_go.set()


@pytest.fixture
def deadlines(board: Switchboard, hanging: Hanging) -> Iterator[Deadlines]:
    server = board.world.server
    made = Deadlines(server.parts, server.due, server.log, poll=0.01)
    yield made
    hanging.let_go.set()
    made.stop()


def _ringing(board: Switchboard, session: Session) -> Attempt:
    attempt = session.attempts[0]
    board.say(attempt, AttemptEvent.RING)
    return attempt


def test_a_hang_up_that_hangs_delays_neither_the_next_step_nor_another_hang_up(
    board: Switchboard, hanging: Hanging, deadlines: Deadlines
) -> None:
    world = board.world
    app = world.app()
    sessions = [world.start(app, f"+4477009001{index:02}") for index in range(2)]
    world.server.dispatch_all()
    for session in sessions:
        _ringing(board, session)
    waiting = world.start(app, "+447700900199", channels=[Channel.FLASHCALL, Channel.SMS])
    queued = threading.Event()
    world.server.parts.wakeup.connect(lambda _attempt_id: queued.set(), deadlines.poke)
    deadlines.start()
    sessions[0].cancel()
    assert hanging.first_came.wait(PATIENCE)
    sessions[1].cancel()
    assert hanging.second_came.wait(PATIENCE)
    world.clock.move(45)
    deadlines.poke()
    assert queued.wait(PATIENCE)
    assert waiting.attempts[-1].channel is Channel.SMS


class Stuck(list[str]):
    """The calls that were hung up; whoever hangs one up waits until all are let go."""

    def __init__(self, many: int) -> None:
        super().__init__()
        self._many = many
        self.many_came = threading.Event()
        self.let_go = threading.Event()

    def append(self, item: str) -> None:
        super().append(item)
        if len(self) >= self._many:
            self.many_came.set()
        self.let_go.wait(HANGS)


def test_a_carrier_whose_hang_ups_all_hang_delays_no_hang_up_of_another(two_carriers: Switchboard) -> None:
    """Every thread that may wait for it does, and more calls of it are to be hung up."""
    world, server = two_carriers.world, two_carriers.world.server
    app = world.app()
    sessions = [world.start(app, f"+4477009001{index:02}") for index in range(12)]
    server.dispatch_all()
    two_carriers.first.faults = [CarrierUnavailable("away")]
    other = world.start(app, "+447700900199")
    for _ in range(2):
        server.dispatch_all()
    assert other.attempts[-1].carrier == "second"
    two_carriers.first.hung_up = stuck = Stuck(HANG_UP_THREADS)
    two_carriers.orders["second"].hung_up = free = Stuck(1)
    free.let_go.set()
    made = Deadlines(server.parts, server.due, server.log, poll=0.01)
    server.parts.wakeup.connect(lambda _attempt_id: None, made.poke)
    made.start()
    for session in sessions:
        session.cancel()
    assert stuck.many_came.wait(PATIENCE)
    other.cancel()
    assert free.many_came.wait(PATIENCE)
    assert len(stuck) == HANG_UP_THREADS
    stuck.let_go.set()
    made.stop()


def test_a_look_up_that_hangs_delays_no_hang_up(
    board: Switchboard, hanging: Hanging, deadlines: Deadlines
) -> None:
    """A process died while it asked the carrier; the look-up of its call hangs."""
    world = board.world
    app = world.app()
    lost = world.start(app)
    board.first.meanwhile = _die
    with pytest.raises(SystemExit):
        world.server.dispatching.dispatch(lost.attempts[0].id)
    board.first.meanwhile = None
    world.clock.move(world.server.parts.config.claim_lease + 1)
    other = world.start(app, "+447700900199")
    world.server.dispatch_all()
    attempt = _ringing(board, other)
    asked = threading.Event()

    def hang() -> None:
        asked.set()
        hanging.let_go.wait(HANGS)

    board.first.meanwhile_found = hang
    world.server.parts.wakeup.connect(lambda _attempt_id: None, deadlines.poke)
    deadlines.start()
    assert asked.wait(PATIENCE)
    other.cancel()
    assert hanging.first_came.wait(PATIENCE)
    assert hanging == [world.server.attempt(attempt.id).remote_id]


def test_a_hang_up_is_ordered_once_while_it_is_under_way(
    board: Switchboard, hanging: Hanging, deadlines: Deadlines
) -> None:
    session = board.world.start(board.world.app())
    board.world.server.dispatch_all()
    _ringing(board, session)
    board.world.server.parts.wakeup.connect(lambda _attempt_id: None, deadlines.poke)
    deadlines.start()
    session.cancel()
    assert hanging.first_came.wait(PATIENCE)
    assert not hanging.second_came.wait(0.1)


def test_what_cannot_be_done_is_tried_again_at_leisure(board: Switchboard) -> None:
    """With a full disk everything that is due fails; the log must not fill what is left of it."""
    server = board.world.server
    app = board.world.app()
    for index in range(5):
        board.world.start(app, f"+4477009001{index:02}")
    board.world.clock.move(45)
    write, tried = server.storage.write, []

    def full(work: object) -> None:
        tried.append(work)
        raise OSError("no space left")

    server.storage.write = full  # type: ignore[method-assign, assignment]
    assert server.due.run() == 0
    server.storage.write = write  # type: ignore[method-assign]
    assert len(tried) == 5
    assert [event for event, _ in server.log.lines].count("deadline_failed") == 1


def _die(_item: object, _remote: str) -> None:
    raise SystemExit("killed")
