"""The phone's own time."""

from __future__ import annotations

from ringproof._system import SystemClock
from ringproof.android._bridge import classes


class PhoneClock(SystemClock):
    """Monotonic is `android.os.SystemClock.elapsedRealtime`, which counts on while the phone sleeps."""

    def monotonic(self) -> float:
        return int(classes.SystemClock.elapsedRealtime()) / 1000
