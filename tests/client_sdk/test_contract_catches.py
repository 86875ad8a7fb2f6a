"""The contract of sources is worth something: what breaks a promise is found by the test that makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import pytest

from ringproof import ScriptedCallSource
from ringproof._calls import CallEvent, CallSource, EventKind, Sink
from ringproof.calls import Capabilities, Copy, Ready, SeenCall
from ringproof.testing import FAULTS, Fault, VerificationContract
from tests.client_sdk import test_sources as sources


class HearsEveryCopy(ScriptedCallSource):
    """A call for each copy that rings, an end for each that does not: knows nothing of Android."""

    def _hear(self, copy: Copy) -> None:
        self._calls = getattr(self, "_calls", 0) + (copy.state == "RINGING")
        if self._sink is not None:
            kind: EventKind = "ringing" if copy.state == "RINGING" else "ended"
            self._sink(
                CallEvent(kind, self._calls, copy.number, False, 5000, "simulated", "live", None, 0, 0)
            )


class GoesOn(ScriptedCallSource):
    """Does not stop."""

    def stop(self) -> None:
        """Not now."""


class TellsTwice(ScriptedCallSource):
    """Every start adds a listener."""

    def start(self, sink: Sink) -> None:
        known = self._sink

        def both(event: CallEvent) -> None:
            sink(event)
            if known is not None:
                known(event)

        if known is None:
            super().start(sink)
        else:
            self._sink = both


class InventsNumbers(ScriptedCallSource):
    """Has a word for callers who hide."""

    def play(self, script: Sequence[Copy]) -> None:
        super().play(
            [replace(copy, number="anonymous" if copy.number == "" else copy.number) for copy in script]
        )


class MeasuresBursts(ScriptedCallSource):
    """Takes the time between two deliveries for a ring."""

    def start(self, sink: Sink) -> None:
        def lie(event: CallEvent) -> None:
            sink(replace(event, quality="live", ring_ms=5) if event.quality == "burst" else event)

        super().start(lie)


class ClaimsTooMuch(ScriptedCallSource):
    """Says that it is usable whatever the person said."""

    def prepare(self, done: Callable[[Ready], None]) -> None:
        done(Ready(usable=True))

    def capabilities(self) -> Capabilities:
        return replace(super().capabilities(), number_live=True, ring_time=True)


class AsksTwice(ScriptedCallSource):
    """Answers once for each permission."""

    def prepare(self, done: Callable[[Ready], None]) -> None:
        super().prepare(done)
        super().prepare(done)


class RemembersEverything(ScriptedCallSource):
    """Tells the whole log, whatever moment is asked for."""

    def history(self, since_wall_ms: int) -> Sequence[SeenCall]:
        return super().history(0)


class WakesAlways(ScriptedCallSource):
    """Tells of every return, also when nobody listens."""

    def come_back(self) -> None:
        if self._wake is not None:
            self._wake()


class NeverWakes(ScriptedCallSource):
    """Has the method and does not mean it."""

    def come_back(self) -> None:
        """Sleeps on."""


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        (HearsEveryCopy, "test_the_copies_of_a_state_come_in_any_order"),
        (HearsEveryCopy, "test_overtaking_copies_make_no_ghost_calls"),
        (HearsEveryCopy, "test_copies_that_come_twice_are_one_call"),
        (GoesOn, "test_nothing_is_told_after_stop"),
        (TellsTwice, "test_a_second_start_changes_nothing"),
        (InventsNumbers, "test_a_withheld_number_is_said_to_be_withheld"),
        (MeasuresBursts, "test_a_burst_has_no_ring_time"),
        (MeasuresBursts, "test_a_burst_verifies_by_its_number"),
        (ClaimsTooMuch, "test_a_refusal_is_said_exactly_once_with_what_is_missing"),
        (ClaimsTooMuch, "test_typed_digits_do_it_without_permission"),
        (ClaimsTooMuch, "test_a_code_does_it_without_permission"),
        (AsksTwice, "test_prepare_answers_exactly_once"),
        (RemembersEverything, "test_a_logged_call_is_found_from_its_beginning_on"),
        (WakesAlways, "test_every_return_is_told_while_it_listens"),
        (NeverWakes, "test_every_return_is_told_while_it_listens"),
        (NeverWakes, "test_coming_back_looks_at_the_server"),
    ],
)
def test_a_broken_source_is_found(broken: type[ScriptedCallSource], promise: str) -> None:
    """The test that makes the promise fails."""

    class Broken(sources.TestScriptedCallSource):
        def make_source(self) -> CallSource:
            return broken(clock=self.clock, log=())

        def make_refused_source(self) -> CallSource:
            return broken(clock=self.clock, granted=False)

    with pytest.raises(AssertionError):
        getattr(Broken(), promise)()


def test_a_fault_left_out_is_found() -> None:
    """Neither played nor declared, or declared although the source says that it can have it."""

    class Silent(VerificationContract):
        def make_source(self) -> CallSource:
            return ScriptedCallSource(clock=self.clock, log=())

    class Denies(Silent):
        cannot: ClassVar[Mapping[Fault, str]] = dict.fromkeys(FAULTS, "this is not wanted here")

    with pytest.raises(AssertionError):
        Silent().test_no_fault_is_passed_over_in_silence()
    Denies().test_no_fault_is_passed_over_in_silence()
    with pytest.raises(AssertionError):
        Denies().test_the_suites_fit_the_capabilities()
