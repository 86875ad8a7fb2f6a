"""The tracker: whatever order Android delivers the copies in, there is one call with its number."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof._ring import GHOST_MS, LATE_NUMBER_MS, LONGEST_RING_MS, PhoneState
from ringproof.calls import CallEvent, RingTracker, StateBroadcast

NUMBER = "+442079460018"
BLANK, FULL = None, NUMBER
COPIES: tuple[tuple[PhoneState, str | None], ...] = (
    ("RINGING", BLANK),
    ("RINGING", FULL),
    ("IDLE", BLANK),
    ("IDLE", FULL),
)


def copy(state: PhoneState, number: str | None, at: int) -> StateBroadcast:
    return StateBroadcast(state, number, at, 1_700_000_000_000 + at)


def play(copies: Sequence[tuple[PhoneState, str | None, int]]) -> list[CallEvent]:
    tracker = RingTracker()
    return [event for state, number, at in copies for event in tracker.observe(copy(state, number, at))]


def kinds(events: Sequence[CallEvent]) -> list[str]:
    return [event.kind for event in events if event.kind != "number_late"]


def ends_overtake_starts(order: Sequence[tuple[PhoneState, str | None]]) -> bool:
    return {state for state, _ in order[:2]} == {"IDLE"}


@pytest.mark.parametrize("order", list(itertools.permutations(COPIES)))
def test_every_order_of_the_four_copies_gives_one_call(
    order: Sequence[tuple[PhoneState, str | None]],
) -> None:
    """20 of the 24 orders give one ringing and one end at once; the other four end by the timer."""
    tracker, events = RingTracker(), list[CallEvent]()
    for position, (state, number) in enumerate(order):
        events += tracker.observe(copy(state, number, 1000 + position * 20))
    if ends_overtake_starts(order):
        assert kinds(events) == ["ringing"]
        due = tracker.due_ms
        assert due is not None
        assert tracker.advance(due - 1, 0) == []
        events += tracker.advance(due, 0)
        assert events[-1].ring_ms is None
        assert events[-1].quality == "burst"
    assert kinds(events) == ["ringing", "ended"]
    assert {event.call for event in events} == {1}
    assert events[-1].number == NUMBER
    assert not any(event.withheld for event in events)
    assert tracker.due_ms is None


@pytest.mark.parametrize("first", [BLANK, FULL])
@pytest.mark.parametrize("second", [BLANK, FULL])
def test_the_ring_is_measured_from_first_ringing_to_first_end(first: str | None, second: str | None) -> None:
    """Whichever copy comes first, the ring time is the time between the states."""
    events = play(
        [
            ("RINGING", first, 1000),
            ("RINGING", NUMBER if first is None else None, 1010),
            ("IDLE", second, 6120),
            ("IDLE", NUMBER if second is None else None, 6130),
        ]
    )
    assert kinds(events) == ["ringing", "ended"]
    end = next(event for event in events if event.kind == "ended")
    assert (end.ring_ms, end.quality, end.answered, end.number) == (5120, "live", False, NUMBER)


def test_a_burst_has_no_ring_time() -> None:
    """Start and end delivered together say nothing about the ring, but the number is good."""
    end = play([("RINGING", NUMBER, 1000), ("IDLE", NUMBER, 1079)])[-1]
    assert (end.kind, end.ring_ms, end.quality, end.number) == ("ended", None, "burst", NUMBER)
    short = play([("RINGING", NUMBER, 1000), ("IDLE", NUMBER, 1080)])[-1]
    assert (short.ring_ms, short.quality) == (80, "live")


def test_answering_ends_the_ring() -> None:
    """OFFHOOK is the end, answered; the later IDLE is no second call."""
    events = play([("RINGING", NUMBER, 0), ("OFFHOOK", NUMBER, 4000), ("IDLE", NUMBER, 9000)])
    assert kinds(events) == ["ringing", "ended"]
    assert (events[-1].answered, events[-1].ring_ms) == (True, 4000)


@pytest.mark.parametrize("after", ["OFFHOOK", "IDLE"])
def test_a_call_during_a_call_leaves_answered_unknown(after: PhoneState) -> None:
    """OFFHOOK, RINGING, OFFHOOK is the same for a missed and an accepted second call."""
    events = play([("OFFHOOK", None, 0), ("RINGING", NUMBER, 1000), (after, None, 5000)])
    assert events[-1].answered is None
    assert events[-1].ring_ms == 4000


def test_an_empty_extra_means_withheld() -> None:
    """The extra is there and empty: the network keeps the number back."""
    events = play([("RINGING", None, 0), ("RINGING", "", 5), ("IDLE", "", 5000), ("IDLE", None, 5001)])
    assert kinds(events) == ["ringing", "ended"]
    assert events[-1].withheld
    assert events[-1].number is None


def test_a_number_beats_an_empty_extra() -> None:
    """Some phones send the copy that is not for us with an empty number instead of none."""
    events = play([("RINGING", "", 0), ("RINGING", NUMBER, 5), ("IDLE", "", 5000)])
    assert kinds(events) == ["ringing", "ended"]
    assert (events[-1].number, events[-1].withheld) == (NUMBER, False)


def test_a_number_may_come_after_the_end() -> None:
    """It is told as `number_late` of the same call, for two seconds."""
    events = play([("RINGING", None, 0), ("IDLE", None, 5000), ("IDLE", NUMBER, 5000 + LATE_NUMBER_MS)])
    assert [event.kind for event in events] == ["ringing", "ended", "number_late"]
    assert events[-1].number == NUMBER
    late = play([("RINGING", None, 0), ("IDLE", None, 5000), ("IDLE", NUMBER, 5001 + LATE_NUMBER_MS)])
    assert [event.kind for event in late] == ["ringing", "ended"]


def test_a_late_copy_opens_no_ghost_call() -> None:
    """RINGING right after the end, with the same or no number, is an echo."""
    for echo in (None, NUMBER):
        events = play([("RINGING", NUMBER, 0), ("IDLE", None, 5000), ("RINGING", echo, 5000 + GHOST_MS)])
        assert kinds(events) == ["ringing", "ended"]


def test_another_number_right_after_the_end_is_another_call() -> None:
    """The guard against echoes does not swallow the next call."""
    events = play(
        [
            ("RINGING", NUMBER, 0),
            ("IDLE", None, 5000),
            ("RINGING", "+442079460019", 5500),
            ("IDLE", None, 9500),
        ]
    )
    assert kinds(events) == ["ringing", "ended", "ringing", "ended"]
    assert [event.call for event in events] == [1, 1, 2, 2]
    assert events[-1].ring_ms == 4000


def test_the_same_number_may_call_again_later() -> None:
    """After the guard's time it is a new call."""
    events = play([("RINGING", NUMBER, 0), ("IDLE", None, 5000), ("RINGING", NUMBER, 5001 + GHOST_MS)])
    assert [event.call for event in events] == [1, 1, 2]


