"""The phone itself as a source of calls."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ringproof._calls import CallEvent, Capabilities, ExpectedCall, Ready, SeenCall, Sink, Way
from ringproof._system import Clock
from ringproof.android._call_log import CallLogReader, Rows
from ringproof.android._permissions import (
    PROCESS_REFUSALS,
    READ_CALL_LOG,
    READ_PHONE_STATE,
    Dialogs,
    Permissions,
    Refusals,
    short,
)
from ringproof.android._phone_state import Listen, PhoneStateCalls, PhoneStateFeed
from ringproof.android._screening import ROLE, Screening, ScreeningFeed
from ringproof.android._ways import Facts, PermissionState, ScreeningState, describe, wanted, ways_of

SAME_CALL_MS = 15_000
"""A row of the log and a ring so close together are one call: Android's filters hold a call up to 5 s."""
HEARD_KEPT = 50


class LiveCalls(Protocol):
    """What tells calls while they ring. It may also have `expect`, as a CallSource may."""

    def start(self, sink: Sink) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True)
class PhoneParts:
    """The phone as the source needs it; by default made of the real one by the bridge to Java."""

    api_level: int
    telephony: bool
    dialogs: Dialogs
    listen: Listen
    rows: Rows
    clock: Clock
    screening: Screening | None = None
    refusals: Refusals = PROCESS_REFUSALS


def this_phone(*, screening: bool = False) -> PhoneParts:
    """The parts of the phone that the app runs on.

    Raises ImportError where there is no phone, RuntimeError when it is the first use of the phone and this is
    not the app's main thread.
    """
    bridge = "ringproof.android._bridge."
    known = {bridge + "call_log", bridge + "screening"} if screening else {bridge + "call_log"}
    if not known <= sys.modules.keys() and threading.current_thread() is not threading.main_thread():
        raise RuntimeError("Build the first source on the main thread: Android finds the app's classes there")
    from ringproof.android._bridge.call_log import rows_since
    from ringproof.android._bridge.clocks import PhoneClock
    from ringproof.android._bridge.device import api_level, has_telephony
    from ringproof.android._bridge.permissions import PhonePermissions
    from ringproof.android._bridge.receivers import phone_state

    screen: Screening | None = None
    if screening:
        from ringproof.android._bridge.screening import PhoneScreening

        screen = PhoneScreening()
    return PhoneParts(
        api_level=api_level(),
        telephony=has_telephony(),
        dialogs=PhonePermissions(),
        listen=phone_state,
        rows=rows_since,
        clock=PhoneClock(),
        screening=screen,
    )


