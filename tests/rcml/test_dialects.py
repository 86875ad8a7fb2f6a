"""Who speaks what: every locale in every dialect, in its own words and voice or in English altogether."""

import re
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_rcml import (
    Dialect,
    confirmed,
    confirming,
    keypad,
    load_words,
    locales,
    negotiate,
    press_to_hear,
    speech,
    spoken_code,
    spoken_text,
)
from ringproof_rcml.dialect import VOICES

URL = "https://rp.example/rcml/t"
EVERYWHERE = [(dialect, tag) for dialect in Dialect for tag in locales()]

SILENT = MappingProxyType(
    {
        Dialect.RCML: (
            *("ar", "bg", "cs", "da", "el", "fa", "he", "hi", "hu", "id", "it", "ja", "ko", "nb", "ro", "sk"),
            *("th", "tr", "uk", "vi", "zh-hans", "zh-hant"),
        ),
        Dialect.TWIML: ("fa",),
        Dialect.NCCO: ("bg", "fa"),
    }
)
"""The locales that a dialect has no voice for that all its installations know."""

# How a language code begins where it is not the tag of the words.
CODES = {"ar": "ar", "zh-hans": "cmn-cn", "zh-hant": "cmn-tw", "pt-br": "pt"}


@pytest.mark.parametrize(("dialect", "tag"), EVERYWHERE)
def test_a_locale_is_spoken_in_its_own_words_and_voice_or_in_english_altogether(
    dialect: Dialect, tag: str
) -> None:
    words, voice = speech(dialect, tag)
    expected = "en" if tag in SILENT[dialect] else tag
    assert words.tag == expected
    assert voice.language.lower().startswith(CODES.get(expected, expected))


@pytest.mark.parametrize(("dialect", "tag"), EVERYWHERE)
def test_no_voice_is_given_another_languages_text(dialect: Dialect, tag: str) -> None:
    """Every document that says something says it in the words that belong to its voice."""
    spoken = speech(dialect, tag)[0]
    expected = {
        confirming(dialect, tag): ["confirming"],
        confirmed(dialect, tag): ["confirmed"],
        spoken_code(dialect, tag, code="120934"): ["spoken_code", "spoken_again", "never_share", "goodbye"],
        keypad(dialect, tag, brand="Example", action=URL, digits=6): ["keypad", "no_key", "goodbye"],
        press_to_hear(dialect, tag, brand="Example", action=URL): ["press_to_hear", "no_key", "goodbye"],
    }
    for document, keys in expected.items():
        heard = spoken_text(document)
        for key in keys:
            template = spoken.section("voice")[key]
            pieces = [piece.strip() for piece in re.split(r"\{[a-z]+\}", template)]
            assert all(piece in heard for piece in pieces), key


@pytest.mark.parametrize(("dialect", "tag"), EVERYWHERE)
def test_a_spoken_code_is_digits_in_their_order_and_comes_with_a_warning(dialect: Dialect, tag: str) -> None:
    heard = spoken_text(spoken_code(dialect, tag, code="120934"))
    assert re.findall(r"\d+", heard) == list("120934" * 2)
    assert heard.count("1 2 0 9 3 4") == 2
    assert speech(dialect, tag)[0].text("voice", "never_share") in heard


@pytest.mark.parametrize(
    ("tag", "twiml", "ncco"),
    [
        ("zh", "cmn-CN", "cmn-CN"),
        ("zh-CN", "cmn-CN", "cmn-CN"),
        ("zh-TW", "cmn-TW", "cmn-TW"),
        ("zh-HK", "cmn-TW", "cmn-TW"),
        ("zh-Hant-HK", "cmn-TW", "cmn-TW"),
        ("yue", "cmn-TW", "yue-CN"),
        ("no", "nb-NO", "nb-NO"),
        ("iw-IL", "he-IL", "he-IL"),
        ("in-ID", "id-ID", "id-ID"),
        ("pt-BR", "pt-BR", "pt-BR"),
        ("pt-AO", "pt-PT", "pt-PT"),
        ("fr-CA", "fr-CA", "fr-CA"),
        ("es-AR", "es-ES", "es-ES"),
    ],
)
def test_region_and_script_choose_the_voice(tag: str, twiml: str, ncco: str) -> None:
    assert speech(Dialect.TWIML, tag)[1].language == twiml
    assert speech(Dialect.NCCO, tag)[1].language == ncco


LANGUAGES = st.sampled_from(sorted({*locales(), *("zh", "no", "nn", "iw", "in", "yue", "cmn", "pes", "mo")}))
REGIONS = st.sampled_from(["", "-TW", "-HK", "-CN", "-BR", "-GB", "-Hant", "-Hans-SG", "-x-plain", "-419"])


@given(dialect=st.sampled_from(Dialect), language=LANGUAGES, region=REGIONS)
def test_whatever_region_is_asked_for_words_and_voice_belong_together(
    dialect: Dialect, language: str, region: str
) -> None:
    asked = negotiate([language + region])
    words, voice = speech(dialect, asked)
    assert words.tag == ("en" if asked.tag in SILENT[dialect] else asked.tag)
    assert voice in VOICES[dialect].values()
    alone = speech(dialect, words.tag)[1].language.split("-")[0].lower()
    assert voice.language.split("-")[0].lower() in {alone, "yue"}


@pytest.mark.parametrize("tag", locales())
def test_no_sentence_heard_has_marks_that_speech_engines_take_for_markup(tag: str) -> None:
    for template in load_words(tag).section("voice").values():
        assert not re.search(r"[<>&/\\*#_|]", re.sub(r"\{[a-z]+\}", "", template))
