"""What people press when a call asks them for keys; they need a moment to find them."""

from __future__ import annotations

import time
from collections.abc import Mapping

PATIENCE = 5.0
"""Seconds for which somebody who means to press something looks for the keys."""


def pressed(keys: Mapping[str, list[str]], number: str, count: int) -> str:
    """What is pressed on this phone at its next question: at most so many keys, none of an unlisted phone.

    A test may learn only after the call has begun what is to be pressed, and adds it to the list then.
    """
    waiting = keys.get(number)
    if waiting is None:
        return ""
    give_up = time.monotonic() + PATIENCE
    while not waiting and time.monotonic() < give_up:
        time.sleep(0.02)
    return waiting.pop(0).partition("#")[0][:count] if waiting else ""
