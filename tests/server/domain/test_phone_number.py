"""Which numbers are accepted, what is known of them, and that nothing prints them."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumber as ParsedNumber
from phonenumbers import PhoneNumberFormat

from ringproof_server.domain.errors import InvalidPhoneNumber
from ringproof_server.domain.fictitious import FICTITIOUS_RANGES, is_fictitious
from ringproof_server.domain.numbering_plan import (
    digits_written,
    e164_of,
    load_numbering_plans,
    main_region,
    parse_international,
    split_country_code,
)
from ringproof_server.domain.phone_number import NumberKind, PhoneNumber
from tests.server.domain.valid_numbers import ARABIC_INDIC, FULLWIDTH, e164, region_of, valid_numbers

READINGS = [
    ("+447400123456", None, "+447400123456"),
    (" +44 7400 123456 ", None, "+447400123456"),
    ("+44 (0)7400 123-456", None, "+447400123456"),
    ("(+44) 7400.123456", None, "+447400123456"),
    ("+44/7400/123456", None, "+447400123456"),
    ("\u202a+44\u00a07400\u2011123456\u202c", None, "+447400123456"),
    ("＋４４７４００１２３４５６", None, "+447400123456"),
    ("+٤٤٧٤٠٠١٢٣٤٥٦", None, "+447400123456"),
    ("+४४७४००१२३४५६", None, "+447400123456"),
    ("07400 123456", "GB", "+447400123456"),
    ("07400 123456", "gb", "+447400123456"),
    ("0044 7400 123456", "DE", "+447400123456"),
    ("011 44 7400 123456", "US", "+447400123456"),
    ("+447400123456", "US", "+447400123456"),
    ("(202) 456-1111", "US", "+12024561111"),
    ("06 1234 5678", "IT", "+390612345678"),
    ("+39 06 1234 5678", None, "+390612345678"),
    ("+800 1234 5678", None, "+80012345678"),
]
REFUSALS = [
    ("", None, "empty"),
    ("   ", None, "empty"),
    ("+", None, "empty"),
    ("+44 7400 123456" + " " * 50, None, "longer than 64"),
    ("+44 7400\n123456", None, "control"),
    ("+447400123456\x00", None, "control"),
    ("+447400123456\n", None, "control"),
    ("\t+447400123456", None, "control"),
    ("+44 7400 123456 ext 12", None, "Extensions"),
    ("+44 7400 123456x12", None, "Extensions"),
    ("+44 7400 123456#12", None, "Extensions"),
    ("+44 7400 123456,,12", None, "Extensions"),
    ("+447400123456;ext=12", None, "Extensions"),
    ("tel:+447400123456", None, "may contain digits"),
    ("sip:+447400123456@example.com", None, "may contain digits"),
    ("+44 7400 123456@host", None, "may contain digits"),
    ("+44 7400 CALLME", None, "may contain digits"),
    ("1-800-FLOWERS", "US", "may contain digits"),
    ("+44+7400123456", None, "may contain digits"),
    ("447400123456+", None, "may contain digits"),
    ("+44*7400123456", None, "may contain digits"),
    ("\ud800", None, "may contain digits"),
    ("447400123456", None, "start with"),
    ("00447400123456", None, "start with"),
    ("07400123456", "XX", "region"),
    ("07400123456", "", "region"),
    ("+00447400123456", None, "country code"),
    ("+00447400123456", "US", "country code"),
    ("+9991234567", None, "country code"),
    ("+44", None, "few digits"),
    ("+447400", None, "few digits"),
    ("7", "GB", "few digits"),
    ("5551234", "US", "few digits"),
    ("+4474001234567890", None, "many digits"),
    ("+49301234567890123", None, "many digits"),
    ("+4930" + "1" * 40, None, "many digits"),
    ("+44 7400 1234567", None, "many digits for"),
    ("+441111111111", None, "numbering plan"),
    ("+12021112222", None, "numbering plan"),
]
KINDS = [
    ("+447400123456", NumberKind.MOBILE, "GB"),
    ("+441212345678", NumberKind.LANDLINE, "GB"),
    ("+12024561111", NumberKind.MOBILE_OR_LANDLINE, "US"),
    ("+445612345678", NumberKind.VOIP, "GB"),
    ("+18002345678", NumberKind.TOLL_FREE, "US"),
    ("+449012345678", NumberKind.PREMIUM, "GB"),
    ("+33884012345", NumberKind.SHARED_COST, "FR"),
    ("+447640123456", NumberKind.PAGER, "GB"),
    ("+445512345678", NumberKind.UAN, "GB"),
    ("+41860123456789", NumberKind.VOICEMAIL, "CH"),
    ("+447012345678", NumberKind.PERSONAL, "GB"),
]


@pytest.mark.parametrize(("text", "region", "expected"), READINGS)
def test_numbers_as_people_write_them_are_read(text: str, region: str | None, expected: str) -> None:
    assert PhoneNumber.parse(text, region).e164 == expected


@pytest.mark.parametrize(("text", "region", "fault"), REFUSALS)
def test_what_is_no_number_is_refused_with_its_fault(text: str, region: str | None, fault: str) -> None:
    with pytest.raises(InvalidPhoneNumber, match=fault) as refused:
        PhoneNumber.parse(text, region)
    assert not re.search(r"\d{3}", str(refused.value))


@settings(deadline=None, max_examples=500)
@given(
    text=st.one_of(st.text(max_size=70), st.text("+0123456789 -()٣x#;", max_size=40)),
    region=st.one_of(st.none(), st.sampled_from(["GB", "US", "DE", "AR", "ZZ"])),
)
@example("+", None)
@example("+1", None)
@example("00", "GB")
def test_any_text_is_a_number_or_refused_without_being_repeated(text: str, region: str | None) -> None:
    outcome = _parse_or_refuse(text, region)
    if isinstance(outcome, InvalidPhoneNumber):
        assert not re.search(r"\d{3}", str(outcome))
        assert outcome.__cause__ is None
        assert outcome.__context__ is None
    else:
        assert re.fullmatch(r"\+[1-9][0-9]{3,14}", outcome.e164)
        assert outcome.kind is not NumberKind.UNKNOWN


def _parse_or_refuse(text: str, region: str | None) -> PhoneNumber | InvalidPhoneNumber:
    try:
        return PhoneNumber.parse(text, region)
    except InvalidPhoneNumber as refusal:
        return refusal


@settings(deadline=None, max_examples=300)
@given(known=valid_numbers())
def test_every_way_of_writing_a_number_leads_to_the_same_number(known: ParsedNumber) -> None:
    full = e164(known)
    spaced = phonenumbers.format_number(known, PhoneNumberFormat.INTERNATIONAL)
    national = phonenumbers.format_number(known, PhoneNumberFormat.NATIONAL)
    texts = [
        full,
        spaced,
        full.translate(ARABIC_INDIC),
        spaced.translate(FULLWIDTH),
        spaced.replace(" ", "."),
    ]
    assert {PhoneNumber.parse(text).e164 for text in texts} == {full}
    assert PhoneNumber.parse(national, region_of(known)) == PhoneNumber(full)


@settings(deadline=None, max_examples=300)
@given(known=valid_numbers())
def test_kind_and_region_are_the_same_whether_parsed_or_trusted(known: ParsedNumber) -> None:
    parsed, trusted = PhoneNumber.parse(e164(known)), PhoneNumber.trusted(e164(known))
    assert parsed == trusted
    assert hash(parsed) == hash(trusted)
    assert parsed.kind is trusted.kind is not NumberKind.UNKNOWN
    assert parsed.region == trusted.region == phonenumbers.region_code_for_number(known)
    assert f"+{parsed.country_code}{parsed.national_number}" == parsed.e164


@pytest.mark.parametrize(("text", "kind", "region"), KINDS)
def test_kinds_are_told_apart(text: str, kind: NumberKind, region: str) -> None:
    number = PhoneNumber.parse(text)
    assert (number.kind, number.region) == (kind, region)


def test_there_is_a_number_of_every_kind_but_unknown() -> None:
    assert {kind for _, kind, _ in KINDS} == set(NumberKind) - {NumberKind.UNKNOWN}


@pytest.mark.parametrize(
    ("text", "region", "country_code", "national"),
    [
        ("+441481256789", "GG", "44", "1481256789"),
        ("+14165550299", "CA", "1", "4165550299"),
        ("+77012345678", "KZ", "7", "7012345678"),
        ("+390612345678", "IT", "39", "0612345678"),
        ("+80012345678", None, "800", "12345678"),
    ],
)
def test_a_number_knows_its_country(text: str, region: str | None, country_code: str, national: str) -> None:
    number = PhoneNumber.parse(text)
    assert (number.region, number.country_code, number.national_number) == (region, country_code, national)


def test_a_trusted_number_that_left_its_plan_is_unknown_and_has_no_region() -> None:
    for e164_form in ("+441111111111", "+9991234567", "+", ""):
        number = PhoneNumber.trusted(e164_form)
        assert (number.kind, number.region) == (NumberKind.UNKNOWN, None)
        assert isinstance(number.masked, str)


@pytest.mark.parametrize(
    ("e164_form", "masked"),
    [
        ("+447400123456", "+44••••••3456"),
        ("+12024561111", "+1••••••1111"),
        ("+390612345678", "+39••••••5678"),
        ("+35512345", "+355•••45"),
        ("+24740000", "+247•••00"),
        ("+290123", "+290•••"),
    ],
)
def test_a_masked_number_shows_country_and_last_four_digits_and_hides_three_or_more(
    e164_form: str, masked: str
) -> None:
    assert PhoneNumber.trusted(e164_form).masked == masked


@settings(deadline=None)
@given(known=valid_numbers())
def test_no_way_of_printing_a_number_shows_it(known: ParsedNumber) -> None:
    number = PhoneNumber.parse(e164(known))
    prints = [str(number), repr(number), f"{number}", f"{number!r}", f"{[number]}", "%s" % number]  # noqa: UP031
    assert all(number.masked in text and "•••" in text for text in prints)
    assert not any(number.national_number in text for text in prints)


def test_a_number_cannot_be_changed() -> None:
    number = PhoneNumber.parse("+447400123456")
    with pytest.raises(FrozenInstanceError):
        number.e164 = "+447400123457"  # type: ignore[misc]


@settings(deadline=None, max_examples=1000)
@given(
    country_code=st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)),
    national=st.one_of(
        st.text("0123456789", min_size=1, max_size=18), st.text("01589", min_size=4, max_size=12)
    ),
)
def test_the_short_way_of_parsing_gives_what_the_library_gives(country_code: int, national: str) -> None:
    digits = f"{country_code}{national}"
    try:
        expected = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        with pytest.raises(InvalidPhoneNumber):
            parse_international(digits)
    else:
        assert parse_international(digits) == expected
        assert e164_of(expected) == phonenumbers.format_number(expected, PhoneNumberFormat.E164)


def test_country_codes_are_split_off_whatever_their_length() -> None:
    for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        assert split_country_code(f"+{code}0123456") == (str(code), "0123456")
    assert split_country_code("+0123") == ("", "0123")


def test_the_main_region_is_the_one_whose_rules_hold_for_the_whole_code() -> None:
    assert [main_region(code) for code in ("1", "44", "7", "39", "800", "999", "")] == [
        *("US", "GB", "RU", "IT"),
        *(None, None, None),
    ]


def test_plans_can_be_loaded_ahead_and_again() -> None:
    load_numbering_plans()
    load_numbering_plans()
    assert PhoneNumber.parse("+447400123456").region == "GB"


def test_a_plus_is_only_a_plus_at_the_start() -> None:
    assert [digits_written(text) for text in ("(+1) 2", "1+2", "++1", "", "1 x")] == [
        "+12",
        None,
        None,
        "",
        None,
    ]


@pytest.mark.parametrize(
    "first_and_last", [("+447700900000", "+447700900999"), ("+33639980000", "+33639989999")]
)
def test_the_ends_of_the_drama_ranges_are_fictitious_and_their_neighbours_are_not(
    first_and_last: tuple[str, str],
) -> None:
    first, last = first_and_last
    assert is_fictitious(first)
    assert is_fictitious(last)
    assert not is_fictitious(f"+{int(first) - 1}")
    assert not is_fictitious(f"+{int(last) + 1}")


@pytest.mark.parametrize("area", ["202", "212", "415", "416", "876", "979"])
def test_the_hundred_film_numbers_of_an_area_code_are_fictitious(area: str) -> None:
    fictitious = [line for line in range(10_000) if is_fictitious(f"+1{area}555{line:04}")]
    assert fictitious == list(range(100, 200))
    assert not is_fictitious(f"+1{area}5560123")


@pytest.mark.parametrize(
    "area", ["800", "888", "833", "900", "700", "500", "533", "411", "911", "099", "155"]
)
def test_lines_that_may_be_real_are_not_fictitious(area: str) -> None:
    assert not is_fictitious(f"+1{area}5550123")


@pytest.mark.parametrize(
    "text",
    [
        "447700900123",
        "+4477009001234",
        "+44770090012",
        "+447700900123\n",
        "+٤٤٧٧٠٠٩٠٠١٢٣",
        "",
        "+120255501234",
    ],
)
def test_only_whole_e164_strings_are_fictitious(text: str) -> None:
    assert not is_fictitious(text)


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("+447700900123", "GB"),
        ("07700 900123", "GB"),
        ("+12025550143", "US"),
        ("+14165550143", "CA"),
        ("+12225550143", "US"),
        ("+33639980012", "FR"),
        ("06 39 98 00 12", "FR"),
    ],
)
def test_fictitious_numbers_are_mobiles_whatever_the_plan_says(text: str, region: str) -> None:
    number = PhoneNumber.parse(text, region)
    assert (number.kind, number.region) == (NumberKind.MOBILE, region)
    assert PhoneNumber.trusted(number.e164).kind is NumberKind.MOBILE


def test_every_documented_range_contains_its_example() -> None:
    for entry in FICTITIOUS_RANGES:
        assert re.fullmatch(entry.pattern, entry.example)
        assert is_fictitious(entry.example)
        assert entry.source
