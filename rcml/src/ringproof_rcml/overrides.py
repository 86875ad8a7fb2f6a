"""An operator's own wording of a few sentences, within limits that keep people safe."""

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from ringproof_rcml._plain import one_line
from ringproof_rcml.message import MAX_BYTES
from ringproof_rcml.segmentation import segments
from ringproof_rcml.words import Words, WordsError, placeholders

LONGEST: Final = MappingProxyType(
    {
        "message.code": 80,
        "voice.confirming": 200,
        "voice.confirmed": 200,
        "voice.press_to_hear": 200,
        "voice.keypad": 300,
        "voice.goodbye": 100,
        "page.heading": 80,
        "page.intro": 300,
        "page.verified_text": 300,
        "page.failed_text": 300,
    }
)
"""Every sentence that can be put in one's own words, as `section.key`, and how many characters it may have.

A closed list: what warns people, what asks for their consent, what reads out a code or names an amount and a
payee stays as it is.
"""

# Also "example.com" without a scheme: telephones make a link of it.
_ADDRESS: Final = re.compile(r"://|@|\\|\bwww\b|\bmailto:|\btel:|\S[.\uff0e][^\W\d_]{2,}", re.IGNORECASE)
_PLACEHOLDER: Final = re.compile(r"\{[a-z_]+\}")
_MOST_DIGITS_ON_A_PAGE: Final = 3

# Letters of some scripts are joined or kept apart by these two; every other invisible character is refused.
_JOINERS: Final = str.maketrans("", "", "\u200c\u200d")

# What every text of ours leaves room for in 140 bytes, beside a code of six digits and an app hash.
_BRAND_LETTERS: Final = 16
_HOST_LETTERS: Final = 11
_MOST_SEGMENTS: Final = 2


class OverrideError(WordsError):
    """A wording that is not allowed. The message names the sentence and the rule, never the wording."""


Overrides = Mapping[str, Mapping[str, str]]
"""An operator's wording in several locales: names and texts, as `with_overrides` takes them, by the tag of
the catalogue ("en")."""

NO_OVERRIDES: Final[Overrides] = MappingProxyType({})


def with_overrides(words: Words, overrides: Mapping[str, str]) -> Words:
    """The same words with some sentences, named as in `LONGEST`, replaced.

    A replacement is one line of plain text with the placeholders of the original, each once. It holds no
    address of any kind, in a message or a call no digit and on a page no more than three in a row (a second
    number would be taken for the code), and stays within its length; a message must leave room in 140 bytes
    for a brand of 16 characters, an app hash and a host of 11. What tells people never to share a code
    cannot be replaced and is added to every message and every spoken code as ever.

    Raises OverrideError for the first sentence that breaks a rule.
    """
    sections = {name: dict(texts) for name, texts in words.sections.items()}
    for name, text in overrides.items():
        if name not in LONGEST:
            raise OverrideError(f"{name[:40]!r} cannot be changed; there are {', '.join(LONGEST)}")
        section, _, key = name.partition(".")
        _check(name, text, original=sections[section][key])
        sections[section][key] = text
    changed = replace(
        words,
        sections=MappingProxyType({name: MappingProxyType(texts) for name, texts in sections.items()}),
    )
    if "message.code" in overrides:
        _check_message(changed)
    return changed


def worded(words: Words, overrides: Overrides) -> Words:
    """These words with what `overrides` has for their locale.

    Where that is not allowed (it may have been when it was written down), they come as they are: whoever
    waits for a code is better served with our wording than with none.
    """
    own = overrides.get(words.tag)
    if not own:
        return words
    try:
        return with_overrides(words, own)
    except OverrideError:
        return words


def _check(name: str, text: str, *, original: str) -> None:
    if not text or len(text) > LONGEST[name]:
        raise OverrideError(f"{name} has 1 to {LONGEST[name]} characters")
    if text != one_line(text) or not text.translate(_JOINERS).isprintable():
        raise OverrideError(f"{name} is one line without superfluous spaces or invisible characters")
    found = _PLACEHOLDER.findall(text)
    if sorted(found) != sorted(f"{{{place}}}" for place in placeholders(original)):
        wanted = " ".join(sorted(f"{{{place}}}" for place in placeholders(original))) or "no placeholder"
        raise OverrideError(f"{name} has each of these once: {wanted}")
    rest = _PLACEHOLDER.sub(" ", text)
    if "{" in rest or "}" in rest:
        raise OverrideError(f"{name} has braces around its placeholders only")
    if not any(character.isalpha() for character in rest):
        raise OverrideError(f"{name} has words")
    if _ADDRESS.search(text):
        raise OverrideError(f"{name} has no web address, no e-mail address and no @")
    if _digits_in_a_row(rest) > (_MOST_DIGITS_ON_A_PAGE if name.startswith("page.") else 0):
        raise OverrideError(f"{name} has no number that could be taken for a code")


def _digits_in_a_row(text: str) -> int:
    """The length of the longest group of digits of any script; spaces and dashes inside do not end it."""
    groups = re.findall(r"\d(?:[\s.\-]?\d)*", text)
    return max((len(re.sub(r"\D", "", group)) for group in groups), default=0)


def _check_message(words: Words) -> None:
    if words.text("message", "code", code="", brand="@").startswith("@"):
        raise OverrideError("message.code does not begin with the brand")
    code = "0" * 6
    sentence = words.text("message", "code", code=code, brand="B" * _BRAND_LETTERS)
    tail = f"{'A' * 11}\n@{'h' * _HOST_LETTERS} #{code}"
    text = f"{sentence} {words.text('message', 'never_share')}\n\n{tail}"
    if len(text.encode()) > MAX_BYTES or segments(text).segments > _MOST_SEGMENTS:
        raise OverrideError("message.code leaves no room for brand, app hash and host in 140 bytes")
