"""What every catalogue keeps: the same keys and placeholders as English, its own script, short messages."""

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from importlib import resources

import pytest

from ringproof_rcml import Words, load_words, locales
from ringproof_rcml.dialect import VOICES
from ringproof_rcml.words import placeholders

SECTIONS = {"voice", "message", "page", "problem_title", "problem"}

# The phone app is read in these; every other language reads it in English.
APP_LOCALES = {"en", "de", "fr", "es", "pt", "it"}

CHANNELS = {"flashcall", "sms", "voice", "keypad", "whatsapp", "viber", "messenger", "push", "totp"}

PROBLEMS = {
    "invalid-request",
    "invalid-phone-number",
    "unauthorized",
    "forbidden",
    "not-found",
    "number-not-allowed",
    "country-not-allowed",
    "opted-out",
    "concurrent-verification",
    "too-early",
    "no-steps-left",
    "already-finished",
    "challenge-invalid",
    "challenge-expired",
    "verifier-mismatch",
    "rate-limited",
    "guess-budget-exhausted",
    "spend-limit-reached",
    "idempotency-conflict",
    "no-channel-available",
    "payload-too-large",
    "service-unavailable",
    "internal",
}

# The scripts a language is written in, as Unicode begins the names of its letters; every other one is Latin.
SCRIPTS = {
    "ar": ("ARABIC",),
    "bg": ("CYRILLIC",),
    "el": ("GREEK",),
    "fa": ("ARABIC",),
    "he": ("HEBREW",),
    "hi": ("DEVANAGARI",),
    "ja": ("CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC ITERATION MARK"),
    "ko": ("HANGUL",),
    "ru": ("CYRILLIC",),
    "th": ("THAI",),
    "uk": ("CYRILLIC",),
    "zh": ("CJK",),
}
RIGHT_TO_LEFT = {"ARABIC", "HEBREW"}

# Persian keeps letters of one word apart with a character of no width.
INVISIBLE = {"fa": "\u200c"}

# Names that are written in Latin letters everywhere.
NAMES = re.compile(r"JavaScript|WhatsApp|Viber|Messenger|Idempotency-Key|HTTP|https|SMS")

PLACEHOLDER = re.compile(r"\{[a-z_]+\}")


def sentences(words: Words) -> Iterator[tuple[str, str, str]]:
    for section, texts in words.sections.items():
        for key, template in texts.items():
            yield section, key, template


@pytest.fixture(params=locales())
def words(request: pytest.FixtureRequest) -> Words:
    return load_words(request.param)


def test_there_are_these_languages() -> None:
    assert " ".join(locales()) == (
        "ar bg cs da de el en es fa fi fr he hi hu id it ja ko nb nl pl pt pt-br ro ru sk sv th tr uk vi"
        " zh-hans zh-hant"
    )


def test_the_catalogues_are_part_of_the_installed_package() -> None:
    folder = resources.files("ringproof_rcml").joinpath("words")
    for tag in locales():
        tomllib.loads(folder.joinpath(f"{tag}.toml").read_text(encoding="utf-8"))


def test_every_locale_has_the_keys_and_placeholders_of_english(words: Words) -> None:
    own = SECTIONS | {"app"} if words.tag in APP_LOCALES else SECTIONS
    expected = {
        (section, key): placeholders(text)
        for section, key, text in sentences(load_words("en"))
        if section in own
    }
    found = {(section, key): placeholders(text) for section, key, text in sentences(words)}
    assert found == expected
    assert set(words.sections) == own


def test_the_app_is_worded_as_a_whole_or_not_at_all() -> None:
    """A screen half in one language and half in English would be worse than one in English."""
    assert {tag for tag in locales() if "app" in load_words(tag).sections} == APP_LOCALES


def test_nothing_in_the_app_invites_people_to_share_a_code(words: Words) -> None:
    """The sentence that forbids it stands on the page, and the app shows that one."""
    assert "never" in load_words("en").text("page", "code_never_share").lower()
    assert "{" not in words.section("page")["code_never_share"]
    for key, template in words.sections.get("app", {}).items():
        assert "{code}" not in template, key


