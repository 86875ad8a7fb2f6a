"""The voice documents as JSON, as Vonage reads them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_rcml import (
    Dialect,
    confirmed,
    confirming,
    hang_up,
    keypad,
    load_words,
    locales,
    press_to_hear,
    reject,
    speech,
    spoken_code,
)

URL = "https://rp.example/rcml/t"
DOCUMENTS: dict[str, Callable[[str], str]] = {
    "confirmed": lambda tag: confirmed(Dialect.NCCO, tag),
    "confirming": lambda tag: confirming(Dialect.NCCO, tag),
    "press_to_hear": lambda tag: press_to_hear(Dialect.NCCO, tag, brand="Example", action=URL),
    "keypad": lambda tag: keypad(Dialect.NCCO, tag, brand="Example", action=URL, digits=6),
    "spoken_code": lambda tag: spoken_code(Dialect.NCCO, tag, code="120934"),
    "hang_up": lambda _tag: hang_up(Dialect.NCCO),
    "reject": lambda _tag: reject(Dialect.NCCO),
}
OPTIONS = {
    "talk": {"action", "text", "language", "style", "bargeIn"},
    "wait": {"action", "timeout"},
    "input": {"action", "type", "dtmf", "eventUrl", "eventMethod"},
}
"""The options that the reference page lists for each action, as far as they are used here."""


def actions(document: str) -> list[dict[str, Any]]:
    found = json.loads(document)
    assert isinstance(found, list)
    return found


def test_the_document_is_an_array_of_actions() -> None:
    assert confirmed(Dialect.NCCO, "en-GB") == (
        '[{"action":"talk","text":"Your phone number has been confirmed. Thank you.",'
        '"language":"en-GB","style":0}]\n'
    )


@pytest.mark.parametrize("tag", locales())
@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_uses_only_options_that_its_actions_have(name: str, tag: str) -> None:
    for action in actions(DOCUMENTS[name](tag)):
        assert set(action) <= OPTIONS[action["action"]]
        if action["action"] == "talk":
            assert 0 < len(action["text"]) <= 1500
            assert isinstance(action["style"], int)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_nothing_follows_that_keeps_the_call_up(name: str) -> None:
    """The call ends after the last action, so that must be one that ends by itself."""
    assert {action["action"] for action in actions(DOCUMENTS[name]("de"))[-1:]} <= {"talk"}


def test_hanging_up_and_rejecting_are_documents_without_actions() -> None:
    """There is no action for either; a call whose document is done ends."""
    assert actions(hang_up(Dialect.NCCO)) == actions(reject(Dialect.NCCO)) == []


@pytest.mark.parametrize("tag", locales())
def test_whoever_presses_nothing_hears_a_goodbye_and_no_code(tag: str) -> None:
    """Voicemail is such a listener: the prompt twice, which a key may interrupt, then the farewell."""
    first, again, asked, *after = actions(press_to_hear(Dialect.NCCO, tag, brand="Example", action=URL))
    words = speech(Dialect.NCCO, tag)[0]
    assert first == again
    assert first["text"] == words.text("voice", "press_to_hear", brand="Example", digit="1")
    assert first["bargeIn"] is True
    assert asked == {
        "action": "input",
        "type": ["dtmf"],
        "dtmf": {"maxDigits": 1, "timeOut": 8, "submitOnHash": True},
        "eventUrl": [URL],
        "eventMethod": "POST",
    }
    assert [action["text"] for action in after] == [
        words.text("voice", "no_key"),
        words.text("voice", "goodbye"),
    ]
    assert not any("bargeIn" in action for action in after)


def test_the_keypad_document_collects_as_many_digits_as_the_code_has() -> None:
    asked = actions(keypad(Dialect.NCCO, "en", brand="Example", action=URL, digits=6))[2]
    assert asked["dtmf"]["maxDigits"] == 6


@pytest.mark.parametrize("tag", locales())
def test_a_code_is_spoken_twice_with_a_silence_between(tag: str) -> None:
    kinds = [action["action"] for action in actions(spoken_code(Dialect.NCCO, tag, code="120934"))]
    assert kinds == ["talk", "wait", "talk", "talk", "talk"]


@pytest.mark.parametrize("action", ["/rcml/t", "//host/t"])
def test_keys_go_to_an_absolute_address_only(action: str) -> None:
    """Vonage keeps no address that a path could belong to."""
    with pytest.raises(ValueError, match="URL"):
        keypad(Dialect.NCCO, "en", brand="Example", action=action, digits=6)


@given(brand=st.text(st.characters()))
def test_no_brand_becomes_markup_of_the_speech_engine(brand: str) -> None:
    """A text in angle brackets would be read as SSML; everything else is heard as it is written."""
    document = press_to_hear(Dialect.NCCO, "en", brand=f"<speak>{brand}</speak>", action=URL)
    talk = actions(document)[0]
    assert not set("<>") & set(talk["text"])
    assert talk["text"].startswith("Hello, this is ")


@given(brand=st.text(st.sampled_from("&\"'{}[]\\/ab")))
def test_a_brand_is_heard_as_it_is_written(brand: str) -> None:
    document = press_to_hear(Dialect.NCCO, "en", brand=brand, action=URL)
    expected = load_words("en").text("voice", "press_to_hear", brand=brand, digit="1")
    assert actions(document)[0]["text"] == " ".join(expected.split())
