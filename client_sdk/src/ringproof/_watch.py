"""Keeps the calls that were heard and picks the one to report. No input or output, no clock of its own.

Calls that come before the server has said what to expect are kept; as soon as it has, all that do not fit are
forgotten. Times are the flow's own seconds, because a source may count on another clock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ringproof._calls import Basis, CallEvent, Quality, SeenCall
from ringproof._match import ascii_digits, is_withheld, matches
from ringproof._models import CallerIdPattern

LONGEST_WAIT = 25.0
"""Seconds after which a ringing call is reported without its end: the dial limit of 20 s and some slack."""
SAME_CALL = 15.0
"""A log entry so many seconds around a call that was heard live is that call: filtering takes up to 5 s."""
MOST_CALLS = 50

Key = tuple[int, "int | str"]


@dataclass(frozen=True)
class CallEvidence:
    """What is told to the server about one call. `caller_id`: as the network wrote it; empty: withheld."""

    key: Key
    caller_id: str = field(repr=False)
    ring_ms: int | None
    answered: bool | None
    basis: Basis
    quality: Quality


@dataclass
class _Heard:
    """One call, put together from its events."""

    key: Key
    since: float
    wall_ms: int
    number: str | None = field(default=None, repr=False)
    withheld: bool = False
    ended: bool = False
    ring_ms: int | None = None
    answered: bool | None = None
    basis: Basis = "phone_state"
    quality: Quality = "live"
    measured: bool = True

    def evidence(self) -> CallEvidence:
        # Before the end there is nothing measured, so nothing may be called live.
        quality: Quality = self.quality if self.ended else "estimated"
        return CallEvidence(self.key, self.number or "", self.ring_ms, self.answered, self.basis, quality)


class CallWatch:
    """The calls of one verification.

    `expect` says what fits, `hear` and `recall` bring calls, `evidence` names the one to report now and
    `settle` takes it off the list.
    """

    def __init__(self) -> None:
        self._heard: dict[Key, _Heard] = {}
        self._settled: set[Key] = set()
        self._reported: list[tuple[str, int]] = []
        self._pattern: CallerIdPattern | None = None

    def expect(self, pattern: CallerIdPattern) -> None:
        """From now on only calls of this pattern, and calls whose number is not known, are kept."""
        self._pattern = pattern
        self._forget_strangers()

    def hear(self, source: int, event: CallEvent, now: float, *, measured: bool = True) -> None:
        """Take in one event of one source; `measured`: the call's end may bring its ring time."""
        key: Key = (source, event.call)
        if key in self._settled:
            return
        call = self._heard.get(key)
        if call is None:
            call = self._heard[key] = _Heard(key, now, event.wall_ms, basis=event.basis, measured=measured)
        if event.number and not is_withheld(event.number):
            call.number, call.withheld = event.number, False
        elif event.withheld or event.number is not None:
            call.withheld = call.number is None
        if event.kind == "ended":
            call.ended, call.ring_ms = True, event.ring_ms
            call.quality, call.answered = event.quality, event.answered
        self._forget_strangers()

    def recall(self, source: int, rows: Sequence[SeenCall], now: float) -> None:
        """Take in entries of a call log: calls that were missed, and numbers that were not told live."""
        for row in rows[-MOST_CALLS:]:
            key: Key = (source, f"row {row.row}")
            if key in self._settled or key in self._heard:
                continue
            live = self._live_call(row)
            if live is not None:
                self._complete(live, row)
            elif not self._was_reported(row.number, row.wall_ms):
                self._heard[key] = _Heard(
                    key,
                    now,
                    row.wall_ms,
                    number=None if is_withheld(row.number) else row.number,
                    withheld=row.withheld or (row.number is not None and is_withheld(row.number)),
                    ended=True,
                    ring_ms=row.ring_ms,
                    answered=row.answered,
                    basis=row.basis,
                    quality=row.quality,
                )
        self._forget_strangers()

    def evidence(self, now: float, *, instant: bool = False) -> CallEvidence | None:
        """The call to report now: it fits, and its end is known or not waited for (any longer)."""
        for call in self._fitting():
            if call.ended or instant or not call.measured or now - call.since >= LONGEST_WAIT:
                return call.evidence()
        return None

    def drop(self, is_so: Callable[[str], bool]) -> None:
        """Forget the fitting calls from numbers of which it is known that they are not right."""
        for call in self._fitting():
            if is_so(call.number or ""):
                self.settle(call.evidence())

    def due(self) -> float | None:
        """When `evidence` will name a call that still rings, if nothing else happens."""
        return min((call.since + LONGEST_WAIT for call in self._fitting()), default=None)

    def ringing(self) -> bool:
        """Whether the expected call is ringing right now."""
        return any(not call.ended for call in self._fitting())

    def withheld(self) -> CallEvidence | None:
        """A call without a number that has ended, if that is all there is."""
        if self._fitting():
            return None
        return next((call.evidence() for call in self._heard.values() if call.withheld and call.ended), None)

    def settle(self, evidence: CallEvidence) -> None:
        """This call was reported and counts no more."""
        call = self._heard.pop(evidence.key, None)
        self._settled.add(evidence.key)
        if call is not None:
            self._reported.append((call.number or "", call.wall_ms))

    def _fitting(self) -> list[_Heard]:
        pattern = self._pattern
        if pattern is None:
            return []
        return [
            call
            for call in self._heard.values()
            # Two sources may hear the same call; it counts once.
            if matches(pattern, call.number) and not self._was_reported(call.number, call.wall_ms)
        ]

    def _live_call(self, row: SeenCall) -> _Heard | None:
        """The call heard live that a log entry describes."""
        for call in self._heard.values():
            close = abs(call.wall_ms - row.wall_ms) <= SAME_CALL * 1000
            same = call.number is None or row.number is None or _same(call.number, row.number)
            if close and same and call.basis != "call_log":
                return call
        return None

    def _was_reported(self, number: str | None, wall_ms: int) -> bool:
        return any(
            _same(known, number or "") and abs(known_ms - wall_ms) <= SAME_CALL * 1000
            for known, known_ms in self._reported
        )

    def _complete(self, call: _Heard, row: SeenCall) -> None:
        if call.number is None and not is_withheld(row.number):
            call.number, call.withheld = row.number, False
        if not call.ended:
            # The log is written after the end, so the end broadcast got lost.
            call.ended, call.ring_ms, call.quality = True, row.ring_ms, row.quality
        if call.answered is None:
            call.answered = row.answered

    def _forget_strangers(self) -> None:
        """Drop what cannot be the expected call, and the oldest of too many."""
        if self._pattern is not None:
            for key, call in list(self._heard.items()):
                if call.number is not None and not matches(self._pattern, call.number):
                    del self._heard[key]
                    self._settled.add(key)
        while len(self._heard) > MOST_CALLS:
            self._settled.add(next(iter(self._heard)))
            del self._heard[next(iter(self._heard))]


def _same(one: str, other: str) -> bool:
    """Two writings of one number: the shorter one's digits end the other's, trunk zeros aside."""
    short, long = sorted((ascii_digits(one).lstrip("0"), ascii_digits(other).lstrip("0")), key=len)
    return long.endswith(short) and (bool(short) or not long)
