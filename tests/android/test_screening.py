"""Calls through call screening: the rules in Python, on a screening service that does what a test says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof._calls import CallEvent, ExpectedCall, Ready
from ringproof._match import ascii_digits, digits_that_fit, matches
from ringproof._models import CallerIdPattern
from ringproof._ring import LONGEST_RING_MS, PhoneState, StateBroadcast
from ringproof.android._screening import ROLE, ScreenedCall, ScreeningFeed
from ringproof.calls import CallSource, Copy
from ringproof.testing import (
    BurstContract,
    CopiesContract,
    FakeClock,
    Fault,
    ForeignCallContract,
    LateCallContract,
    RefusedContract,
    SecondCallContract,
    WithheldContract,
)
from tests.client_sdk.phones import CALLER, Scene

OTHER = "+442079460019"
STRANGER = "+33639980123"


class Telephone:
    """A phone with a screening service, its role, and perhaps phone-state broadcasts."""

    def __init__(self, *, held: bool = True, known: bool = True, says_yes: bool = True) -> None:
        self.clock = FakeClock()
        self.has_role, self.known, self.says_yes = held, known, says_yes
        self.asked = 0
        self.take: Callable[[ScreenedCall], None] | None = None
        self.silenced: str | None = None
        self.silent_until = 0.0
        self.calls: list[ScreenedCall] = []
        self.deaf = False
        self.screened = 0
        self.states: Callable[[StateBroadcast], None] | None = None

    # The role and the service

    def available(self) -> bool:
        return self.known

    def held(self) -> bool:
        return self.has_role

    def request(self, done: Callable[[], None]) -> None:
        self.asked += 1
        self.has_role = self.says_yes
        done()

    def watch(self, take: Callable[[ScreenedCall], None], seconds: float) -> None:
        self.take, self.silenced, self.silent_until = take, None, 0.0
        self.calls.clear()

    def expect(self, digits: str, seconds: float) -> None:
        self.silenced, self.silent_until = digits, self.clock.monotonic() + seconds
        self.calls = [call for call in self.calls if call.number is None or self._fits(call.number)]

    def remembered(self) -> Sequence[ScreenedCall]:
        return tuple(self.calls)

    def stop(self) -> None:
        self.take = None
        self.calls.clear()

    # Its broadcasts

    def start(self, take: Callable[[StateBroadcast], None]) -> None:
        self.states = take

    # What a test does

    @property
    def now(self) -> tuple[int, int]:
        return round(self.clock.monotonic() * 1000), round(self.clock.wall() * 1000)

    def screen(self, number: str | None) -> None:
        if self.take is None or not self.has_role:
            return
        fits = number is not None and self._fits(number)
        if self.silenced and number is not None and not fits:
            return
        self.screened += 1
        silenced = fits and self.clock.monotonic() < self.silent_until
        self.calls.append(ScreenedCall(self.screened, number, silenced, *self.now))
        if not self.deaf:
            self.take(self.calls[-1])

    def treated(self) -> str:
        """What became of the last call that was told."""
        return "silence" if self.calls[-1].silenced else "allow"

    def _fits(self, number: str) -> bool:
        digits = ("+" if number[0] == "+" else "") + ascii_digits(number)
        return self.silenced is not None and re.fullmatch(self.silenced, digits) is not None

    def state(self, state: PhoneState, number: str | None = None) -> None:
        if self.states is not None:
            self.states(StateBroadcast(state, number, *self.now))


class States:
    """The broadcasts of a telephone, as a feed."""

    def __init__(self, phone: Telephone) -> None:
        self.phone = phone

    def start(self, take: Callable[[StateBroadcast], None]) -> None:
        self.phone.states = take

    def stop(self) -> None:
        self.phone.states = None


def do(_: object) -> None:
    """Take no notice of what a plan answers."""


def feed(phone: Telephone, *, with_states: bool = False, ask: bool = True) -> ScreeningFeed:
    return ScreeningFeed(phone, states=States(phone) if with_states else None, ask=ask, clock=phone.clock)


def heard(source: ScreeningFeed) -> list[CallEvent]:
    events: list[CallEvent] = []
    source.start(events.append)
    return events


class OnATelephone(
    WithheldContract,
    ForeignCallContract,
    LateCallContract,
    RefusedContract,
    SecondCallContract,
):
    """What both ways of hearing have in common."""

    hears_second = True
    with_states = False

    def make_clock(self) -> FakeClock:
        return FakeClock()

    def make_source(self, *, held: bool = True) -> ScreeningFeed:
        self.phone = Telephone(held=held, says_yes=False)
        assert isinstance(self.clock, FakeClock)
        self.phone.clock = self.clock
        return feed(self.phone, with_states=self.with_states)

    def make_refused_source(self) -> ScreeningFeed:
        return self.make_source(held=False)

    def take_away(self, source: CallSource) -> None:
        self.phone.has_role = False

    def ring_unheard(self, source: CallSource) -> None:
        self.ring(source, self.number)

    def ring(self, source: CallSource, number: str | None) -> None:
        self.call(source, number, self.ring_seconds)
        self.clock.sleep(self.ring_seconds + self.pause)

    def call(self, source: CallSource, number: str | None, seconds: float) -> None:
        self.phone.screen(number)
        self.clock.later(0.6, lambda: self.phone.state("RINGING"))
        self.clock.later(seconds, lambda: self.phone.state("IDLE"))

    def ring_during_ring(self, source: CallSource, first: str, second: str) -> None:
        self.phone.screen(first)
        self.clock.sleep(1)
        self.phone.state("RINGING")
        self.clock.sleep(1)
        self.phone.screen(second)
        self.clock.sleep(1)
        self.phone.state("IDLE")


class TestScreeningAlone(OnATelephone):
    """Without any permission: the number while it rings, and no ring time."""

    cannot: ClassVar[Mapping[Fault, str]] = {
        "copies": "Android asks about each call once",
        "burst": "the end of a call is never told",
        "log": "screening keeps no log of its own",
        "waking": "whoever holds it knows when the app is back",
    }


class TestScreeningWithPhoneState(OnATelephone, CopiesContract, BurstContract):
    """With READ_PHONE_STATE: the number from screening, end and ring time from the broadcasts."""

    with_states = True
    cannot: ClassVar[Mapping[Fault, str]] = {
        "log": "screening keeps no log of its own",
        "waking": "whoever holds it knows when the app is back",
    }

    def hear(self, source: CallSource, copies: Sequence[Copy]) -> None:
        self.hear_later(source, copies)
        self.clock.sleep(copies[-1].after + 0.1)

    def hear_later(self, source: CallSource, copies: Sequence[Copy]) -> None:
        for copy in copies:
            self.clock.later(copy.after, lambda copy=copy: self.phone.state(copy.state, copy.number))  # type: ignore[misc]

    def burst(self, source: CallSource, number: str) -> None:
        self.phone.screen(number)
        self.phone.state("RINGING")
        self.phone.state("IDLE")


def test_screening_alone_says_at_once_that_there_is_no_ring_time() -> None:
    """Nothing was measured, so the end claims nothing: no time, not live, answered unknown."""
    phone = Telephone()
    events = heard(feed(phone))
    phone.screen(CALLER)
    assert [(each.kind, each.number, each.ring_ms, each.answered) for each in events] == [
        ("ringing", CALLER, None, None),
        ("ended", CALLER, None, None),
    ]
    assert events[-1].quality == "estimated"
    assert {each.basis for each in events} == {"screening"}


def test_the_ring_is_measured_where_the_state_of_the_phone_may_be_read() -> None:
    """From the screening, which is before the phone rings, to the first broadcast of another state."""
    phone = Telephone()
    events = heard(feed(phone, with_states=True))
    phone.screen(CALLER)
    phone.clock.sleep(1)
    phone.state("RINGING")
    phone.clock.sleep(4)
    phone.state("IDLE")
    end = events[-1]
    assert (end.kind, end.number, end.ring_ms, end.quality) == ("ended", CALLER, 5_000, "live")
    assert (end.basis, end.answered) == ("screening", False)


def test_a_number_that_comes_after_the_broadcast_completes_the_call() -> None:
    """Whichever thread is faster, it is one call with one number."""
    phone = Telephone()
    events = heard(feed(phone, with_states=True))
    phone.state("RINGING")
    phone.screen(CALLER)
    phone.clock.sleep(4)
    phone.state("OFFHOOK")
    assert [each.kind for each in events] == ["ringing", "number_late", "ended"]
    assert {each.call for each in events} == {1}
    assert (events[-1].number, events[-1].answered) == (CALLER, True)


@pytest.mark.parametrize("first", [None, STRANGER])
def test_a_call_during_another_ring_claims_no_ring_time(first: str | None) -> None:
    """The phone announces neither the beginning of the second ring nor which of the two has ended."""
    phone = Telephone()
    events = heard(feed(phone, with_states=True))
    if first is not None:
        phone.screen(first)
    phone.state("RINGING")
    phone.clock.sleep(3)
    phone.screen(CALLER)
    phone.clock.sleep(9)
    phone.state("IDLE")
    ends = [each for each in events if each.kind == "ended"]
    assert (ends[-1].number, ends[-1].ring_ms, ends[-1].quality) == (CALLER, None, "estimated")
    phone.clock.sleep(2)
    phone.screen(OTHER)
    phone.state("RINGING")
    phone.clock.sleep(4)
    phone.state("IDLE")
    assert (events[-1].number, events[-1].ring_ms, events[-1].quality) == (OTHER, 4_000, "live")


def test_a_call_that_was_told_to_an_earlier_verification_is_not_told_in_the_next() -> None:
    """The service's thread may be late; whose call it was is not this one's affair. Nor are its looks."""
    phone = Telephone()
    source = feed(phone, with_states=True)
    first = heard(source)
    late, late_state = phone.take, phone.states
    assert late is not None
    assert late_state is not None
    source.expect(ExpectedCall("+4420", 4, length=len(CALLER)))
    source.stop()
    events = heard(source)
    late(ScreenedCall(99, CALLER, False, *phone.now))
    late_state(StateBroadcast("RINGING", CALLER, *phone.now))
    phone.clock.sleep(60)
    assert (first, events) == ([], [])


@pytest.mark.parametrize("with_states", [True, False])
def test_a_sink_that_fails_loses_its_event_and_no_other(
    with_states: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The end is still told, also by the alarm; the log says what kind of failure, never the number."""
    phone, kinds = Telephone(), list[str]()

    def sink(event: CallEvent) -> None:
        kinds.append(event.kind)
        raise ValueError(f"cannot take {event.number}")

    feed(phone, with_states=with_states).start(sink)
    phone.screen(CALLER)
    phone.clock.sleep(LONGEST_RING_MS / 1000 + 1)
    assert kinds == ["ringing", "ended"]
    assert caplog.messages == ["a sink of calls failed: ValueError"] * 2


