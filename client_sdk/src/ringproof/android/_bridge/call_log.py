"""Rows of the phone's call log."""

from __future__ import annotations

from typing import Any

from ringproof.android._bridge import classes
from ringproof.android._call_log import LogRow

_Calls = classes.CallLogCalls
_COLUMNS: list[str] = [
    _Calls._ID,
    _Calls.NUMBER,
    _Calls.NUMBER_PRESENTATION,
    _Calls.TYPE,
    _Calls.DATE,
    _Calls.DURATION,
    _Calls.LAST_MODIFIED,
]


def rows_since(wall_ms: int, most: int) -> list[LogRow] | None:
    """The newest rows of calls that began at or after a moment, newest first, at most so many.

    None when they may not be read, or cannot.
    """
    try:
        cursor = (
            classes.application()
            .getContentResolver()
            # No LIMIT here: since Android 11 the provider refuses it.
            .query(_Calls.CONTENT_URI, _COLUMNS, f"{_Calls.DATE} >= ?", [str(wall_ms)], f"{_Calls.DATE} DESC")
        )
    except classes.JavaException:
        return None
    if cursor is None:
        return None
    rows: list[LogRow] = []
    try:
        while len(rows) < most and cursor.moveToNext():
            rows.append(_row(cursor))
    except classes.JavaException:
        return None
    finally:
        cursor.close()
    return rows


def _row(cursor: Any) -> LogRow:
    number = cursor.getString(1)
    return LogRow(
        row=int(cursor.getLong(0)),
        number=None if number is None else str(number),
        presentation=None if cursor.isNull(2) else int(cursor.getInt(2)),
        type=int(cursor.getInt(3)),
        began_ms=int(cursor.getLong(4)),
        talk_s=int(cursor.getLong(5)),
        written_ms=None if cursor.isNull(6) else int(cursor.getLong(6)),
    )
