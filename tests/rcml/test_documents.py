"""The voice documents as a carrier reads them; what only JSON can tell is in `test_ncco.py`."""

import json
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_rcml import (
    Dialect,
    asked_keys,
    confirmed,
    confirming,
    goodbye,
    hang_up,
    keypad,
    load_words,
    locales,
    negotiate,
    press_to_hear,
    reject,
    speech,
    spoken_code,
    spoken_text,
)
from ringproof_rcml.dialect import VOICES

# Every character there is, also those XML cannot carry.
ANY_TEXT = st.text(st.characters())
DIALECTS = st.sampled_from(Dialect)
XML = [Dialect.RCML, Dialect.TWIML]
URL = "https://rp.example/rcml/t"


def parsed(document: str) -> ElementTree.Element:
    assert document.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    return ElementTree.fromstring(document.encode())


def shape(document: str) -> list[tuple[str, tuple[str, ...]]]:
    if document.startswith("["):
        return [(action["action"], tuple(sorted(action))) for action in json.loads(document)]
    return [(element.tag, tuple(sorted(element.attrib))) for element in parsed(document).iter()]


def spoken(document: str) -> list[tuple[str, str, str]]:
    """Every sentence with the voice and the language that it is spoken in."""
    if document.startswith("["):
        talks = [action for action in json.loads(document) if action["action"] == "talk"]
        return [(talk["text"], str(talk["style"]), talk["language"]) for talk in talks]
    return [
        (say.text or "", say.get("voice", ""), say.get("language", ""))
        for say in parsed(document).iter("Say")
    ]


def says(document: str) -> list[str]:
    return [sentence for sentence, _, _ in spoken(document)]


@pytest.fixture(params=Dialect)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    assert isinstance(request.param, Dialect)
    return request.param


@pytest.fixture(params=XML)
def xml(request: pytest.FixtureRequest) -> Dialect:
    assert isinstance(request.param, Dialect)
    return request.param


def test_the_static_document_for_a_british_carrier_is_spoken_by_a_woman() -> None:
    assert confirmed(Dialect.RCML, "en-GB") == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Response><Say voice="woman" language="en-gb">'
        "Your phone number has been confirmed. Thank you."
        "</Say><Hangup /></Response>\n"
    )


@pytest.mark.parametrize(
    ("dialect", "locale", "words", "voice", "language"),
    [
        (Dialect.RCML, "en", "en", "woman", "en"),
        (Dialect.RCML, "en-GB", "en", "woman", "en-gb"),
        (Dialect.RCML, "en-AU", "en", "woman", "en"),
        (Dialect.RCML, "de-AT", "de", "woman", "de"),
        (Dialect.RCML, "fr-CA", "fr", "woman", "fr"),
        (Dialect.RCML, "pt-BR", "pt-br", "woman", "pt"),
        (Dialect.RCML, "es-MX", "es", "woman", "es"),
        (Dialect.RCML, "ar", "en", "woman", "en"),
        (Dialect.RCML, "tlh", "en", "woman", "en"),
        (Dialect.TWIML, "en", "en", "Polly.Joanna", "en-US"),
        (Dialect.TWIML, "en-GB", "en", "Polly.Amy", "en-GB"),
        (Dialect.TWIML, "de-AT", "de", "Polly.Marlene", "de-DE"),
        (Dialect.TWIML, "fr-CA", "fr", "Polly.Chantal", "fr-CA"),
        (Dialect.TWIML, "pt-BR", "pt-br", "Polly.Vitoria", "pt-BR"),
        (Dialect.TWIML, "ar-EG", "ar", "Polly.Zeina", "arb"),
        (Dialect.TWIML, "tlh", "en", "Polly.Joanna", "en-US"),
        (Dialect.TWIML, "", "en", "Polly.Joanna", "en-US"),
        (Dialect.NCCO, "en", "en", "0", "en-US"),
        (Dialect.NCCO, "en-GB", "en", "0", "en-GB"),
        (Dialect.NCCO, "de-AT", "de", "0", "de-DE"),
        (Dialect.NCCO, "fr-CA", "fr", "0", "fr-CA"),
        (Dialect.NCCO, "pt-BR", "pt-br", "0", "pt-BR"),
        (Dialect.NCCO, "ar-EG", "ar", "0", "ar"),
        (Dialect.NCCO, "tlh", "en", "0", "en-US"),
    ],
)
def test_words_and_voice_always_speak_one_language(
    dialect: Dialect, locale: str, words: str, voice: str, language: str
) -> None:
    chosen_words, chosen_voice = speech(dialect, locale)
    assert (chosen_words.tag, chosen_voice.name, chosen_voice.language) == (words, voice, language)


