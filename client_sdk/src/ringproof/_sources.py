"""Sources without a phone: digits and codes that a person types, and calls that follow a script."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ringproof._calls import (
    CallEvent,
    Capabilities,
    CodeOrigin,
    CodeRequest,
    CodeSink,
    ExpectedCall,
    Ready,
    SeenCall,
    Sink,
    TypedCode,
    Way,
)
from ringproof._match import ascii_digits
from ringproof._ring import PhoneState, RingTracker, StateBroadcast
from ringproof._system import Clock, SystemClock


class ManualCallSource:
    """The person types the last digits of the number that called.

    With `ask`, that is called for each expected call, on a thread of its own, and may take its time; its
    answer is what was typed, or None for *I cannot say*. Without it a screen calls `enter` whenever digits
    were typed.
    """

    name = "manual"

    def __init__(
        self, ask: Callable[[ExpectedCall], str | None] | None = None, *, clock: Clock | None = None
    ) -> None:
        self._ask = ask
        self._clock: Clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._sink: Sink | None = None
        self._expected: ExpectedCall | None = None
        self._typed = 0

    @property
    def expected(self) -> ExpectedCall | None:
        """What to ask the person for now; None when no call is expected."""
        return self._expected

    def capabilities(self) -> Capabilities:
        return Capabilities(number_live=False, ring_time=False, history=False, zero_touch=False)

    def ways(self) -> Sequence[Way]:
        return (Way("typed_digits", taken=True, reason="the person reads the number off the screen"),)

    def prepare(self, done: Callable[[Ready], None]) -> None:
        done(Ready(usable=True))

    def start(self, sink: Sink) -> None:
        with self._lock:
            self._sink = self._sink or sink

    def expect(self, call: ExpectedCall) -> None:
        """A call was announced, or the last digits were wrong: ask the person."""
        self._expected = call
        ask = self._ask
        if ask is None:
            return

        def answer() -> None:
            typed = ask(call)
            if typed is not None and self._expected is call and not self.enter(typed):
                self.expect(call)

        self._clock.spawn(answer)

    def expect_nothing(self) -> None:
        """The server has gone on: there is nothing to ask for, and an answer to an older question is late."""
        self._expected = None

    def enter(self, digits: str) -> bool:
        """What the person typed; False (and nothing happens) when it has too few digits."""
        number = digits.strip()
        expected = self._expected
        if len(ascii_digits(number)) < (expected.digits if expected else 1):
            return False
        with self._lock:
            sink = self._sink
            self._typed += 1
            call = self._typed
        if sink is not None:
            sink(
                CallEvent(
                    kind="ended",
                    call=call,
                    number=number,
                    withheld=False,
                    ring_ms=None,
                    basis="manual",
                    quality="late",
                    answered=None,
                    mono_ms=round(self._clock.monotonic() * 1000),
                    wall_ms=round(self._clock.wall() * 1000),
                )
            )
        return True

    def history(self, since_wall_ms: int) -> Sequence[SeenCall]:  # noqa: ARG002 - people have no log
        return ()

    def stop(self) -> None:
        with self._lock:
            self._sink = None
            self._expected = None


class TypedCodes:
    """A code field on a screen: `request` says what to show, `enter` takes what was typed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sink: CodeSink | None = None
        self._request: CodeRequest | None = None

    @property
    def request(self) -> CodeRequest | None:
        """What to ask the person for now; None when no code is wanted."""
        return self._request

    def start(self, sink: CodeSink) -> None:
        with self._lock:
            self._sink = sink

    def ask(self, request: CodeRequest) -> None:
        self._request = request

    def enter(self, code: str | None, source: CodeOrigin = "manual") -> None:
        """A code, typed or read from a message; None: the person gives up."""
        with self._lock:
            sink = self._sink
        if sink is not None:
            sink(TypedCode(code, source))

    def stop(self) -> None:
        with self._lock:
            self._sink = None
            self._request = None


class AskedCodes:
    """Asks for codes through a function that may block, on a thread of its own."""

    def __init__(self, ask: Callable[[CodeRequest], str | None], *, clock: Clock | None = None) -> None:
        self._ask = ask
        self._clock: Clock = clock or SystemClock()
        self._sink: CodeSink | None = None

    def start(self, sink: CodeSink) -> None:
        self._sink = sink

    def ask(self, request: CodeRequest) -> None:
        def answer() -> None:
            code = self._ask(request)
            sink = self._sink
            if sink is not None:
                sink(TypedCode(code))

        self._clock.spawn(answer)

    def stop(self) -> None:
        self._sink = None


@dataclass(frozen=True)
class Copy:
    """One broadcast copy of a script, so many seconds after the start. `number` as in StateBroadcast."""

    after: float
    state: PhoneState
    number: str | None = field(default=None, repr=False)


Script = tuple[Copy, ...]


def ringing_once(number: str, *, after: float = 2.0, ring: float = 5.0) -> Script:
    """A call as Android announces it: every state twice, once without the number."""
    end = after + ring
    return (
        Copy(after, "RINGING"),
        Copy(after + 0.01, "RINGING", number),
        Copy(end, "IDLE"),
        Copy(end + 0.01, "IDLE", number),
    )


