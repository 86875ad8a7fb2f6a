"""Processes that reserve moments of one key at the same time."""

from __future__ import annotations

import json

from tests.server.carriers.guard.pacer_child import EACH, MOMENTS, THREADS
from tests.support.children import race

PROCESSES = 3


def moments(*arguments: str) -> list[float]:
    """The waits, in their order, of all moments that the processes got; they are begun at once."""
    assert PROCESSES * THREADS * EACH > MOMENTS
    printed = race(PROCESSES, "tests.server.carriers.guard.pacer_child", *arguments)
    return sorted(wait for text in printed for wait in json.loads(text))
