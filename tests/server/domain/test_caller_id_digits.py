"""Numbers that were altered on the way, and numbers of which people type the end."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumber

from ringproof_server.domain.caller_id import Match, compare, compare_last_digits, is_altered
from tests.server.domain.valid_numbers import e164, valid_numbers

LEEDS = "+441134960123"
BRITON = "+447700900123"


@pytest.mark.parametrize(
    "reported",
    [
        "4960123",
        "960123",
        "+1134960123",
        "+331134960123",
        "+4411134960123",
        "+44113496012",
        "0113496012",
        "+4411349601234",
        "+441131960123",
        "+44113490123",
    ],
)
def test_a_number_with_something_done_to_it_on_the_way_is_altered(reported: str) -> None:
    assert compare(LEEDS, reported, BRITON) is Match.MISMATCH
    assert is_altered(LEEDS, reported, BRITON)


@pytest.mark.parametrize(
    "reported",
    [
        None,
        "",
        "anonymous",
        LEEDS,
        "01134960123",
        "0123",
        "+441134960124",
        "+441134969999",
        "+442079460018",
        "Aunt",
    ],
)
def test_right_withheld_short_and_other_numbers_are_not_altered(reported: str | None) -> None:
    assert not is_altered(LEEDS, reported, BRITON)


def test_an_overlong_report_is_not_altered() -> None:
    assert not is_altered(LEEDS, "0" * 200 + "4960123", BRITON)


RIGHT_DIGITS = [
    *("0123", " 0 1 2 3 ", "٠١٢٣", "０１２３", "01-23", "60123", "4960123", "1134960123", "01134960123"),
    *("441134960123", "+44 113 496 0123", "0044 113 496 0123", "(0113) 496 0123"),
]
WRONG_DIGITS = [
    *("", "123", "0124", "1123", "012", "70123", "+0123", "0123a", "0123#", "0123 0123", "3210", "०१२"),
    *("+11134960123", "01134960124", "91134960123", "+441134960124", "0" * 126 + "0123"),
]


@pytest.mark.parametrize("typed", RIGHT_DIGITS)
def test_the_last_digits_or_more_of_them_are_accepted(typed: str) -> None:
    assert compare_last_digits(LEEDS, typed, 4)


@pytest.mark.parametrize("typed", WRONG_DIGITS)
def test_fewer_or_other_digits_are_refused(typed: str) -> None:
    assert not compare_last_digits(LEEDS, typed, 4)


@settings(deadline=None, max_examples=300)
@given(
    sent=valid_numbers(), digits=st.integers(1, 10), given_digits=st.integers(1, 15), step=st.integers(1, 9)
)
def test_typed_digits_are_accepted_exactly_when_they_are_enough_and_all_right(
    sent: PhoneNumber, digits: int, given_digits: int, step: int
) -> None:
    tail = e164(sent)[1:][-given_digits:]
    assert compare_last_digits(e164(sent), tail, digits) is (len(tail) >= digits)
    changed = str((int(tail[0]) + step) % 10) + tail[1:]
    assume(len(tail) <= len(phonenumbers.national_significant_number(sent)))
    assert not compare_last_digits(e164(sent), changed, digits)


def test_asking_for_no_digits_is_a_fault_of_the_caller() -> None:
    with pytest.raises(ValueError, match="at least one"):
        compare_last_digits(LEEDS, "0123", 0)
