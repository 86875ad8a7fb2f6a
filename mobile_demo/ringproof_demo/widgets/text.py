"""Text that wraps, and takes as much height as it needs."""

from __future__ import annotations

from typing import Any, Literal

from kivy.metrics import dp, sp
from kivy.uix.label import Label

from ringproof_demo.theme import BODY, LEAD
from ringproof_demo.widgets.base import Look, rgba, unbroken

Align = Literal["left", "center", "right"]


def scaled(size: float) -> float:
    """Pixels for a size in sp. What is large already grows half as much with the system's font scale, as on
    Android itself since 14: else headings would fill the screen of those who need large letters.
    """
    plain, grown = dp(size), sp(size)
    return float(grown if size <= LEAD or grown <= plain else max(sp(LEAD), (plain + grown) / 2))


class Text(Label):  # type: ignore[misc]
    """One paragraph. `colour` is the name of a colour of the palette; `size` in sp, at least the body's."""

    def __init__(
        self,
        look: Look,
        text: str = "",
        *,
        size: float = BODY,
        colour: str = "ink",
        bold: bool = False,
        align: Align = "left",
        mono: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(
            text=unbroken(text),
            font_size=scaled(max(size, BODY)),
            font_name="RobotoMono-Regular" if mono else "Roboto",
            bold=bold and not mono,
            color=rgba(getattr(look.palette, colour)),
            halign=align,
            valign="middle",
            line_height=1.15,
            size_hint_y=None,
            height=0,
            **options,
        )
        self.bind(width=self._wrap, texture_size=self._grow)
        self._wrap()

    def say(self, text: str) -> None:
        """Another text."""
        self.text = unbroken(text)

    def _wrap(self, *_: Any) -> None:
        self.text_size = (self.width, None)

    def _grow(self, *_: Any) -> None:
        self.height = self.texture_size[1] if self.text else 0
