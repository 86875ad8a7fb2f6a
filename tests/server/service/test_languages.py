"""The language a person is addressed in: what was asked for, else their country's, else English."""

from __future__ import annotations

import pytest
from phonenumbers import PhoneNumberFormat as Format
from phonenumbers import PhoneNumberType, example_number_for_type, format_number

from ringproof_rcml import load_words, locales
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.service.messages import locale_for


def mobile(region: str) -> PhoneNumber:
    example = example_number_for_type(region, PhoneNumberType.MOBILE)
    assert example is not None
    return PhoneNumber.parse(format_number(example, Format.E164))


COUNTRIES = [
    *(("AT", "de"), ("EG", "ar"), ("BG", "bg"), ("CZ", "cs"), ("DK", "da"), ("GR", "el"), ("CY", "el")),
    *(("MX", "es"), ("BO", "es"), ("IR", "fa"), ("FI", "fi"), ("FR", "fr"), ("IL", "he"), ("HU", "hu")),
    *(("ID", "id"), ("IT", "it"), ("JP", "ja"), ("KR", "ko"), ("NO", "nb"), ("NL", "nl"), ("PL", "pl")),
    *(("PT", "pt"), ("BR", "pt-br"), ("MD", "ro"), ("RU", "ru"), ("SK", "sk"), ("SE", "sv"), ("TH", "th")),
    *(("TR", "tr"), ("UA", "uk"), ("VN", "vi"), ("CN", "zh-hans"), ("TW", "zh-hant"), ("HK", "zh-hant")),
]


@pytest.mark.parametrize(("region", "tag"), COUNTRIES)
def test_without_a_wish_it_is_the_language_of_the_country(region: str, tag: str) -> None:
    assert locale_for(None, mobile(region)).tag == tag


def test_every_language_but_english_and_hindi_is_some_countrys() -> None:
    """Hindi leads in no country of its own: a number of India may belong to a reader of twenty others."""
    assert {tag for _, tag in COUNTRIES} == set(locales()) - {"en", "hi"}


@pytest.mark.parametrize("region", ["GB", "US", "IN", "BE", "CH", "CA", "SG", "MA", "KZ", "RS", "ZA"])
def test_where_no_language_clearly_leads_it_is_english(region: str) -> None:
    assert locale_for(None, mobile(region)).tag == "en"


@pytest.mark.parametrize(
    ("wish", "region", "tag"),
    [
        ("en", "JP", "en"),
        ("hi-IN", "IN", "hi"),
        ("zh-TW", "CN", "zh-hant"),
        ("iw", "US", "he"),
        ("no", "US", "nb"),
        ("sr", "IT", "it"),
        ("sr", "GB", "en"),
        ("not a tag", "BR", "pt-br"),
        ("", "UA", "uk"),
    ],
)
def test_a_wish_that_can_be_met_goes_before_the_country(wish: str, region: str, tag: str) -> None:
    found = locale_for(wish, mobile(region))
    assert found.tag == tag
    assert load_words(found).tag == tag
