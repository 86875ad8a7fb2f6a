"""The voice documents: what a carrier is told to say, ask and do once a call is answered.

Every function returns a complete document as text, to be sent as UTF-8: XML, or JSON in the dialect NCCO
(see `Dialect.media_type`). Where a `locale` is asked for, any language tag will do; a dialect that cannot
speak it speaks English (see `ringproof_rcml.dialect.speech`). `overrides` is an operator's own wording
(see `ringproof_rcml.with_overrides`).
"""

import re
from typing import Literal

from ringproof_rcml import markup, ncco
from ringproof_rcml._plain import one_line
from ringproof_rcml.dialect import Dialect, Voice, speech
from ringproof_rcml.overrides import NO_OVERRIDES, Overrides
from ringproof_rcml.steps import Ask, AskedKeys, HangUp, Pause, Reject, Say, Step
from ringproof_rcml.words import Locale

_CODE = re.compile(r"[0-9]{4,10}")
_DIGIT = re.compile(r"[0-9]")
_ACTION = re.compile(r"(?:https?://|/)[!-~]{1,2000}")


def confirming(dialect: Dialect, locale: Locale | str, *, overrides: Overrides = NO_OVERRIDES) -> str:
    """Says that the number is being confirmed, and hangs up: for a call answered before the proof came."""
    words, voice = speech(dialect, locale, overrides)
    return _written(dialect, Say(voice, words.text("voice", "confirming")), HangUp())


def confirmed(dialect: Dialect, locale: Locale | str, *, overrides: Overrides = NO_OVERRIDES) -> str:
    """Says that the number has been confirmed, and hangs up: only for a verification that succeeded."""
    words, voice = speech(dialect, locale, overrides)
    return _written(dialect, Say(voice, words.text("voice", "confirmed")), HangUp())


def press_to_hear(
    dialect: Dialect,
    locale: Locale | str,
    *,
    brand: str,
    action: str,
    digit: str = "1",
    overrides: Overrides = NO_OVERRIDES,
) -> str:
    """Asks for a key, twice; without one, says goodbye and hangs up, so that voicemail never gets a code.

    `action` is the URL (absolute, or a path on the same host except in NCCO) to which the carrier posts the
    key, as `Digits`, in NCCO as `dtmf.digits` of a JSON object; what it answers there should be
    `spoken_code` if, and only if, that is `digit`. Raises ValueError for a digit that is not one of 0 to 9
    and for an action that is no URL.
    """
    if not _DIGIT.fullmatch(digit):
        raise ValueError("the key to press is one of the digits 0 to 9")
    words, voice = speech(dialect, locale, overrides)
    prompt = words.text("voice", "press_to_hear", brand=one_line(brand), digit=digit)
    after = (words.text("voice", "no_key"), words.text("voice", "goodbye"))
    return _asked(dialect, voice, prompt, after, action=action, keys=1)


def keypad(
    dialect: Dialect,
    locale: Locale | str,
    *,
    brand: str,
    action: str,
    digits: int,
    overrides: Overrides = NO_OVERRIDES,
) -> str:
    """Asks to type the code of `digits` digits that the person sees on a screen.

    The carrier posts what was typed to `action`, as `press_to_hear` says.
    Raises ValueError unless the code has 4 to 10 digits, and for an action that is no URL.
    """
    if not 4 <= digits <= 10:
        raise ValueError("a code has 4 to 10 digits")
    words, voice = speech(dialect, locale, overrides)
    prompt = words.text("voice", "keypad", brand=one_line(brand), digits=digits)
    after = (words.text("voice", "no_key"), words.text("voice", "goodbye"))
    return _asked(dialect, voice, prompt, after, action=action, keys=digits)


def spoken_code(
    dialect: Dialect, locale: Locale | str, *, code: str, overrides: Overrides = NO_OVERRIDES
) -> str:
    """Says the code digit by digit, twice, warns against sharing it, and hangs up.

    Answer with this to a pressed key only, never to an answered call. Raises ValueError, without repeating
    it, for a code that is not 4 to 10 digits.
    """
    if not _CODE.fullmatch(code):
        raise ValueError("a code has 4 to 10 digits")
    words, voice = speech(dialect, locale, overrides)
    # Speech engines read "12345" as a number and "1 2 3 4 5" as digits.
    spaced = " ".join(code)
    return _written(
        dialect,
        Say(voice, words.text("voice", "spoken_code", code=spaced)),
        Pause(),
        Say(voice, words.text("voice", "spoken_again", code=spaced)),
        Say(voice, words.text("voice", "never_share")),
        Say(voice, words.text("voice", "goodbye")),
        HangUp(),
    )


def goodbye(
    dialect: Dialect, locale: Locale | str, *, no_key: bool = False, overrides: Overrides = NO_OVERRIDES
) -> str:
    """Says goodbye and hangs up: for keys after which nothing more is asked.

    With `no_key` it says first that none was pressed, for a carrier that reports this as keys of its own.
    """
    words, voice = speech(dialect, locale, overrides)
    told = ("no_key", "goodbye") if no_key else ("goodbye",)
    return _written(dialect, *(Say(voice, words.text("voice", name)) for name in told), HangUp())


def hang_up(dialect: Dialect) -> str:
    """Hangs up without a word."""
    return _written(dialect, HangUp())


def reject(dialect: Dialect, reason: Literal["rejected", "busy"] = "rejected") -> str:
    """Turns an incoming call away before it is answered; in NCCO, which cannot, it hangs up at once.

    Raises ValueError for a reason no carrier knows.
    """
    if reason not in {"rejected", "busy"}:
        raise ValueError("a call is turned away as 'rejected' or 'busy'")
    return _written(dialect, Reject(reason))


def spoken_text(document: str) -> str:
    """What a person hears who listens to one of these documents to its end without pressing a key.

    Raises ValueError for anything that is no such document.
    """
    return " ".join(ncco.spoken(document) if document.startswith("[") else markup.spoken(document))


def asked_keys(document: str) -> AskedKeys | None:
    """What one of these documents asks whoever listens to press; None where it asks for nothing.

    Raises ValueError for anything that is no such document.
    """
    return ncco.asked(document) if document.startswith("[") else markup.asked(document)


def _asked(
    dialect: Dialect, voice: Voice, prompt: str, after: tuple[str, ...], *, action: str, keys: int
) -> str:
    if not _ACTION.fullmatch(action):
        raise ValueError("the action is not an http(s) URL or an absolute path")
    farewell = (Say(voice, sentence) for sentence in after)
    return _written(dialect, Ask(voice, prompt, action, keys), *farewell, HangUp())


def _written(dialect: Dialect, *steps: Step) -> str:
    return ncco.written(steps) if dialect is Dialect.NCCO else markup.written(steps)
