"""Call screening on real Java: the service's own decisions, the role, and what reaches Python."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from typing import Any

import jnius
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringproof._calls import CallEvent, ExpectedCall, Ready
from ringproof._match import digits_that_fit, matches
from ringproof._models import CallerIdPattern
from ringproof.android import ScreeningFeed
from ringproof.android._bridge.clocks import PhoneClock
from ringproof.android._bridge.receivers import phone_state
from ringproof.android._bridge.screening import PhoneScreening
from ringproof.android._phone_state import PhoneStateFeed
from ringproof.android._screening import ROLE, ScreenedCall
from ringproof.testing import (
    FakeClock,
)
from tests.android.phone import READ_PHONE_STATE, Phone
from tests.android.telecom import CALLER, SCREENING, Roles, Screening, Telecom

OTHER, STRANGER = "+442079460019", "+33639980123"
LONDON = digits_that_fit(CallerIdPattern("+4420", 13))
YES, NO = -1, 0

Service: Any = jnius.autoclass("org.ringproof.android.CallScreening")


@pytest.fixture
def screening(phone: Phone) -> Iterator[Screening]:
    """The role is the app's."""
    Roles.give(SCREENING)
    screening = Screening()
    yield screening
    screening.hold.set()
    screening.stop()


def heard(screening: PhoneScreening) -> list[ScreenedCall]:
    calls: list[ScreenedCall] = []
    screening.watch(calls.append, 60)
    return calls


def test_the_expected_call_is_silenced_and_no_other_is_touched(screening: Screening, phone: Phone) -> None:
    """Never rejected; before the announcement, after the end and for other numbers nothing happens."""
    assert Telecom.incoming(CALLER) == "allow"
    heard(screening)
    assert Telecom.incoming(CALLER) == "allow"
    screening.expect(LONDON, 60)
    assert [Telecom.incoming(each) for each in (CALLER, "02079460018", "00442079460018")] == ["silence"] * 3
    assert [Telecom.incoming(each) for each in (STRANGER, "0207946001", None, "", "unknown")] == ["allow"] * 5
    assert Telecom.outgoing(CALLER) == "allow"
    screening.stop()
    assert Telecom.incoming(CALLER) == "allow"
    assert screening.remembered() == []


def test_nothing_is_silenced_when_the_time_is_over(screening: Screening, phone: Phone) -> None:
    """Also when nobody said stop, because the process was frozen or forgot."""
    phone.set_clock(1_000_000)
    calls = heard(screening)
    screening.expect(LONDON, 75)
    phone.set_clock(1_074_999)
    assert Telecom.incoming(CALLER) == "silence"
    phone.wait_for(lambda: bool(calls), "the first was not told")
    phone.set_clock(1_075_000)
    assert Telecom.incoming(CALLER) == "allow"
    assert Telecom.incoming(CALLER) == "allow"
    assert len(calls) == 1
    screening.watch(calls.append, 1e9)
    phone.set_clock(1_075_000 + 600_000)
    assert Telecom.incoming(CALLER) == "allow"
    assert screening.remembered() == []


def test_a_call_that_is_no_longer_expected_is_told_and_rings(screening: Screening, phone: Phone) -> None:
    """The silence may end before the watching does; strangers stay out of it."""
    phone.set_clock(1_000_000)
    calls = heard(screening)
    screening.expect(LONDON, 30)
    phone.set_clock(1_030_000)
    assert [Telecom.incoming(each) for each in (STRANGER, CALLER)] == ["allow"] * 2
    phone.wait_for(lambda: bool(calls), "the late call was not told")
    assert [(each.number, each.silenced) for each in calls] == [(CALLER, False)]


def test_without_a_listener_nothing_can_be_expected(screening: Screening) -> None:
    """A process that was started anew for the call knows of nothing and lets all pass."""
    screening.expect(LONDON, 60)
    assert Telecom.incoming(CALLER) == "allow"


@pytest.mark.parametrize("version", [26, 28])
def test_before_android_10_it_lets_all_pass(screening: Screening, phone: Phone, version: int) -> None:
    """Calls cannot be silenced there, and there is no role."""
    heard(screening)
    screening.expect(LONDON, 60)
    phone.java.setSdk(version)
    assert Telecom.incoming(CALLER) == "allow"
    assert screening.remembered() == []


@pytest.mark.parametrize(
    "handle",
    [
        None, "", "tel:", "tel:%20", "tel:anonymous", "sip:anonymous@anonymous.invalid", "voicemail:", "x",
        "tel:%00%ff%fe", "tel:" + "4" * 65, "tel:" + "%2B" * 3000, "tel:+44207946001%F0%9F%93%9E",
        "tel:\ud7ff\uffff", "content://evil/4420", "tel:%2B44(0)2079460018x",
    ],
)  # fmt: skip
def test_a_strange_handle_is_survived(screening: Screening, phone: Phone, handle: str | None) -> None:
    """No handle, words, long, broken and foreign ones: an answer comes, and the next call is told."""
    calls = heard(screening)
    screening.expect(LONDON, 60)
    assert Telecom.screen(handle, 0) in {"allow", "silence"}
    assert Telecom.screen("tel:" + CALLER.replace("+", "%2B"), 0) == "silence"
    phone.wait_for(lambda: bool(calls) and calls[-1].number == CALLER, "the call was not told")


