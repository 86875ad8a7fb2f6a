"""The phone's own check: the expected call is recognised in whatever way it is written, strangers are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof._match import LONGEST_CALLER_ID
from ringproof._models import CallerIdPattern
from ringproof.calls import is_withheld, matches

UK = CallerIdPattern("+4420", 13)
US = CallerIdPattern("+1202", 12)
FR = CallerIdPattern("+3363998", 12)
BR = CallerIdPattern("+55119", 14)
JP = CallerIdPattern("+813", 12)
IE = CallerIdPattern("+35315", 12)


@pytest.mark.parametrize(
    ("pattern", "reported"),
    [
        (UK, "+442079460018"),
        (UK, "442079460018"),
        (UK, "00442079460018"),
        (UK, "02079460018"),
        (UK, "020 7946 0018"),
        (UK, "(020) 7946-0018"),
        (UK, "2079460018"),
        (UK, "+44 (0)20 7946 0018"),
        (UK, "tel:+44-20-7946-0018"),
        (UK, "tel:%2B442079460018"),
        (UK, "sip:+442079460018@pstn.example;user=phone"),
        (UK, "SIPS:02079460018@pstn.example"),
        (UK, "  +442079460018 "),
        (UK, "+٤٤٢٠٧٩٤٦٠٠١٨"),
        (UK, "０２０７９４６００１８"),
        (UK, "\uff0b442079460018"),
        (US, "2025550143"),
        (US, "12025550143"),
        (US, "01112025550143"),
        (US, "202.555.0143"),
        (FR, "06 39 98 00 12"),
        (FR, "0033639980012"),
        (BR, "11987654321"),
        (BR, "02111987654321"),
        (BR, "0 11 98765-4321"),
        (JP, "0312345678"),
        (JP, "010813 1234 5678"),
        (CallerIdPattern("+7495", 12), "84951234567"),
        (CallerIdPattern("+7495", 12), "81074951234567"),
        (IE, "015123456"),
        (CallerIdPattern("+4", 13), "020 7946 0018"),
        (CallerIdPattern("+4420", None), "02079460018"),
    ],
)
def test_the_expected_call_is_recognised_in_every_writing(pattern: CallerIdPattern, reported: str) -> None:
    """National, international, with access or carrier code, other digits, URIs."""
    assert matches(pattern, reported)


@pytest.mark.parametrize(
    ("pattern", "reported"),
    [
        (UK, "+442179460018"),
        (UK, "+4420794600180"),
        (UK, "+12079460018"),
        (UK, "0018"),
        (UK, "79460018"),
        (UK, "07400123456"),
        (UK, "+4915112345678"),
        (US, "5550143"),
        (US, "+442025550143"),
        (FR, "0612345678"),
        (BR, "987654321"),
        (UK, "1" * (LONGEST_CALLER_ID + 1)),
        (UK, "anonymous"),
        (UK, ""),
        (UK, None),
        (CallerIdPattern("+4420", None), "0207"),
    ],
)
def test_other_peoples_calls_never_match(pattern: CallerIdPattern, reported: str | None) -> None:
    """Another area, another length, another country, too few digits, no number at all."""
    assert not matches(pattern, reported)


@pytest.mark.parametrize(
    "reported",
    [None, "", " ", "anonymous", "Unknown", "RESTRICTED", "private", "-1", "-2", "sip:anonymous@x.invalid"],
)
def test_withheld_is_told_from_a_number(reported: str | None) -> None:
    """Words and Android's placeholder numbers mean that the number is kept back."""
    assert is_withheld(reported)


@pytest.mark.parametrize("reported", ["+442079460018", "0018", "12"])
def test_a_number_is_not_withheld(reported: str) -> None:
    """Digits are a number, however short."""
    assert not is_withheld(reported)


COUNTRIES = {"44": "0", "1": "1", "33": "0", "49": "0", "7": "8", "353": "0", "39": "", "852": "", "998": ""}
ALPHABETS = ("0123456789", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "０１２３４５６７８９")


@st.composite
def written_numbers(draw: st.DrawFn) -> tuple[str, str]:
    """A number in E.164 and one way a phone may write it."""
    code = draw(st.sampled_from(sorted(COUNTRIES)))
    national = draw(st.from_regex(r"[1-9][0-9]{7,9}", fullmatch=True))
    lead = draw(st.sampled_from(["+" + code, code, "00" + code, "011" + code, COUNTRIES[code], ""]))
    alphabet = draw(st.sampled_from(ALPHABETS))
    gaps = draw(st.lists(st.sampled_from(["", "", " ", "-", ".", "\u00a0"]), min_size=10, max_size=10))
    digits = "".join(digit + gap for digit, gap in zip(national, gaps, strict=False))
    text = "".join(alphabet[int(each)] if each.isdecimal() else each for each in lead + digits)
    return f"+{code}{national}", text


@given(written_numbers(), st.integers(3, 8), st.booleans())
def test_no_writing_hides_the_expected_call(number: tuple[str, str], revealed: int, sized: bool) -> None:
    """Whatever the number, the writing and the part of it that is known beforehand: it is recognised."""
    sent, written = number
    assert matches(CallerIdPattern(sent[:revealed], len(sent) if sized else None), written)


@given(written_numbers(), written_numbers())
def test_an_international_number_matches_only_its_own_pattern(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    """With a plus sign nothing is guessed: prefix and length decide."""
    sent, stranger = one[0], other[0]
    expected = stranger.startswith(sent[:8]) and len(stranger) == len(sent)
    assert matches(CallerIdPattern(sent[:8], len(sent)), stranger) is expected


@given(st.text(max_size=80))
def test_no_text_breaks_the_check(text: str) -> None:
    """Networks and handsets write strange things; the answer is yes or no."""
    assert matches(UK, text) in {True, False}
    assert is_withheld(text) in {True, False}