def test_another_number_during_a_ring_means_the_end_got_lost() -> None:
    """Telecom never announces a second call during a ring: the first one is closed, unmeasured."""
    events = play([("RINGING", NUMBER, 0), ("RINGING", "+442079460019", 3000), ("IDLE", None, 7000)])
    assert kinds(events) == ["ringing", "ended", "ringing", "ended"]
    assert (events[1].ring_ms, events[1].quality) == (None, "burst")
    assert events[-1].ring_ms == 4000


def test_a_ring_that_never_ends_is_closed_by_time() -> None:
    """A lost end leaves no call open for ever."""
    tracker = RingTracker()
    tracker.observe(copy("RINGING", NUMBER, 500))
    assert tracker.due_ms == 500 + LONGEST_RING_MS
    assert tracker.advance(499 + LONGEST_RING_MS, 0) == []
    (end,) = tracker.advance(500 + LONGEST_RING_MS, 0)
    assert (end.kind, end.ring_ms, end.number) == ("ended", None, NUMBER)
    assert tracker.advance(10**9, 0) == []


def test_quiet_states_alone_are_no_calls() -> None:
    """The person's own calls go OFFHOOK and IDLE and concern nobody."""
    assert play([("IDLE", None, 0), ("OFFHOOK", "+491511234567", 10), ("IDLE", None, 900)]) == []


BROADCASTS = st.lists(
    st.tuples(
        st.sampled_from(["RINGING", "OFFHOOK", "IDLE"]),
        st.sampled_from([None, "", NUMBER, "020 7946 0018", "+12025550143"]),
        st.integers(0, 4000),
    ),
    max_size=40,
)


@given(BROADCASTS)
def test_any_stream_gives_well_formed_calls(stream: list[tuple[PhoneState, str | None, int]]) -> None:
    """Calls never overlap, begin with one ringing, end at most once, and only an end has a ring time."""
    tracker, events, now = RingTracker(), list[CallEvent](), 0
    for state, number, pause in stream:
        now += pause
        events += tracker.advance(now, now)
        events += tracker.observe(copy(state, number, now))
    for call in {event.call for event in events}:
        own = [event for event in events if event.call == call]
        assert own[0].kind == "ringing"
        assert [event.kind for event in own].count("ringing") == 1
        assert [event.kind for event in own].count("ended") <= 1
        assert sum(event.kind == "number_late" for event in own) <= 2
    main = [event for event in events if event.kind != "number_late"]
    for before, after in itertools.pairwise(main):
        assert before.kind != after.kind
    for event in events:
        assert event.ring_ms is None or (event.kind != "ringing" and event.ring_ms >= 80)
        assert not (event.withheld and event.number)
    assert (tracker.due_ms is None) == (not main or main[-1].kind == "ended")
