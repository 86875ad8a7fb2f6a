"""Carriers that hang: whoever asks is let go in time, and what hangs stays in its compartment."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from ringproof_server.carriers import Timeouts
from ringproof_server.carriers.guard.breaker import BreakerLimits
from ringproof_server.carriers.guard.compartment import Compartment, NotBegun, StillRunning
from ringproof_server.domain.errors import CarrierError, CarrierUnavailable, OutcomeUnknown
from tests.server.carriers.guard.scripted import (
    ENDING,
    OPERATIONS,
    PATIENCE,
    PLACING,
    Guarded,
    Hanging,
    ignore,
    say_nothing,
)

ROOT = Path(__file__).parents[4]
SOON = Timeouts(connect=0.1, total=0.25)
"""Much longer than a busy machine takes to begin a thread."""
NEVER_OPENS = BreakerLimits(in_a_row=1000, fewest=1000)


def hasty(concurrency: int = 2) -> Guarded:
    """A guard that gives up soon and has little room."""
    return Guarded(timeouts=SOON, concurrency=concurrency, patience=0.0, breaker=NEVER_OPENS)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_request_that_hangs_is_given_up(operation: str) -> None:
    """A placement may have been carried out; everything else can be asked again, but by nobody at once."""
    guarded = hasty()
    with Hanging() as hanging:
        guarded.inner.will(operation, hanging)
        fault = guarded.fault_of(operation)
        assert type(fault) is (OutcomeUnknown if operation in PLACING else CarrierUnavailable)
        assert guarded.inner.asked == [operation]
        assert guarded.lines[0]["stage"] == "timeout"
        assert guarded.lines[0]["attempts"] == 1


def test_what_hangs_keeps_its_place_until_it_comes_back() -> None:
    """Two hang, so a third is not even begun; when one comes back there is room again."""
    guarded = hasty(concurrency=2)
    with Hanging() as hanging:
        guarded.inner.will("place_call", hanging, hanging)
        for _ in range(2):
            assert isinstance(guarded.fault_of("place_call"), OutcomeUnknown)
        for operation in PLACING:
            assert isinstance(guarded.fault_of(operation), CarrierUnavailable)
            assert guarded.lines[-1]["stage"] == "concurrency"
            assert guarded.lines[-1]["attempts"] == 0
        assert len(guarded.inner.asked) == 2
    patient = Guarded(guarded.inner, concurrency=2)
    patient.ask("place_call")


def test_a_place_that_becomes_free_in_time_is_taken() -> None:
    guarded = Guarded(concurrency=1)
    with Hanging() as hanging, ThreadPoolExecutor(2) as pool:
        guarded.inner.will("place_call", hanging)
        first = pool.submit(guarded.ask, "place_call")
        assert hanging.begun.acquire(timeout=PATIENCE)
        second = pool.submit(guarded.ask, "place_call")
        hanging.let_go.set()
        assert first.result(PATIENCE)
        assert second.result(PATIENCE)


def test_who_has_used_up_the_patience_for_a_turn_does_not_wait_for_a_place() -> None:
    """One patience for everything: it is a person who waits."""
    guarded = Guarded(concurrency=1, patience=PATIENCE, calls_per_second=1.0)
    with Hanging() as hanging, ThreadPoolExecutor(2) as pool:
        guarded.inner.will("place_call", hanging)
        first = pool.submit(guarded.ask, "place_call")
        assert hanging.begun.acquire(timeout=PATIENCE)
        guarded.pacer.waits = [PATIENCE]
        second = pool.submit(guarded.fault_of, "place_call")
        assert isinstance(second.result(PATIENCE / 2), CarrierUnavailable)
        hanging.let_go.set()
        assert first.result(PATIENCE)


@pytest.mark.parametrize("operation", ENDING)
def test_placements_that_hang_block_no_hang_up_and_no_look_up(operation: str) -> None:
    guarded = hasty(concurrency=2)
    with Hanging() as hanging:
        guarded.inner.will("place_call", hanging, hanging)
        for _ in range(3):
            guarded.fault_of("place_call")
        guarded.ask(operation)
    assert guarded.lines[-1]["outcome"] == "ok"


def test_hang_ups_that_hang_block_no_placement() -> None:
    guarded = hasty(concurrency=2)
    with Hanging() as hanging:
        guarded.inner.will("hang_up", hanging, hanging)
        for _ in range(3):
            guarded.fault_of("hang_up")
        assert guarded.ask("place_call")


def test_no_more_than_so_many_are_ever_under_way() -> None:
    """And all threads are used again: a hundred requests of sixteen callers need three."""
    guarded = Guarded(concurrency=3)
    lock, under_way, most, threads = threading.Lock(), 0, 0, set()

    def step() -> None:
        nonlocal under_way, most
        with lock:
            threads.add(threading.get_ident())
            under_way += 1
            most = max(most, under_way)
        with lock:
            under_way -= 1

    guarded.inner.will("place_call", *[step] * 100)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(guarded.ask, ["place_call"] * 100))
    assert len(guarded.inner.asked) == 100
    assert most <= 3
    assert len(threads) <= 3


def test_threads_are_made_when_they_are_needed_and_end_with_the_carrier() -> None:
    """So none is made before a server forks its workers."""
    before = set(threading.enumerate())
    guarded = Guarded()
    guarded.carrier.start(ignore, say_nothing)
    assert set(threading.enumerate()) == before
    guarded.ask("place_call")
    guarded.ask("hang_up")
    made = set(threading.enumerate()) - before
    assert {thread.name for thread in made} == {"scripted-placing", "scripted-ending"}
    assert all(thread.daemon for thread in made)
    guarded.carrier.stop()
    for thread in made:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_what_was_given_up_before_it_began_never_begins() -> None:
    """Else a call would go out for an attempt that everybody believes has failed: five hundred times the
    request and whoever gives it up race for who is first, and exactly one of them is."""
    compartment = Compartment("test", 4)
    begun: set[int] = set()
    given_up: set[int] = set()
    for number in range(500):
        assert compartment.enter(PATIENCE)
        try:
            compartment.run(partial(begun.add, number), 0.0)
        except NotBegun:
            given_up.add(number)
        except StillRunning:
            pass
    for _ in range(4):
        assert compartment.enter(PATIENCE)
    assert given_up
    assert begun == set(range(500)) - given_up


def test_a_request_that_never_began_is_no_unknown_outcome() -> None:
    """A machine that is too busy to begin it in time has sent nothing, so the next carrier may be asked."""
    none_left = Timeouts(connect=0.0, total=0.0)
    guarded = Guarded(timeouts=none_left, concurrency=4, patience=PATIENCE, breaker=NEVER_OPENS)
    for _ in range(200):
        with suppress(CarrierError):
            guarded.ask("place_call")
    never_begun = [line for line in guarded.lines if line["outcome"] == "CarrierUnavailable"]
    assert never_begun
    assert {line["attempts"] for line in never_begun} == {0}
    assert len(guarded.inner.asked) <= 200 - len(never_begun)


def test_a_late_end_frees_the_place_and_is_told_to_nobody() -> None:
    compartment = Compartment("test", 1)
    with Hanging() as hanging:
        assert compartment.enter(0)
        with pytest.raises(StillRunning):
            compartment.run(hanging, 0.01)
        assert not compartment.enter(0)
    assert compartment.enter(PATIENCE)
    assert compartment.run(lambda: "fresh", PATIENCE).result == "fresh"


def test_a_process_ends_although_its_carrier_hangs() -> None:
    """A request that never comes back does not keep the interpreter from leaving."""
    program = (
        "import threading\n"
        "from ringproof_server.carriers.guard.compartment import *\n"
        "place = Compartment('test', 1)\n"
        "place.enter(0)\n"
        "try:\n"
        "    place.run(threading.Event().wait, 0.01)\n"
        "except StillRunning:\n"
        "    print('given up')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout == "given up\n"
