"""The person's own number, from the SIM card: one dialog of Google's, no permission, nothing typed."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Protocol

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_LONGEST = 64


class NumberPicker(Protocol):
    """Shows the numbers of the phone's SIM cards."""

    def pick(self, done: Callable[[str | None], None]) -> None:
        """`done` gets what the person chose, or None; on any thread."""
        ...


def suggest_number(done: Callable[[str | None], None], *, picker: NumberPicker | None = None) -> None:
    """Ask Android for the person's own number; `done` gets it in E.164, or None, exactly once.

    None: the person closed the dialog, no SIM card knows its number, there are no Play services, or what came
    is not in E.164. The number is a suggestion, to be shown and to be changed; it proves nothing. Nothing is
    logged. Call it on the main thread, when the field is being shown; `done` comes on any thread.
    """
    shown = picker if picker is not None else _picker_of_this_phone()
    once = threading.Lock()

    def answer(text: str | None) -> None:
        if once.acquire(blocking=False):
            done(_number(text))

    if shown is None:
        answer(None)
    else:
        shown.pick(answer)


def _picker_of_this_phone() -> NumberPicker | None:
    from ringproof.android._bridge.play_services import number_picker

    return number_picker()


def _number(text: str | None) -> str | None:
    """E.164 without the blanks, dashes and brackets of its writing; national numbers cannot be completed."""
    if text is None or len(text) > _LONGEST:
        return None
    number = re.sub(r"[\s().-]", "", text)
    return number if _E164.fullmatch(number) else None