def test_every_channel_and_every_problem_has_its_words(words: Words) -> None:
    offered = {key.removeprefix("use_") for key in words.section("page") if key.startswith("use_")}
    assert offered == CHANNELS
    proven = {key.removeprefix("by_") for key in words.section("page") if key.startswith("by_")}
    assert proven == CHANNELS
    assert set(words.section("problem_title")) == PROBLEMS
    assert set(words.section("problem")) == PROBLEMS


def test_no_brace_is_left_over_and_no_space_is_superfluous(words: Words) -> None:
    for section, key, template in sentences(words):
        rest = PLACEHOLDER.sub("", template)
        assert "{" not in rest, (section, key)
        assert "}" not in rest, (section, key)
        assert template, (section, key)
        assert template == " ".join(template.split(" ")).strip(), (section, key)
        assert "  " not in template, (section, key)
        assert template.replace(INVISIBLE.get(words.tag, " "), "").isprintable(), (section, key)
        assert unicodedata.is_normalized("NFC", template), (section, key)


def test_every_sentence_is_written_in_the_script_of_its_language(words: Words) -> None:
    scripts = SCRIPTS.get(words.tag.split("-")[0], ("LATIN",))
    for section, key, template in [("locale", "name", words.name), *sentences(words)]:
        letters = [letter for letter in NAMES.sub("", PLACEHOLDER.sub("", template)) if letter.isalpha()]
        foreign = [letter for letter in letters if not unicodedata.name(letter).startswith(scripts)]
        assert not foreign, (section, key, foreign)
        assert letters or NAMES.fullmatch(template), (section, key)


def test_the_direction_follows_from_the_script(words: Words) -> None:
    scripts = SCRIPTS.get(words.tag.split("-")[0], ("LATIN",))
    assert words.direction == ("ltr" if RIGHT_TO_LEFT.isdisjoint(scripts) else "rtl")


@pytest.mark.parametrize("tag", [tag for tag in locales() if tag.split("-")[0] != "en"])
def test_hardly_a_sentence_is_left_in_english(tag: str) -> None:
    words = load_words(tag)
    english = load_words("en")
    same = {key for section, key, text in sentences(words) if text == english.sections[section][key]}
    names_and_units = {"timer_value", "wait_seconds", "wait_minutes", "wait_hours", "code_label"}
    assert same <= names_and_units | {"by_whatsapp", "by_viber", "by_messenger"}


QUOTES_OF_PROGRAMMERS = re.compile(r"[\"'`\\<>&]")


def test_quotes_are_those_of_printed_text(words: Words) -> None:
    """So no sentence can close an attribute, begin a tag or end a string, wherever it is put."""
    for section, key, template in [("locale", "name", words.name), *sentences(words)]:
        assert not QUOTES_OF_PROGRAMMERS.search(template), (section, key)


def test_what_goes_on_ends_in_an_ellipsis_and_nothing_else_does(words: Words) -> None:
    """One character, never three full stops."""
    for section, key, template in sentences(words):
        assert ".." not in template, (section, key)
        goes_on = (section, key) in {("page", "starting"), ("page", "checking")}
        assert template.endswith("…") == goes_on, (section, key)
        assert template.count("…") == int(goes_on), (section, key)


def test_no_sentence_but_those_about_chance_has_a_number_of_its_own(words: Words) -> None:
    """A number in a text would be taken for the code, and a spoken one for a digit of it."""
    for section, key, template in sentences(words):
        assert key == "proof_chance_value" or not re.search(r"\d", template), (section, key)


def test_placeholders_that_are_meant_once_stand_once(words: Words) -> None:
    for section, key, template in sentences(words):
        found = PLACEHOLDER.findall(template)
        assert len(found) == len(set(found)), (section, key)


def test_every_locale_has_its_own_name() -> None:
    assert len({load_words(tag).name for tag in locales()}) == len(locales())


def test_a_message_never_begins_with_a_name_from_outside(words: Words) -> None:
    """A last line that begins with @ is addressed to a web page, and a brand or payee may begin with @."""
    for template in words.section("message").values():
        assert not template.startswith(("{brand}", "{payee}", "@"))


def test_the_code_stands_once_in_each_message(words: Words) -> None:
    assert words.section("message")["code"].count("{code}") == 1
    assert words.section("message")["transaction"].count("{code}") == 1


def test_tags_of_catalogues_and_voices_are_lower_case() -> None:
    for tag in [*locales(), *(tag for voices in VOICES.values() for tag in voices)]:
        assert tag == tag.lower()
