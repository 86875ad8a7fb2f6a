"""The simulated phone beside the app on a desk: how it acts, and what it has seen."""

from __future__ import annotations

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from ringproof_demo.handset import BEHAVIOURS, Handset
from ringproof_demo.view import HandsetEvent, HandsetView
from ringproof_demo.widgets.base import Ground, Look
from ringproof_demo.widgets.choice import Choice
from ringproof_demo.widgets.field import Field
from ringproof_demo.widgets.glyphs import Glyph
from ringproof_demo.widgets.layout import Card, Column, Notice, Page, Pair, title
from ringproof_demo.widgets.press import Press
from ringproof_demo.widgets.text import Text

_ICONS = {"incoming": "phone", "message": "message", "note": "clock"}


class HandsetPanel(BoxLayout):  # type: ignore[misc]
    """Rebuilt for another look; follows the handset's views in between."""

    def __init__(self, look: Look, handset: Handset) -> None:
        super().__init__(orientation="vertical")
        self._look, self._handset = look, handset
        words = look.words
        self._ground = Ground(self, fill=look.palette.sunk, edge=look.palette.line, radius=0)
        self._number = Text(look, "", bold=True)
        self._fault = Notice(look, "alert")
        self._behaviours, self._permission, self._codes = Column(), Column(), Column()
        self._keys = Field(look, words.app("sim_keys"), keys="tel", most=20, done=self._press)
        self._events = Column(spacing=8)
        self._last: HandsetView | None = None
        switches = BoxLayout(orientation="horizontal", size_hint_y=None, height=0, spacing=dp(16))
        switches.bind(minimum_height=switches.setter("height"))
        for heading, column in (("sim_permission", self._permission), ("sim_codes", self._codes)):
            part = self._part(heading, column)
            part.pos_hint = {"top": 1}
            switches.add_widget(part)
        body = [
            Widget(size_hint_y=None, height=dp(4)),
            title(look, words.app("sim_heading")),
            Text(look, words.app("sim_text"), colour="soft"),
            self._number,
            self._fault,
            self._part("sim_behaviour", self._behaviours),
            switches,
            self._part("sim_events", self._events),
            self._keys,
            Press(look, words.app("sim_press"), self._press, kind="secondary"),
        ]
        self.page = Page(look, None, body)
        self.add_widget(self.page)

    def follow(self, view: HandsetView) -> None:
        """Show what the phone does and has seen."""
        last, words = self._last, self._look.words
        self._last = view
        self._number.text = words.app("sim_number", number=view.number)
        self._fault.say(view.fault)
        if last is None or last.behaviour != view.behaviour:
            options = [(name, words.app(f"sim_{name}")) for name in BEHAVIOURS]
            behave = self._handset.behave
            self._fill(
                self._behaviours,
                Choice(self._look, options, view.behaviour, behave, column=140),
            )
        if last is None or last.permitted != view.permitted:
            self._switch(self._permission, "sim_allow", "sim_deny", view.permitted, self._handset.permit)
        if last is None or last.fills_codes != view.fills_codes:
            self._switch(self._codes, "sim_fill", "sim_type", view.fills_codes, self._handset.fill)
        if last is None or last.events != view.events:
            rows = [self._row(event) for event in view.events]
            self._fill(self._events, *(rows or [Text(self._look, words.app("sim_nothing"), colour="soft")]))

    def _part(self, heading: str, content: Column) -> Column:
        return Column(Text(self._look, self._look.words.app(heading), bold=True), content, spacing=8)

    def _fill(self, column: Column, *widgets: object) -> None:
        column.clear_widgets()
        for widget in widgets:
            column.add_widget(widget)

    def _switch(self, column: Column, yes: str, no: str, now: object, act: object) -> None:
        words = self._look.words
        options = [("yes", words.app(yes)), ("no", words.app(no))]

        def choose(name: str) -> None:
            act(name == "yes")  # type: ignore[operator]

        self._fill(column, Choice(self._look, options, "yes" if now else "no", choose, column=140))

    def _row(self, event: HandsetEvent) -> Card:
        words = [Text(self._look, event.title, bold=True)]
        if event.text:
            words.append(Text(self._look, event.text, colour="soft"))
        icon = Glyph(self._look, _ICONS[event.tone], colour="accent", size=24, stroke=1.5)
        edge = "accent" if event.tone == "incoming" else "line"
        return Card(self._look, Pair(icon, Column(*words, spacing=2)), edge=edge)

    def _press(self) -> None:
        self._handset.press(self._keys.text)
        self._keys.text = ""
