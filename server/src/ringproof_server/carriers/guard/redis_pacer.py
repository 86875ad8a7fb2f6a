"""Pacing between all nodes, by Redis."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from ringproof_server.carriers.guard.pacing import Hasher
from ringproof_server.carriers.plugin import Log
from ringproof_server.ports import Pacer

REDIS_PATIENCE: Final = 0.25
"""Seconds a request waits for Redis at most."""
REDIS_REST: Final = 5.0
"""Seconds after a failure during which Redis is not asked."""
PREFIX: Final = "ringproof:pace:"

_MICROSECONDS: Final = 1_000_000

# The same rule as `pacing.take`, in microseconds and by the clock of Redis, so that the nodes' clocks do not
# matter. A key that nobody has used for longer than its next moment is off means nothing, so it may go.
_SCRIPT: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, patience = tonumber(ARGV[1]), tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'at', 'ahead')
local at, ahead = tonumber(kept[1] or now), tonumber(kept[2] or 0)
local turned_back = now < at
ahead = math.max(0, ahead - math.max(0, now - at))
local fits = ahead <= patience
if fits or turned_back then
    local left = fits and ahead + interval or ahead
    redis.call('HSET', KEYS[1], 'at', string.format('%.0f', now), 'ahead', string.format('%.0f', left))
    redis.call('PEXPIRE', KEYS[1], math.ceil(left / 1000) + 1000)
end
return string.format('%.0f', ahead)
"""


class RedisPacer:
    """`ports.Pacer` for all nodes; `alone` paces while Redis is away.

    Each machine is then paced for itself, so several together may send faster than one account allows, and
    the carrier's own throttling is what holds them.
    """

    def __init__(
        self,
        url: str,
        alone: Pacer,
        hasher: Hasher,
        log: Log,
        *,
        patience: float = REDIS_PATIENCE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """No connection is made before it is needed. Redis has `patience` seconds to answer."""
        redis = Redis.from_url(
            url,
            socket_timeout=patience,
            socket_connect_timeout=patience,
            # A repeat would keep the request waiting; the file can pace at once.
            retry=Retry(NoBackoff(), 0),
        )
        self._script = redis.register_script(_SCRIPT)
        self._alone = alone
        self._hasher = hasher
        self._log = log
        self._monotonic = monotonic
        self._rests_until: float | None = None

    def reserve(self, key: str, per_second: float, patience: float) -> float:
        """Take the next free moment of `key`; the seconds until then. Never raises.

        When that would be more than `patience` nothing is taken, and the answer is still the wait.
        """
        if self._rests_until is None or self._monotonic() >= self._rests_until:
            arguments = [round(_MICROSECONDS / per_second), round(patience * _MICROSECONDS)]
            try:
                wait = self._script(keys=[PREFIX + self._hasher(key).hex()], args=arguments)
            except RedisError as fault:
                self._rests_until = self._monotonic() + REDIS_REST
                self._log.warning("redis_away_pacing_on_this_machine", fault=type(fault).__name__)
            else:
                if self._rests_until is not None:
                    self._rests_until = None
                    self._log.info("redis_back_pacing_together")
                return int(wait) / _MICROSECONDS
        return self._alone.reserve(key, per_second, patience)
