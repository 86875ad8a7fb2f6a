"""How a screen is laid out: a bar, a column that scrolls, and what can be done at its foot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kivy.clock import Clock
from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.scrollview import ScrollView
from kivy.uix.widget import Widget

from ringproof_demo.theme import GAP, MARGIN, SECTION, TITLE, WIDEST
from ringproof_demo.widgets.base import Ground, Look, rgba
from ringproof_demo.widgets.glyphs import Glyph, Mark
from ringproof_demo.widgets.press import IconPress
from ringproof_demo.widgets.text import Align, Text

_FOOT_MAY_TAKE = 0.42
"""The share of the height that the foot may hold; with large letters it scrolls with the rest."""


class Column(BoxLayout):  # type: ignore[misc]
    """Widgets below each other, as high as they are together."""

    def __init__(self, *children: Widget, spacing: float = GAP, **options: Any) -> None:
        super().__init__(orientation="vertical", size_hint_y=None, height=0, spacing=dp(spacing), **options)
        self.bind(minimum_height=self.setter("height"))
        for child in children:
            self.add_widget(child)


class Card(Column):
    """A column on a ground of its own."""

    def __init__(
        self,
        look: Look,
        *children: Widget,
        fill: str = "card",
        edge: str | None = "line",
        spacing: float = GAP,
    ) -> None:
        super().__init__(*children, spacing=spacing, padding=(dp(16), dp(16)))
        palette = look.palette
        self._ground = Ground(
            self, fill=getattr(palette, fill), edge=getattr(palette, edge) if edge else None
        )


class Pair(BoxLayout):  # type: ignore[misc]
    """A drawing at the left of a column, both from the top."""

    def __init__(self, glyph: Glyph, column: Column) -> None:
        super().__init__(orientation="horizontal", size_hint_y=None, spacing=dp(12))
        glyph.pos_hint = {"top": 1}
        self.add_widget(glyph)
        self.add_widget(column)
        column.bind(height=self._grow)
        self._least = glyph.height
        self._column = column
        self._grow()

    def _grow(self, *_: Any) -> None:
        self.height = max(self._least, self._column.height)


class Notice(Card):
    """Something to know besides: a sign and a sentence. Without one it takes no room."""

    def __init__(self, look: Look, icon: str = "info", *, tone: str = "notice") -> None:
        super().__init__(look, fill=f"{tone}_soft", edge=None)
        self._look, self._icon, self._tone = look, icon, tone
        self.sentence = ""
        self.say(None)

    def say(self, sentence: str | None) -> None:
        """Say it, or nothing."""
        self.sentence = sentence or ""
        self.clear_widgets()
        self.padding = (dp(14), dp(12)) if sentence else (0, 0)
        self.opacity = 1 if sentence else 0
        if sentence:
            text = Text(self._look, sentence, colour=self._tone if self._tone == "notice" else "ink")
            self.add_widget(Pair(Glyph(self._look, self._icon, colour=self._tone, size=22), Column(text)))


def title(look: Look, text: str, *, align: Align = "left") -> Text:
    """What a screen is about."""
    return Text(look, text, size=TITLE, bold=True, align=align)


def section(look: Look, text: str) -> Text:
    """What a part of a screen is about."""
    return Text(look, text, size=SECTION, bold=True)


class Bar(BoxLayout):  # type: ignore[misc]
    """The top: a way back or the sign, the name, perhaps the settings."""

    def __init__(
        self,
        look: Look,
        *,
        back: Callable[[], object] | None = None,
        settings: Callable[[], None] | None = None,
        name: str = "Ringproof",
    ) -> None:
        super().__init__(
            orientation="horizontal", size_hint_y=None, height=dp(64), padding=(dp(8), 0), spacing=dp(6)
        )
        if back is not None:
            self.add_widget(IconPress(look, "back", look.words.app("back"), back))
        else:
            self.padding = (dp(MARGIN), 0, dp(8), 0)
            self.spacing = dp(10)
            self.add_widget(Mark(look))
        self.add_widget(Text(look, name, size=SECTION, bold=True, pos_hint={"center_y": 0.5}))
        if settings is not None:
            self.add_widget(IconPress(look, "gear", look.words.app("settings"), settings))


class Page(BoxLayout):  # type: ignore[misc]
    """A bar, a body that scrolls, and a foot that stays unless it would take too much."""

    def __init__(
        self, look: Look, bar: Bar | None, body: Sequence[Widget], foot: Sequence[Widget] = ()
    ) -> None:
        super().__init__(orientation="vertical")
        if bar is not None:
            self.add_widget(bar)
        self.body = Column(*body, spacing=GAP + 4)
        self._foot = Column(*foot, spacing=10)
        self._scroll = ScrollView(
            do_scroll_x=False,
            bar_width=dp(4),
            bar_color=rgba(look.palette.edge, 0.8),
            scroll_type=["bars", "content"],
        )
        self._scroll.add_widget(self.body)
        self.add_widget(self._scroll)
        self._rearrange = Clock.create_trigger(self._arrange)
        self.bind(size=self._rearrange)
        self._foot.bind(height=self._rearrange)
        self._arrange()

    def show(self, widget: Widget) -> None:
        """Scroll until a widget can be seen."""

        def scroll(_: float) -> None:
            if widget.get_root_window() is not None and self.body.height > self._scroll.height:
                self._scroll.scroll_to(widget, padding=dp(24), animate=False)

        # The sentence that was just put there has no place before the next frame.
        Clock.schedule_once(scroll, 0.05)

    def _arrange(self, *_: Any) -> None:
        side = max(dp(MARGIN), (self.width - dp(WIDEST)) / 2)
        sticks = self._foot.height <= _FOOT_MAY_TAKE * self.height
        wanted = self if sticks else self.body
        self.body.padding = (side, dp(4), side, dp(20))
        self._foot.padding = (side, dp(10), side, dp(16)) if sticks else (0, dp(8), 0, 0)
        if self._foot.children and self._foot.parent is not wanted:
            if self._foot.parent is not None:
                self._foot.parent.remove_widget(self._foot)
            wanted.add_widget(self._foot)
