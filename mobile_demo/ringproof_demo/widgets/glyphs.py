"""Small drawings, made of lines, so that no font or picture has to bring them."""

from __future__ import annotations

from math import cos, pi, sin
from typing import Final

from kivy.graphics import Color, SmoothEllipse, SmoothLine
from kivy.metrics import dp
from kivy.uix.widget import Widget

from ringproof_demo.widgets.base import Look, repaint, rgba

Points = tuple[tuple[float, float], ...]

# Strokes in a square from 0 to 1, from the lower left corner.
STROKES: Final[dict[str, tuple[Points, ...]]] = {
    "check": (((0.2, 0.5), (0.42, 0.28), (0.82, 0.72)),),
    "cross": (((0.25, 0.25), (0.75, 0.75)), ((0.25, 0.75), (0.75, 0.25))),
    "back": (((0.6, 0.2), (0.3, 0.5), (0.6, 0.8)),),
    "down": (((0.25, 0.6), (0.5, 0.38), (0.75, 0.6)),),
    "alert": (((0.5, 0.42), (0.5, 0.74)),),
    "info": (((0.5, 0.26), (0.5, 0.56)),),
    "clock": (((0.5, 0.78), (0.5, 0.5), (0.68, 0.4)),),
    "offline": (((0.2, 0.84), (0.8, 0.16)),),
    "eye": (
        ((0.1, 0.5), (0.3, 0.68), (0.5, 0.74), (0.7, 0.68), (0.9, 0.5)),
        ((0.9, 0.5), (0.7, 0.32), (0.5, 0.26), (0.3, 0.32), (0.1, 0.5)),
    ),
    "lock": (
        ((0.24, 0.2), (0.76, 0.2), (0.76, 0.54), (0.24, 0.54), (0.24, 0.2)),
        ((0.34, 0.54), (0.34, 0.7), (0.42, 0.8), (0.58, 0.8), (0.66, 0.7), (0.66, 0.54)),
    ),
    "message": (
        ((0.46, 0.32), (0.86, 0.32), (0.86, 0.78), (0.14, 0.78), (0.14, 0.32), (0.28, 0.32)),
        ((0.28, 0.32), (0.28, 0.16), (0.46, 0.32)),
    ),
    "phone": (
        ((0.32, 0.1), (0.68, 0.1), (0.68, 0.9), (0.32, 0.9), (0.32, 0.1)),
        ((0.46, 0.2), (0.54, 0.2)),
    ),
}  # fmt: skip
CIRCLED: Final = frozenset({"clock", "alert", "info"})
DOTS: Final = {"alert": (0.5, 0.27), "info": (0.5, 0.71), "offline": (0.5, 0.24)}


def draw(name: str, x: float, y: float, size: float, width: float, *, circled: bool = True) -> None:
    """The strokes of a glyph on the current canvas."""
    if name == "gear":
        _gear(x, y, size, width)
        return
    for stroke in STROKES[name]:
        points = [value for px, py in stroke for value in (x + px * size, y + py * size)]
        SmoothLine(points=points, width=width, cap="round", joint="round")
    if name in CIRCLED and circled:
        SmoothLine(circle=(x + size / 2, y + size / 2, size * 0.44), width=width)
    if name == "eye":
        SmoothLine(circle=(x + size / 2, y + size / 2, size * 0.12), width=width)
    if name == "offline":
        for radius in (0.22, 0.4, 0.58):
            SmoothLine(circle=(x + size / 2, y + size * 0.24, size * radius, -48, 48), width=width)
    if name in DOTS:
        px, py = DOTS[name]
        dot = max(2.6 * width, size * 0.09)
        SmoothEllipse(pos=(x + px * size - dot / 2, y + py * size - dot / 2), size=(dot, dot))


def _gear(x: float, y: float, size: float, width: float) -> None:
    cx, cy = x + size / 2, y + size / 2
    SmoothLine(circle=(cx, cy, size * 0.15), width=width)
    SmoothLine(circle=(cx, cy, size * 0.31), width=width)
    for tooth in range(8):
        angle = tooth * pi / 4
        inner, outer = size * 0.31, size * 0.44
        SmoothLine(
            points=[
                cx + inner * cos(angle),
                cy + inner * sin(angle),
                cx + outer * cos(angle),
                cy + outer * sin(angle),
            ],
            width=width * 1.5,
            cap="round",
        )


class Glyph(Widget):  # type: ignore[misc]
    """A drawing of a fixed size in dp."""

    def __init__(
        self, look: Look, name: str, *, colour: str = "ink", size: float = 22, stroke: float = 1.3
    ) -> None:
        super().__init__(size_hint=(None, None), size=(dp(size), dp(size)))
        self.name = name
        self._colour = rgba(getattr(look.palette, colour))
        self._stroke = dp(stroke)
        repaint(self, self._draw)

    def _draw(self) -> None:
        self.canvas.clear()
        with self.canvas:
            Color(*self._colour)
            draw(self.name, self.x, self.y, min(self.size), self._stroke)


class Medal(Widget):  # type: ignore[misc]
    """A large drawing in a circle, for the end of something."""

    def __init__(self, look: Look, name: str, *, colour: str, ground: str, size: float = 96) -> None:
        super().__init__(size_hint=(None, None), size=(dp(size), dp(size)), pos_hint={"center_x": 0.5})
        self._name = name
        self._colours = rgba(getattr(look.palette, ground)), rgba(getattr(look.palette, colour))
        repaint(self, self._draw)

    def _draw(self) -> None:
        size = self.width
        self.canvas.clear()
        with self.canvas:
            Color(*self._colours[0])
            SmoothEllipse(pos=self.pos, size=self.size)
            Color(*self._colours[1])
            SmoothLine(circle=(self.center_x, self.center_y, size * 0.46), width=dp(1.2))
            # The circle of the medal is the clock's face.
            inset = size * (0.04 if self._name == "clock" else 0.22)
            draw(self._name, self.x + inset, self.y + inset, size - 2 * inset, dp(3), circled=False)


class Mark(Widget):  # type: ignore[misc]
    """The sign of Ringproof: two rings and a check."""

    def __init__(self, look: Look, *, size: float = 34) -> None:
        super().__init__(size_hint=(None, None), size=(dp(size), dp(size)), pos_hint={"center_y": 0.5})
        self._palette = look.palette
        repaint(self, self._draw)

    def _draw(self) -> None:
        size, (cx, cy) = self.width, self.center
        self.canvas.clear()
        with self.canvas:
            Color(*rgba(self._palette.accent))
            SmoothEllipse(pos=self.pos, size=self.size)
            for radius, alpha in ((0.4, 0.45), (0.29, 0.85)):
                Color(*rgba(self._palette.on_accent, alpha))
                SmoothLine(circle=(cx, cy, size * radius), width=dp(0.9))
            Color(*rgba(self._palette.on_accent))
            inset = size * 0.3
            draw("check", self.x + inset, self.y + inset, size - 2 * inset, dp(1.4))
