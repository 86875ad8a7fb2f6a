"""A field to type into, with its label above and what is wrong below."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from kivy.clock import Clock
from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.label import Label
from kivy.uix.textinput import TextInput

from ringproof_demo.theme import ENTRY, TOUCH
from ringproof_demo.widgets.base import Ground, Look, rgba
from ringproof_demo.widgets.glyphs import Glyph
from ringproof_demo.widgets.text import Text, scaled

Keys = Literal["text", "tel", "number", "url"]


class _Entry(TextInput):  # type: ignore[misc]
    """One line; Tab goes on to the next widget, Enter acts."""


class Complaint(BoxLayout):  # type: ignore[misc]
    """What is wrong: a sign and a sentence, for colour is not enough. Without words it takes no room."""

    def __init__(self, look: Look) -> None:
        super().__init__(orientation="horizontal", size_hint_y=None, height=0, spacing=dp(8))
        self._text = Text(look, colour="danger", bold=True)
        self._glyph = Glyph(look, "alert", colour="danger", size=22)
        self._glyph.pos_hint = {"top": 1}
        self._text.bind(height=self._grow)

    @property
    def text(self) -> str:
        """The sentence."""
        return str(self._text.text)

    def say(self, sentence: str | None) -> None:
        """Say it, or nothing."""
        self.clear_widgets()
        self._text.say(sentence or "")
        if sentence:
            self.add_widget(self._glyph)
            self.add_widget(self._text)
        self._grow()

    def _grow(self, *_: Any) -> None:
        self.height = max(self._text.height, dp(22)) if self._text.text else 0


class Field(BoxLayout):  # type: ignore[misc]
    """`typed` is called with every text, `done` when Enter was pressed."""

    def __init__(
        self,
        look: Look,
        label: str,
        *,
        text: str = "",
        help_text: str | None = None,
        prefix: str | None = None,
        keys: Keys = "text",
        size: float = ENTRY,
        mono: bool = False,
        most: int = 200,
        typed: Callable[[str], None] | None = None,
        done: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(orientation="vertical", size_hint_y=None, height=0, spacing=dp(8))
        self._look, self._most, self._typed = look, most, typed
        self._label = Text(look, label, bold=True)
        self._frame = BoxLayout(
            orientation="horizontal", size_hint_y=None, padding=(dp(14), 0), spacing=dp(6), height=dp(TOUCH)
        )
        self._ground = Ground(self._frame, fill=look.palette.card, edge=look.palette.edge)
        self._prefix = Label(
            font_size=scaled(size),
            color=rgba(look.palette.soft),
            size_hint_x=None,
            font_name=_font(mono=mono),
        )
        self._prefix.bind(texture_size=lambda label, size: setattr(label, "width", size[0]))
        self.entry = self._make_entry(text, keys, size, mono=mono)
        self._complaint = Complaint(look)
        self._help = Text(look, help_text or "", colour="soft")
        self._compose(prefix)
        self.entry.bind(text=self._changed, focus=self._paint)
        self.entry.bind(on_text_validate=lambda *_: done() if done is not None else None)
        self.bind(minimum_height=self.setter("height"))

    @property
    def text(self) -> str:
        """What stands in it."""
        return str(self.entry.text)

    @text.setter
    def text(self, text: str) -> None:
        if text != self.entry.text:
            told, self._typed = self._typed, None
            self.entry.text = text
            self.entry.do_cursor_movement("cursor_end")
            self._typed = told

    def label(self, label: str) -> None:
        """Another label."""
        self._label.say(label)

    def help(self, sentence: str) -> None:
        """What helps to fill it in."""
        self._help.say(sentence)

    def prefix(self, prefix: str) -> None:
        """What stands before the text."""
        self._prefix.text = prefix

    def complain(self, sentence: str | None) -> None:
        """Say what is wrong with it, or that nothing is."""
        if sentence and self._complaint.parent is None:
            self.add_widget(self._complaint, index=1 if self._help.parent is not None else 0)
        elif not sentence and self._complaint.parent is not None:
            self.remove_widget(self._complaint)
        self._complaint.say(sentence)
        self._paint()

    def take_focus(self) -> None:
        """Let the keyboard type here."""
        Clock.schedule_once(lambda _: setattr(self.entry, "focus", True))

    def _make_entry(self, text: str, keys: Keys, size: float, *, mono: bool) -> TextInput:
        palette = self._look.palette
        entry = _Entry(
            text=text,
            multiline=False,
            write_tab=False,
            font_size=scaled(size),
            font_name=_font(mono=mono),
            input_type=keys,
            foreground_color=rgba(palette.ink),
            disabled_foreground_color=rgba(palette.soft),
            cursor_color=rgba(palette.accent),
            selection_color=rgba(palette.accent, 0.35),
            background_color=(0, 0, 0, 0),
            background_normal="",
            background_active="",
            cursor_width=dp(2),
            size_hint_y=None,
        )
        entry.bind(line_height=self._measure)
        Clock.schedule_once(self._measure)
        return entry

    def _measure(self, *_: Any) -> None:
        entry = self.entry
        self._frame.height = max(dp(TOUCH), entry.line_height + dp(22))
        entry.height = self._frame.height
        above = max(0, (self._frame.height - entry.line_height) / 2)
        entry.padding = (0, above, 0, above)

    def _compose(self, prefix: str | None) -> None:
        if self._label.text:
            self.add_widget(self._label)
        if prefix is not None:
            self._prefix.text = prefix
            self._frame.add_widget(self._prefix)
        self._frame.add_widget(self.entry)
        self.add_widget(self._frame)
        if self._help.text:
            self.add_widget(self._help)

    def _changed(self, _: Any, text: str) -> None:
        if len(text) > self._most:
            self.entry.text = text[: self._most]
            return
        if self._typed is not None:
            self._typed(text)

    def _paint(self, *_: Any) -> None:
        palette, wrong, focus = self._look.palette, bool(self._complaint.text), self.entry.focus
        edge = palette.accent if focus else palette.danger if wrong else palette.edge
        self._ground.colour(fill=palette.card, edge=edge, width=2.2 if focus or wrong else 1.2)


def _font(*, mono: bool) -> str:
    return "RobotoMono-Regular" if mono else "Roboto"
