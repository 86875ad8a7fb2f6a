"""What every widget is given, and how it draws its ground and its edge."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kivy.graphics import Color, SmoothLine, SmoothRoundedRectangle
from kivy.metrics import dp
from kivy.uix.widget import Widget

from ringproof_demo.theme import RADIUS, Palette, channels
from ringproof_demo.words import AppWords


@dataclass(frozen=True)
class Look:
    """Colours and language of everything on the screen. Widgets keep theirs; a change makes new ones.

    `touch` is whether fingers operate it: then a focused button must not open the keyboard.
    """

    palette: Palette
    words: AppWords
    touch: bool


_IN_NUMBERS = re.compile(r"(?<=[0-9]) (?=[0-9])")


def rgba(colour: str, alpha: float = 1.0) -> tuple[float, float, float, float]:
    """A colour as Kivy takes it."""
    return (*channels(colour), alpha)


class Ground:
    """A rounded ground with an edge behind a widget, following its place and size."""

    def __init__(
        self,
        widget: Widget,
        *,
        fill: str | None,
        edge: str | None = None,
        radius: float = RADIUS,
        width: float = 1.2,
    ) -> None:
        self._widget = widget
        self._radius = dp(radius)
        self._width = dp(width)
        with widget.canvas.before:
            self._fill = Color(*(rgba(fill) if fill else (0, 0, 0, 0)))
            self._shape = SmoothRoundedRectangle(radius=[self._radius])
            self._edge = Color(*(rgba(edge) if edge else (0, 0, 0, 0)))
            self._line = SmoothLine(width=self._width)
        widget.bind(pos=self._follow, size=self._follow)
        self._follow()

    def colour(self, *, fill: str | None, edge: str | None, width: float = 1.2) -> None:
        """Other colours, or another edge."""
        self._fill.rgba = rgba(fill) if fill else (0, 0, 0, 0)
        self._edge.rgba = rgba(edge) if edge else (0, 0, 0, 0)
        self._line.width = dp(width)

    def _follow(self, *_: Any) -> None:
        x, y = self._widget.pos
        width, height = self._widget.size
        self._shape.pos, self._shape.size = (x, y), (width, height)
        self._line.rounded_rectangle = (x, y, width, height, min(self._radius, height / 2))


def unbroken(text: str) -> str:
    """The text with no number in two lines, and no mark alone that some languages write behind a space."""
    text = _IN_NUMBERS.sub("\u00a0", text)
    for mark in ("?", "!", ":", ";", "»"):
        text = text.replace(f" {mark}", f"\u00a0{mark}")
    return text.replace("« ", "«\u00a0")


def repaint(widget: Widget, draw: Callable[[], None]) -> None:
    """Draw now, and again whenever the widget moves or grows."""
    widget.bind(pos=lambda *_: draw(), size=lambda *_: draw())
    draw()
