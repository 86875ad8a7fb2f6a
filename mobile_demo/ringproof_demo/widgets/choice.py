"""One of several: each with a circle that is filled when it is the one, so colour is not all there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kivy.graphics import Color, SmoothEllipse, SmoothLine
from kivy.metrics import dp, sp
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.label import Label
from kivy.uix.widget import Widget

from ringproof_demo.theme import BODY, TOUCH
from ringproof_demo.widgets.base import Ground, Look, repaint, rgba
from ringproof_demo.widgets.layout import Column
from ringproof_demo.widgets.press import _Pressable


class _Dot(Widget):  # type: ignore[misc]
    """The circle before an option."""

    def __init__(self, look: Look, *, chosen: bool) -> None:
        super().__init__(size_hint=(None, None), size=(dp(22), dp(22)), pos_hint={"center_y": 0.5})
        self._colours = rgba(look.palette.accent if chosen else look.palette.edge), chosen
        repaint(self, self._draw)

    def _draw(self) -> None:
        colour, chosen = self._colours
        self.canvas.clear()
        with self.canvas:
            Color(*colour)
            SmoothLine(circle=(self.center_x, self.center_y, self.width * 0.42), width=dp(1.4))
            if chosen:
                inner = self.width * 0.46
                SmoothEllipse(pos=(self.center_x - inner / 2, self.center_y - inner / 2), size=(inner, inner))


class Option(_Pressable, BoxLayout):  # type: ignore[misc]
    """One of them."""

    def __init__(
        self, look: Look, text: str, *, chosen: bool, act: Callable[[], None], grown: Callable[[], None]
    ) -> None:
        super().__init__(
            orientation="horizontal",
            size_hint_y=None,
            height=dp(TOUCH),
            padding=(dp(12), dp(8)),
            spacing=dp(10),
            is_focusable=not look.touch,
        )
        self.text, self.chosen = text, chosen
        self._look = look
        self._ground = Ground(self, fill=None)
        self._label = Label(
            text=text,
            font_size=sp(BODY),
            halign="left",
            valign="middle",
            color=rgba(look.palette.ink),
            bold=chosen,
        )
        self._label.bind(width=self._wrap)
        self._label.bind(texture_size=lambda *_: grown())
        self.add_widget(_Dot(look, chosen=chosen))
        self.add_widget(self._label)
        self.bind(state=self._paint, focus=self._paint)
        self.bind(on_release=lambda *_: act())
        self._paint()

    def _wrap(self, *_: Any) -> None:
        self._label.text_size = (self._label.width, None)

    @property
    def least(self) -> float:
        """The height that its words need."""
        return float(max(dp(TOUCH), self._label.texture_size[1] + dp(22)))

    def _paint(self, *_: Any) -> None:
        palette = self._look.palette
        edge = palette.accent if self.chosen or self.focus else palette.edge
        fill = palette.accent_soft if self.chosen or self.state == "down" else palette.card
        self._ground.colour(fill=fill, edge=edge, width=2.4 if self.focus else 1.2)


class Choice(Column):
    """The options, in as many columns as their words have room in."""

    def __init__(
        self,
        look: Look,
        options: Sequence[tuple[str, str]],
        chosen: str,
        choose: Callable[[str], None],
        *,
        column: float = 150,
    ) -> None:
        super().__init__(spacing=8)
        self._least = max(dp(column), sp(column))
        self._across = 0
        self._options: list[Option] = []
        self._options = [
            Option(look, text, chosen=name == chosen, act=lambda name=name: choose(name), grown=self._level)  # type: ignore[misc]
            for name, text in options
        ]
        self.bind(width=self._arrange)
        self._arrange()

    def _arrange(self, *_: Any) -> None:
        columns = max(1, min(int(self.width // self._least), len(self._options)))
        if columns == self._across:
            return
        self._across = columns
        for old in self.children:
            old.clear_widgets()
        self.clear_widgets()
        for at in range(0, len(self._options), columns):
            row = BoxLayout(orientation="horizontal", size_hint_y=None, spacing=dp(8))
            row.bind(minimum_height=row.setter("height"))
            for option in self._options[at : at + columns]:
                row.add_widget(option)
            for _gap in range(columns - len(row.children)):
                row.add_widget(Widget(size_hint_y=None, height=0))
            self.add_widget(row)
        self._level()

    def _level(self) -> None:
        """Options beside each other are equally high."""
        across = max(1, self._across)
        for at in range(0, len(self._options), across):
            row = self._options[at : at + across]
            height = max(option.least for option in row)
            for option in row:
                option.height = height
