"""The app's edge to the machine: the time, and work beside the screen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Time in seconds, and threads. `ringproof.testing.FakeClock` is one without either."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never jumps, goes on while a phone sleeps."""
        ...

    def later(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        """Call once, after a while, on another thread; the answer takes the order back."""
        ...

    def spawn(self, call: Callable[[], None]) -> None:
        """Run something beside the caller; nobody waits for it."""
        ...


_BOOT_TIME: int | None = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """The machine's clock; its threads never keep the app from ending."""

    def monotonic(self) -> float:
        return time.monotonic() if _BOOT_TIME is None else time.clock_gettime(_BOOT_TIME)

    def later(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        timer = threading.Timer(max(0.0, seconds), call)
        timer.daemon = True
        timer.start()
        return timer.cancel

    def spawn(self, call: Callable[[], None]) -> None:
        threading.Thread(target=call, name="ringproof-demo", daemon=True).start()
