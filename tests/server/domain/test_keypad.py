"""Digits that are typed in a call: uniform, apart from the code, compared as they are."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.domain import code, keypad
from tests.support.statistics import chi_square, chi_square_limit, clopper_pearson

KEY = b"a key of thirty-two bytes: 32!!!"
SALT = b"0123456789abcdef"


def _salt(number: int) -> bytes:
    return hashlib.sha256(number.to_bytes(8)).digest()[:16]


@pytest.mark.parametrize("digits", range(4, 11))
def test_there_are_as_many_digits_as_asked_for(digits: int) -> None:
    spelt = [keypad.spell(KEY, _salt(number), digits) for number in range(300)]
    assert all(len(one) == digits and one.isascii() and one.isdecimal() for one in spelt)
    assert any(one.startswith("0") for one in spelt)


def test_the_digits_are_uniform_as_a_whole() -> None:
    thousands = [0] * 1000
    for number in range(50_000):
        thousands[int(keypad.spell(KEY, _salt(number), 6)) // 1000] += 1
    assert chi_square(thousands) < chi_square_limit(999)


def test_the_digits_tell_nothing_about_the_code() -> None:
    """Of one salt both are as if drawn apart: their difference is uniform too."""
    counts = [0] * 1000
    for number in range(50_000):
        shown, secret = (spell(KEY, _salt(number), 6) for spell in (keypad.spell, code.spell))
        counts[(int(shown) - int(secret)) % 10**6 // 1000] += 1
    assert chi_square(counts) < chi_square_limit(999)


@given(st.text(max_size=64))
def test_only_the_digits_themselves_are_right(typed: str) -> None:
    right = keypad.spell(KEY, SALT, 6)
    assert keypad.matches(KEY, SALT, 6, typed) == (typed == right)
    assert keypad.matches(KEY, SALT, 6, right)


def test_who_types_at_random_passes_as_often_as_stated() -> None:
    """Whoever answers and tries five times, each time something else, at four digits: 5 in ten thousand."""
    trials, tries = 100_000, 5
    passed = 0
    for number in range(trials):
        begin = int.from_bytes(_salt(number + trials)[:4]) % 10**4
        guesses = {f"{(begin + step * 1999) % 10**4:04}" for step in range(tries)}
        passed += keypad.spell(KEY, _salt(number), 4) in guesses
    low, high = clopper_pearson(passed, trials)
    assert low <= code.guess_probability(tries, 4) <= high
