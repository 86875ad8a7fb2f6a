"""Pacing by Redis, on a real one that the tests start themselves."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from ringproof_server.carriers.guard import FilePacer, RedisPacer
from ringproof_server.carriers.guard.redis_pacer import REDIS_REST
from ringproof_server.testing.clock import FakeClock
from ringproof_server.testing.options import LogLines
from ringproof_server.testing.pacer_contract import INTERVAL, RATE, SLACK, PacerBench, PacerContract
from tests.server.carriers.guard.pacer_child import MOMENTS
from tests.server.carriers.guard.racing_processes import moments
from tests.support.databases import hasher
from tests.support.redis import RedisServer, module_redis, redis, running_redis

__all__ = ["module_redis", "redis"]

MICROSECONDS = 1_000_000


class Ticks:
    """A monotonic clock in the test's hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[RedisServer]:
    """One that a test may kill."""
    folder = tmp_path / "redis"
    folder.mkdir()
    with running_redis(folder) as server:
        yield server


def pacer_on(
    server: RedisServer,
    folder: Path,
    *,
    patience: float = 20,
    ticks: Ticks | None = None,
    log: LogLines | None = None,
) -> RedisPacer:
    log = log or LogLines()
    file = FilePacer(folder, FakeClock(), hasher, log, lock_patience=30)
    return RedisPacer(server.url, file, hasher, log, patience=patience, monotonic=ticks or Ticks())


class TestRedisPacer(PacerContract):
    """Two pacers with connections of their own hold the contract together."""

    @pytest.fixture
    def bench(self, redis: RedisServer, tmp_path: Path) -> PacerBench:
        def pass_time(seconds: float) -> None:
            # The clock of Redis cannot be turned, so what it remembers is made older instead.
            with redis.client() as client:
                for name in client.scan_iter("*"):
                    client.hincrby(name, "at", -round(seconds * MICROSECONDS))

        pacers = [pacer_on(redis, tmp_path / str(number)) for number in range(2)]
        return PacerBench(pacers=pacers, pass_time=pass_time)


def test_processes_share_one_pace(redis: RedisServer, tmp_path: Path) -> None:
    """Twenty-four threads in three processes get thirty moments together, all an interval apart."""
    waits = moments(str(tmp_path), redis.url)
    assert len(waits) == MOMENTS
    assert all(later - earlier > INTERVAL - SLACK for earlier, later in pairwise(waits))
    assert not list(tmp_path.iterdir())


def test_a_clock_of_redis_turned_back_keeps_nobody_waiting_for_it(redis: RedisServer, tmp_path: Path) -> None:
    pacer = pacer_on(redis, tmp_path)
    pacer.reserve("k", RATE, 0)
    with redis.client() as client:
        (name,) = client.scan_iter("*")
        client.hincrby(name, "at", 5 * 3600 * MICROSECONDS)
        assert INTERVAL - SLACK <= pacer.reserve("k", RATE, 3) <= INTERVAL
        client.hincrby(name, "at", -round(INTERVAL * MICROSECONDS))
    assert pacer.reserve("k", RATE, 0) == 0


def test_redis_learns_no_account_and_forgets_what_is_over(redis: RedisServer, tmp_path: Path) -> None:
    pacer = pacer_on(redis, tmp_path)
    pacer.reserve("twilio:AC0123456789", RATE, 0)
    with redis.client() as client:
        (name,) = client.scan_iter("*")
        assert b"AC01" not in name
        assert b"AC01" not in str(client.hgetall(name)).encode()
        assert 0 < client.ttl(name) <= INTERVAL + 2


def test_each_reservation_is_one_round_trip(redis: RedisServer, tmp_path: Path) -> None:
    pacer = pacer_on(redis, tmp_path)
    pacer.reserve("k", RATE, 0)
    with redis.client() as client:
        before = client.info("commandstats")
        for _ in range(10):
            pacer.reserve("k", RATE, 0)
        after = client.info("commandstats")
    asked = {
        name: after[name]["calls"] - before.get(name, {"calls": 0})["calls"]
        for name in after
        if name in {"cmdstat_evalsha", "cmdstat_eval", "cmdstat_script|load"}
    }
    assert {name: count for name, count in asked.items() if count} == {"cmdstat_evalsha": 10}


def test_while_redis_is_dead_files_pace_and_when_it_is_back_all_pace_together(
    mortal: RedisServer, tmp_path: Path
) -> None:
    """Redis is asked again after a rest, not at each request; both changes are in the log."""
    ticks, log = Ticks(), LogLines()
    pacer = pacer_on(mortal, tmp_path / "pacing", ticks=ticks, log=log)
    assert pacer.reserve("k", RATE, 0) == 0
    mortal.kill()
    assert pacer.reserve("k", RATE, 0) == 0
    assert pacer.reserve("k", RATE, 0) == pytest.approx(INTERVAL)
    mortal.start()
    assert pacer.reserve("k", RATE, 0) == pytest.approx(INTERVAL)
    assert [event for event, _ in log.lines] == ["redis_away_pacing_on_this_machine"]
    ticks.now += REDIS_REST
    assert pacer.reserve("k", RATE, 0) == 0
    assert [event for event, _ in log.lines][1:] == ["redis_back_pacing_together"]
    other = pacer_on(mortal, tmp_path / "another machine")
    assert other.reserve("k", RATE, 0) > INTERVAL - SLACK


def test_a_redis_that_hangs_keeps_nobody_waiting_for_good(mortal: RedisServer, tmp_path: Path) -> None:
    pacer = pacer_on(mortal, tmp_path / "pacing", patience=0.5)
    pacer.reserve("k", RATE, 0)
    mortal.signal(signal.SIGSTOP)
    try:
        assert pacer.reserve("k", RATE, 0) == 0
        assert pacer.reserve("k", RATE, 0) == pytest.approx(INTERVAL)
    finally:
        mortal.signal(signal.SIGCONT)


def test_no_log_line_tells_the_password_or_the_account(mortal: RedisServer, tmp_path: Path) -> None:
    log = LogLines()
    url = mortal.url.replace("//", "//someone:pass-word-1@")
    file = FilePacer(tmp_path / "pacing", FakeClock(), hasher, log)
    pacer = RedisPacer(url, file, hasher, log)
    assert pacer.reserve("twilio:AC0123456789", RATE, 0) == 0
    (line,) = log.lines
    assert line[0] == "redis_away_pacing_on_this_machine"
    assert "pass-word-1" not in str(line)
    assert "AC01" not in str(line)