@pytest.mark.parametrize("handle", [None, "", "tel:", "tel:anonymous", "tel:%20"])
def test_a_withheld_call_is_told_as_withheld(screening: Screening, phone: Phone, handle: str | None) -> None:
    """Android gives no handle; some networks a word. It is told, with no number, and not silenced."""
    calls = heard(screening)
    screening.expect(LONDON, 60)
    assert Telecom.screen(handle, 0) == "allow"
    phone.wait_for(lambda: bool(calls), "the call was not told")
    assert [(each.number, each.silenced) for each in calls] == [(None, False)]


def test_other_peoples_calls_are_forgotten_when_it_is_known_who_will_call(
    screening: Screening, phone: Phone
) -> None:
    """What came before the announcement is kept until then, of ours and of withheld ones also afterwards."""
    calls = heard(screening)
    for number in (STRANGER, CALLER, None):
        assert Telecom.incoming(number) == "allow"
    phone.wait_for(lambda: len(calls) == 3, "a call was not told")
    assert [call.number for call in screening.remembered()] == [STRANGER, CALLER, None]
    screening.expect(LONDON, 60)
    assert [call.number for call in screening.remembered()] == [CALLER, None]


def test_a_text_that_is_too_long_for_a_number_is_not_silenced(screening: Screening, phone: Phone) -> None:
    """The check in Python would not take it either."""
    heard(screening)
    screening.expect(LONDON, 60)
    assert Telecom.incoming(CALLER + " " * 50) == "silence"
    assert Telecom.incoming(CALLER + " " * 60) == "allow"
    assert not matches(CallerIdPattern("+4420", 13), CALLER + " " * 60)


def test_the_end_of_one_verification_takes_nothing_from_the_next(phone: Phone) -> None:
    """A person cancels and begins again; the old one stops late, when the new one is watching already."""
    Roles.give(SCREENING)
    old, new = PhoneScreening(), PhoneScreening()
    heard(old)
    calls = heard(new)
    new.expect(LONDON, 60)
    old.expect(digits_that_fit(CallerIdPattern("+33", 12)), 60)
    old.stop()
    old.stop()
    assert old.remembered() == []
    assert Telecom.incoming(CALLER) == "silence"
    assert Telecom.incoming(STRANGER) == "allow"
    phone.wait_for(lambda: bool(calls), "the call was not told")
    assert [call.number for call in calls] == [CALLER]
    new.stop()
    assert Telecom.incoming(CALLER) == "allow"
    assert len(calls) == 1


LEADS = st.sampled_from(
    ["", "+", "00", "0", "011", "0021", "00217", "8", "810", "1", "021", "+(0)", "\uff0b"]
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["+44", "+4420", "+4420794", "+7", "+1", "+49176"]),
    st.one_of(st.none(), st.integers(8, 16)),
    LEADS,
    st.integers(0, 3),
    st.from_regex(r"[0-9\u0660-\u0669 ()/-]{0,16}", fullmatch=True),
)
def test_java_silences_exactly_what_python_would_take(
    screening: Screening, prefix: str, length: int | None, lead: str, cut: int, rest: str
) -> None:
    """National and international forms, brackets, other scripts' digits: both sides agree."""
    pattern, number = CallerIdPattern(prefix, length), lead + prefix[1 + cut :] + rest
    heard(screening)
    screening.expect(digits_that_fit(pattern), 60)
    wanted = "silence" if matches(pattern, number) else "allow"
    assert Telecom.incoming(number) == wanted


def test_a_listener_that_hangs_costs_the_phone_nothing(screening: Screening, phone: Phone) -> None:
    """The answer comes first and from Java alone; the last calls are remembered and told afterwards."""
    events: list[CallEvent] = []
    feed = ScreeningFeed(screening, clock=FakeClock())
    feed.start(events.append)
    feed.expect(ExpectedCall("+4420", 4, length=13))
    screening.hold.clear()
    began = time.monotonic()
    for last in range(30):
        assert Telecom.incoming(f"+4420794600{last:02d}") == "silence"
    print(f"30 calls decided while Python hung: {(time.monotonic() - began) * 1000:.0f} ms")
    assert len(screening.remembered()) == Service.MOST_REMEMBERED
    assert events == []
    feed.catch_up()
    told = [each.number for each in events if each.kind == "ended"]
    assert told == [f"+4420794600{last:02d}" for last in range(22, 30)]
    screening.hold.set()
    feed.catch_up()
    phone.wait_for(lambda: len(screening.told) >= 9, "the queue was not worked off")
    # The very first was being told when Python began to hang; it is told once it goes on, and nothing twice.
    assert [each.number for each in events if each.kind == "ended"] == [*told, "+442079460000"]
    feed.stop()


