"""The threads around the services: what one of them waits for stops nobody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ringproof_server.domain.attempt import AttemptState
from ringproof_server.domain.channel import Channel
from ringproof_server.service.deadlines import Deadlines
from ringproof_server.service.dispatcher import Crew, Dispatcher
from tests.support.switchboard import Switchboard

QUICK = Crew(per_carrier=2, poll=0.01)
PATIENCE = 20.0
"""Seconds until a thread that does not do its work fails the test; none waits that long when all is well."""


@pytest.fixture
def dispatcher(board: Switchboard) -> Iterator[Dispatcher]:
    """Two threads for the carrier, and one that looks for what others queued."""
    server = board.world.server
    made = Dispatcher(server.parts, server.dispatching, server.log, QUICK)
    server.parts.wakeup.connect(made.poke, lambda _at: None)
    made.start()
    yield made
    made.stop()


class Seen:
    """Which attempts the carrier was asked for, as they come; `hangs` keeps one of them waiting."""

    def __init__(self, board: Switchboard, hangs_for: str | None = None) -> None:
        self._hangs_for = hangs_for
        self._arrived = threading.Condition()
        self._attempts: list[str] = []
        self.let_go = threading.Event()
        board.first.meanwhile = self._take

    def _take(self, item: object, _remote_id: str) -> None:
        attempt_id = str(item.attempt_id)  # type: ignore[attr-defined]  # Calls and messages both have it.
        with self._arrived:
            self._attempts.append(attempt_id)
            self._arrived.notify_all()
        if attempt_id == self._hangs_for or (self._hangs_for == "first" and len(self._attempts) == 1):
            assert self.let_go.wait(PATIENCE)

    def wait_for(self, count: int) -> list[str]:
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self._attempts) >= count, PATIENCE)
            return list(self._attempts)


def test_what_is_started_is_placed_without_anybody_waiting_for_it(
    board: Switchboard, dispatcher: Dispatcher
) -> None:
    seen = Seen(board)
    session = board.world.start(board.world.app())
    assert session.started.attempt is not None
    assert session.started.attempt.state is AttemptState.QUEUED
    assert seen.wait_for(1) == [session.attempts[0].id]


def test_what_another_process_queued_is_found(board: Switchboard, dispatcher: Dispatcher) -> None:
    seen = Seen(board)
    session = board.world.start(board.world.app(), process=board.world.process())
    assert seen.wait_for(1) == [session.attempts[0].id]


def test_a_carrier_that_hangs_delays_neither_a_start_nor_the_next_attempt(
    board: Switchboard, dispatcher: Dispatcher
) -> None:
    seen = Seen(board, hangs_for="first")
    app = board.world.app()
    hanging = board.world.start(app)
    seen.wait_for(1)
    others = [board.world.start(app, f"+4477009002{index:02}") for index in range(5)]
    assert set(seen.wait_for(6)) == {item.attempts[0].id for item in (hanging, *others)}
    assert [item.state for item in hanging.attempts] == [AttemptState.DIALING]
    seen.let_go.set()
    dispatcher.stop()
    assert [item.state for item in hanging.attempts] == [AttemptState.ACCEPTED]


def test_a_carrier_that_breaks_does_not_take_the_thread_with_it(
    board: Switchboard, dispatcher: Dispatcher
) -> None:
    seen = Seen(board)
    board.first.faults = [RuntimeError("a plug-in's fault"), RuntimeError("another"), None]
    app = board.world.app()
    for index in range(4):
        board.world.start(app, f"+4477009002{index:02}", channels=[Channel.FLASHCALL])
    seen.wait_for(2)


def test_every_attempt_is_placed_once_by_two_processes_at_once(board: Switchboard) -> None:
    seen = Seen(board)
    app = board.world.app()
    sessions = [board.world.start(app, f"+4477009002{index:02}") for index in range(20)]
    processes = [board.world.server, board.world.process()]
    dispatchers = [
        Dispatcher(process.parts, process.dispatching, process.log, QUICK) for process in processes
    ]
    for dispatcher in dispatchers:
        dispatcher.start()
    asked = seen.wait_for(20)
    for dispatcher in dispatchers:
        dispatcher.stop()
    assert sorted(asked) == sorted(session.attempts[0].id for session in sessions)
    assert len(board.first.asked) == 20


def test_a_deadline_is_carried_out_by_its_thread(board: Switchboard) -> None:
    hung_up = threading.Event()
    session = board.world.start(board.world.app())
    attempt = board.ringing(session)
    board.first.hung_up = _Telling(hung_up)
    server = board.world.server
    deadlines = Deadlines(server.parts, server.due, server.log, poll=0.01)
    deadlines.start()
    assert not hung_up.wait(0.05)
    board.world.clock.move(8)
    deadlines.poke()
    assert hung_up.wait(PATIENCE)
    deadlines.stop()
    assert board.first.hung_up == [attempt.remote_id]


class _Telling(list[str]):
    """A list that tells when something is added."""

    def __init__(self, told: threading.Event) -> None:
        super().__init__()
        self._told = told

    def append(self, item: str) -> None:
        super().append(item)
        self._told.set()


def test_a_database_that_is_away_for_a_while_stops_no_thread(
    board: Switchboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = board.world.server
    failed = threading.Event()
    read = server.storage.read

    def away(_work: object) -> None:
        failed.set()
        raise OSError("the disk is away")

    monkeypatch.setattr(server.storage, "read", away)
    seen = Seen(board)
    dispatcher = Dispatcher(server.parts, server.dispatching, server.log, QUICK)
    dispatcher.start()
    assert failed.wait(PATIENCE)
    monkeypatch.setattr(server.storage, "read", read)
    board.world.start(board.world.app())
    seen.wait_for(1)
    dispatcher.stop()
