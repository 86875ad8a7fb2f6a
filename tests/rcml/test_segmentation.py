"""How many segments a text takes on the air."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_rcml import Encoding, Segments, segments


@pytest.mark.parametrize(
    ("text", "units", "count", "octets"),
    [
        ("", 0, 1, 0),
        ("a", 1, 1, 1),
        ("a" * 8, 8, 1, 7),
        ("a" * 160, 160, 1, 140),
        ("a" * 161, 161, 2, 141),
        ("a" * 306, 306, 2, 268),
        ("a" * 307, 307, 3, 269),
        ("€" * 80, 160, 1, 140),
        ("€" * 81, 162, 2, 142),
        ("[]{}^~|\\\f", 18, 1, 16),
        ("Ñandú".replace("ú", "ù"), 5, 1, 5),
    ],
)
def test_the_seven_bit_alphabet_packs_eight_characters_into_seven_octets(
    text: str, units: int, count: int, octets: int
) -> None:
    assert segments(text) == Segments(Encoding.GSM_7, units, count, octets)


@pytest.mark.parametrize(
    ("text", "units", "count", "octets"),
    [
        ("ع", 1, 1, 2),
        ("ع" * 70, 70, 1, 140),
        ("ع" * 71, 71, 2, 142),
        ("ع" * 134, 134, 2, 268),
        ("ع" * 135, 135, 3, 270),
        ("😀" * 35, 70, 1, 140),
        ("ç" + "a" * 69, 70, 1, 140),
        ("ç" + "a" * 70, 71, 2, 142),
    ],
)
def test_one_character_outside_the_alphabet_makes_all_of_them_two_octets_wide(
    text: str, units: int, count: int, octets: int
) -> None:
    assert segments(text) == Segments(Encoding.UCS_2, units, count, octets)


def test_an_escaped_character_is_not_cut_in_two() -> None:
    """306 septets would fill two segments exactly, if the euro sign could lie across the cut."""
    text = "a" * 152 + "€" + "a" * 152
    assert segments(text) == Segments(Encoding.GSM_7, 306, 3, 268)


def test_a_surrogate_pair_is_not_cut_in_two() -> None:
    text = "ع" * 66 + "😀" + "ع" * 66
    assert segments(text) == Segments(Encoding.UCS_2, 134, 3, 268)


def test_the_alphabet_has_127_characters_and_10_escaped_ones() -> None:
    """3GPP TS 23.038: 128 codes, one of which is the escape; and ten characters behind the escape."""
    sizes = [segments(chr(code)) for code in range(0x10000) if not 0xD800 <= code < 0xE000]
    seven_bit = [size.units for size in sizes if size.encoding is Encoding.GSM_7]
    assert (seven_bit.count(1), seven_bit.count(2), len(seven_bit)) == (127, 10, 137)


@given(st.text(max_size=600))
def test_no_segment_count_is_below_what_the_units_need(text: str) -> None:
    size = segments(text)
    single, joined = (160, 153) if size.encoding is Encoding.GSM_7 else (70, 67)
    assert (size.segments == 1) == (size.units <= single)
    assert size.segments == 1 or size.units <= size.segments * joined
    if size.encoding is Encoding.UCS_2:
        assert size.octets == len(text.encode("utf-16-be"))
