"""The call log of the phone: every type, every presentation, and a provider that fails."""

from __future__ import annotations

import pytest

from ringproof.android import AndroidCallSource
from ringproof.calls import SeenCall
from tests.android.phone import (
    ALLOWED,
    ANSWERED_ELSEWHERE,
    BLOCKED,
    INCOMING,
    MISSED,
    OUTGOING,
    PAYPHONE,
    READ_CALL_LOG,
    REJECTED,
    RESTRICTED,
    UNAVAILABLE,
    UNKNOWN,
    VOICEMAIL,
    Phone,
)

CALLER = "+442079460018"
BEGAN = 1_700_000_010_000


@pytest.fixture
def source(phone: Phone) -> AndroidCallSource:
    phone.grant()
    return AndroidCallSource()


def only(source: AndroidCallSource, since: int = 0) -> SeenCall:
    (row,) = source.history(since)
    return row


@pytest.mark.parametrize(
    ("kind", "answered", "ring_ms"),
    [
        (INCOMING, True, None),
        (MISSED, False, 5_000),
        (REJECTED, False, 5_000),
        (BLOCKED, False, None),
        (ANSWERED_ELSEWHERE, True, None),
    ],
)
def test_every_kind_of_incoming_call_is_found(
    phone: Phone, source: AndroidCallSource, kind: int, answered: bool, ring_ms: int | None
) -> None:
    """Also what the person rejected or a filter blocked; the ring is estimated where nobody took it."""
    row = phone.log_call(CALLER, kind=kind, date=BEGAN, ring_ms=5_000)
    call = only(source)
    assert call == SeenCall(str(row), CALLER, False, BEGAN, ring_ms, answered)
    assert (call.basis, call.quality) == ("call_log", "estimated")


@pytest.mark.parametrize("kind", [OUTGOING, VOICEMAIL, 8, 0])
def test_other_rows_are_nobodys_business(phone: Phone, source: AndroidCallSource, kind: int) -> None:
    """Calls that the person made, and kinds that do not exist yet."""
    phone.log_call(CALLER, kind=kind)
    assert source.history(0) == []


@pytest.mark.parametrize("presentation", [RESTRICTED, UNKNOWN, PAYPHONE, UNAVAILABLE])
@pytest.mark.parametrize("number", [None, "", "-1", "-2", CALLER])
def test_a_number_that_may_not_be_shown_is_withheld(
    phone: Phone, source: AndroidCallSource, presentation: int, number: str | None
) -> None:
    """Whatever the phone's maker has written into its place."""
    phone.log_call(number, presentation=presentation)
    call = only(source)
    assert (call.number, call.withheld) == (None, True)


@pytest.mark.parametrize("number", [None, "", " ", "-1", "-2", "-3", "Anonymous", "unknown"])
def test_words_in_place_of_a_number_are_withheld(
    phone: Phone, source: AndroidCallSource, number: str | None
) -> None:
    """Also where the presentation claims to be allowed."""
    phone.log_call(number, presentation=ALLOWED)
    assert (only(source).number, only(source).withheld) == (None, True)


@pytest.mark.parametrize("number", ["020 7946 0018", "0044207946 0018", "442079460018", " +442079460018"])
def test_a_number_is_told_as_the_network_wrote_it(
    phone: Phone, source: AndroidCallSource, number: str
) -> None:
    """What it means is for the matching to say."""
    phone.log_call(number)
    assert only(source).number == number.strip()


def test_a_row_with_an_unknown_presentation_keeps_its_number(phone: Phone, source: AndroidCallSource) -> None:
    """Some makers write nothing there."""
    phone.log_call(CALLER, presentation=0)
    assert only(source).number == CALLER


def test_the_mark_from_which_is_read_stands_still(phone: Phone, source: AndroidCallSource) -> None:
    """A row appears late and behind others, dated with its beginning; it is found all the same."""
    phone.log_call("+33639981111", date=BEGAN + 8_000, ring_ms=1_000, row=2)
    first = list(source.history(BEGAN))
    phone.log_call(CALLER, date=BEGAN, ring_ms=20_000, row=3)
    second = list(source.history(BEGAN))
    assert [call.row for call in first] == ["2"]
    assert [call.row for call in second] == ["3", "2"]
    assert source.history(BEGAN + 8_001) == []


def test_a_row_that_comes_twice_counts_once(phone: Phone, source: AndroidCallSource) -> None:
    """By its `_ID`, as from providers that join tables of two SIM cards."""
    for _ in range(2):
        phone.log_call(CALLER, row=7)
    assert only(source).row == "7"


def test_a_row_that_was_changed_later_has_no_ring_time(phone: Phone, source: AndroidCallSource) -> None:
    """LAST_MODIFIED moves when the person has looked at the missed call."""
    phone.log_call(CALLER, ring_ms=3_600_000)
    assert only(source).ring_ms is None


def test_a_long_log_is_read_in_bounds(phone: Phone, source: AndroidCallSource) -> None:
    """2000 rows: the newest 50 incoming ones, oldest first."""
    for index in range(2_000):
        kind = OUTGOING if index % 2 else MISSED
        phone.log_call(CALLER, kind=kind, date=BEGAN + index * 60_000, ring_ms=100)
    found = source.history(0)
    assert [call.row for call in found] == [str(row) for row in range(1_901, 2_000, 2)]


def test_without_the_permission_the_log_is_empty(phone: Phone, source: AndroidCallSource) -> None:
    """Taken away in the settings, in the middle of it all."""
    phone.log_call(CALLER)
    phone.revoke(READ_CALL_LOG)
    assert source.history(0) == []
    assert not source.capabilities().history


@pytest.mark.parametrize("how", ["null", "dead", "dying"])
def test_a_provider_that_fails_is_an_empty_log(phone: Phone, source: AndroidCallSource, how: str) -> None:
    """No cursor, an exception, or one between two rows; and the next reading works again."""
    phone.log_call(CALLER)
    phone.call_log.breakWith(how)
    assert source.history(0) == []
    phone.call_log.breakWith(None)
    assert only(source).number == CALLER


def test_a_phone_that_tells_nothing_is_noticed(phone: Phone, source: AndroidCallSource) -> None:
    """A call of this minute is in the log and was not announced: the developer is told why that may be."""
    source.start(lambda _: None)
    assert "maker" not in source.describe()
    phone.log_call(CALLER, date=2**42)
    assert source.history(0)
    state = next(way for way in source.ways() if way.name == "phone_state")
    source.stop()
    assert state.taken
    assert "maker" in state.note
    assert CALLER not in source.describe()


@pytest.mark.parametrize("kind", [BLOCKED, OUTGOING])
def test_a_call_that_never_rang_is_no_sign_of_silence(
    phone: Phone, source: AndroidCallSource, kind: int
) -> None:
    """Nor is one of before the start."""
    source.start(lambda _: None)
    phone.log_call(CALLER, kind=kind, date=2**42)
    phone.log_call(CALLER, kind=MISSED, date=1_000)
    source.history(0)
    described = source.describe()
    source.stop()
    assert "maker" not in described