def test_a_call_whose_end_is_never_told_is_closed_without_a_ring_time() -> None:
    """A phone that suppresses broadcasts, or a caller who hung up during the screening."""
    phone = Telephone()
    events = heard(feed(phone, with_states=True))
    phone.screen(CALLER)
    phone.clock.sleep(LONGEST_RING_MS / 1000 + 1)
    assert [each.kind for each in events] == ["ringing", "ended"]
    assert (events[-1].ring_ms, events[-1].quality) == (None, "burst")


def test_the_announced_call_is_silenced_and_other_people_are_not_looked_at() -> None:
    """From the announcement on only calls that fit, and withheld ones, are told; the rest stays untouched."""
    phone = Telephone()
    source = feed(phone)
    events = heard(source)
    phone.screen(STRANGER)
    assert [each.number for each in events] == [STRANGER] * 2
    assert phone.treated() == "allow"
    source.expect(ExpectedCall("+4420", 4, length=13))
    phone.screen(STRANGER)
    assert len(events) == 2
    phone.screen("020 7946 0018")
    assert phone.treated() == "silence"
    phone.screen(None)
    assert events[-1].withheld
    assert phone.treated() == "allow"


def test_when_the_server_has_gone_on_a_late_call_is_told_and_nobody_is_silenced() -> None:
    """It is telemetry then, and whoever calls may be somebody else with such a number."""
    phone = Telephone()
    source = feed(phone)
    source.expect_nothing()
    events = heard(source)
    source.expect_nothing()
    phone.screen(STRANGER)
    assert phone.silenced is None
    source.expect(ExpectedCall("+4420", 4, length=13))
    source.expect_nothing()
    phone.screen(STRANGER)
    phone.screen(CALLER)
    assert phone.treated() == "allow"
    assert [each.number for each in events if each.kind == "ended"] == [STRANGER, CALLER]


