"""Time for tests: it stands still until it is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class FakeClock:
    """`ports.Clock` that only moves forward, and only when it is told to."""

    def __init__(self, start: datetime = START) -> None:
        """`start` is an aware datetime."""
        self._now = start

    def now(self) -> datetime:
        """The present as an aware datetime in UTC."""
        return self._now

    def move(self, seconds: float) -> None:
        """Let `seconds` pass. Raises `ValueError` when they are negative."""
        if seconds < 0:
            raise ValueError("time does not go back")
        self._now += timedelta(seconds=seconds)

    def move_to(self, moment: datetime) -> None:
        """Let the time until `moment` pass; nothing happens when it is over already."""
        self._now = max(self._now, moment)
