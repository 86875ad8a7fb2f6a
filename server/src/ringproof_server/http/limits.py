"""Rate limits over a moving window: in this process's memory, or in Redis for all processes together.

While Redis is away every process counts for itself. That neither shuts everybody out nor opens the door: one
process still allows no more than the limit. What must hold exactly, sends per number and the guess budget, is
counted in the database and not here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import Final

import structlog
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from ringproof_server.ports import Clock, RateLimiter

MOST_KEYS: Final = 100_000
"""How many keys one process remembers; beyond it those that have been silent longest are forgotten."""
REDIS_PATIENCE: Final = 0.25
"""Seconds a request waits for Redis at most."""
REDIS_REST: Final = 5.0
"""Seconds after a failure during which Redis is not asked."""

Ask = Callable[[str, str, int, int], float | None]
"""Rule, key, limit and window in; the seconds to wait out."""
Hasher = Callable[[str], bytes]
"""A keyed digest, the same in every process that counts together."""


def create_limiter(
    redis_url: str | None, clock: Clock, hasher: Hasher, *, patience: float = REDIS_PATIENCE
) -> RateLimiter:
    """The limiter for this process; `redis_url` makes it count together with all others.

    Redis is told the digests of keys only, because keys hold people's addresses. It has `patience` seconds
    to answer.
    """
    memory = MemoryLimiter(clock)
    return memory if redis_url is None else RedisLimiter(redis_url, memory, clock, hasher, patience)


class MemoryLimiter:
    """Exact moving windows in this process's memory.

    Own code, because the memory storage of `limits` walks over all its keys in a new thread every 10 ms.
    """

    def __init__(self, clock: Clock, most_keys: int = MOST_KEYS) -> None:
        self._clock = clock
        self._most_keys = most_keys
        self._lock = Lock()
        self._hits: dict[tuple[str, str], deque[float]] = {}

    def hit(self, rule: str, key: str, limit: int, window: int) -> float | None:
        """Count one event. None when it fits into `limit` per `window` seconds, else the seconds to wait.

        An event that does not fit is not counted.
        """
        now = self._clock.now().timestamp()
        name = (rule, key)
        with self._lock:
            hits = self._hits.pop(name, None)
            if hits is None:
                hits = deque()
                while len(self._hits) >= self._most_keys:
                    self._hits.pop(next(iter(self._hits)))
            # Put back at the end: the order of the dictionary is that of the last hits.
            self._hits[name] = hits
            wait = _wait(hits, limit, window, now)
            if wait is None:
                hits.append(now)
            return wait

    def look(self, rule: str, key: str, limit: int, window: int) -> float | None:
        """What `hit` would answer now; nothing is counted."""
        now = self._clock.now().timestamp()
        with self._lock:
            return _wait(self._hits.get((rule, key), deque()), limit, window, now)

    def ping(self) -> None:
        """Memory is always there."""


def _wait(hits: deque[float], limit: int, window: int, now: float) -> float | None:
    """The seconds until one more fits, None for now; forgets what has left the window."""
    while hits and hits[0] <= now - window:
        hits.popleft()
    if len(hits) < limit:
        return None
    return max(0.0, hits[len(hits) - limit] + window - now) if limit > 0 else float(window)


class RedisLimiter:
    """Moving windows in Redis by the clock of this machine; `memory` counts while Redis is away."""

    def __init__(
        self, url: str, memory: MemoryLimiter, clock: Clock, hasher: Hasher, patience: float
    ) -> None:
        connections = ConnectionPool.from_url(
            url,
            socket_timeout=patience,
            socket_connect_timeout=patience,
            # A repeat would keep the request waiting; memory can count at once.
            retry=Retry(NoBackoff(), 0),
        )
        self._storage = RedisStorage(url, connection_pool=connections)
        self._windows = MovingWindowRateLimiter(self._storage)
        self._memory = memory
        self._clock = clock
        self._hasher = hasher
        self._rests_until = 0.0
        self._log = structlog.get_logger("ringproof_server.http")

    def hit(self, rule: str, key: str, limit: int, window: int) -> float | None:
        """Like `MemoryLimiter.hit`; never raises."""
        return self._ask(self._windows.hit, self._memory.hit, rule, key, limit, window)

    def look(self, rule: str, key: str, limit: int, window: int) -> float | None:
        """Like `MemoryLimiter.look`; never raises."""
        return self._ask(self._windows.test, self._memory.look, rule, key, limit, window)

    def ping(self) -> None:
        """Raises when Redis cannot be reached."""
        self._storage.get_connection().ping()

    def _ask(
        self, fits: Callable[..., bool], in_memory: Ask, rule: str, key: str, limit: int, window: int
    ) -> float | None:
        """The answer of Redis, or of memory while it is away."""
        now = self._clock.now().timestamp()
        if now >= self._rests_until:
            item, hidden = _item(limit, window), self._hasher(key).hex()
            try:
                if fits(item, rule, hidden):
                    return None
                return max(0.0, self._windows.get_window_stats(item, rule, hidden).reset_time - now)
            except RedisError as fault:
                self._rests_until = now + REDIS_REST
                self._log.warning("redis_away_counting_in_memory", fault=type(fault).__name__)
        return in_memory(rule, key, limit, window)


@lru_cache(maxsize=256)
def _item(limit: int, window: int) -> RateLimitItem:
    return RateLimitItemPerSecond(limit, window, namespace="ringproof")
