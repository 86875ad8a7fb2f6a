"""Codes: uniform, bound to one verification, read in every script."""

from __future__ import annotations

import hashlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.domain.code import guess_probability, matches, spell
from tests.support.statistics import chi_square, chi_square_limit

KEY = b"a key of thirty-two bytes: 32!!!"
SALT = b"0123456789abcdef"
ZEROS = [
    chr(point)
    for point in range(0x110000)
    if unicodedata.decimal(chr(point), None) == 0 and unicodedata.category(chr(point)) == "Nd"
]


def _salt(number: int) -> bytes:
    return hashlib.sha256(number.to_bytes(8)).digest()[:16]


@pytest.mark.parametrize("digits", range(4, 11))
def test_a_code_has_the_digits_asked_for_leading_zeros_included(digits: int) -> None:
    codes = [spell(KEY, _salt(number), digits) for number in range(300)]
    assert all(len(code) == digits and code.isascii() and code.isdecimal() for code in codes)
    assert any(code.startswith("0") for code in codes)


def test_codes_are_uniform_in_every_place_and_as_a_whole() -> None:
    codes = [spell(KEY, _salt(number), 6) for number in range(50_000)]
    for place in range(6):
        counts = [0] * 10
        for code in codes:
            counts[int(code[place])] += 1
        assert chi_square(counts) < chi_square_limit(9)
    thousands = [0] * 1000
    for code in codes:
        thousands[int(code) // 1000] += 1
    assert chi_square(thousands) < chi_square_limit(999)


def test_the_statistic_would_notice_codes_that_are_not_uniform() -> None:
    """A code that were a random byte modulo 10 favours 0 to 5 by 4 percent."""
    counts = [0] * 10
    for number in range(50_000):
        counts[_salt(number)[0] % 10] += 1
    assert chi_square(counts) > chi_square_limit(9)


def test_the_same_salt_gives_the_same_code_and_another_salt_or_key_another() -> None:
    assert spell(KEY, SALT, 10) == spell(KEY, bytes(SALT), 10)
    assert spell(KEY, SALT, 10) != spell(KEY, _salt(1), 10)
    assert spell(KEY, SALT, 10) != spell(KEY[::-1], SALT, 10)


@pytest.mark.parametrize("zero", ZEROS)
def test_the_digits_of_every_script_are_read(zero: str) -> None:
    code = spell(KEY, SALT, 6)
    typed = "".join(chr(ord(zero) + int(digit)) for digit in code)
    assert matches(KEY, SALT, 6, typed)


def test_spaces_dashes_and_invisible_marks_do_not_matter() -> None:
    code = spell(KEY, SALT, 6)
    for typed in (
        f" {code[:3]} {code[3:]}\n",
        f"{code[:3]}-{code[3:]}",
        f"{code[:3]}\u2013{code[3:]}",
        f"\u200e{code}\u200f",
        "\u00a0".join(code),
    ):
        assert matches(KEY, SALT, 6, typed)


def test_everything_else_is_wrong() -> None:
    code = spell(KEY, SALT, 6)
    other = str((int(code) + 1) % 10**6).zfill(6)
    for typed in ("", " ", code[:5], code + "0", "0" + code, other, code[::-1], f"+{code}", f"{code}x", "½"):
        if typed != code:
            assert not matches(KEY, SALT, 6, typed)


def test_a_code_drowned_in_spaces_is_not_read() -> None:
    assert not matches(KEY, SALT, 6, " " * 60 + spell(KEY, SALT, 6))


@given(st.text(max_size=80))
def test_any_text_is_answered_and_only_the_code_is_right(typed: str) -> None:
    code = spell(KEY, SALT, 4)
    digits = "".join(str(unicodedata.decimal(each)) for each in typed if each.isdecimal())
    assert matches(KEY, SALT, 4, typed) <= (digits == code)


@pytest.mark.parametrize(
    ("checks", "digits", "expected"), [(5, 6, 5e-6), (1, 4, 1e-4), (10, 4, 1e-3), (0, 6, 0.0), (20, 1, 1.0)]
)
def test_the_chance_of_a_guess_is_checks_over_codes(checks: int, digits: int, expected: float) -> None:
    assert guess_probability(checks, digits) == pytest.approx(expected)
