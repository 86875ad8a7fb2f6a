"""Who is calling, from Android's call screening: no permission, and the expected call stays silent.

The app must hold a role that only one app of a phone can have (android.app.role.CALL_SCREENING, Android 10
and later), usually the person's spam filter's. So this is an offer, never the default.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from ringproof._calls import CallEvent, Capabilities, EventKind, ExpectedCall, Quality, Ready, SeenCall, Sink
from ringproof._match import digits_that_fit
from ringproof._models import CallerIdPattern
from ringproof._ring import LONGEST_RING_MS, RingTracker, StateBroadcast
from ringproof._system import Clock, SystemClock
from ringproof.android._telling import tell

ROLE = "ROLE_CALL_SCREENING"
WATCHED_S = 300.0
"""Seconds for which calls are told of: the life of a verification."""
SILENCED_S = 75.0
"""Seconds after the announcement for which the call is silenced: nobody reports a call that came later."""
SAME_MOMENT_MS = 100
"""A broadcast so much older than a screening was about another call: each is screened before it rings."""
LOOKS_S = (3.0, 10.0, 30.0)
"""Seconds after the announcement at which the service is asked what it remembers."""


@dataclass(frozen=True)
class ScreenedCall:
    """One incoming call as Android's screening tells it. `number` None: withheld. Times are milliseconds."""

    sequence: int
    number: str | None = field(repr=False)
    silenced: bool
    mono_ms: int
    wall_ms: int


class Screening(Protocol):
    """The role and the service that has it. Callbacks come on any thread."""

    def available(self) -> bool:
        """Whether this phone has the role to give, and this app the service."""
        ...

    def held(self) -> bool:
        """Whether the app has the role now."""
        ...

    def request(self, done: Callable[[], None]) -> None:
        """Open Android's dialog; `done` when it is over, whatever the answer."""
        ...

    def watch(self, take: Callable[[ScreenedCall], None], seconds: float) -> None:
        """Tell of incoming calls; a watch that went before ends."""
        ...

    def expect(self, digits: str, seconds: float) -> None:
        """Tell only of calls whose digits match this expression, and of withheld ones.

        The matching ones are silenced for so many seconds.
        """
        ...

    def remembered(self) -> Sequence[ScreenedCall]:
        """The last calls since `watch`, told or not."""
        ...

    def stop(self) -> None:
        """Tell of nothing, silence nothing, forget."""
        ...


class StateFeed(Protocol):
    """Copies of the phone-state broadcast, for those who may have them."""

    def start(self, take: Callable[[StateBroadcast], None]) -> None: ...

    def stop(self) -> None: ...


