"""The last screens: proved, or not and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kivy.metrics import dp
from kivy.uix.widget import Widget

from ringproof_demo.presenter import Presenter
from ringproof_demo.screens.base import Screen
from ringproof_demo.theme import LEAD
from ringproof_demo.view import DoneView, EndedView, Remedy
from ringproof_demo.widgets.base import Ground, Look
from ringproof_demo.widgets.glyphs import Medal
from ringproof_demo.widgets.layout import Bar, Card, Column, section, title
from ringproof_demo.widgets.press import Kind, Press
from ringproof_demo.widgets.text import Text

_SIGNS = {
    "failed": "cross",
    "refused": "alert",
    "expired": "clock",
    "cancelled": "cross",
    "offline": "offline",
}


class DoneScreen(Screen):
    """Proved: what, by what, how strongly, how fast."""

    def __init__(self, look: Look, presenter: Presenter, clock: Callable[[], float], view: DoneView) -> None:
        super().__init__(look, presenter, clock)
        facts: list[Widget] = []
        for index, (label, value) in enumerate(view.facts):
            if index:
                facts.append(_Rule(look))
            facts.append(
                Column(Text(look, label, colour="soft"), Text(look, value, bold=True, size=LEAD), spacing=0)
            )
        body = [
            Widget(size_hint_y=None, height=dp(4)),
            Medal(look, "check", colour="accent", ground="accent_soft"),
            title(look, view.heading, align="center"),
            Text(look, view.text, size=LEAD, colour="soft", align="center"),
            section(look, look.words.page("proof_heading")),
            Card(look, *facts, spacing=10),
        ]
        self.main = Press(look, look.words.app("another"), presenter.another_number)
        self.compose(Bar(look, settings=presenter.open_settings), body, [self.main])

    def follow(self, view: DoneView) -> None:
        """It does not change while it is shown."""


class EndedScreen(Screen):
    """Not proved. The best thing to do is the first button."""

    def __init__(self, look: Look, presenter: Presenter, clock: Callable[[], float], view: EndedView) -> None:
        super().__init__(look, presenter, clock)
        colour, ground = ("accent", "accent_soft") if view.kind == "cancelled" else ("danger", "danger_soft")
        if view.kind in {"expired", "offline"}:
            colour, ground = "notice", "notice_soft"
        body = [
            Widget(size_hint_y=None, height=dp(12)),
            Medal(look, _SIGNS[view.kind], colour=colour, ground=ground),
            title(look, view.heading, align="center"),
            Text(look, view.text, size=LEAD, colour="soft", align="center"),
        ]
        if view.detail:
            body.append(Text(look, view.detail, colour="soft", align="center"))
        foot = [
            self._button(remedy, label, "secondary" if index else "primary")
            for index, (remedy, label) in enumerate(view.remedies)
        ]
        self.main = foot[0]
        self.compose(Bar(look, settings=presenter.open_settings), body, foot)

    def follow(self, view: EndedView) -> None:
        """It does not change while it is shown."""

    def _button(self, remedy: Remedy, label: str, kind: Kind) -> Press:
        return Press(self.look, label, lambda: self.presenter.remedy(remedy), kind=kind)


class _Rule(Widget):  # type: ignore[misc]
    """A thin line between two facts."""

    def __init__(self, look: Look, **options: Any) -> None:
        super().__init__(size_hint_y=None, height=dp(1), **options)
        self._ground = Ground(self, fill=look.palette.line, radius=0)
