"""Waiting for what another process does, never longer than is said."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 60.0


def soon(look: Callable[[], T | None], *, seconds: float = PATIENCE) -> T:
    """What is there, as soon as it is there."""
    give_up = time.monotonic() + seconds
    while (found := look()) is None:
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.02)
    return found


def only(found: Callable[[], Sequence[T]], *, seconds: float = PATIENCE) -> T:
    """The one thing that there is, as soon as there is one."""
    (item,) = soon(lambda: found() or None, seconds=seconds)
    return item


def wait_until(is_so: Callable[[], bool], *, seconds: float = PATIENCE) -> None:
    soon(lambda: is_so() or None, seconds=seconds)
