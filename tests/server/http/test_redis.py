"""Rate limits that several processes count together, on a real Redis that the tests start themselves."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from redis.exceptions import RedisError
from structlog.testing import capture_logs

from ringproof_server.http import create_limiter
from ringproof_server.http.limits import REDIS_REST
from ringproof_server.ports import Clock, RateLimiter
from ringproof_server.system import SystemClock
from ringproof_server.testing.clock import FakeClock
from ringproof_server.testing.limiter_contract import LimiterBench, RateLimiterContract
from tests.server.http.limiter_child import EACH, LIMIT, THREADS
from tests.support.children import race
from tests.support.databases import hasher
from tests.support.redis import RedisServer, module_redis, redis, running_redis

__all__ = ["module_redis", "redis"]

ADDRESS = "192.0.2.10"


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[RedisServer]:
    """One that a test may kill."""
    with running_redis(tmp_path) as server:
        yield server


class TestRedisLimiter(RateLimiterContract):
    """Two limiters with connections of their own hold the contract together."""

    @pytest.fixture
    def bench(self, redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> LimiterBench:
        clock = FakeClock()
        # The library that speaks with Redis looks at the machine's clock, so that is turned too.
        machine = SimpleNamespace(time=lambda: clock.now().timestamp())
        monkeypatch.setattr("limits.storage.redis.time", machine)
        limiters = [patient(redis, clock) for _ in range(2)]
        return LimiterBench(limiters=limiters, pass_time=clock.move)


def test_two_processes_hold_one_limit_together(redis: RedisServer) -> None:
    """Of 320 events that 16 threads in two processes try at once exactly as many fit as the limit says."""
    fitted = [int(text) for text in race(2, "tests.server.http.limiter_child", redis.url)]
    assert sum(fitted) == LIMIT < 2 * THREADS * EACH
    wait = patient(redis, SystemClock()).look("race", "192.0.2.7", LIMIT, 600)
    assert wait is not None
    assert 0 < wait <= 600


def test_redis_learns_neither_addresses_nor_keys_of_any_length(redis: RedisServer) -> None:
    """Its keys are as short for long texts, and hold no text that came from outside."""
    limiter = patient(redis, SystemClock())
    for key in (ADDRESS, ADDRESS * 1000):
        limiter.hit("starts", key, 3, 600)
    with redis.client() as client:
        names = [name.decode() for name in client.scan_iter("*")]
    assert len(names) == 2
    assert all(ADDRESS not in name and len(name) < 200 for name in names)


def test_redis_keeps_no_more_than_the_limit_and_no_longer_than_the_window(redis: RedisServer) -> None:
    limiter = patient(redis, SystemClock())
    for _ in range(50):
        limiter.hit("starts", ADDRESS, 3, 600)
        limiter.look("looked at", ADDRESS, 3, 600)
    with redis.client() as client:
        (name,) = client.scan_iter("*")
        assert client.llen(name) == 3
        assert 0 < client.ttl(name) <= 600


def test_while_redis_is_dead_memory_counts_and_when_it_is_back_all_count_together(
    mortal: RedisServer,
) -> None:
    """Neither open nor closed to everybody; Redis is asked again after a rest, not at each event."""
    clock = FakeClock(SystemClock().now())
    one, other = (patient(mortal, clock) for _ in range(2))
    assert fits(one, 4) == 4
    assert fits(other, 4) == 0
    mortal.kill()
    for limiter in (one, other):
        assert fits(limiter, 4) == 4
        with pytest.raises(RedisError):
            limiter.ping()
    mortal.start()
    for limiter in (one, other):
        limiter.ping()
        assert fits(limiter, 4) == 0
    clock.move(REDIS_REST)
    assert one.hit("starts", ADDRESS, 4, 600) is None
    assert fits(other, 4) == 3
    assert fits(one, 4) == 0


def test_a_redis_that_hangs_keeps_nobody_waiting_for_good(mortal: RedisServer) -> None:
    clock = FakeClock(SystemClock().now())
    limiter = create_limiter(mortal.url, clock, hasher, patience=1)
    limiter.ping()
    mortal.signal(signal.SIGSTOP)
    try:
        assert fits(limiter, 3) == 3
        with pytest.raises(RedisError):
            limiter.ping()
    finally:
        mortal.signal(signal.SIGCONT)
    clock.move(REDIS_REST)
    assert limiter.hit("later", ADDRESS, 1, 600) is None
    assert patient(mortal, clock).look("later", ADDRESS, 1, 600) is not None


@pytest.mark.parametrize("state", ["dead", "another user"])
def test_no_fault_tells_whom_it_counted_or_the_password(mortal: RedisServer, state: str) -> None:
    limiter = create_limiter(mortal.url.replace("//", "//someone:pass-word-1@"), FakeClock(), hasher)
    if state == "dead":
        mortal.kill()
    with capture_logs() as lines:
        assert limiter.hit("starts", ADDRESS, 3, 600) is None
    with pytest.raises(RedisError) as fault:
        limiter.ping()
    assert [line["event"] for line in lines] == ["redis_away_counting_in_memory"]
    for text in (str(lines), repr(fault.value), str(fault.value.__cause__)):
        assert ADDRESS not in text
        assert "pass-word-1" not in text


def patient(server: RedisServer, clock: Clock) -> RateLimiter:
    """A limiter for a Redis that answers, however busy the machine is."""
    return create_limiter(server.url, clock, hasher, patience=20)


def fits(limiter: RateLimiter, limit: int) -> int:
    """How many of `limit` + 2 events fit, asked until one does not."""
    hits = (limiter.hit("starts", ADDRESS, limit, 600) for _ in range(limit + 2))
    return sum(wait is None for wait in hits)
