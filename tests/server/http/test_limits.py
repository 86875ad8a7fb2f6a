"""Rate limits: exact in memory, and held when Redis is away."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import RedisError

from ringproof_server.http import create_limiter
from ringproof_server.http.limits import MemoryLimiter
from ringproof_server.testing.clock import FakeClock


def test_a_window_moves() -> None:
    """The limit holds for every span of the window's length, not from one full minute to the next."""
    clock = FakeClock()
    limiter = MemoryLimiter(clock)
    assert limiter.hit("r", "k", 2, 60) is None
    clock.move(59)
    assert limiter.hit("r", "k", 2, 60) is None
    assert limiter.hit("r", "k", 2, 60) == 1.0
    clock.move(1)
    assert limiter.hit("r", "k", 2, 60) is None
    assert limiter.hit("r", "k", 2, 60) == 59.0


def test_rules_and_keys_are_counted_apart() -> None:
    limiter = MemoryLimiter(FakeClock())
    for rule, key in (("a", "x"), ("a", "y"), ("b", "x")):
        assert limiter.hit(rule, key, 1, 60) is None
        assert limiter.hit(rule, key, 1, 60) == 60.0


def test_a_refused_event_is_not_counted() -> None:
    """Whoever goes on trying is let in when the window has passed all the same."""
    clock = FakeClock()
    limiter = MemoryLimiter(clock)
    limiter.hit("r", "k", 1, 10)
    for _ in range(9):
        clock.move(1)
        assert limiter.hit("r", "k", 1, 10) is not None
    clock.move(1)
    assert limiter.hit("r", "k", 1, 10) is None


def test_a_limit_of_nothing_lets_nobody_in() -> None:
    assert MemoryLimiter(FakeClock()).hit("r", "k", 0, 60) == 60.0


def test_memory_is_bounded() -> None:
    """Those that have been silent longest are forgotten first."""
    limiter = MemoryLimiter(FakeClock(), most_keys=3)
    for key in ("a", "b", "c", "a", "d"):
        limiter.hit("r", key, 9, 60)
    assert limiter.hit("r", "a", 2, 60) is not None
    assert limiter.hit("r", "b", 1, 60) is None


@given(st.lists(st.floats(min_value=0, max_value=30), max_size=60), st.integers(1, 5), st.integers(1, 60))
def test_no_window_ever_holds_more_than_the_limit(gaps: list[float], limit: int, window: int) -> None:
    """And the wait that is told is exactly long enough."""
    clock = FakeClock()
    limiter = MemoryLimiter(clock)
    allowed: list[float] = []
    for gap in gaps:
        clock.move(gap)
        now = clock.now().timestamp()
        wait = limiter.hit("r", "k", limit, window)
        recent = [at for at in allowed if at > now - window]
        if wait is None:
            assert len(recent) < limit
            allowed.append(now)
        else:
            assert len(recent) == limit
            assert wait == pytest.approx(recent[0] + window - now)


def test_without_redis_each_process_still_holds_the_limit() -> None:
    """Redis away: neither open to everybody nor closed to everybody, and readiness says so."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        clock = FakeClock()
        limiter = create_limiter(f"redis://127.0.0.1:{port}/0", clock)
        assert limiter.hit("r", "k", 2, 60) is None
        assert limiter.hit("r", "k", 2, 60) is None
        assert limiter.hit("r", "k", 2, 60) == 60.0
        with pytest.raises(RedisError):
            limiter.ping()


def test_without_a_url_memory_counts() -> None:
    assert isinstance(create_limiter(None, FakeClock()), MemoryLimiter)


def test_a_look_answers_what_a_hit_would_and_counts_nothing() -> None:
    clock = FakeClock()
    limiter = MemoryLimiter(clock)
    for _ in range(5):
        assert limiter.look("r", "k", 1, 60) is None
    assert limiter.hit("r", "k", 1, 60) is None
    clock.move(20)
    assert limiter.look("r", "k", 1, 60) == limiter.hit("r", "k", 1, 60) == 40.0
    assert limiter.look("r", "k", 2, 60) is None
    clock.move(40)
    assert limiter.look("r", "k", 1, 60) is None
