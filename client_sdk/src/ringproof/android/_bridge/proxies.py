"""Where objects of Python that Java calls can be made.

The bridge looks an interface up by the thread it is on. A thread that Python began knows Android's own
classes and none of the app's, neither those of the build nor those of its libraries, so an object that
implements one of these cannot be made there. The thread that imported this module knows them all, and so does
Android's main one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from android.runnable import Runnable

Made = TypeVar("Made")

LONGEST_S = 10.0
"""Android ends an app whose main thread is busy for five."""

_home = threading.get_ident()
_first = Runnable(lambda: None)
"""Made here and never run. It finds the bridge's own Java class, which other threads could not do when they
make the one that brings them to the main thread."""


def made(make: Callable[[], Made]) -> Made:
    """What `make` returns, called on a thread that knows the app's classes; waits for it.

    Raises what `make` raises, and TimeoutError when Android's main thread is stuck.
    """
    if threading.get_ident() == _home:
        return make()
    results: list[Made] = []
    faults: list[BaseException] = []
    over = threading.Event()

    def run() -> None:
        try:
            results.append(make())
        except BaseException as fault:  # noqa: BLE001 - it belongs to the thread that waits
            faults.append(fault)
        finally:
            over.set()

    Runnable(run)()
    if not over.wait(LONGEST_S):
        raise TimeoutError("Android's main thread did nothing for a long time")
    if faults:
        raise faults[0]
    return results[0]