@pytest.mark.parametrize("with_states", [False, True])
def test_a_call_that_nobody_could_be_told_of_is_told_afterwards(with_states: bool) -> None:
    """What the service remembers is asked for at the announcement, a few times after, and on return."""
    phone = Telephone()
    source = feed(phone, with_states=with_states)
    events = heard(source)
    phone.deaf = True
    phone.screen(STRANGER)
    phone.screen(CALLER)
    source.expect(ExpectedCall("+4420", 4, length=13))
    assert [each.number for each in events if each.kind == "ringing"][-1] == CALLER
    phone.screen(OTHER)
    phone.clock.sleep(3)
    assert [each.number for each in events if each.kind == "ringing"][-1] == OTHER
    phone.screen("02079460017")
    source.catch_up()
    assert [each.number for each in events if each.kind == "ringing"][-1] == "02079460017"
    known = len(events)
    source.catch_up()
    assert phone.take is not None
    phone.take(phone.calls[-1])
    assert len(events) == known
    if not with_states:
        assert {each.quality for each in events} == {"late"}
    source.stop()
    source.catch_up()
    assert len(events) == known


@pytest.mark.parametrize("says_yes", [True, False])
def test_the_role_is_asked_for_once_and_the_answer_is_read_from_the_phone(says_yes: bool) -> None:
    """Not what the dialog returned counts, but whether the app has the role; a no is not asked again."""
    phone = Telephone(held=False, says_yes=says_yes)
    source = feed(phone)
    assert not source.capabilities().number_live
    answers: list[Ready] = []
    source.prepare(answers.append)
    source.prepare(answers.append)
    wanted = Ready(usable=says_yes, missing=() if says_yes else (ROLE,))
    assert answers == [wanted, wanted]
    assert phone.asked == 1
    assert source.capabilities().number_live is says_yes