def reordered(number: str, *, after: float = 2.0, ring: float = 5.0) -> Script:
    """The numbered copies overtake the others, and the last RINGING comes after the end."""
    end = after + ring
    return (
        Copy(after, "RINGING"),
        Copy(end, "IDLE", number),
        Copy(end + 0.01, "RINGING", number),
        Copy(end + 0.02, "IDLE"),
    )


def doubled(number: str, *, after: float = 2.0, ring: float = 5.0) -> Script:
    """Every copy comes twice, as on some phones with two SIMs."""
    return tuple(copy for copy in ringing_once(number, after=after, ring=ring) for _ in range(2))


def withheld(*, after: float = 2.0, ring: float = 5.0) -> Script:
    """The network keeps the number back: the extra is there and empty."""
    return ringing_once("", after=after, ring=ring)


def burst(number: str, *, after: float = 2.0) -> Script:
    """The app was frozen, and everything comes at once: no ring time can be known."""
    return (
        Copy(after, "RINGING"),
        Copy(after, "RINGING", number),
        Copy(after + 0.005, "IDLE"),
        Copy(after + 0.005, "IDLE", number),
    )


def answered(number: str, *, after: float = 2.0, ring: float = 5.0, talk: float = 3.0) -> Script:
    """The person picks up."""
    begin, end = after + ring, after + ring + talk
    return (
        Copy(after, "RINGING"),
        Copy(after, "RINGING", number),
        Copy(begin, "OFFHOOK", number),
        Copy(begin, "OFFHOOK"),
        Copy(end, "IDLE"),
        Copy(end, "IDLE", number),
    )


def without_number(*, after: float = 2.0, ring: float = 5.0) -> Script:
    """READ_CALL_LOG was refused: no copy ever has the extra."""
    return (Copy(after, "RINGING"), Copy(after + ring, "IDLE"))


class ScriptedCallSource:
    """A phone that follows a script: for tests, demos and the app store's reviewer.

    The script is broadcast copies, so everything between Android and the flow is the real thing: a
    RingTracker makes calls of them. Several scripts may be joined with `+`. With `granted=False` the person
    refuses the permissions and nothing is heard. `log` is what `history` finds, each entry from the end of
    its call on; None: this phone keeps none.
    """

    name = "scripted"

    def __init__(
        self,
        script: Sequence[Copy] | Callable[[], Sequence[Copy]] = (),
        *,
        clock: Clock | None = None,
        granted: bool = True,
        log: Sequence[SeenCall] | None = None,
    ) -> None:
        self._script = script
        self._clock: Clock = clock or SystemClock()
        self._granted = granted
        self._log = None if log is None else list(log)
        self._lock = threading.RLock()
        self._sink: Sink | None = None
        self._wake: Callable[[], None] | None = None
        self._pending: list[Callable[[], None]] = []
        self._tracker = RingTracker("simulated")

    def capabilities(self) -> Capabilities:
        return Capabilities(
            number_live=self._granted,
            ring_time=self._granted,
            history=self._granted and self._log is not None,
            needs=("READ_PHONE_STATE", "READ_CALL_LOG"),
        )

    def prepare(self, done: Callable[[Ready], None]) -> None:
        done(Ready(usable=self._granted, missing=() if self._granted else ("READ_CALL_LOG",)))

    def when_awake(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def start(self, sink: Sink) -> None:
        with self._lock:
            if self._sink is not None:
                return
            self._sink = sink
            self._tracker = RingTracker("simulated")
            script = self._script() if callable(self._script) else self._script
            self.play(script)

    def play(self, script: Sequence[Copy]) -> None:
        """Let a script begin now; nothing is heard while the source is stopped or not permitted."""
        for copy in script:
            self._pending.append(self._clock.later(copy.after, lambda copy=copy: self._hear(copy)))  # type: ignore[misc]

    def write(self, row: SeenCall) -> None:
        """Something is written into the phone's log."""
        with self._lock:
            self._log = [*(self._log or ()), row]

    def refuse(self) -> None:
        """The person takes the permissions back, in the phone's settings."""
        self._granted = False

    def come_back(self) -> None:
        """The app is in front again after a pause."""
        if self._sink is not None and self._wake is not None:
            self._wake()

    def _hear(self, copy: Copy) -> None:
        with self._lock:
            sink = self._sink
            if sink is None or not self._granted:
                return
            mono_ms = round(self._clock.monotonic() * 1000)
            wall_ms = round(self._clock.wall() * 1000)
            events = self._tracker.advance(mono_ms, wall_ms)
            events += self._tracker.observe(StateBroadcast(copy.state, copy.number, mono_ms, wall_ms))
            for event in events:
                sink(event)

    def history(self, since_wall_ms: int) -> Sequence[SeenCall]:
        now_ms = self._clock.wall() * 1000
        rows = self._log if self._log is not None and self._granted else ()
        return [row for row in rows if since_wall_ms <= row.wall_ms <= now_ms - (row.ring_ms or 0)]

    def stop(self) -> None:
        with self._lock:
            self._sink = None
            for take_back in self._pending:
                take_back()
            self._pending.clear()
