"""Waiting for what another process does, never longer than is said."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def soon(look: Callable[[], T | None], *, seconds: float = 20.0) -> T:
    """What is there, as soon as it is there."""
    give_up = time.monotonic() + seconds
    while (found := look()) is None:
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.02)
    return found


def wait_until(is_so: Callable[[], bool]) -> None:
    soon(lambda: is_so() or None)
