"""Many calls at the same moment, each in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from ringproof_server.domain.errors import RingproofError

T = TypeVar("T")


def at_once(count: int, act: Callable[[int], T]) -> list[T | RingproofError]:
    """What `act` answers, or which refusal it raises, for each of so many indices."""
    barrier = Barrier(count)

    def run(index: int) -> T | RingproofError:
        barrier.wait(30)
        try:
            return act(index)
        except RingproofError as refusal:
            return refusal

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
