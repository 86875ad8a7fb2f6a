"""What every source of calls must do. Subclass it in a test module and say how to make the phone ring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import ClassVar, Literal, TypeAlias

from ringproof._calls import CallEvent, CallSource, Capabilities, Ready
from ringproof._system import Clock
from ringproof.testing._clock import FakeClock

Fault: TypeAlias = Literal[
    "copies", "burst", "withheld", "second_call", "foreign_call", "late_call", "refused", "log", "waking"
]
"""What can happen at a phone; each has a suite of its own in `ringproof.testing`."""

FAULTS: tuple[Fault, ...] = (
    "copies", "burst", "withheld", "second_call", "foreign_call", "late_call", "refused", "log", "waking",
)  # fmt: skip


class CallSourceContract:
    """Promises of a CallSource as tests; pytest finds them in a subclass whose name begins with `Test`.

    Override `make_source` and `ring`, and `told` when the source hears only part of the number. Then mix in
    the suite of every fault that the source can have, and say in `cannot` why it has not the others:

        class TestMySource(VerificationContract, WithheldContract, ForeignCallContract, …):
            cannot = {"copies": "the phone tells each call once"}

    The pace of the tests is that of a FakeClock, which `clock` is; with a real one (`make_clock`) set
    `ring_seconds`, `silence` and `pause` to fractions of a second or a few seconds.
    """

    plays: ClassVar[Fault | None] = None
    """The fault that a suite is about."""
    cannot: ClassVar[Mapping[Fault, str]] = {}
    """Why the source can never meet a fault, for each fault whose suite is not mixed in."""
    number: ClassVar[str] = "+442079460018"
    ring_seconds: ClassVar[float] = 5.0
    """How long the phone rings; at least 0.1, so that nothing takes it for a burst."""
    silence: ClassVar[float] = 45.0
    """Seconds for which a server waits where no call comes in time; at least 3."""
    pause: ClassVar[float] = 2.0
    """Seconds between two calls."""

    def make_clock(self) -> Clock:
        """The time of one test."""
        return FakeClock()

    @cached_property
    def clock(self) -> Clock:
        """The clock of this test, which its source should have too."""
        return self.make_clock()

    def make_source(self) -> CallSource:
        """A new source, granted all permissions, not yet started."""
        raise NotImplementedError

    def ring(self, source: CallSource, number: str | None) -> None:
        """Make the phone ring once, from this number (None: withheld); return when the end was told."""
        raise NotImplementedError

    def told(self, number: str) -> str:
        """What the source is expected to say for that number."""
        return number

    def started(self) -> tuple[CallSource, list[CallEvent]]:
        """A source that listens, and what it tells from now on."""
        source, events = self.make_source(), list[CallEvent]()
        source.start(events.append)
        return source, events

    def wait_until(self, is_so: Callable[[], bool], seconds: float = 10.0) -> None:
        """Let time go by until something is so. Raises AssertionError when it is not in time."""
        give_up = self.clock.monotonic() + seconds
        while not is_so():
            assert self.clock.monotonic() < give_up, "it did not happen"
            self.clock.sleep(0.05)

    def test_no_fault_is_passed_over_in_silence(self) -> None:
        """Every fault of a phone is played here, or there is a reason why this source cannot have it."""
        played = {suite.__dict__.get("plays") for suite in type(self).__mro__} - {None}
        assert played.isdisjoint(self.cannot)
        assert played | set(self.cannot) == set(FAULTS)
        assert all(len(reason.split()) > 2 for reason in self.cannot.values())

    def test_the_suites_fit_the_capabilities(self) -> None:
        """What a source says of itself cannot be declared away."""
        source = self.make_source()
        can = source.capabilities()
        suites = {"log": can.history, "refused": bool(can.needs), "waking": hasattr(source, "when_awake")}
        suites |= dict.fromkeys(("foreign_call", "late_call"), can.zero_touch)
        assert {fault for fault in suites if fault not in self.cannot} == {
            fault for fault, there in suites.items() if there
        }

    def test_it_has_a_name_and_says_what_it_can(self) -> None:
        """Name and capabilities are there before anything is asked or started."""
        source = self.make_source()
        assert source.name
        assert isinstance(source.capabilities(), Capabilities)

    def test_prepare_answers_exactly_once(self) -> None:
        """Whoever waits for the permission dialogs gets one answer."""
        answers: list[Ready] = []
        self.make_source().prepare(answers.append)
        self.wait_until(lambda: bool(answers))
        assert [type(answer) for answer in answers] == [Ready]
        assert answers[0].usable

    def test_a_call_ends_exactly_once_and_has_its_number(self) -> None:
        """One call gives one end, and its number is known by the last event."""
        source, events = self.started()
        self.ring(source, self.number)
        source.stop()
        assert [event.kind for event in events].count("ended") == 1
        assert {event.call for event in events} == {events[0].call}
        assert events[-1].number == self.told(self.number)
        assert not events[-1].withheld

    def test_a_live_source_tells_the_ring_before_its_end(self) -> None:
        """`number_live` means one `ringing`, first of all."""
        source, events = self.started()
        self.ring(source, self.number)
        source.stop()
        kinds = [event.kind for event in events]
        if source.capabilities().number_live:
            assert kinds[0] == "ringing"
            assert kinds.count("ringing") == 1

    def test_a_ring_time_is_a_plausible_number_or_none(self) -> None:
        """Only the end carries a ring time, never a negative one, and a live source measures it."""
        source, events = self.started()
        self.ring(source, self.number)
        source.stop()
        assert all(event.ring_ms is None for event in events if event.kind == "ringing")
        end = next(event for event in events if event.kind == "ended")
        assert end.ring_ms is None or 0 <= end.ring_ms < 120_000
        if source.capabilities().ring_time and end.quality == "live":
            assert end.ring_ms is not None

    def test_a_second_start_changes_nothing(self) -> None:
        """Starting twice does not tell everything twice."""
        source, events = self.started()
        source.start(events.append)
        self.ring(source, self.number)
        source.stop()
        assert [event.kind for event in events].count("ended") == 1

    def test_nothing_is_told_after_stop(self) -> None:
        """A stopped source is silent."""
        source, events = self.started()
        source.stop()
        self.ring(source, self.number)
        assert events == []

    def test_stop_is_harmless_and_start_works_again(self) -> None:
        """Stop before start, twice, and a new life after it."""
        source = self.make_source()
        source.stop()
        first: list[CallEvent] = []
        source.start(first.append)
        source.stop()
        source.stop()
        second: list[CallEvent] = []
        source.start(second.append)
        self.ring(source, self.number)
        source.stop()
        assert first == []
        assert [event.kind for event in second].count("ended") == 1

    def test_two_calls_are_told_apart(self) -> None:
        """Each call has its own number in `call`."""
        source, events = self.started()
        self.ring(source, self.number)
        self.ring(source, self.number[:-1] + "9")
        source.stop()
        ends = [event for event in events if event.kind == "ended"]
        assert len(ends) == 2
        assert ends[0].call != ends[1].call

    def test_history_holds_nothing_from_the_future(self) -> None:
        """`history` keeps to the moment it is given, and is empty for one far ahead."""
        source, _ = self.started()
        self.ring(source, self.number)
        assert list(source.history(2**62)) == []
        source.stop()

    def test_events_never_show_the_number_when_printed(self) -> None:
        """The repr of an event is fit for a log."""
        source, events = self.started()
        self.ring(source, self.number)
        source.stop()
        assert self.told(self.number) not in repr(events)
