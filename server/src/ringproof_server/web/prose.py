"""Plain text with a little markup, as the API's descriptions have it, turned into safe HTML."""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup, escape

_CODE: Final = re.compile(r"`([^`]+)`")
_PARAGRAPHS: Final = re.compile(r"\n\s*\n")


def prose(text: str) -> Markup:
    """Paragraphs at empty lines, `code` between backticks; everything else is escaped."""
    paragraphs = (part.strip() for part in _PARAGRAPHS.split(text))
    return Markup("").join(Markup("<p>%s</p>") % _inline(part) for part in paragraphs if part)


def lines(text: str) -> Markup:
    """Line under line, without the marks of a list, for places where no paragraph may stand."""
    kept = (line.strip().removeprefix("- ") for line in text.splitlines())
    return Markup("<br>").join(_inline(line) for line in kept if line)


def _inline(text: str) -> Markup:
    pieces = _CODE.split(text)
    return Markup("").join(
        Markup("<code>%s</code>") % piece if odd else escape(piece)
        for piece, odd in zip(pieces, [False, True] * len(pieces), strict=False)
    )