def test_restcomm_gets_only_language_codes_that_both_of_its_lists_know() -> None:
    assert {voice.language for voice in VOICES[Dialect.RCML].values()} == {
        *("en", "en-gb", "es", "fr", "de", "nl", "pl", "pt", "ru", "ca", "sv", "fi")
    }
    assert {voice.name for voice in VOICES[Dialect.RCML].values()} == {"woman"}


@pytest.mark.parametrize("tag", locales())
def test_people_are_told_what_is_true_at_that_moment(dialect: Dialect, tag: str) -> None:
    words = speech(dialect, tag)[0]
    assert says(confirming(dialect, tag)) == [words.text("voice", "confirming")]
    assert says(confirmed(dialect, tag)) == [words.text("voice", "confirmed")]
    assert words.text("voice", "confirming") != words.text("voice", "confirmed")


def test_a_negotiated_locale_and_its_tag_give_the_same_document(dialect: Dialect) -> None:
    assert confirmed(dialect, negotiate(["fr-CA"])) == confirmed(dialect, "fr-CA")


@pytest.mark.parametrize(
    "document",
    [
        lambda dialect: confirmed(dialect, "de"),
        lambda dialect: confirming(dialect, "de"),
        lambda dialect: press_to_hear(dialect, "de", brand="Example", action=URL),
        lambda dialect: keypad(dialect, "de", brand="Example", action=URL, digits=6),
        lambda dialect: spoken_code(dialect, "de", code="123456"),
        hang_up,
    ],
)
def test_every_answered_call_ends_by_itself(xml: Dialect, document: Callable[[Dialect], str]) -> None:
    assert [child.tag for child in parsed(document(xml))][-1] == "Hangup"


def test_hang_up_says_nothing(xml: Dialect) -> None:
    assert shape(hang_up(xml)) == [("Response", ()), ("Hangup", ())]


@pytest.mark.parametrize("reason", ["rejected", "busy"])
def test_a_call_is_rejected_with_its_reason(xml: Dialect, reason: str) -> None:
    (verb,) = parsed(reject(xml, reason))  # type: ignore[arg-type]
    assert (verb.tag, verb.attrib) == ("Reject", {"reason": reason})


def test_an_unknown_reason_to_reject_is_refused(dialect: Dialect) -> None:
    with pytest.raises(ValueError, match="turned away"):
        reject(dialect, '"><Dial>')  # type: ignore[arg-type]


@pytest.mark.parametrize("tag", locales())
def test_a_code_is_spoken_digit_by_digit_and_twice(dialect: Dialect, tag: str) -> None:
    document = spoken_code(dialect, tag, code="120934")
    assert spoken_text(document).count("1 2 0 9 3 4") == 2
    assert "120934" not in document
    assert speech(dialect, tag)[0].text("voice", "never_share") in says(document)


@pytest.mark.parametrize("code", ["", "123", "12345678901", "12 456", "1234<6", "١٢٣٤٥٦", "123456\n"])
def test_what_is_no_code_is_refused_without_repeating_it(dialect: Dialect, code: str) -> None:
    with pytest.raises(ValueError, match=r"^a code has 4 to 10 digits$"):
        spoken_code(dialect, "en", code=code)


def test_whoever_presses_nothing_hears_a_goodbye_and_no_code(xml: Dialect) -> None:
    """Voicemail is such a listener: it gets the prompt, which holds no code, and a hang-up."""
    root = parsed(press_to_hear(xml, "en", brand="Example", action=URL))
    gather, *after = root
    assert gather.attrib == {
        "action": URL,
        "method": "POST",
        "numDigits": "1",
        "timeout": "8",
    }
    assert [say.text for say in gather.iter("Say")] == [
        "Hello, this is Example. To hear your code, press 1."
    ] * 2
    assert [verb.tag for verb in after] == ["Say", "Say", "Hangup"]
    assert after[-2].text == "Goodbye."


def test_the_keypad_document_collects_as_many_digits_as_the_code_has(xml: Dialect) -> None:
    document = keypad(xml, "en", brand="Example", action="/k", digits=6)
    gather = parsed(document)[0]
    assert gather.get("numDigits") == "6"
    assert "The code has 6 digits." in says(document)[0]


@pytest.mark.parametrize("digits", [3, 11, 0, -1])
def test_a_keypad_code_has_four_to_ten_digits(dialect: Dialect, digits: int) -> None:
    with pytest.raises(ValueError, match="4 to 10"):
        keypad(dialect, "en", brand="Example", action="/k", digits=digits)


@pytest.mark.parametrize("digit", ["", "12", "#", "*", "a", "١"])
def test_the_key_to_press_is_a_digit(dialect: Dialect, digit: str) -> None:
    with pytest.raises(ValueError, match="0 to 9"):
        press_to_hear(dialect, "en", brand="Example", action="/g", digit=digit)


