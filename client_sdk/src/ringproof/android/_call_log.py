"""The phone's call log: calls that were not heard live, and numbers that were not told.

Android writes a row after the call has ended, by and by. DATE is when the call came, before any screening;
DURATION is the talk in seconds; LAST_MODIFIED is when the row was written, so for a call that nobody took
LAST_MODIFIED − DATE is roughly how long it rang (android.provider.CallLog.Calls). Whoever is called may also
have rejected it, or a filter of the phone may have: those rows count as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ringproof._calls import SeenCall
from ringproof._match import is_withheld
from ringproof._ring import LONGEST_RING_MS

INCOMING, MISSED, REJECTED, BLOCKED, ANSWERED_EXTERNALLY = 1, 3, 5, 6, 7
"""CallLog.Calls.*_TYPE of incoming calls; 2 is outgoing, 4 voicemail."""
INCOMING_TYPES = frozenset({INCOMING, MISSED, REJECTED, BLOCKED, ANSWERED_EXTERNALLY})
KEPT_BACK = frozenset({2, 3, 4, 5})
"""CallLog.Calls.PRESENTATION_*: restricted, unknown, pay phone, unavailable; 1 is allowed."""

MOST_READ = 200
MOST_CALLS = 50
LONGEST_NUMBER = 64


@dataclass(frozen=True)
class LogRow:
    """A row as it stands in the log; times in milliseconds since 1970-01-01 UTC, the talk in seconds."""

    row: int
    number: str | None = field(repr=False)
    presentation: int | None
    type: int
    began_ms: int
    talk_s: int
    written_ms: int | None


Rows = Callable[[int, int], "Sequence[LogRow] | None"]
"""Rows of calls that began at or after a moment, newest first, at most so many; None: not to be read."""


class CallLogReader:
    """Reads incoming calls from the log. It remembers nothing, so what it is asked twice it answers twice.

    The moment from which to read stays with whoever asks and must not move: a row is dated with the beginning
    of its call and written after the end, so it may appear behind rows that were read before.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def calls(self, since_wall_ms: int) -> list[SeenCall]:
        """Incoming calls that began at or after a moment, oldest first, the last 50 at most.

        Empty when the log may not be read.
        """
        found: dict[int, SeenCall] = {}
        for row in self._rows(since_wall_ms, MOST_READ) or ():
            if row.type in INCOMING_TYPES and row.began_ms >= since_wall_ms:
                found.setdefault(row.row, _seen(row))
        newest = sorted(found.values(), key=lambda call: call.wall_ms)
        return newest[-MOST_CALLS:]


def _seen(row: LogRow) -> SeenCall:
    number = None if row.number is None else row.number.strip()[: LONGEST_NUMBER + 1]
    withheld = row.presentation in KEPT_BACK or is_withheld(number)
    return SeenCall(
        row=str(row.row),
        number=None if withheld else number,
        withheld=withheld,
        wall_ms=row.began_ms,
        ring_ms=_ring_estimate(row),
        answered=row.type in {INCOMING, ANSWERED_EXTERNALLY},
    )


def _ring_estimate(row: LogRow) -> int | None:
    """Only of calls that rang and were not taken; and not when the row was changed again later on."""
    if row.type not in {MISSED, REJECTED} or row.written_ms is None or row.talk_s:
        return None
    length = row.written_ms - row.began_ms
    return length if 0 <= length <= LONGEST_RING_MS else None
