"""Numbers and countries, as far as an app can know them without a numbering plan."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_demo.countries import by_calling_code, countries, country_of, first_country, search
from ringproof_demo.country_names import LANGUAGES, TABLE
from ringproof_demo.numbers import Typed, digits_of, grouped, international, shown, typed
from ringproof_server.web.countries import dialling_codes


def _typed(text: str, iso: str = "GB") -> Typed:
    country = country_of(iso, "en")
    assert country is not None
    return typed(text, country, "en")


@pytest.mark.parametrize(
    ("text", "iso", "e164"),
    [
        ("7700 900123", "GB", "+447700900123"),
        ("07700 900123", "GB", "+447700900123"),
        ("(07700) 900-123", "GB", "+447700900123"),
        ("+44 7700 900123", "US", "+447700900123"),
        ("+44 (0)7700 900123", "US", "+447700900123"),
        ("0044 7700 900123", "DE", "+447700900123"),
        ("202 555 0143", "US", "+12025550143"),
        ("06 39 98 00 12", "FR", "+33639980012"),
        ("06 1234 5678", "IT", "+390612345678"),
        ("٧٧٠٠٩٠٠١٢٣", "GB", "+447700900123"),
    ],
)
def test_what_people_type_becomes_an_international_number(text: str, iso: str, e164: str) -> None:
    assert international(_typed(text, iso)) == e164


def test_a_shared_calling_code_does_not_change_the_country() -> None:
    """Whoever has chosen Canada and types +1 stays in Canada."""
    assert _typed("+1 506 234 5678", "CA").country.iso == "CA"
    assert _typed("+1 506 234 5678", "DE").country.iso == "US"


@pytest.mark.parametrize(
    ("digits", "code", "text"),
    [
        ("7700900123", "44", "7700 900123"),
        ("07700900123", "44", "07700 900123"),
        ("2025550143", "1", "202 555 0143"),
        ("639980012", "33", "6 39 98 00 12"),
        ("901234567", "998", "901 234 567"),
        ("9012345678", "998", "901 234 5678"),
        ("1234", "998", "1234"),
        ("", "44", ""),
    ],
)
def test_numbers_are_grouped_as_people_write_them(digits: str, code: str, text: str) -> None:
    assert grouped(digits, code) == text


@given(st.text(max_size=40), st.sampled_from([iso for iso, _ in dialling_codes()]))
def test_any_text_is_taken_and_grouping_is_stable(text: str, iso: str) -> None:
    """What is shown, typed again, stays what it is: else the cursor would run away."""
    once = _typed(text, iso)
    again = typed(once.national, once.country, "en")
    assert again == once
    number = international(once)
    if number is not None:
        assert number.startswith(f"+{once.country.code}")
        assert digits_of(number) == number[1:]
        assert 5 <= len(number) <= 16


@given(st.sampled_from([iso for iso, _ in dialling_codes()]))
def test_an_example_number_of_every_country_survives_field_and_display(iso: str) -> None:
    """The numbering plans of another library say what a mobile number of each country looks like."""
    example = phonenumbers.example_number_for_type(iso, phonenumbers.PhoneNumberType.MOBILE)
    if example is None:
        return
    e164 = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    assert international(_typed(e164, "DE")) == e164
    assert "+" + digits_of(shown(e164, "en")) == e164


def test_the_countries_are_those_of_the_server_with_their_calling_codes() -> None:
    assert {(country.iso, country.code) for country in countries("en")} == set(dialling_codes())


def test_a_shared_calling_code_leads_to_its_main_country() -> None:
    main = {code: regions[0] for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()}
    for iso, code in dialling_codes():
        found = by_calling_code(code, "en")
        assert found is not None
        if main[int(code)] in {region for region, _ in dialling_codes()}:
            assert found.iso == main[int(code)], (iso, code)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_country_has_a_name_of_its_own_in_every_language(language: str) -> None:
    names = [country.name for country in countries(language)]
    assert len(set(names)) == len(names)
    assert all(name == name.strip() and name for name in names)
    assert all(line.count("|") == 1 + len(LANGUAGES) for line in TABLE.splitlines())


@pytest.mark.parametrize(
    ("text", "language", "isos"),
    [
        ("österr", "de", {"AT"}),
        ("osterr", "de", {"AT"}),
        ("austria", "de", {"AT"}),
        ("kingdom", "en", {"GB"}),
        ("united k", "en", {"GB"}),
        ("+351", "pt", {"PT"}),
        ("gb", "fr", {"GB"}),
        ("cote d'i", "en", {"CI"}),
        ("zzz", "en", set()),
    ],
)
def test_a_country_is_found_by_any_word_of_its_name(text: str, language: str, isos: set[str]) -> None:
    assert {country.iso for country in search(text, language)} == isos


@given(st.text(max_size=30))
def test_any_search_is_answered(text: str) -> None:
    assert set(search(text, "de")) <= set(countries("de"))


@pytest.mark.parametrize(
    ("sim", "languages", "iso"),
    [
        ("fr", ("en-GB",), "FR"),
        (None, ("en-GB", "de-AT"), "GB"),
        (None, ("de", "de_CH"), "CH"),
        (None, ("zh-Hant-TW",), "TW"),
        ("", (), "US"),
        ("zz", ("xx-ZZ",), "US"),
    ],
)
def test_the_first_country_is_the_sims_else_the_languages(
    sim: str | None, languages: tuple[str, ...], iso: str
) -> None:
    assert first_country(sim, languages, "en").iso == iso
