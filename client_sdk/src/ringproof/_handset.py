"""Hears a virtual handset of a demo server, for fictitious numbers only.

`GET /handset/{number}/events?after=N` tells what that phone has seen. The handset is not part of the proof:
it stands where a real phone would.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ringproof._calls import (
    CallEvent,
    Capabilities,
    CodeRequest,
    CodeSink,
    EventKind,
    Ready,
    SeenCall,
    Sink,
    TypedCode,
)
from ringproof._errors import RingproofError
from ringproof._match import is_withheld
from ringproof._retry import read_json
from ringproof._system import Clock, SystemClock
from ringproof._transport import Request, Transport, UrllibTransport

LAST = 2**31
"""Behind the last event of every handset."""


class _Handset:
    """Follows the events of one virtual phone from the moment it is opened."""

    def __init__(self, server: str, number: str, transport: Transport | None, clock: Clock | None) -> None:
        from urllib.parse import quote

        self.clock: Clock = clock or SystemClock()
        self._transport = transport or UrllibTransport(clock=self.clock)
        self._url = f"{server.rstrip('/')}/handset/{quote(number, safe='')}/events"
        self._after: int | None = None

    def open(self) -> None:
        """Skip what the phone has seen before."""
        self._after = None
        self.fresh()

    def fresh(self) -> list[Mapping[str, Any]]:
        """Events since the last look; an unreachable server counts as a quiet phone."""
        events = self._read(self._after or 0)
        if events is None:
            return []
        first_look = self._after is None
        seen = [event["seq"] for event in events if isinstance(event.get("seq"), int)]
        self._after = max([self._after or 0, *seen])
        return [] if first_look else events

    def exists(self) -> bool:
        """Whether the server answers for this number's handset now."""
        return self._read(LAST) is not None

    def _read(self, after: int) -> list[Mapping[str, Any]] | None:
        try:
            answer = self._transport.send(Request("GET", f"{self._url}?after={after}", timeout=5.0))
        except RingproofError:
            return None
        body = read_json(answer) if answer.status == 200 else None
        events = body.get("events") if body else None
        return [event for event in events if isinstance(event, dict)] if isinstance(events, list) else None


class _Poller:
    """Looks again and again while somebody listens; every start is a new run that older looks do not join."""

    def __init__(self, handset: _Handset, every: float, take: Callable[[Mapping[str, Any]], None]) -> None:
        self._handset = handset
        self._every = every
        self._take = take
        self._lock = threading.Lock()
        self._run = 0
        self._active = False

    def start(self) -> bool:
        """Begin; False when it was already running."""
        with self._lock:
            if self._active:
                return False
            self._active = True
            self._run += 1
            run = self._run
        self._handset.open()
        self._handset.clock.later(self._every, lambda: self._look(run))
        return True

    def stop(self) -> None:
        with self._lock:
            self._active = False

    def _current(self, run: int) -> bool:
        with self._lock:
            return self._active and self._run == run

    def _look(self, run: int) -> None:
        if not self._current(run):
            return
        for event in self._handset.fresh():
            if self._current(run):
                self._take(event)
        if self._current(run):
            self._handset.clock.later(self._every, lambda: self._look(run))


class SimulatedCallSource:
    """Hears calls to a fictitious number on a demo server.

    `server_url` is the server's address, `number` the E.164 number to listen at; `every` seconds lie between
    two looks.
    """

    name = "simulated"

    def __init__(
        self,
        server_url: str,
        number: str,
        *,
        transport: Transport | None = None,
        clock: Clock | None = None,
        every: float = 0.25,
    ) -> None:
        self._handset = _Handset(server_url, number, transport, clock)
        self._poller = _Poller(self._handset, every, self._tell)
        self._sink: Sink | None = None
        self._calls: dict[str, int] = {}

    def capabilities(self) -> Capabilities:
        return Capabilities(number_live=True, ring_time=True, history=False, needs=("handset",))

    def prepare(self, done: Callable[[Ready], None]) -> None:
        """Usable when the server has a handset for this number: demo servers, for fictitious numbers."""
        there = self._handset.exists()
        done(Ready(usable=there, missing=() if there else ("handset",)))

    def start(self, sink: Sink) -> None:
        if self._sink is None:
            self._sink = sink
            self._calls = {}
            self._poller.start()

    def history(self, since_wall_ms: int) -> Sequence[SeenCall]:  # noqa: ARG002 - every event is read anyway
        return ()

    def stop(self) -> None:
        self._sink = None
        self._poller.stop()

    def _tell(self, event: Mapping[str, Any]) -> None:
        sink, state = self._sink, event.get("state")
        if sink is None or event.get("kind") != "call" or state not in {"ringing", "ended"}:
            return
        call = self._calls.setdefault(str(event.get("call")), len(self._calls) + 1)
        number = event.get("caller_id")
        hidden = not isinstance(number, str) or is_withheld(number)
        ring_ms = event.get("ring_ms")
        measured = isinstance(ring_ms, int) and not isinstance(ring_ms, bool) and ring_ms >= 0
        kind: EventKind = "ringing" if state == "ringing" else "ended"
        sink(
            CallEvent(
                kind=kind,
                call=call,
                number=None if hidden else number,
                withheld=hidden,
                ring_ms=ring_ms if measured and kind == "ended" else None,
                basis="simulated",
                quality="live" if measured or kind == "ringing" else "burst",
                answered=bool(event.get("answered")) if kind == "ended" else None,
                mono_ms=round(self._handset.clock.monotonic() * 1000),
                wall_ms=round(self._handset.clock.wall() * 1000),
            )
        )


class SimulatedCodes:
    """Reads codes from the messages of a virtual handset, as a phone's SMS Retriever would."""

    def __init__(
        self,
        server_url: str,
        number: str,
        *,
        transport: Transport | None = None,
        clock: Clock | None = None,
        every: float = 0.5,
    ) -> None:
        self._poller = _Poller(_Handset(server_url, number, transport, clock), every, self._tell)
        self._sink: CodeSink | None = None

    def start(self, sink: CodeSink) -> None:
        self._sink = sink
        self._poller.start()

    def ask(self, request: CodeRequest) -> None:
        """Nothing to show: the message brings the code."""

    def stop(self) -> None:
        self._sink = None
        self._poller.stop()

    def _tell(self, event: Mapping[str, Any]) -> None:
        text = event.get("text")
        if self._sink is None or event.get("kind") != "message" or not isinstance(text, str):
            return
        import re

        code = re.search(r"(?<!\w)\d{4,10}(?!\w)", text[:2000])
        if code:
            self._sink(TypedCode(code.group(), "retriever"))
