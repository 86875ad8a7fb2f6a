"""Pacing by files: it holds between processes, over restarts, and when the clock is turned."""

from __future__ import annotations

import fcntl
import os
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from ringproof_server.carriers.guard import FilePacer
from ringproof_server.carriers.guard.settings import read_guard_settings
from ringproof_server.ports import Clock
from ringproof_server.testing.clock import FakeClock
from ringproof_server.testing.options import LogLines
from ringproof_server.testing.pacer_contract import INTERVAL, RATE, SLACK, PacerBench, PacerContract
from tests.server.carriers.guard.pacer_child import MOMENTS
from tests.server.carriers.guard.racing_processes import moments
from tests.support.databases import hasher

ACCOUNT = "twilio:AC0123456789abcdef0123456789abcdef"


class WallClock:
    """One that somebody turns, back as well."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 20, 9, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def turn(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def pacer_in(folder: Path, clock: Clock, log: LogLines | None = None, lock_patience: float = 30) -> FilePacer:
    return FilePacer(folder, clock, hasher, log or LogLines(), lock_patience=lock_patience)


class TestFilePacer(PacerContract):
    """Two pacers on the same folder hold the contract together."""

    @pytest.fixture
    def bench(self, tmp_path: Path) -> PacerBench:
        clock = FakeClock()
        return PacerBench(pacers=[pacer_in(tmp_path, clock) for _ in range(2)], pass_time=clock.move)


class TestFilePacerWithoutFiles(PacerContract):
    """Where no file can be made one process still keeps the pace by itself."""

    @pytest.fixture
    def bench(self, tmp_path: Path) -> PacerBench:
        clock, blocked = FakeClock(), tmp_path / "file"
        blocked.touch()
        return PacerBench(pacers=[pacer_in(blocked, clock)], pass_time=clock.move)


def test_processes_share_one_pace(tmp_path: Path) -> None:
    """Twenty-four threads in three processes get thirty moments together, all an interval apart."""
    waits = moments(str(tmp_path))
    assert len(waits) == MOMENTS
    assert all(later - earlier > INTERVAL - SLACK for earlier, later in pairwise(waits))


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    clock = FakeClock()
    assert pacer_in(tmp_path, clock).reserve("k", RATE, 0) == 0
    clock.move(40)
    assert pacer_in(tmp_path, clock).reserve("k", RATE, 0) == pytest.approx(60)


@pytest.mark.parametrize("patience", [0.0, 3.0, 50.0])
def test_a_clock_turned_back_keeps_nobody_waiting_for_it(tmp_path: Path, patience: float) -> None:
    """Five hours back: the next moment stays where it was, and comes when its time has passed."""
    clock = WallClock()
    pacer = pacer_in(tmp_path, clock)
    pacer.reserve("k", RATE, 0)
    clock.turn(-5 * 3600)
    assert pacer.reserve("k", RATE, patience) == pytest.approx(INTERVAL)
    clock.turn(60)
    assert pacer.reserve("k", RATE, 0) == pytest.approx(40)
    clock.turn(41)
    assert pacer.reserve("k", RATE, 0) == 0


def test_a_clock_turned_forward_and_back_blocks_nothing(tmp_path: Path) -> None:
    clock = WallClock()
    pacer = pacer_in(tmp_path, clock)
    clock.turn(86_400)
    assert pacer.reserve("k", RATE, 0) == 0
    clock.turn(-86_400)
    assert pacer.reserve("k", RATE, 0) == pytest.approx(INTERVAL)
    clock.turn(INTERVAL)
    assert pacer.reserve("k", RATE, 0) == 0


@pytest.mark.parametrize("content", [b"", b"\0" * 15, b"\xff" * 16, b"x" * 4096, b"\0" * 8 + b"\x7f" * 8])
def test_a_damaged_file_counts_as_a_new_one(tmp_path: Path, content: bytes) -> None:
    clock = FakeClock()
    pacer = pacer_in(tmp_path, clock)
    pacer.reserve("k", RATE, 0)
    (file,) = tmp_path.iterdir()
    file.write_bytes(content)
    assert pacer.reserve("k", RATE, 0) == 0
    assert pacer.reserve("k", RATE, 0) == pytest.approx(INTERVAL)


def test_the_files_tell_nothing_and_are_for_this_user_only(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "on demand"
    pacer = pacer_in(folder, FakeClock())
    for kind in ("calls", "messages"):
        pacer.reserve(f"{ACCOUNT}:{kind}", RATE, 0)
    files = list(folder.iterdir())
    assert len(files) == 2
    for file in files:
        assert "AC01" not in file.name
        assert b"AC01" not in file.read_bytes()
        assert file.stat().st_size == 16
        assert file.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_process_that_never_lets_go_of_the_lock_blocks_nobody_for_good(tmp_path: Path) -> None:
    """Such as one that was suspended just then: this process goes on by itself. It says so once, and when
    that is over."""
    clock, log = FakeClock(), LogLines()
    pacer = pacer_in(tmp_path, clock, log, lock_patience=0.01)
    pacer.reserve("k", RATE, 0)
    (path,) = tmp_path.iterdir()
    file = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert pacer.reserve("k", RATE, 0) == 0
        assert pacer.reserve("k", RATE, 0) == pytest.approx(INTERVAL)
    finally:
        os.close(file)
    assert pacer.reserve("k", RATE, 0) == pytest.approx(INTERVAL)
    assert [event for event, _ in log.lines] == [
        "pacing_within_this_process_only",
        "pacing_with_all_processes_again",
    ]


def test_the_slowest_pace_that_can_be_set_is_kept(tmp_path: Path) -> None:
    """A slower one is refused: whoever sets a pace is never without any."""
    assert read_guard_settings({"calls_per_second": "0.0009"}, 45).faults
    rate = read_guard_settings({"calls_per_second": "0.001"}, 45).guard.calls_per_second
    assert rate is not None
    pacer = pacer_in(tmp_path, FakeClock())
    assert pacer.reserve(ACCOUNT, rate, 3) == 0
    assert pacer.reserve(ACCOUNT, rate, 3) == pytest.approx(1000)
