"""Points and spans of time in the simulated network: whole microseconds, points since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

MILLISECOND: Final = 1_000
SECOND: Final = 1_000_000

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ONE: Final = timedelta(microseconds=1)


def moment(time: datetime) -> int:
    """An aware datetime in microseconds."""
    return (time - _EPOCH) // _ONE
