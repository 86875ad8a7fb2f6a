"""Turns text from outside (a brand, a payee) into one line of plain text."""

import unicodedata

# Control characters and line ends become a space: what stood on two lines must not become one word.
_SEPARATING_CATEGORIES = frozenset({"Cc", "Zl", "Zp"})

# XML 1.0 (section 2.2) can carry neither lone surrogates nor these two noncharacters, not even escaped. The
# others are marks of direction, with which a sentence can be made to read in another order than it was
# written, and the byte order mark; no name needs them.
_DROPPED = frozenset(
    "\ufffe\uffff\ufeff\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


def one_line(text: str) -> str:
    """`text` without control, direction and unencodable characters, each run of white space one space."""
    return " ".join("".join(map(_plain, text)).split())


def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace() or category in _SEPARATING_CATEGORIES:
        return " "
    return "" if character in _DROPPED or category == "Cs" else character
