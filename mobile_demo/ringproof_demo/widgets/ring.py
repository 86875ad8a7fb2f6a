"""A phone from which rings go out, faster while it rings; and how much time is left."""

from __future__ import annotations

from math import sin
from typing import Any

from kivy.clock import Clock
from kivy.graphics import Color, SmoothEllipse, SmoothLine, SmoothRoundedRectangle
from kivy.metrics import dp
from kivy.uix.widget import Widget

from ringproof_demo.widgets.base import Look, repaint, rgba
from ringproof_demo.widgets.glyphs import draw

_RINGS = 3
_FRAME = 1 / 30


class Ringing(Widget):  # type: ignore[misc]
    """The drawing. It moves only while it is on the screen."""

    def __init__(self, look: Look, *, size: float = 128) -> None:
        super().__init__(size_hint=(1, None), height=dp(size))
        self._palette = look.palette
        self._phase = 0.35
        self._speed = 0.3
        self._shaking = False
        self._tick: Any = None
        self.bind(parent=self._move)
        repaint(self, self._draw)

    def be(self, phase: str) -> None:
        """Calm before a call, lively while it rings."""
        self._shaking = phase == "ringing"
        self._speed = {"ringing": 0.8, "calling": 0.35}.get(phase, 0.18)

    def _move(self, *_: Any) -> None:
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        if self.parent is not None:
            self._tick = Clock.schedule_interval(self._advance, _FRAME)

    def _advance(self, seconds: float) -> bool:
        if self.get_root_window() is None:
            self._tick = None
            return False
        self._phase = (self._phase + seconds * self._speed) % 100
        self._draw()
        return True

    def _draw(self) -> None:
        self.canvas.clear()
        cx, cy, outer = self.center_x, self.center_y, self.height / 2
        inner = outer * 0.5
        lean = dp(2.5) * sin(self._phase * 60) if self._shaking else 0
        with self.canvas:
            for ring in range(_RINGS):
                way = (self._phase + ring / _RINGS) % 1
                Color(*rgba(self._palette.accent, 0.65 * (1 - way)))
                SmoothLine(circle=(cx, cy, inner + (outer - inner) * way), width=dp(1.6))
            Color(*rgba(self._palette.accent))
            SmoothEllipse(pos=(cx - inner, cy - inner), size=(2 * inner, 2 * inner))
            Color(*rgba(self._palette.on_accent))
            size = inner * 1.15
            draw("phone", cx - size / 2 + lean, cy - size / 2, size, dp(2))


class TimeLeft(Widget):  # type: ignore[misc]
    """A bar that empties. What it says stands beside it in words."""

    def __init__(self, look: Look) -> None:
        super().__init__(size_hint_y=None, height=dp(6))
        self._palette = look.palette
        self._share = 0.0
        repaint(self, self._draw)

    def be(self, share: float) -> None:
        """From 1, all time left, to 0."""
        share = min(1.0, max(0.0, share))
        if abs(share - self._share) > 0.001:
            self._share = share
            self._draw()

    def _draw(self) -> None:
        radius = [self.height / 2]
        self.canvas.clear()
        with self.canvas:
            Color(*rgba(self._palette.line))
            SmoothRoundedRectangle(pos=self.pos, size=self.size, radius=radius)
            if self._share * self.width > self.height:
                Color(*rgba(self._palette.accent))
                SmoothRoundedRectangle(
                    pos=self.pos, size=(self._share * self.width, self.height), radius=radius
                )