class ScreeningFeed:
    """Hears calls through call screening and silences the expected one.

    A call is told when it is screened, up to a few seconds before it rings. Screening never says when a call
    ends: with `states` (where READ_PHONE_STATE was granted) the end and the ring time come from there;
    without, `ended` follows at once, without a ring time. The role is asked for once in the life of this
    object, and not at all with `ask=False`.

    Only one of these can listen at a time: a later one takes over.
    """

    name = "screening"

    def __init__(
        self,
        screening: Screening,
        *,
        states: StateFeed | None = None,
        ask: bool = True,
        clock: Clock | None = None,
    ) -> None:
        self._screening = screening
        self._states = states
        self._may_ask = ask
        self._clock: Clock = clock or SystemClock()
        self._lock = threading.RLock()
        self._sink: Sink | None = None
        self._run = 0
        self._calls = 0
        self._overlap = False
        self._digits: str | None = None
        self._told: set[int] = set()
        self._tracker = RingTracker("screening")
        self._alarm: Callable[[], None] | None = None
        self._looks: list[Callable[[], None]] = []

    def capabilities(self) -> Capabilities:
        held = self._screening.held()
        measures = held and self._states is not None
        return Capabilities(number_live=held, ring_time=measures, history=False, needs=(ROLE,))

    def prepare(self, done: Callable[[Ready], None]) -> None:
        screening = self._screening

        def ready() -> None:
            held = screening.held()
            done(Ready(usable=held, missing=() if held else (ROLE,)))

        if screening.held() or not self._may_ask or not screening.available():
            ready()
            return
        self._may_ask = False
        screening.request(ready)

    def start(self, sink: Sink) -> None:
        with self._lock:
            if self._sink is not None:
                return
            self._sink = sink
            self._run += 1
            run = self._run
            self._calls = 0
            self._overlap = False
            self._digits = None
            self._told.clear()
            self._tracker = RingTracker("screening")
        self._screening.watch(lambda call: self._screened(run, call), WATCHED_S)
        if self._states is not None:
            self._states.start(lambda copy: self._changed(run, copy))

    def expect(self, call: ExpectedCall) -> None:
        """A call was announced: from now on it is silenced, and other people's calls are not looked at."""
        if self._sink is None:
            return
        self._digits = digits_that_fit(CallerIdPattern(call.prefix, call.length))
        self._screening.expect(self._digits, SILENCED_S)
        self.catch_up()
        with self._lock:
            self._withdraw(self._looks)
            self._looks = [self._clock.later(after, self.catch_up) for after in LOOKS_S]

    def expect_nothing(self) -> None:
        """The server has gone on: a call that comes late is still told, but nobody is silenced any more."""
        if self._sink is not None and self._digits is not None:
            self._screening.expect(self._digits, 0.0)

    def catch_up(self) -> None:
        """Tell the calls that the service remembers and that could not be told when they came.

        For whoever knows that the app is back from a pause.
        """
        with self._lock:
            if self._sink is None:
                return
            for call in self._screening.remembered():
                self._screened(self._run, call, "late")

    def history(self, since_wall_ms: int) -> Sequence[SeenCall]:  # noqa: ARG002 - screening keeps no log
        return ()

    def stop(self) -> None:
        with self._lock:
            running = self._sink is not None
            self._sink = None
            self._run += 1
            self._withdraw(self._looks)
            self._set_alarm(None)
        if running:
            self._screening.stop()
            if self._states is not None:
                self._states.stop()

    def _screened(self, run: int, call: ScreenedCall, quality: Quality = "estimated") -> None:
        with self._lock:
            if run != self._run or call.sequence in self._told:
                return
            self._told.add(call.sequence)
            if self._states is not None:
                due = self._tracker.due_ms
                if due is not None and due - LONGEST_RING_MS < call.mono_ms - SAME_MOMENT_MS:
                    # The phone rang before this call was screened, so for another one; whose end the next
                    # broadcast tells will not be known.
                    self._overlap = True
                # Screening is one more copy of the news that the phone rings, and the one with the number.
                self._follow(StateBroadcast("RINGING", call.number or "", call.mono_ms, call.wall_ms))
                return
            self._calls += 1
            # No end is heard, so nothing about it may be called live.
            self._tell([self._event("ringing", call, quality), self._event("ended", call, quality)])

    def _event(self, kind: EventKind, call: ScreenedCall, quality: Quality) -> CallEvent:
        return CallEvent(
            kind=kind,
            call=self._calls,
            number=call.number,
            withheld=call.number is None,
            ring_ms=None,
            basis="screening",
            quality=quality,
            answered=None,
            mono_ms=call.mono_ms,
            wall_ms=call.wall_ms,
        )

    def _changed(self, run: int, copy: StateBroadcast) -> None:
        with self._lock:
            if run == self._run:
                self._follow(copy)

    def _follow(self, copy: StateBroadcast) -> None:
        self._tell(self._tracker.advance(copy.mono_ms, copy.wall_ms))
        events = self._tracker.observe(copy)
        if self._overlap:
            events = [replace(each, ring_ms=None, quality="estimated") for each in events]
            self._overlap = copy.state == "RINGING"
        self._tell(events)
        self._set_alarm(self._tracker.due_ms)

    def _set_alarm(self, due_ms: int | None) -> None:
        """See to it that a ring whose end gets lost is closed."""
        if self._alarm is not None:
            self._alarm()
            self._alarm = None
        if due_ms is not None and self._sink is not None:
            run = self._run
            # A little later than due, so that rounding never makes it too early.
            wait = due_ms / 1000 - self._clock.monotonic() + 0.01
            self._alarm = self._clock.later(max(0.0, wait), lambda: self._close(run))

    def _close(self, run: int) -> None:
        with self._lock:
            if run == self._run:
                now = round(self._clock.monotonic() * 1000), round(self._clock.wall() * 1000)
                self._tell(self._tracker.advance(*now))

    def _withdraw(self, plans: list[Callable[[], None]]) -> None:
        for take_back in plans:
            take_back()
        plans.clear()

    def _tell(self, events: Sequence[CallEvent]) -> None:
        for event in events:
            if self._sink is not None:
                tell(self._sink, event)
