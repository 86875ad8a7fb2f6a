"""Finding the right catalogue and filling in its sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_rcml import (
    Locale,
    UnknownLocaleError,
    WordsError,
    load_words,
    locales,
    negotiate,
    parse_accept_language,
)
from ringproof_rcml.language_tags import from_narrow_to_wide


@pytest.mark.parametrize(
    ("preferences", "tag", "requested"),
    [
        (["de"], "de", "de"),
        (["de-AT"], "de", "de-at"),
        (["de_CH"], "de", "de_ch".replace("_", "-")),
        (["pt-BR"], "pt-br", "pt-br"),
        (["pt-AO"], "pt", "pt-ao"),
        (["EN-gb"], "en", "en-gb"),
        (["ar-EG", "en"], "ar", "ar-eg"),
        (["tlh", "fr-CA"], "fr", "fr-ca"),
        (["de-Latn-DE-1996"], "de", "de-latn-de-1996"),
        (["de-x-saar"], "de", "de-x-saar"),
        (["tlh"], "en", "en"),
        ([], "en", "en"),
        (["*", "es"], "es", "es"),
        (["", "-", "de-", "d e", "en-", "es"], "es", "es"),
    ],
)
def test_the_first_preference_with_words_wins_shortened_from_its_end(
    preferences: list[str], tag: str, requested: str
) -> None:
    assert negotiate(preferences) == Locale(tag, requested)


def test_a_whole_preference_is_shortened_before_the_next_one_is_looked_at() -> None:
    assert negotiate(["fr-CA-x-plain", "de"]).tag == "fr"


def test_the_default_is_looked_up_like_a_preference() -> None:
    assert negotiate(["tlh"], default="de-AT") == Locale("de", "de-at")


def test_a_default_without_words_is_refused() -> None:
    with pytest.raises(UnknownLocaleError, match="no words for 'tlh'; there are ar, "):
        negotiate(["tlh"], default="tlh")


def test_a_locale_reads_as_what_was_requested() -> None:
    assert str(negotiate(["de-AT"])) == "de-at"


@pytest.mark.parametrize(
    ("tag", "narrow_to_wide"),
    [
        ("zh-hant-tw", ["zh-hant-tw", "zh-hant", "zh"]),
        ("zh-hant-cn-x-private1-private2", ["zh-hant-cn-x-private1-private2", "zh-hant-cn-x-private1"]),
        ("de-x-saar", ["de-x-saar", "de"]),
        ("i-klingon", ["i-klingon", "i"]),
    ],
)
def test_a_single_letter_goes_together_with_what_it_introduces(tag: str, narrow_to_wide: list[str]) -> None:
    """The second row begins the example of RFC 4647, section 3.4, where "zh-Hant-CN" comes next."""
    assert list(from_narrow_to_wide(tag))[: len(narrow_to_wide)] == narrow_to_wide
    assert not any(wider.endswith("-x") for wider in from_narrow_to_wide(tag))


@given(st.lists(st.text()))
def test_any_preferences_find_words(preferences: list[str]) -> None:
    assert load_words(negotiate(preferences)).tag in locales()


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        (None, ()),
        ("", ()),
        ("de", ("de",)),
        ("de-AT, en;q=0.5, fr;q=0.9", ("de-at", "fr", "en")),
        ("en;q=0.5, de;q=0.5", ("en", "de")),
        ("en ; q=0.8 , de", ("de", "en")),
        ("da, en-GB;Q=0.8, en;q=0.7", ("da", "en-gb", "en")),
        ("en;q=0, de;q=0.001", ("de",)),
        ("*, es;q=0.1", ("es",)),
        ("es;q=0.1, es", ("es",)),
        ("de;q=2, fr;q=-1, es;q=abc, pt;q=, it;level=1, en;q=1.000", ("en",)),
        (",,;,;q=1, de", ("de",)),
    ],
)
def test_accept_language_is_ordered_by_quality_and_then_by_position(
    header: str | None, tags: tuple[str, ...]
) -> None:
    assert parse_accept_language(header) == tags


@given(st.text())
def test_any_header_is_answered_with_well_formed_tags(header: str) -> None:
    for tag in parse_accept_language(header):
        assert tag == tag.lower()
        assert len(tag) <= 35
        assert all(
            0 < len(subtag) <= 8 and subtag.isascii() and subtag.isalnum() for subtag in tag.split("-")
        )


def test_an_endless_header_is_cut_without_cutting_a_tag_in_two() -> None:
    header = ",".join(["en-x-filler"] * 90 + ["de"])
    cut_inside_the_last = "q" * 994 + ",de-AT"
    assert parse_accept_language(header) == ("en-x-filler",)
    assert len(parse_accept_language(",".join(f"{a}{b}" for a in "abcdefgh" for b in "abcdefgh"))) == 32
    assert parse_accept_language(cut_inside_the_last + "u" * 100) == ()


def test_words_are_read_once() -> None:
    assert load_words("de") is load_words(negotiate(["de-AT"]))


@pytest.mark.parametrize("tag", ["tlh", "", "../de", "de.toml", "de-AT"])
def test_only_an_existing_catalogue_can_be_loaded_by_name(tag: str) -> None:
    with pytest.raises(UnknownLocaleError):
        load_words(tag)


def test_a_sentence_is_filled_in() -> None:
    words = load_words("en")
    assert words.text("page", "calling_progress", call=2, calls=3) == "Call 2 of 3"


def test_a_value_is_never_taken_for_a_placeholder() -> None:
    text = load_words("en").text("message", "code", code="{brand}", brand="{code}")
    assert text == "{brand} is your {code} code."


@pytest.mark.parametrize(
    ("section", "key", "values"),
    [
        ("page", "no such key", {}),
        ("no such section", "heading", {}),
        ("page", "heading", {"brand": "Example"}),
        ("message", "code", {"code": "123456"}),
        ("message", "code", {"code": "123456", "brand": "Example", "payee": "ACME"}),
    ],
)
def test_a_missing_or_unknown_name_is_refused_without_repeating_a_value(
    section: str, key: str, values: dict[str, str]
) -> None:
    with pytest.raises(WordsError) as refusal:
        load_words("en").text(section, key, **values)
    assert "123456" not in str(refusal.value)


def test_the_words_of_a_locale_cannot_be_changed() -> None:
    page = load_words("en").section("page")
    with pytest.raises(TypeError):
        page["heading"] = "Hijacked"  # type: ignore[index]
