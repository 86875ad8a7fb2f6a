"""How long another side asks to be left alone."""

from __future__ import annotations

from typing import Final

LONGEST_WAIT_ASKED: Final = 3600.0


def seconds_asked(retry_after: str | None) -> float | None:
    """The seconds in a `Retry-After` (RFC 9110, section 10.2.3), an hour at the most.

    None without one, and for a date, which says nothing to a clock that is not theirs.
    """
    text = (retry_after or "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        return None
    return min(float(text), LONGEST_WAIT_ASKED)
