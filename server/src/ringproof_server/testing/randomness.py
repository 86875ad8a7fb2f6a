"""Randomness for tests: unpredictable to the code under test, the same in every run."""

from __future__ import annotations

import hashlib
import itertools
from base64 import b32hexencode, urlsafe_b64encode
from datetime import UTC, datetime

from ringproof_server.ports import Clock

_PRECISION = 2**53
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class _Blocks:
    """An endless row of 32-byte blocks, each of them drawn by one thread only."""

    def __init__(self, seed: str) -> None:
        self._seed = hashlib.sha256(seed.encode()).digest()
        self._drawn = itertools.count(1)

    def next(self) -> bytes:
        return hashlib.sha256(self._seed + next(self._drawn).to_bytes(8)).digest()


class SeededRandom:
    """`ports.Random` that is a function of its seed: SHA-256 of the seed and a counter.

    Anybody who knows the seed knows every draw, so it must never leave a test.
    """

    def __init__(self, seed: str, clock: Clock | None = None) -> None:
        """`clock` orders the identifiers; without one they are ordered by the draws alone."""
        self._blocks = _Blocks(seed)
        self._clock = clock

    def below(self, limit: int) -> int:
        """An integer in 0..limit-1; for limits below 2**64 the bias is below 2**-64."""
        if limit < 1:
            raise ValueError("there is no integer below that limit")
        return int.from_bytes(self._blocks.next()[:16]) % limit

    def between(self, low: float, high: float) -> float:
        """A real number in low..high."""
        return low + (high - low) * (int.from_bytes(self._blocks.next()[:8]) % _PRECISION) / _PRECISION

    def bytes(self, count: int) -> bytes:
        """`count` bytes."""
        found = b""
        while len(found) < count:
            found += self._blocks.next()
        return found[:count]

    def identifier(self, prefix: str) -> str:
        """`prefix` and 26 characters that grow with the clock: 48 bits of time, then 80 drawn ones."""
        elapsed = (self._clock.now() if self._clock else _EPOCH) - _EPOCH
        raw = int(elapsed.total_seconds() * 1000).to_bytes(6) + self.bytes(10)
        return prefix + b32hexencode(raw)[:26].decode().lower()

    def secret(self, prefix: str) -> str:
        """`prefix` and 43 URL-safe characters."""
        return prefix + urlsafe_b64encode(self.bytes(32)).rstrip(b"=").decode()
