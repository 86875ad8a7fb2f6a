"""The phone's side of a flash call: what a source of calls is, and what it tells.

A source hears the phone ring. It knows nothing of servers and verifications, opens no connection and decides
nothing; it calls its sink, on whichever thread it likes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

EventKind: TypeAlias = Literal["ringing", "ended", "number_late"]
Basis: TypeAlias = Literal["phone_state", "call_log", "screening", "sip", "simulated", "manual"]
Quality: TypeAlias = Literal["live", "burst", "estimated", "late"]


@dataclass(frozen=True)
class Capabilities:
    """What a source can do on this phone.

    `number_live`: tells the number while it rings; `ring_time`: measures the ring; `history`: finds calls it
    missed; `needs`: permissions it asks for; `zero_touch`: the person has nothing to do.
    """

    number_live: bool
    ring_time: bool
    history: bool
    needs: tuple[str, ...] = ()
    zero_touch: bool = True


@dataclass(frozen=True)
class Ready:
    """The outcome of asking for permissions: usable or not, and what was refused."""

    usable: bool
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Way:
    """One way in which a call can be noticed here: whether it is taken, and why, or why not.

    `name` is a short word: screening, phone_state, call_log, typed_digits, sip, simulated. `reason` is for
    the developer, in English; `note` is what was noticed while the way was used.
    """

    name: str
    taken: bool
    reason: str
    note: str = ""


@dataclass(frozen=True)
class CallEvent:
    """One thing that happened to one incoming call.

    `call` numbers the calls of one source since its start; events of one call share it. `number` is as the
    network wrote it, None when not known (yet). `withheld` means the network said that it keeps the number
    back. `ring_ms` is given at the end, and only when it was measured or estimated. `answered` is None when
    it cannot be told. `mono_ms` and `wall_ms` are the source's own clocks. A `number_late` brings the number
    of a call after its `ringing`, perhaps after its end.
    """

    kind: EventKind
    call: int
    number: str | None = field(repr=False)
    withheld: bool
    ring_ms: int | None
    basis: Basis
    quality: Quality
    answered: bool | None
    mono_ms: int
    wall_ms: int


@dataclass(frozen=True)
class SeenCall:
    """A call found in the phone's own log, afterwards. `wall_ms` is when it began to ring."""

    row: str
    number: str | None = field(repr=False)
    withheld: bool
    wall_ms: int
    ring_ms: int | None = None
    answered: bool | None = None
    basis: Basis = "call_log"
    quality: Quality = "estimated"


@dataclass(frozen=True)
class ExpectedCall:
    """What a person should know who types digits: how the number begins, how many last digits; which call.

    `length` counts all characters of the number's E.164 form with its `+`; None: it varies or is not known.
    """

    prefix: str
    digits: int
    call: int = 1
    calls: int = 1
    wrong: bool = False
    length: int | None = None


Sink: TypeAlias = Callable[[CallEvent], None]


class CallSource(Protocol):
    """Hears the phone ring.

    A source may also have these methods. `expect(call: ExpectedCall)` is told when the server has announced a
    call, which is when a person can be asked for digits; `expect_nothing()` when it has gone on to something
    else. `when_awake(wake: Callable[[], None])` is told
    before `start` what to call, on any thread, whenever the app is in front again after a pause, from
    `start` to `stop`: then the phone's log is read and the server looked at. `ways()` gives the Ways of this
    phone, the best first; otherwise the source is one way by itself. `ringproof.testing` has the test suites
    that every source passes.
    """

    @property
    def name(self) -> str:
        """A short word for logs and screens: android, simulated, sip, manual."""
        ...

    def capabilities(self) -> Capabilities:
        """What it can do here and now; may change after `prepare`."""
        ...

    def prepare(self, done: Callable[[Ready], None]) -> None:
        """Ask for permissions; `done` is called exactly once, at once or later, on any thread."""
        ...

    def start(self, sink: Sink) -> None:
        """Listen. Called before the call is ordered. A second start without a stop changes nothing."""
        ...

    def history(self, since_wall_ms: int) -> Sequence[SeenCall]:
        """Calls of the phone's log that began at or after a moment; empty when it cannot know."""
        ...

    def stop(self) -> None:
        """Stop listening; harmless when not started. `start` works again afterwards."""
        ...


@dataclass(frozen=True)
class CodeRequest:
    """What a person should know who is asked for a code. `wait` is seconds until a code can be checked."""

    channel: str
    length: int | None = None
    wrong: bool = False
    checks_left: int | None = None
    wait: float = 0.0


CodeOrigin: TypeAlias = Literal["retriever", "webotp", "manual"]


@dataclass(frozen=True)
class TypedCode:
    """A code and how it came. None as code: the person has given up."""

    code: str | None = field(repr=False)
    source: CodeOrigin = "manual"


CodeSink: TypeAlias = Callable[[TypedCode], None]


class CodeSource(Protocol):
    """Brings codes: from a field on the screen, or from the message itself where a phone allows that.

    A source that reads messages by SMS Retriever also has `app_hash`, the 11 characters by which Android
    knows the app's messages: the server is told, and ends its messages with them.
    """

    def start(self, sink: CodeSink) -> None:
        """Listen for messages. Called before anything is sent; nothing need be shown yet."""
        ...

    def ask(self, request: CodeRequest) -> None:
        """A code is on its way, or the last one was wrong: show the field. Must return at once."""
        ...

    def stop(self) -> None:
        """No code is wanted any more; harmless when not started."""
        ...


CallSources: TypeAlias = "CallSource | Sequence[CallSource] | None"
CodeAsker: TypeAlias = "CodeSource | Callable[[CodeRequest], str | None] | None"
"""What an app may give: a source, or a function that asks and may block."""
