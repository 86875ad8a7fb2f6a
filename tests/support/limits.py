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
        wait = self.look(rule, key, limit, window)
        if wait is None:
            self._hits[rule, key].append(self._clock.now())
        return wait

    def look(self, rule: str, key: str, limit: int, window: int) -> float | None:
        """What `hit` would answer now; nothing is counted."""
        now, span = self._clock.now(), timedelta(seconds=window)
        recent = [at for at in self._hits[rule, key] if at > now - span]
        return None if len(recent) < limit else (recent[-limit] + span - now).total_seconds()

    def ping(self) -> None:
        """Memory is always there."""
