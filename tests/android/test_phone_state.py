"""Calls from the copies of the phone's state, on a clock of the test: alarms, strange orders, restarts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof._models import CallerIdPattern
from ringproof._ring import LONGEST_RING_MS
from ringproof.android._phone_state import PhoneStateCalls, PhoneStateFeed
from ringproof.calls import CallEvent, matches
from ringproof.testing import FakeClock

CALLER = "+442079460018"
FOUR = (("RINGING", None), ("RINGING", CALLER), ("IDLE", None), ("IDLE", CALLER))


class Radio:
    """A receiver that a test speaks into."""

    def __init__(self) -> None:
        self.on = 0
        self.broken = False
        self.say: Callable[[str, str | None], None] = lambda *_: None

    def listen(self, hear: Callable[[str, str | None], None]) -> Radio:
        self.say = hear
        return self

    def start(self) -> None:
        if self.broken:
            raise OSError("too many receivers")
        self.on += 1

    def stop(self) -> None:
        self.on -= 1


class Ear:
    """Calls from a radio."""

    def __init__(self) -> None:
        self.clock, self.radio = FakeClock(), Radio()
        self.calls = PhoneStateCalls(PhoneStateFeed(self.radio.listen, self.clock), self.clock)
        self.events: list[CallEvent] = []

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]


@pytest.mark.parametrize("order", list(permutations(FOUR)))
def test_every_order_of_the_copies_is_one_call_and_ends(order: tuple[tuple[str, str | None], ...]) -> None:
    """Where both ends overtook both starts the alarm ends it, without another broadcast."""
    ear = Ear()
    ear.calls.start(ear.events.append)
    for state, number in order:
        ear.clock.sleep(0.3)
        ear.radio.say(state, number)
    ear.clock.sleep(LONGEST_RING_MS / 1000 + 1)
    assert ear.kinds().count("ringing") == 1
    assert ear.kinds().count("ended") == 1
    assert ear.events[-1].number == CALLER


def test_a_receiver_that_could_not_be_registered_may_be_started_again() -> None:
    """A start that failed was none: the next one listens, and is not taken for a second one."""
    ear = Ear()
    ear.radio.broken = True
    with pytest.raises(OSError, match="too many"):
        ear.calls.start(ear.events.append)
    ear.calls.stop()
    ear.radio.broken = False
    ear.calls.start(ear.events.append)
    ear.radio.say("RINGING", CALLER)
    assert ear.kinds() == ["ringing"]
    assert ear.radio.on == 1


@pytest.mark.parametrize("state", ["None", "", "ringing", "HOLDING", "x" * 200])
def test_a_state_that_nobody_knows_neither_begins_nor_ends_a_call(state: str) -> None:
    """A broadcast without the extra, or with a word of the phone's maker."""
    ear = Ear()
    ear.calls.start(ear.events.append)
    ear.radio.say(state, CALLER)
    assert ear.kinds() == []
    ear.radio.say("RINGING", CALLER)
    ear.radio.say(state, CALLER)
    assert ear.kinds() == ["ringing"]


def test_a_text_that_is_too_long_for_a_number_is_cut_and_is_none() -> None:
    """It is not kept whole, and fits no pattern."""
    ear = Ear()
    ear.calls.start(ear.events.append)
    ear.radio.say("RINGING", CALLER + "0" * 1_000_000)
    (event,) = ear.events
    assert event.number is not None
    assert len(event.number) < 100
    assert not matches(CallerIdPattern("+44"), event.number)


def test_an_alarm_dies_with_the_stop() -> None:
    """A ring that is open at the end of listening is not told later on."""
    ear = Ear()
    ear.calls.start(ear.events.append)
    ear.radio.say("RINGING", CALLER)
    ear.calls.stop()
    ear.clock.sleep(120)
    assert ear.kinds() == ["ringing"]
    ear.calls.start(ear.events.append)
    ear.clock.sleep(120)
    assert ear.kinds() == ["ringing"]


def test_starts_and_stops_are_counted_once() -> None:
    """The receiver under it is never on twice, and off at the end."""
    ear = Ear()
    for _ in range(3):
        ear.calls.start(ear.events.append)
        ear.calls.start(ear.events.append)
        assert ear.radio.on == 1
        ear.calls.stop()
        ear.calls.stop()
        assert ear.radio.on == 0


STEPS = st.one_of(
    st.floats(0, 40),
    st.sampled_from(["start", "stop"]),
    st.tuples(
        st.sampled_from(["RINGING", "IDLE", "OFFHOOK", "", "RINGING2"]),
        st.sampled_from([None, "", CALLER, "+33639980001", "x" * 500]),
    ),
)


@given(steps=st.lists(STEPS, max_size=60))
def test_whatever_is_broadcast_the_events_are_well_formed(
    steps: list[float | str | tuple[str, str | None]],
) -> None:
    """Each call begins once, ends once at most and after its beginning, and nothing is told while stopped."""
    ear, listening = Ear(), False
    lives: list[list[CallEvent]] = []
    for step in steps:
        before = sum(map(len, lives))
        if isinstance(step, float):
            ear.clock.sleep(step)
        elif isinstance(step, tuple):
            ear.radio.say(*step)
        elif step == "start" and not listening:
            lives.append([])
            ear.calls.start(lives[-1].append)
            listening = True
        elif step == "stop":
            ear.calls.stop()
            listening = False
        assert listening or sum(map(len, lives)) == before
    for events in lives:
        for call in {event.call for event in events}:
            kinds = [event.kind for event in events if event.call == call]
            assert kinds[0] == "ringing"
            assert kinds.count("ringing") == 1
            assert kinds.count("ended") <= 1
            assert kinds.index("ended") >= 1 if "ended" in kinds else True
        assert all(len(event.number or "") <= 65 for event in events)
