"""The sources of one verification as one thing: prepared, started, told what is expected, stopped."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TypeAlias

from ringproof._calls import (
    CallSource,
    CallSources,
    CodeAsker,
    CodeRequest,
    CodeSource,
    ExpectedCall,
    SeenCall,
    TypedCode,
    Way,
)
from ringproof._ear import Awake, Ear, Heard, Prepared
from ringproof._match import tells_apart
from ringproof._models import FlashCall
from ringproof._sources import AskedCodes
from ringproof._system import Clock

HISTORY_AFTER = (0.3, 1.0, 3.0)
"""Seconds after a call's end at which the phone's log is read: its row is written asynchronously."""

Message: TypeAlias = "Prepared | Heard | Awake | TypedCode"


class Listening:
    """Call sources and the code source as one thing; `post` takes what they say, on any thread."""

    def __init__(
        self, calls: Sequence[CallSource], codes: CodeSource | None, post: Callable[[Message], None]
    ) -> None:
        self._ears = tuple(Ear(index, source, post) for index, source in enumerate(calls))
        self._codes = codes
        self._post = post
        self._begun = False
        self._log_reads: list[float] = []

    @property
    def waiting(self) -> bool:
        """Whether a source's permission dialogs are still open."""
        return any(ear.waiting for ear in self._ears)

    @property
    def takes_codes(self) -> bool:
        """Whether anybody can enter a code."""
        return self._codes is not None

    def hears(self, flash: FlashCall | None) -> bool:
        """Whether this call would be noticed without the person's help; None: any call."""
        if flash is not None and not tells_apart(flash.caller_id_pattern):
            return False
        return any(ear.listens and ear.capabilities().zero_touch for ear in self._ears)

    def ways(self) -> tuple[Way, ...]:
        """In which ways a call can be noticed on this phone, and why not in others; each name once."""
        found: dict[str, Way] = {}
        for ear in self._ears:
            for way in ear.ways():
                if way.name not in found or (way.taken and not found[way.name].taken):
                    found[way.name] = way
        return tuple(found.values())

    def capabilities(self) -> dict[str, object]:
        """What the server is told about this phone: what the sources that may be used can do."""
        usable = [ear.capabilities() for ear in self._ears if ear.usable]
        told: dict[str, object] = {
            "caller_id": any(each.number_live or each.history for each in usable),
            "ring_time": any(each.ring_time for each in usable),
        }
        app_hash = getattr(self._codes, "app_hash", None)
        return {**told, "sms_app_hash": app_hash} if app_hash else told

    def measures(self, source: int) -> bool:
        """Whether the end of a call that this source heard may bring its ring time."""
        return self._ears[source].capabilities().ring_time

    def prepare(self) -> None:
        """Open the permission dialogs; the answers come as messages."""
        for ear in self._ears:
            ear.prepare()

    def prepared(self, message: Prepared) -> None:
        """A dialog is over; a source that comes late starts late."""
        ear = self._ears[message.source]
        ear.prepared(message.ready)
        if self._begun:
            ear.start()

    def start(self) -> None:
        """Listen, from before the request until `stop`."""
        self._begun = True
        for ear in self._ears:
            ear.start()
        if self._codes is not None:
            self._codes.start(self._post)

    def expect(self, call: ExpectedCall | None) -> None:
        """Tell the sources that ask people; None: no call is announced any more, but one may come late."""
        for ear in self._ears:
            ear.expect(call)

    def ask(self, request: CodeRequest) -> None:
        """Have the person asked for a code."""
        if self._codes is not None:
            self._codes.ask(request)

    def read_log_after(self, now: float, seconds: Sequence[float] = HISTORY_AFTER) -> None:
        """Plan readings of the phones' logs."""
        if any(ear.listens and ear.capabilities().history for ear in self._ears):
            self._log_reads = sorted([*self._log_reads, *(now + after for after in seconds)])[:50]

    @property
    def log_due(self) -> float | None:
        """When the next reading is planned."""
        return self._log_reads[0] if self._log_reads else None

    def log(self, now: float, since_wall_ms: int) -> list[tuple[int, Sequence[SeenCall]]]:
        """What the logs hold, with the number of each source."""
        self._log_reads = [time for time in self._log_reads if time > now]
        return [
            (index, ear.history(since_wall_ms))
            for index, ear in enumerate(self._ears)
            if ear.listens and ear.capabilities().history
        ]

    def stop(self) -> None:
        """Stop everything. A source that fails to stop must not take the result away."""
        self._begun = False
        for ear in self._ears:
            ear.stop()
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