class AndroidCallSource:
    """Hears the calls of the Android phone that the app runs on.

    Build the first one on the app's main thread. `prepare` asks for READ_PHONE_STATE and READ_CALL_LOG, both
    at once and never again after a refusal until the app is started anew; call it (through `verify`) when the
    person has been told why. From the permissions follows what is used: the live number and the ring time,
    the log after the call, or nothing, and then the person types digits, for which a ManualCallSource should
    stand beside this one. `ways()` and `describe()` say which it is and why.

    With `screening=True` the app asks for the call-screening role first, which needs no permission but takes
    the place of the person's spam filter. `phone` replaces the real phone, for tests.

    Events come on a thread of their own, also while the activity is paused; `when_awake` is told when it is
    back, since Android may have held broadcasts until then.
    """

    name = "android"

    def __init__(self, *, screening: bool = False, phone: PhoneParts | None = None) -> None:
        self._phone = phone or this_phone(screening=screening)
        self._permissions = Permissions(self._phone.dialogs, self._phone.refusals, self._phone.clock)
        self._feed = PhoneStateFeed(self._phone.listen, self._phone.clock)
        self._log = CallLogReader(self._phone.rows)
        self._lock = threading.Lock()
        self._live: LiveCalls | None = None
        self._started_ms: int | None = None
        self._sink: Sink | None = None
        self._heard: list[int] = []
        self._silent = False
        self._wake: Callable[[], None] | None = None
        self._leave: Callable[[], None] | None = None

    # What it can

    def capabilities(self) -> Capabilities:
        facts = self._facts()
        screening = (ROLE,) if facts.screening not in {"off", "unavailable"} else ()
        return Capabilities(
            number_live=facts.live,
            ring_time=facts.ring_time,
            history=facts.log,
            needs=(*screening, *short(wanted(facts))),
            zero_touch=facts.live or facts.log,
        )

    def ways(self) -> tuple[Way, ...]:
        """The ladder of ways on this phone now, best first, each with the reason why it is taken or not."""
        return ways_of(self._facts())

    def describe(self) -> str:
        """The ladder as text, for the developer's log; it holds no number."""
        return describe(self.ways())

    @property
    def asks(self) -> tuple[str, ...]:
        """What `prepare` would ask the person for now, in that order; empty when nothing is left to ask.

        With the screening role among them, what follows it may not be needed any more once that is given.
        """
        facts = self._facts()
        role = (ROLE,) if facts.screening == "offered" else ()
        return (*role, *short(self._permissions.open(wanted(facts))))

    @property
    def settings_needed(self) -> tuple[str, ...]:
        """Permissions that were refused for good, so that only the phone's settings can grant them."""
        return short([name for name in wanted(self._facts()) if self._permissions.blocked(name)])

    def open_settings(self) -> bool:
        """Show the app's page in the phone's settings, when the person wants that; False: there is none."""
        return self._permissions.open_settings()

    # Asking

    def prepare(self, done: Callable[[Ready], None]) -> None:
        def ready() -> None:
            facts = self._facts()
            usable = facts.live or facts.log
            lacking = [name for name in wanted(facts) if not self._permissions.held(name)]
            missing = short(lacking)
            if not usable and not missing:
                missing = ("telephony",) if not facts.telephony else ("READ_CALL_LOG",)
            done(Ready(usable=usable, missing=missing))

        def permissions() -> None:
            self._permissions.request(wanted(self._facts()), ready)

        screening = self._phone.screening
        if screening is None or self._facts().screening != "offered":
            permissions()
            return

        def role_answered() -> None:
            if not screening.held():
                self._phone.refusals.add([ROLE])
            permissions()

        screening.request(role_answered)

    def _facts(self) -> Facts:
        declared = self._permissions.declared()
        return Facts(
            api_level=self._phone.api_level,
            telephony=self._phone.telephony,
            phone_state=self._permission(READ_PHONE_STATE, declared),
            call_log=self._permission(READ_CALL_LOG, declared),
            screening=self._screening_state(),
            silent=self._silent,
        )

    def _permission(self, name: str, declared: frozenset[str]) -> PermissionState:
        if self._permissions.held(name):
            return "held"
        if name not in declared:
            return "undeclared"
        if self._permissions.blocked(name):
            return "blocked"
        return "refused" if self._permissions.refused(name) else "open"

    def _screening_state(self) -> ScreeningState:
        screening = self._phone.screening
        if screening is None:
            return "off"
        if screening.held():
            return "held"
        if not screening.available():
            return "unavailable"
        return "refused" if ROLE in self._phone.refusals else "offered"

    # Listening

    def when_awake(self, wake: Callable[[], None]) -> None:
        """Call this whenever the app is in front again, from `start` to `stop`."""
        self._wake = wake

    def start(self, sink: Sink) -> None:
        facts = self._facts()
        with self._lock:
            if self._started_ms is not None:
                return
            self._started_ms = round(self._phone.clock.wall() * 1000)
            self._sink = sink
            self._heard.clear()
            self._silent = False
            self._leave = self._phone.dialogs.on_resumed(self._resumed)
            live = self._live = self._live_calls(facts)
        if live is not None:
            live.start(self._tell)

    def _live_calls(self, facts: Facts) -> LiveCalls | None:
        clock, screening = self._phone.clock, self._phone.screening
        if screening is not None and facts.number_by_screening:
            states = self._feed if facts.phone_state == "held" else None
            return ScreeningFeed(screening, states=states, ask=False, clock=clock)
        return PhoneStateCalls(self._feed, clock) if facts.number_by_state else None

    def expect(self, call: ExpectedCall) -> None:
        """A call was announced: screening, where it is used, silences it."""
        live = self._live
        if isinstance(live, ScreeningFeed):
            live.expect(call)

    def expect_nothing(self) -> None:
        """The server has gone on: screening silences nobody any more."""
        live = self._live
        if isinstance(live, ScreeningFeed):
            live.expect_nothing()

    def history(self, since_wall_ms: int) -> Sequence[SeenCall]:
        logged = self._log.calls(since_wall_ms)
        self._notice_silence(logged)
        return logged

    def stop(self) -> None:
        with self._lock:
            self._started_ms = self._sink = None
            live, self._live = self._live, None
            leave, self._leave = self._leave, None
        if leave is not None:
            leave()
        if live is not None:
            live.stop()

    def _tell(self, event: CallEvent) -> None:
        with self._lock:
            sink = self._sink
            self._heard = [*self._heard[-HEARD_KEPT:], event.wall_ms]
        if sink is not None:
            sink(event)

    def _resumed(self) -> None:
        live = self._live
        if isinstance(live, ScreeningFeed):
            live.catch_up()
        wake = self._wake
        if wake is not None and self._started_ms is not None:
            wake()

    def _notice_silence(self, logged: Sequence[SeenCall]) -> None:
        """A call is in the log, and nothing was heard of it: the phone's maker holds broadcasts back."""
        with self._lock:
            if self._started_ms is None or self._live is None:
                return
            for call in logged:
                # A call that a filter blocked has neither rung nor been announced.
                rang = call.answered or call.ring_ms is not None
                near = any(abs(heard - call.wall_ms) <= SAME_CALL_MS for heard in self._heard)
                if rang and call.wall_ms >= self._started_ms and not near:
                    self._silent = True
