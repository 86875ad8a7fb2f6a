"""The voice documents: what a carrier is told to say, ask and do once a call is answered.

Every function returns a complete XML document as text, to be sent as UTF-8. Where a `locale` is asked for,
any language tag will do; a dialect that cannot speak it speaks English (see
`ringproof_rcml.dialect.speech`).
"""

import re
from typing import Literal
from xml.etree import ElementTree

from ringproof_rcml._plain import one_line
from ringproof_rcml.dialect import Dialect, Voice, speech
from ringproof_rcml.words import Locale

_CODE = re.compile(r"[0-9]{4,10}")
_DIGIT = re.compile(r"[0-9]")
_ACTION = re.compile(r"(?:https?://|/)[!-~]{1,2000}")

# Seconds without a key before the carrier gives up: time to take the phone from the ear and find the key.
_KEY_TIMEOUT_SECONDS = 8


def confirming(dialect: Dialect, locale: Locale | str) -> str:
    """Says that the number is being confirmed, and hangs up: for a call answered before the proof came."""
    words, voice = speech(dialect, locale)
    return _said(voice, words.text("voice", "confirming"))


def confirmed(dialect: Dialect, locale: Locale | str) -> str:
    """Says that the number has been confirmed, and hangs up: only for a verification that succeeded."""
    words, voice = speech(dialect, locale)
    return _said(voice, words.text("voice", "confirmed"))


def press_to_hear(
    dialect: Dialect, locale: Locale | str, *, brand: str, action: str, digit: str = "1"
) -> str:
    """Asks for a key, twice; without one, says goodbye and hangs up, so that voicemail never gets a code.

    `action` is the URL (absolute, or a path on the same host) to which the carrier posts the key as
    `Digits`; what it answers there should be `spoken_code` if, and only if, `Digits` is `digit`. Raises
    ValueError for a digit that is not one of 0 to 9 and for an action that is no URL.
    """
    if not _DIGIT.fullmatch(digit):
        raise ValueError("the key to press is one of the digits 0 to 9")
    words, voice = speech(dialect, locale)
    prompt = words.text("voice", "press_to_hear", brand=one_line(brand), digit=digit)
    after = (words.text("voice", "no_key"), words.text("voice", "goodbye"))
    return _asked(voice, prompt, after, action=action, keys=1)


def keypad(dialect: Dialect, locale: Locale | str, *, brand: str, action: str, digits: int) -> str:
    """Asks to type the code of `digits` digits that the person sees on a screen.

    The carrier posts what was typed to `action` as `Digits`.
    Raises ValueError unless the code has 4 to 10 digits, and for an action that is no URL.
    """
    if not 4 <= digits <= 10:
        raise ValueError("a code has 4 to 10 digits")
    words, voice = speech(dialect, locale)
    prompt = words.text("voice", "keypad", brand=one_line(brand), digits=digits)
    after = (words.text("voice", "no_key"), words.text("voice", "goodbye"))
    return _asked(voice, prompt, after, action=action, keys=digits)


def spoken_code(dialect: Dialect, locale: Locale | str, *, code: str) -> str:
    """Says the code digit by digit, twice, warns against sharing it, and hangs up.

    Answer with this to a pressed key only, never to an answered call. Raises ValueError, without repeating
    it, for a code that is not 4 to 10 digits.
    """
    if not _CODE.fullmatch(code):
        raise ValueError("a code has 4 to 10 digits")
    words, voice = speech(dialect, locale)
    # Speech engines read "12345" as a number and "1 2 3 4 5" as digits.
    spaced = " ".join(code)
    response = _response()
    _say(response, voice, words.text("voice", "spoken_code", code=spaced))
    _pause(response)
    _say(response, voice, words.text("voice", "spoken_again", code=spaced))
    _say(response, voice, words.text("voice", "never_share"))
    _say(response, voice, words.text("voice", "goodbye"))
    return _finished(response)


def hang_up(dialect: Dialect) -> str:  # noqa: ARG001 - the same in both dialects today; every document is asked for by dialect.
    """Hangs up without a word."""
    return _finished(_response())


def reject(dialect: Dialect, reason: Literal["rejected", "busy"] = "rejected") -> str:  # noqa: ARG001 - as above.
    """Turns an incoming call away before it is answered. Raises ValueError for a reason no carrier knows."""
    if reason not in {"rejected", "busy"}:
        raise ValueError("a call is turned away as 'rejected' or 'busy'")
    response = _response()
    ElementTree.SubElement(response, "Reject", reason=reason)
    return _written(response)


def spoken_text(document: str) -> str:
    """What a person hears who listens to one of these documents to its end without pressing a key.

    Raises ValueError for anything that is no such document.
    """
    if "<!" in document or len(document) > 100_000:
        raise ValueError("not a voice document")
    try:
        # The documents made here declare no entities, and what does was turned away above.
        root = ElementTree.fromstring(document.encode())  # noqa: S314
    except (ElementTree.ParseError, UnicodeEncodeError):
        raise ValueError("not a voice document") from None
    return " ".join(say.text for say in root.iter("Say") if say.text)


def _said(voice: Voice, sentence: str) -> str:
    response = _response()
    _say(response, voice, sentence)
    return _finished(response)


def _asked(voice: Voice, prompt: str, after: tuple[str, ...], *, action: str, keys: int) -> str:
    if not _ACTION.fullmatch(action):
        raise ValueError("the action is not an http(s) URL or an absolute path")
    response = _response()
    gather = ElementTree.SubElement(
        response,
        "Gather",
        action=action,
        method="POST",
        numDigits=str(keys),
        timeout=str(_KEY_TIMEOUT_SECONDS),
    )
    _say(gather, voice, prompt)
    # Whoever lifts the phone slowly has missed the first one.
    _pause(gather)
    _say(gather, voice, prompt)
    for sentence in after:
        _say(response, voice, sentence)
    return _finished(response)


def _response() -> ElementTree.Element:
    return ElementTree.Element("Response")


def _say(parent: ElementTree.Element, voice: Voice, sentence: str) -> None:
    say = ElementTree.SubElement(parent, "Say", voice=voice.name, language=voice.language)
    say.text = sentence


def _pause(parent: ElementTree.Element) -> None:
    ElementTree.SubElement(parent, "Pause", length="1")


def _finished(response: ElementTree.Element) -> str:
    ElementTree.SubElement(response, "Hangup")
    return _written(response)


def _written(response: ElementTree.Element) -> str:
    body = ElementTree.tostring(response, encoding="unicode", short_empty_elements=True)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'
