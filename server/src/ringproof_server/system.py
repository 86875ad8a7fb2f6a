"""The machine's own clock and randomness; everything else takes them by argument."""

from __future__ import annotations

import secrets
from base64 import b32hexencode
from datetime import UTC, datetime

from ringproof_server.ports import Clock

_SECRET_BYTES = 32
_TIME_BYTES = 6
_RANDOM_BYTES = 10


class SystemClock:
    """The wall clock of this machine."""

    def now(self) -> datetime:
        """The present as an aware datetime in UTC."""
        return datetime.now(UTC)


class SystemRandom:
    """The operating system's cryptographically secure randomness."""

    def __init__(self, clock: Clock | None = None) -> None:
        """`clock` orders the identifiers; without one it is the machine's."""
        self._clock = clock or SystemClock()
        self._reals = secrets.SystemRandom()

    def below(self, limit: int) -> int:
        """A uniform integer in 0..limit-1."""
        return secrets.randbelow(limit)

    def between(self, low: float, high: float) -> float:
        """A uniform real number in low..high."""
        return self._reals.uniform(low, high)

    def bytes(self, count: int) -> bytes:
        """`count` random bytes."""
        return secrets.token_bytes(count)

    def identifier(self, prefix: str) -> str:
        """`prefix` and 26 characters: 48 bits of milliseconds since 1970, then 80 random bits.

        Base 32 with the extended hex alphabet (RFC 4648 section 7) keeps the order of time in the order of
        text, so that an index grows at its end.
        """
        milliseconds = int(self._clock.now().timestamp() * 1000)
        raw = milliseconds.to_bytes(_TIME_BYTES) + secrets.token_bytes(_RANDOM_BYTES)
        return prefix + b32hexencode(raw)[:26].decode().lower()

    def secret(self, prefix: str) -> str:
        """`prefix` and 43 URL-safe characters that hold 256 random bits."""
        return prefix + secrets.token_urlsafe(_SECRET_BYTES)
