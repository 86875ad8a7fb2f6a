"""Rate limits: exact in memory, and held when Redis is away."""

from __future__ import annotations

import socket

import pytest
from redis.exceptions import RedisError

from ringproof_server.http import create_limiter
from ringproof_server.http.limits import MemoryLimiter
from ringproof_server.testing.clock import FakeClock
from ringproof_server.testing.limiter_contract import LimiterBench, RateLimiterContract
from tests.support.databases import hasher


class TestMemoryLimiter(RateLimiterContract):
    """It counts alone."""

    @pytest.fixture
    def bench(self) -> LimiterBench:
        clock = FakeClock()
        return LimiterBench(limiters=(MemoryLimiter(clock),), pass_time=clock.move)


def test_to_the_microsecond_an_event_has_left_its_window_when_it_is_as_old() -> None:
    clock = FakeClock()
    limiter = MemoryLimiter(clock)
    assert limiter.hit("r", "k", 1, 60) is None
    clock.move(59.999999)
    assert limiter.hit("r", "k", 1, 60) is not None
    clock.move(0.000001)
    assert limiter.hit("r", "k", 1, 60) is None


def test_memory_is_bounded() -> None:
    """Those that have been silent longest are forgotten first."""
    limiter = MemoryLimiter(FakeClock(), most_keys=3)
    for key in ("a", "b", "c", "a", "d"):
        limiter.hit("r", key, 9, 60)
    assert limiter.hit("r", "a", 2, 60) is not None
    assert limiter.hit("r", "b", 1, 60) is None


def test_without_redis_each_process_still_holds_the_limit() -> None:
    """Redis away: neither open to everybody nor closed to everybody, and readiness says so."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        clock = FakeClock()
        limiter = create_limiter(f"redis://127.0.0.1:{port}/0", clock, hasher)
        assert limiter.hit("r", "k", 2, 60) is None
        assert limiter.hit("r", "k", 2, 60) is None
        assert limiter.hit("r", "k", 2, 60) == 60.0
        with pytest.raises(RedisError):
            limiter.ping()


def test_without_a_url_memory_counts() -> None:
    assert isinstance(create_limiter(None, FakeClock(), hasher), MemoryLimiter)