@pytest.mark.parametrize(("known", "ask"), [(False, True), (True, False)])
def test_a_role_that_cannot_or_shall_not_be_asked_for_is_missing_without_a_dialog(
    known: bool, ask: bool
) -> None:
    """Android before 10, an app without the service, or an app that does not want the dialog."""
    phone = Telephone(held=False, known=known)
    answers: list[Ready] = []
    feed(phone, ask=ask).prepare(answers.append)
    assert answers == [Ready(usable=False, missing=(ROLE,))]
    assert phone.asked == 0


def test_a_screened_call_verifies_a_number_that_rang_before_the_answer_came() -> None:
    """The whole flow: the call overtakes the server's answer, and is matched as soon as it is announced."""
    scene, phone = Scene(), Telephone()
    phone.clock = scene.clock
    scene.server.on_start = lambda: phone.screen(CALLER)
    verified = scene.client.verify("+447400123456", calls=feed(phone))
    assert verified.channel == "flashcall"
    confirms = scene.confirms()
    assert [(each["caller_id"], each["basis"]) for each in confirms] == [(CALLER, "screening")]
    assert "ring_ms" not in confirms[0]
    assert phone.take is None


def test_a_screened_ring_is_reported_with_its_time() -> None:
    """The same with broadcasts: the announced pattern reached the service with its length."""
    scene, phone = Scene(), Telephone()
    phone.clock = scene.clock

    def ring() -> None:
        phone.screen(STRANGER)
        phone.screen(CALLER)
        scene.clock.later(0.5, lambda: phone.state("RINGING"))
        scene.clock.later(5.0, lambda: phone.state("IDLE"))

    scene.server.on_start = lambda: do(scene.clock.later(2.0, ring))
    assert scene.client.verify("+447400123456", calls=feed(phone, with_states=True)).channel == "flashcall"
    (evidence,) = scene.confirms()
    assert (evidence["caller_id"], evidence["ring_ms"], evidence["quality"]) == (CALLER, 5_000, "live")
    assert phone.silenced == digits_that_fit(CallerIdPattern("+4420", len(CALLER)))


PREFIXES = st.from_regex(r"\+[1-9][0-9]{0,6}", fullmatch=True) | st.sampled_from(["+44", "+4420", "+7", "+1"])
LENGTHS = st.one_of(st.none(), st.integers(7, 17))
LEADS = st.sampled_from(["", "+", "00", "0", "011", "0021", "00217", "8", "810", "1", "021", "+(0)"])


@given(PREFIXES, LENGTHS, LEADS, st.integers(0, 3), st.from_regex(r"[0-9 ()/-]{0,20}", fullmatch=True))
def test_the_service_silences_exactly_what_the_flow_would_take(
    prefix: str, length: int | None, lead: str, cut: int, rest: str
) -> None:
    """The expression for Java accepts a number if and only if the check in Python does."""
    pattern = CallerIdPattern(prefix, length)
    number = lead + prefix[1 + cut :] + rest
    text = number.replace("(0)", "") if number.startswith("+") else number
    digits = ("+" if text.startswith("+") else "") + ascii_digits(text)
    fits = re.fullmatch(digits_that_fit(pattern), digits) is not None
    assert fits == matches(pattern, number)


def test_a_screened_call_never_shows_its_number_when_printed() -> None:
    """Its repr is fit for a log."""
    call = ScreenedCall(1, CALLER, True, 0, 0)
    assert CALLER not in repr(call)
    assert "0018" not in repr(replace(call, sequence=2))
