"""Time, chance, limits, pace and counts: what surrounds the services."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ringproof_server.domain.channel import Channel, Reason


class Clock(Protocol):
    def now(self) -> datetime:
        """The present as an aware datetime in UTC."""
        ...


class Random(Protocol):
    """Cryptographically secure randomness."""

    def below(self, limit: int) -> int:
        """A uniform integer in 0..limit-1."""
        ...

    def between(self, low: float, high: float) -> float:
        """A uniform real number in low..high."""
        ...

    def bytes(self, count: int) -> bytes: ...

    def identifier(self, prefix: str) -> str:
        """A new identifier such as `vrf_…`: time-ordered, with at least 80 random bits, URL-safe."""
        ...

    def secret(self, prefix: str) -> str:
        """A new key such as `rp_sk_…` with 256 random bits, URL-safe."""
        ...


class RateLimiter(Protocol):
    def hit(self, rule: str, key: str, limit: int, window: int) -> float | None:
        """Count one event. None when it fits into `limit` per `window` seconds, else the seconds to wait."""
        ...

    def look(self, rule: str, key: str, limit: int, window: int) -> float | None:
        """What `hit` would answer now; nothing is counted."""
        ...

    def ping(self) -> None: ...


class Pacer(Protocol):
    """Spreads requests over time, for all processes that share a carrier's account."""

    def reserve(self, key: str, per_second: float, patience: float) -> float:
        """Take the next free moment of `key`, of which there are `per_second`; the seconds until then.

        When that would be more than `patience` nothing is taken, and the answer is still the wait.
        """
        ...


class Metrics(Protocol):
    """Counts for operators; labels are closed lists, never numbers or identifiers."""

    def started(self, channel: Channel, country: str | None) -> None: ...

    def attempt_ended(self, channel: Channel, carrier: str, reason: Reason | None) -> None: ...

    def finished(self, status: str, channel: Channel | None, seconds: float) -> None: ...

    def carrier_request(self, carrier: str, operation: str, outcome: str, seconds: float) -> None:
        """A request ended; `operation` is a method of the port, `outcome` is `ok` or an error class."""
        ...

    def breaker(self, carrier: str, state: str) -> None:
        """A carrier's breaker is now `closed`, `open` or `half_open`."""
        ...

    def webhook(self, kind: str, outcome: str, seconds: float) -> None:
        """A request to an application's back end ended.

        `kind` is that of an event or `verification.requested`; `outcome` is a `Delivery`, or what came of a
        question: `allow`, `deny` or `undecided`.
        """
        ...
