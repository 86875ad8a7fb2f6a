"""The thread that keeps the network going: it wakes for what is due and ends when told."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ringproof_server.carriers.simulated import Behaviour, Fault, NetworkSettings, SimulatedCarrier
from ringproof_server.carriers.simulated.planning import Span, Timings
from ringproof_server.ports import CallbackRequest
from ringproof_server.storage import SqlStorage, migrations, open_storage
from ringproof_server.system import SystemClock, SystemRandom
from ringproof_server.tokens import SecretSeals
from tests.server.carriers.network import (
    CONFIRMING,
    NUMBER,
    SECRET,
    outgoing_call,
    outgoing_message,
)
from tests.support.databases import hasher
from tests.support.processes import Lines

AT_ONCE = Span(low=0, high=0)
PATIENCE = 30.0


@pytest.fixture
def storage(tmp_path: Path) -> SqlStorage:
    url = f"sqlite:///{tmp_path / 'network.db'}"
    migrations.upgrade(url)
    return open_storage(url, hasher=hasher)


def carrier_on(storage: SqlStorage, log: Lines) -> SimulatedCarrier:
    """A carrier on the machine's own clock, whose network takes no time."""
    return SimulatedCarrier(
        store=storage,
        settings=NetworkSettings(
            seed=b"",
            timings=Timings(post_dial=AT_ONCE, reaction=AT_ONCE, voicemail=AT_ONCE, message=AT_ONCE),
        ),
        clock=SystemClock(),
        random=SystemRandom(),
        seals=SecretSeals(SECRET),
        log=log,
    )


def test_a_started_carrier_delivers_by_itself_until_it_is_stopped(storage: SqlStorage) -> None:
    """Events arrive without anybody stepping, from one thread, which is gone afterwards."""
    log, done, kinds = Lines(), threading.Event(), []
    carrier = carrier_on(storage, log)
    carrier.handsets.behave(NUMBER, Behaviour.ANSWER)

    def deliver(request: CallbackRequest) -> None:
        event = carrier.parse_event(request)
        assert event is not None
        kinds.append(event.kind.value)
        if {"answer", "deliver"} <= set(kinds):
            done.set()

    carrier.start(deliver, lambda _url, keys=None: CONFIRMING)
    carrier.start(deliver, lambda _url, keys=None: CONFIRMING)
    remote_id = carrier.place_call(outgoing_call()).remote_id
    carrier.send_message(outgoing_message())
    assert done.wait(PATIENCE)
    carrier.hang_up(remote_id)
    carrier.stop()
    assert set(kinds) >= {"ring", "answer", "deliver"}
    assert "simulated-network" not in {thread.name for thread in threading.enumerate()}
    assert log.lines == []
    storage.close()


def test_the_thread_outlives_a_fault_of_the_database(storage: SqlStorage) -> None:
    """A database that is away for a moment is written to the log, without details, and tried again."""
    log, failed, delivered = Lines(), threading.Event(), threading.Event()

    class Failing:
        def __init__(self) -> None:
            self.faults = 1

        def look(self, work: object) -> object:
            if self.faults:
                self.faults -= 1
                failed.set()
                raise OSError("the disk with +447700900123 is gone")
            return storage.look(work)  # type: ignore[arg-type]  # Handed through as it is.

        run = storage.run

    carrier = carrier_on(Failing(), log)  # type: ignore[arg-type]  # It has what the network uses.
    carrier.start(lambda _request: delivered.set(), lambda _url, keys=None: CONFIRMING)
    assert failed.wait(PATIENCE)
    carrier.send_message(outgoing_message())
    assert delivered.wait(PATIENCE)
    carrier.stop()
    assert log.lines == [("simulated_network_failed", {"error": "OSError"})]
    storage.close()


def test_stopping_ends_a_request_that_hangs(storage: SqlStorage) -> None:
    """A server that shuts down does not wait for half a minute; the network has taken the call."""
    log, placed = Lines(), threading.Event()
    carrier = SimulatedCarrier(
        store=storage,
        settings=NetworkSettings(seed=b"", hang_seconds=3600.0),
        clock=SystemClock(),
        random=SystemRandom(),
        seals=SecretSeals(SECRET),
        log=log,
    )
    carrier.handsets.set_fault(NUMBER, Fault.HANG)

    def place() -> None:
        carrier.place_call(outgoing_call())
        placed.set()

    thread = threading.Thread(target=place, daemon=True)
    thread.start()
    carrier.stop()
    assert placed.wait(PATIENCE)
    thread.join()
    assert carrier.record.calls_per_attempt() == {"att_1": 1}
    storage.close()
