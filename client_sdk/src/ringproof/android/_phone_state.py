"""The phone's state as the system broadcasts it, and the calls that can be read from it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, cast

from ringproof._calls import CallEvent, Sink
from ringproof._ring import PhoneState, RingTracker, StateBroadcast
from ringproof._system import Clock
from ringproof.android._telling import tell

STATES = frozenset({"RINGING", "OFFHOOK", "IDLE"})
LONGEST_NUMBER = 64


class Broadcasts(Protocol):
    """A receiver that can be started and stopped again and again."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


Listen = Callable[[Callable[[str, "str | None"], None]], Broadcasts]
"""Makes a receiver of a function that takes a state and a number, on a thread of its own."""


class PhoneStateFeed:
    """Every copy of the phone-state broadcast, with its moment. Needs READ_PHONE_STATE, or is silent."""

    def __init__(self, listen: Listen, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._take: Callable[[StateBroadcast], None] | None = None
        self._receiver = listen(self._hear)

    def start(self, take: Callable[[StateBroadcast], None]) -> None:
        """Hand over copies from now on; a second start changes nothing."""
        with self._lock:
            if self._take is not None:
                return
            self._take = take
            try:
                self._receiver.start()
            except BaseException:
                self._take = None
                raise

    def stop(self) -> None:
        """Hand over nothing more; harmless when not started."""
        with self._lock:
            if self._take is None:
                return
            self._take = None
            self._receiver.stop()

    def _hear(self, state: str, number: str | None) -> None:
        mono_ms, wall_ms = round(self._clock.monotonic() * 1000), round(self._clock.wall() * 1000)
        take = self._take
        if take is None or state not in STATES:
            return
        # An overlong text is no number, and cut off it still is none.
        number = None if number is None else number[: LONGEST_NUMBER + 1]
        take(StateBroadcast(cast("PhoneState", state), number, mono_ms, wall_ms))


class PhoneStateCalls:
    """Calls from the copies of a feed: one `ringing` and one `ended` each, whatever the order.

    A sink that fails loses its event and nothing else.
    """

    def __init__(self, feed: PhoneStateFeed, clock: Clock) -> None:
        self._feed = feed
        self._clock = clock
        self._lock = threading.RLock()
        self._tracker = RingTracker("phone_state")
        self._sink: Sink | None = None
        self._alarm_at: int | None = None
        self._take_back: Callable[[], None] | None = None

    def start(self, sink: Sink) -> None:
        """Tell the calls from now on, counted from 1; a second start changes nothing."""
        with self._lock:
            if self._sink is not None:
                return
            self._sink = sink
            self._tracker = RingTracker("phone_state")
        self._feed.start(self._observe)

    def stop(self) -> None:
        """Tell nothing more; harmless when not started."""
        with self._lock:
            self._sink = None
            self._set_alarm(None)
        self._feed.stop()

    def _observe(self, copy: StateBroadcast) -> None:
        with self._lock:
            self._tell(self._tracker.advance(copy.mono_ms, copy.wall_ms))
            self._tell(self._tracker.observe(copy))
            self._set_alarm(self._tracker.due_ms)

    def _ring(self) -> None:
        """A ring may have lost its end."""
        with self._lock:
            self._alarm_at = self._take_back = None
            mono_ms = round(self._clock.monotonic() * 1000)
            self._tell(self._tracker.advance(mono_ms, round(self._clock.wall() * 1000)))
            self._set_alarm(self._tracker.due_ms)

    def _set_alarm(self, at_ms: int | None) -> None:
        if self._sink is None:
            at_ms = None
        if at_ms == self._alarm_at:
            return
        if self._take_back is not None:
            self._take_back()
        self._alarm_at, self._take_back = at_ms, None
        if at_ms is not None:
            # A little later than due, so that rounding never makes it too early.
            wait = at_ms / 1000 - self._clock.monotonic() + 0.01
            self._take_back = self._clock.later(max(0.0, wait), self._ring)

    def _tell(self, events: list[CallEvent]) -> None:
        for event in events:
            sink = self._sink
            if sink is None:
                return
            tell(sink, event)