@pytest.mark.parametrize("action", ["", "rcml/t", "javascript:alert(1)", "/a b", "/a\nb", "https://", "/é"])
def test_an_action_that_is_no_address_is_refused(dialect: Dialect, action: str) -> None:
    with pytest.raises(ValueError, match="action"):
        press_to_hear(dialect, "en", brand="Example", action=action)


def test_an_address_keeps_its_metacharacters(xml: Dialect) -> None:
    action = "/rcml/t?a=1&b=\"2\"&c='3'<>"
    assert parsed(press_to_hear(xml, "en", brand="Example", action=action))[0].get("action") == action


@given(dialect=DIALECTS, locale=ANY_TEXT, brand=ANY_TEXT)
def test_no_brand_and_no_language_can_break_out_of_its_place(
    dialect: Dialect, locale: str, brand: str
) -> None:
    harmless = press_to_hear(dialect, "en", brand="Example", action=URL)
    document = press_to_hear(dialect, locale, brand=brand, action=URL)
    assert shape(document) == shape(harmless)
    known = {(voice.name, voice.language) for voice in VOICES[dialect].values()}
    for sentence, voice, language in spoken(document):
        assert (voice, language) in known
        assert "\n" not in sentence


@given(dialect=st.sampled_from(XML), brand=st.text(st.sampled_from("<>&\"'{}]] \t\n\x00\x1f\u202eab")))
def test_a_brand_is_heard_as_it_is_written(dialect: Dialect, brand: str) -> None:
    visible = " ".join(
        "".join(" " if mark in "\t\n\x00\x1f" else mark for mark in brand if mark != "\u202e").split()
    )
    document = press_to_hear(dialect, "en", brand=brand, action="/g")
    expected = load_words("en").text("voice", "press_to_hear", brand=visible, digit="1")
    assert says(document)[0] == expected


def test_what_no_document_can_carry_is_left_out_of_a_brand(dialect: Dialect) -> None:
    document = press_to_hear(dialect, "en", brand="Ex\ud800am\ufffeple\x00", action=URL)
    assert says(document)[0].startswith("Hello, this is Example. ")


def test_spoken_text_is_what_a_silent_listener_hears() -> None:
    assert spoken_text(confirmed(Dialect.TWIML, "de")) == "Ihre Telefonnummer wurde bestätigt. Vielen Dank."
    assert spoken_text(confirmed(Dialect.NCCO, "de")) == spoken_text(confirmed(Dialect.TWIML, "de"))
    assert spoken_text(hang_up(Dialect.RCML)) == ""
    assert spoken_text(hang_up(Dialect.NCCO)) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Your code",
        "<Response>",
        '<!DOCTYPE r [<!ENTITY a "b">]><Response/>',
        "<a>" * 40_000,
        "\ud800",
        "[1]",
        "[",
        "[" * 90_000,
    ],
)
def test_what_is_no_voice_document_has_no_spoken_text(text: str) -> None:
    with pytest.raises(ValueError, match="not a voice document"):
        spoken_text(text)


def test_goodbye_is_all_that_is_said_after_keys_that_lead_nowhere(dialect: Dialect) -> None:
    document = goodbye(dialect, "en")
    assert says(document) == ["Goodbye."]
    assert asked_keys(document) is None


def test_goodbye_says_that_no_key_was_pressed_where_a_carrier_reports_that_as_keys(dialect: Dialect) -> None:
    assert says(goodbye(dialect, "en", no_key=True)) == ["No key was pressed.", "Goodbye."]


@pytest.mark.parametrize("digits", [4, 6, 10])
def test_what_a_document_asks_for_can_be_read_from_it(dialect: Dialect, digits: int) -> None:
    document = keypad(dialect, "en", brand="ACME", action=URL, digits=digits)
    asked = asked_keys(document)
    assert asked is not None
    assert (asked.action, asked.keys) == (URL, digits)
    assert spoken_text(document) == f"{asked.prompt} No key was pressed. Goodbye."


def test_a_document_that_asks_for_nothing_asks_for_no_keys(dialect: Dialect) -> None:
    for document in (confirmed(dialect, "en"), spoken_code(dialect, "en", code="123456"), hang_up(dialect)):
        assert asked_keys(document) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<Response>",
        "[1]",
        "<Response><Gather/></Response>",
        '<Response><Gather action="/" numDigits="many"/></Response>',
        '[{"action":"input"}]',
        '[{"action":"input","eventUrl":"/","dtmf":{"maxDigits":1}}]',
        '[{"action":"input","eventUrl":["/"],"dtmf":{"maxDigits":"1"}}]',
    ],
)
def test_what_is_no_voice_document_asks_for_no_keys(text: str) -> None:
    with pytest.raises(ValueError, match="not a voice document"):
        asked_keys(text)
