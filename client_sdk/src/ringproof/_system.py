"""The SDK's edge to the machine: time and randomness come from here and nowhere else.

Everything that needs the time, a wait or a random number takes a `Clock` or a `Random` by argument, so that
`ringproof.testing.FakeClock` can stand in for hours of waiting.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeAlias, TypeVar

Item = TypeVar("Item")

Mailbox: TypeAlias = "queue.SimpleQueue[Item]"
"""Where other threads leave what the verifying thread shall look at."""


class Clock(Protocol):
    """Time and waiting. All lengths are seconds."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never jumps."""
        ...

    def wall(self) -> float:
        """Seconds since 1970-01-01 UTC, as call logs and tokens count."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait on the calling thread."""
        ...

    def receive(self, mailbox: Mailbox[Item], seconds: float) -> Item | None:
        """The next thing in the mailbox, or None when nothing came for so long."""
        ...

    def later(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        """Call once, after a while, on another thread; the answer takes the order back."""
        ...

    def spawn(self, call: Callable[[], None]) -> None:
        """Run something beside the caller; nobody waits for it."""
        ...


class Random(Protocol):
    """Randomness fit for secrets."""

    def token(self, size: int) -> bytes:
        """That many random bytes."""
        ...

    def uniform(self) -> float:
        """A number from 0 up to, not including, 1."""
        ...


# Python's monotonic clock stands still while a phone sleeps, the server's deadlines do not.
_BOOT_TIME: int | None = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """The machine's clock; waits on real threads, which never keep a program from ending."""

    def monotonic(self) -> float:
        if _BOOT_TIME is not None:
            return time.clock_gettime(_BOOT_TIME)
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))

    def receive(self, mailbox: Mailbox[Item], seconds: float) -> Item | None:
        try:
            return mailbox.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None

    def later(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        taken_back = threading.Event()

        def wait() -> None:
            if not taken_back.wait(max(0.0, seconds)):
                call()

        # No Timer, which has a `run` of its own: on Android the bridge to Java lets go of a thread that has
        # used it behind `Thread.run` only.
        threading.Thread(target=wait, name="ringproof-later", daemon=True).start()
        return taken_back.set

    def spawn(self, call: Callable[[], None]) -> None:
        threading.Thread(target=call, name="ringproof", daemon=True).start()


class SystemRandom:
    """The operating system's generator; `secrets` reads the same one at the price of a slower import."""

    def token(self, size: int) -> bytes:
        return os.urandom(size)

    def uniform(self) -> float:
        return int.from_bytes(os.urandom(7), "big") / float(1 << 56)