def test_a_listener_that_fails_is_asked_again(
    screening: Screening, phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    """Its failure is told by its kind only, the thread lives on."""
    calls = heard(screening)
    screening.fails = True
    Telecom.incoming(CALLER)
    phone.wait_for(lambda: bool(caplog.records), "the failure was not noted")
    screening.fails = False
    Telecom.incoming(OTHER)
    phone.wait_for(lambda: bool(calls), "the second was not told")
    assert calls[0].number == OTHER
    assert "ValueError" in caplog.text
    assert "0018" not in caplog.text


def test_fifty_restarts_with_collections_between_them(screening: Screening, phone: Phone) -> None:
    """The one listener lives on; an earlier verification hears nothing of a later one."""
    began = time.monotonic()
    every: list[list[CallEvent]] = []
    for _ in range(50):
        events: list[CallEvent] = []
        feed = ScreeningFeed(screening, clock=FakeClock())
        feed.start(events.append)
        feed.expect(ExpectedCall("+4420", 4, length=13))
        gc.collect()
        assert Telecom.incoming(CALLER) == "silence"
        phone.wait_for(lambda events=events: len(events) == 2, "the call was not told")  # type: ignore[misc]
        feed.stop()
        every.append(events)
    print(f"50 restarts with a call each: {time.monotonic() - began:.2f} s")
    assert [len(events) for events in every] == [2] * 50


def test_the_decision_is_measured(screening: Screening, phone: Phone) -> None:
    """Not judged, only printed: Android waits five seconds."""
    calls = heard(screening)
    screening.expect(LONDON, 60)
    took = []
    for _ in range(200):
        began = time.perf_counter()
        assert Telecom.incoming(CALLER) == "silence"
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    print(f"decision, ms, of 200: median {took[100]:.2f}, p99 {took[198]:.2f}, longest {took[-1]:.2f}")
    phone.wait_for(lambda: len(calls) > 0, "nothing was told")


def test_the_ring_is_measured_where_the_state_of_the_phone_may_be_read(
    screening: Screening, phone: Phone
) -> None:
    """READ_PHONE_STATE without READ_CALL_LOG: the number from screening, its length from the broadcasts."""
    phone.grant(READ_PHONE_STATE)
    clock = PhoneClock()
    events: list[CallEvent] = []
    feed = ScreeningFeed(screening, states=PhoneStateFeed(phone_state, clock), clock=clock)
    assert feed.capabilities().ring_time
    phone.set_clock(1_000_000)
    feed.start(events.append)
    feed.expect(ExpectedCall("+4420", 4, length=13))
    assert Telecom.incoming(CALLER) == "silence"
    screening.wait(phone)
    phone.set_clock(1_000_700)
    phone.broadcast("RINGING")
    phone.settle()
    phone.set_clock(1_005_000)
    phone.broadcast("IDLE")
    phone.wait_for(lambda: len(events) == 2, "the end was not told")
    feed.stop()
    end = events[-1]
    assert (end.kind, end.number, end.ring_ms, end.quality) == ("ended", CALLER, 5_000, "live")


def answer_dialog(phone: Phone, outcome: int) -> None:
    for _ in range(3):
        phone.settle()
    phone.screens.answer(phone.screens.startedCode(phone.screens.startedCount() - 1), outcome, None)
    phone.settle()


@pytest.mark.parametrize(("gives", "outcome"), [(True, YES), (False, NO), (True, NO), (False, YES)])
def test_the_role_is_asked_for_in_androids_dialog(phone: Phone, gives: bool, outcome: int) -> None:
    """Whether the app has it then is read from the phone, not from the dialog's result; asked once."""
    Roles.know(SCREENING)
    feed = ScreeningFeed(PhoneScreening(), clock=FakeClock())
    answers: list[Ready] = []
    feed.prepare(answers.append)
    phone.settle()
    assert answers == []
    if gives:
        Roles.give(SCREENING)
    answer_dialog(phone, outcome)
    assert answers == [Ready(usable=gives, missing=() if gives else (ROLE,))]
    Roles.take(SCREENING)
    feed.prepare(answers.append)
    assert phone.screens.startedCount() == 1
    assert answers[1] == Ready(usable=False, missing=(ROLE,))


def test_a_phone_without_the_role_is_not_asked(phone: Phone) -> None:
    """A tablet, or an Android that has none to give."""
    feed = ScreeningFeed(PhoneScreening(), clock=FakeClock())
    answers: list[Ready] = []
    feed.prepare(answers.append)
    assert answers == [Ready(usable=False, missing=(ROLE,))]
    assert phone.screens.startedCount() == 0


def test_a_dialog_that_cannot_be_shown_is_a_no(phone: Phone) -> None:
    """And not a crash."""
    Roles.know(SCREENING)
    phone.screens.setMissing(True)
    answers: list[Ready] = []
    ScreeningFeed(PhoneScreening(), clock=FakeClock()).prepare(answers.append)
    for _ in range(3):
        phone.settle()
    assert answers == [Ready(usable=False, missing=(ROLE,))]
