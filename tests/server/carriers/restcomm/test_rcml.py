"""Every voice document in RCML, read as Restcomm reads it."""

from __future__ import annotations

import pytest

from ringproof_rcml import (
    Dialect,
    confirmed,
    confirming,
    hang_up,
    keypad,
    locales,
    press_to_hear,
    reject,
    spoken_code,
)
from tests.support.restcomm_fake_rcml import listen

TAGS = (*locales(), "en-GB", "it", "tlh", "zh-TW")
RCML = Dialect.RCML


@pytest.mark.parametrize("tag", TAGS)
def test_restcomm_takes_every_document_as_it_was_meant(tag: str) -> None:
    """Its verbs and attributes, its two voices, languages that both of its lists know, codes as digits."""
    action = "https://ringproof.example/rcml/token"
    documents = [
        confirmed(RCML, tag),
        confirming(RCML, tag),
        spoken_code(RCML, tag, code="493817"),
        keypad(RCML, tag, brand="Example", action=action, digits=6),
        press_to_hear(RCML, tag, brand="Example", action=action),
        hang_up(RCML),
        reject(RCML),
    ]
    for document in documents:
        assert listen(document)[1] == []


def test_british_english_is_spoken_by_a_british_woman() -> None:
    """Voice, language and words belong together."""
    heard, _ = listen(confirming(RCML, "en-GB"))
    assert len(heard) == 1
    assert heard[0].startswith("woman en-gb: ")


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ('<Response><Say voice="alice">Hi</Say><Hangup/></Response>', "a voice is man or woman"),
        ('<Response><Say voice="man" language="en-GB">Hi</Say><Hangup/></Response>', "becomes English"),
        ('<Response><Say voice="man" language="it">Ciao</Say><Hangup/></Response>', "becomes English"),
        ('<Response><Say voice="man" language="en">Code 493817</Say><Hangup/></Response>', "one number"),
        ("<Response><Connect/><Hangup/></Response>", "no verb Connect"),
        ('<Response><Hangup reason="busy"/></Response>', "no attribute reason"),
        ("<Response><Gather><Dial/></Gather><Hangup/></Response>", "Dial inside Gather"),
        ("<Response></Response>", "silence"),
    ],
)
def test_the_reader_complains_about_what_restcomm_takes_otherwise(document: str, complaint: str) -> None:
    """TwiML's voices and tags among it: a test that reads with it can fail."""
    assert any(complaint in found for found in listen(document)[1])
