"""Buttons: large enough for a thumb, with words, and a ring around the one that the keyboard is on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from kivy.metrics import dp, sp
from kivy.uix.behaviors import ButtonBehavior, FocusBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.label import Label
from kivy.uix.widget import Widget

from ringproof_demo.theme import BODY, TOUCH
from ringproof_demo.widgets.base import Ground, Look, rgba, unbroken
from ringproof_demo.widgets.glyphs import Glyph

Kind = Literal["primary", "secondary", "quiet"]
_KEYS = {"enter", "numpadenter", "spacebar"}


class _Pressable(ButtonBehavior, FocusBehavior):  # type: ignore[misc]
    """A finger, a click, Enter and the space bar do the same."""

    def keyboard_on_key_down(
        self, window: Any, keycode: tuple[int, str], text: str, modifiers: list[str]
    ) -> bool:
        if keycode[1] in _KEYS and not self.disabled:
            self.dispatch("on_release")
            return True
        return bool(super().keyboard_on_key_down(window, keycode, text, modifiers))


class Press(_Pressable, Label):  # type: ignore[misc]
    """A button with words on it."""

    def __init__(
        self, look: Look, text: str, act: Callable[[], None], *, kind: Kind = "primary", **options: Any
    ) -> None:
        self._look, self._kind = look, kind
        super().__init__(
            text=unbroken(text),
            font_size=sp(BODY + 1),
            bold=kind != "secondary",
            halign="center",
            valign="middle",
            size_hint_y=None,
            height=dp(TOUCH),
            is_focusable=not look.touch,
            **options,
        )
        self._ground = Ground(self, fill=None)
        self.bind(
            width=self._wrap,
            texture_size=self._grow,
            state=self._paint,
            focus=self._paint,
            disabled=self._paint,
        )
        self.bind(on_release=lambda *_: act())
        self._wrap()
        self._paint()

    def be(self, kind: Kind) -> None:
        """Another weight among the buttons of the screen."""
        self._kind = kind
        self.bold = kind != "secondary"
        self._paint()

    def _wrap(self, *_: Any) -> None:
        self.text_size = (max(1, self.width - dp(28)), None)

    def _grow(self, *_: Any) -> None:
        self.height = max(dp(TOUCH), self.texture_size[1] + dp(26))

    def _paint(self, *_: Any) -> None:
        palette, down = self._look.palette, self.state == "down"
        ring = palette.ink if self._kind == "primary" else palette.accent
        fills = {
            "primary": (palette.accent_strong if down else palette.accent, palette.accent, palette.on_accent),
            "secondary": (palette.accent_soft if down else palette.card, palette.edge, palette.ink),
            "quiet": (palette.accent_soft if down else None, None, palette.accent),
        }
        fill, edge, ink = fills[self._kind]
        if self.disabled:
            fill, edge, ink = palette.sunk, palette.line, palette.soft
        self._ground.colour(fill=fill, edge=ring if self.focus else edge, width=2.4 if self.focus else 1.2)
        self.color = self.disabled_color = rgba(ink)


class IconPress(_Pressable, Widget):  # type: ignore[misc]
    """A button with a drawing; `text` is what it is called, for whoever does not see it."""

    def __init__(self, look: Look, icon: str, text: str, act: Callable[[], object]) -> None:
        super().__init__(
            size_hint=(None, None),
            size=(dp(TOUCH), dp(TOUCH)),
            pos_hint={"center_y": 0.5},
            is_focusable=not look.touch,
        )
        self.text = text
        self._look = look
        self._ground = Ground(self, fill=None, radius=TOUCH / 2)
        self._glyph = Glyph(look, icon, size=26, stroke=1.5)
        self.add_widget(self._glyph)
        self.bind(pos=self._place, size=self._place, focus=self._paint, state=self._paint)
        self.bind(on_release=lambda *_: act())
        self._place()

    def _place(self, *_: Any) -> None:
        self._glyph.center = self.center

    def _paint(self, *_: Any) -> None:
        palette = self._look.palette
        self._ground.colour(
            fill=palette.accent_soft if self.state == "down" else None,
            edge=palette.accent if self.focus else None,
            width=2.4,
        )


class Row(_Pressable, BoxLayout):  # type: ignore[misc]
    """A row of a list: words at the left, a value at the right, perhaps a drawing behind it."""

    def __init__(
        self,
        look: Look,
        text: str,
        value: str,
        act: Callable[[], None],
        *,
        icon: str | None = None,
        framed: bool = False,
    ) -> None:
        super().__init__(
            orientation="horizontal",
            size_hint_y=None,
            height=dp(TOUCH),
            padding=(dp(16), dp(10)),
            spacing=dp(10),
            is_focusable=not look.touch,
        )
        self.text = text
        self._look = look
        self._edge = look.palette.edge if framed else None
        self._ground = Ground(self, fill=look.palette.card if framed else None, edge=self._edge)
        colour = rgba(look.palette.ink)
        self._words = Label(text=text, font_size=sp(BODY + 1), halign="left", valign="middle", color=colour)
        self._value = Label(
            text=value,
            font_size=sp(BODY + 1),
            color=rgba(look.palette.soft),
            size_hint_x=None,
            halign="right",
        )
        self._value.bind(texture_size=lambda label, size: setattr(label, "width", size[0]))
        self._words.bind(width=self._wrap, texture_size=self._grow)
        self.add_widget(self._words)
        self.add_widget(self._value)
        if icon is not None:
            glyph = Glyph(look, icon, colour="accent" if icon == "check" else "soft", size=20, stroke=1.5)
            glyph.pos_hint = {"center_y": 0.5}
            self.add_widget(glyph)
        self.bind(state=self._paint, focus=self._paint)
        self.bind(on_release=lambda *_: act())

    def _wrap(self, *_: Any) -> None:
        self._words.text_size = (self._words.width, None)

    def _grow(self, *_: Any) -> None:
        self.height = max(dp(TOUCH), self._words.texture_size[1] + dp(24))

    def _paint(self, *_: Any) -> None:
        palette = self._look.palette
        fill = palette.accent_soft if self.state == "down" else palette.card if self._edge else None
        edge = palette.accent if self.focus else self._edge
        self._ground.colour(fill=fill, edge=edge, width=2.4 if self.focus else 1.2)
