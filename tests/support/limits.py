"""A rate limiter on the test's own clock."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from ringproof_server.ports import Clock


class CountingLimiter:
    """`ports.RateLimiter` in memory, with a moving window."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hits: dict[tuple[str, str], list[datetime]] = defaultdict(list)

    def hit(self, rule: str, key: str, limit: int, window: int) -> float | None:
        """Count one event. None when it fits into `limit` per `window` seconds, else the seconds to wait."""
        now = self._clock.now()
        span = timedelta(seconds=window)
        recent = [at for at in self._hits[rule, key] if at > now - span]
        self._hits[rule, key] = recent
        if len(recent) >= limit:
            return (recent[-limit] + span - now).total_seconds()
        recent.append(now)
        return None

    def ping(self) -> None:
        """Memory is always there."""
