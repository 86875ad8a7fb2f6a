"""What Ringproof says and writes: sentences in many languages, voice documents in RCML, TwiML and NCCO,
text messages.
"""

from ringproof_rcml.dialect import Dialect, Voice, speech
from ringproof_rcml.documents import (
    asked_keys,
    confirmed,
    confirming,
    goodbye,
    hang_up,
    keypad,
    press_to_hear,
    reject,
    spoken_code,
    spoken_text,
)
from ringproof_rcml.language_tags import parse_accept_language
from ringproof_rcml.message import Transaction, is_app_hash, is_host, sms
from ringproof_rcml.overrides import NO_OVERRIDES, OverrideError, Overrides, with_overrides, worded
from ringproof_rcml.segmentation import Encoding, Segments, segments
from ringproof_rcml.steps import AskedKeys
from ringproof_rcml.words import Locale, UnknownLocaleError, Words, WordsError, load_words, locales, negotiate

__all__ = [
    "NO_OVERRIDES",
    "AskedKeys",
    "Dialect",
    "Encoding",
    "Locale",
    "OverrideError",
    "Overrides",
    "Segments",
    "Transaction",
    "UnknownLocaleError",
    "Voice",
    "Words",
    "WordsError",
    "asked_keys",
    "confirmed",
    "confirming",
    "goodbye",
    "hang_up",
    "is_app_hash",
    "is_host",
    "keypad",
    "load_words",
    "locales",
    "negotiate",
    "parse_accept_language",
    "press_to_hear",
    "reject",
    "segments",
    "sms",
    "speech",
    "spoken_code",
    "spoken_text",
    "with_overrides",
    "worded",
]
