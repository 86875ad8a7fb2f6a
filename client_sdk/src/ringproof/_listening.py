"""The sources of one verification: asked for permission, started in time, stopped for certain."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ringproof._calls import (
    CallEvent,
    CallSource,
    CallSources,
    CodeAsker,
    CodeRequest,
    CodeSource,
    ExpectedCall,
    Ready,
    SeenCall,
    TypedCode,
    Way,
)
from ringproof._match import tells_apart
from ringproof._models import FlashCall
from ringproof._sources import AskedCodes
from ringproof._system import Clock

HISTORY_AFTER = (0.3, 1.0, 3.0)
"""Seconds after a call's end at which the phone's log is read: its row is written asynchronously."""


@dataclass(frozen=True)
class Prepared:
    """A source's permission dialogs are over."""

    source: int
    ready: Ready


@dataclass(frozen=True)
class Heard:
    """A source heard something."""

    source: int
    event: CallEvent


@dataclass(frozen=True)
class Awake:
    """The app is back after a pause, in which it may have missed something."""


Message: TypeAlias = "Prepared | Heard | Awake | TypedCode"


class Listening:
    """Call sources and the code source as one thing; `post` takes what they say, on any thread."""

    def __init__(
        self, calls: Sequence[CallSource], codes: CodeSource | None, post: Callable[[Message], None]
    ) -> None:
        self._calls = tuple(calls)
        self._codes = codes
        self._post = post
        self._waiting = set(range(len(self._calls)))
        self._usable: set[int] = set()
        self._missing: dict[int, tuple[str, ...]] = {}
        self._started: set[int] = set()
        self._listening = False
        self._log_reads: list[float] = []

    @property
    def waiting(self) -> bool:
        """Whether a source's permission dialogs are still open."""
        return bool(self._waiting)

    @property
    def takes_codes(self) -> bool:
        """Whether anybody can enter a code."""
        return self._codes is not None

    def hears(self, flash: FlashCall | None) -> bool:
        """Whether this call would be noticed without the person's help; None: any call."""
        if flash is not None and not tells_apart(flash.caller_id_pattern):
            return False
        return any(self._calls[index].capabilities().zero_touch for index in self._started)

    def ways(self) -> tuple[Way, ...]:
        """In which ways a call can be noticed on this phone, and why not in others; each name once."""
        found: dict[str, Way] = {}
        for index in range(len(self._calls)):
            for way in self._ways_of(index):
                if way.name not in found or (way.taken and not found[way.name].taken):
                    found[way.name] = way
        return tuple(found.values())

    def _ways_of(self, index: int) -> Sequence[Way]:
        source = self._calls[index]
        own: Callable[[], Sequence[Way]] | None = getattr(source, "ways", None)
        if own is not None:
            return own()
        if index in self._usable:
            return (Way(source.name, taken=True, reason="listens"),)
        missing = self._missing.get(index)
        reason = "is still being asked for permission" if missing is None else f"lacks {', '.join(missing)}"
        return (Way(source.name, taken=False, reason=reason),)

    def capabilities(self) -> dict[str, object]:
        """What the server is told about this phone: what the sources that may be used can do."""
        usable = [self._calls[index].capabilities() for index in sorted(self._usable)]
        told: dict[str, object] = {
            "caller_id": any(each.number_live or each.history for each in usable),
            "ring_time": any(each.ring_time for each in usable),
        }
        app_hash = getattr(self._codes, "app_hash", None)
        return {**told, "sms_app_hash": app_hash} if app_hash else told

    def measures(self, source: int) -> bool:
        """Whether the end of a call that this source heard may bring its ring time."""
        return self._calls[source].capabilities().ring_time

    def prepare(self) -> None:
        """Open the permission dialogs; the answers come as messages."""
        for index, source in enumerate(self._calls):
            source.prepare(lambda ready, index=index: self._post(Prepared(index, ready)))  # type: ignore[misc]

    def prepared(self, message: Prepared) -> None:
        """A dialog is over; a source that comes late starts late."""
        self._waiting.discard(message.source)
        self._missing[message.source] = message.ready.missing
        if message.ready.usable:
            self._usable.add(message.source)
            if self._listening:
                self._start_source(message.source)

    def start(self) -> None:
        """Listen, from before the request until `stop`."""
        self._listening = True
        for index in sorted(self._usable):
            self._start_source(index)
        if self._codes is not None:
            self._codes.start(self._post)

    def _start_source(self, index: int) -> None:
        if index not in self._started:
            self._started.add(index)
            when_awake = getattr(self._calls[index], "when_awake", None)
            if when_awake is not None:
                when_awake(lambda: self._post(Awake()))
            self._calls[index].start(lambda event: self._post(Heard(index, event)))

    def expect(self, call: ExpectedCall) -> None:
        """Tell the sources that ask people."""
        for index in sorted(self._started):
            expect = getattr(self._calls[index], "expect", None)
            if expect is not None:
                expect(call)

    def expect_nothing(self) -> None:
        """Tell them that no call is announced any more; one may still come late."""
        for index in sorted(self._started):
            expect_nothing = getattr(self._calls[index], "expect_nothing", None)
            if expect_nothing is not None:
                expect_nothing()

    def ask(self, request: CodeRequest) -> None:
        """Have the person asked for a code."""
        if self._codes is not None:
            self._codes.ask(request)

    def read_log_after(self, now: float, seconds: Sequence[float] = HISTORY_AFTER) -> None:
        """Plan readings of the phones' logs."""
        if any(self._calls[index].capabilities().history for index in self._started):
            self._log_reads = sorted([*self._log_reads, *(now + after for after in seconds)])[:50]

    @property
    def log_due(self) -> float | None:
        """When the next reading is planned."""
        return self._log_reads[0] if self._log_reads else None

    def log(self, now: float, since_wall_ms: int) -> list[tuple[int, Sequence[SeenCall]]]:
        """What the logs hold, with the number of each source."""
        self._log_reads = [time for time in self._log_reads if time > now]
        return [
            (index, self._calls[index].history(since_wall_ms))
            for index in sorted(self._started)
            if self._calls[index].capabilities().history
        ]

    def stop(self) -> None:
        """Stop everything. A source that fails to stop must not take the result away."""
        self._listening = False
        for index in sorted(self._started):
            with contextlib.suppress(Exception):
                self._calls[index].stop()
        if self._codes is not None:
            with contextlib.suppress(Exception):
                self._codes.stop()


def sources_of(calls: CallSources) -> tuple[CallSource, ...]:
    """One source, several or none."""
    if calls is None:
        return ()
    return tuple(calls) if isinstance(calls, Sequence) else (calls,)


def code_source_of(codes: CodeAsker, clock: Clock) -> CodeSource | None:
    """A function that asks becomes a source that runs it beside the flow."""
    if codes is None or not callable(codes):
        return codes
    return AskedCodes(codes, clock=clock)
