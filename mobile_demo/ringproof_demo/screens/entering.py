"""The screens before anything is sent: the number, its country, and what the person agrees to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kivy.metrics import dp
from kivy.uix.recycleboxlayout import RecycleBoxLayout
from kivy.uix.recycleview import RecycleView
from kivy.uix.recycleview.views import RecycleDataViewBehavior

from ringproof_demo.numbers import digits_of
from ringproof_demo.presenter import Presenter
from ringproof_demo.screens.base import Screen
from ringproof_demo.theme import LEAD, TOUCH
from ringproof_demo.view import ConsentView, CountriesView, NumberView
from ringproof_demo.widgets.base import Look, rgba
from ringproof_demo.widgets.field import Field
from ringproof_demo.widgets.glyphs import Glyph
from ringproof_demo.widgets.layout import Bar, Card, Column, Notice, Pair, title
from ringproof_demo.widgets.press import Press, Row
from ringproof_demo.widgets.text import Text

_POINT_ICONS = ("eye", "info", "lock", "clock")


class NumberScreen(Screen):
    """Enter a number."""

    def __init__(
        self, look: Look, presenter: Presenter, clock: Callable[[], float], view: NumberView
    ) -> None:
        super().__init__(look, presenter, clock)
        words = look.words
        self._country: Row | None = None
        self._shown_country = ""
        self._field = Field(
            look,
            words.page("number_label"),
            prefix="+",
            help_text=words.app("number_international"),
            keys="tel",
            most=40,
            # At once: what is typed meanwhile must not be overwritten by what was typed before.
            typed=presenter.type_number,
            done=presenter.submit_number,
        )
        self._place = Column(Text(look, words.page("country_label"), bold=True), spacing=8)
        body = [
            title(look, words.page("heading")),
            Text(look, words.page("intro"), size=LEAD, colour="soft"),
            self._place,
            self._field,
        ]
        if view.hint:
            body.append(Press(look, words.app("number_hint"), presenter.use_hint, kind="quiet"))
        bar = Bar(look, settings=presenter.open_settings)
        self.compose(bar, body, [Press(look, words.app("next"), presenter.submit_number)])

    def follow(self, view: NumberView) -> None:
        country = view.country
        if country.iso != self._shown_country:
            self._shown_country = country.iso
            if self._country is not None:
                self._place.remove_widget(self._country)
            self._country = Row(
                self.look,
                country.name,
                f"+{country.code}",
                self.presenter.open_countries,
                icon="down",
                framed=True,
            )
            self._place.add_widget(self._country)
            self._field.prefix(f"+{country.code}")
        self._show_number(view.national)
        self.complain(self._field, view.error)

    def begin(self) -> None:
        if not self.look.touch:
            self._field.take_focus()

    def _show_number(self, national: str) -> None:
        """Group what is typed; the cursor stays behind the same digit."""
        entry = self._field.entry
        before = len(digits_of(entry.text[: entry.cursor_index()]))
        if entry.text == national:
            return
        self._field.text = national
        ends = [index + 1 for index, letter in enumerate(national) if letter.isdecimal()]
        place = 0 if before == 0 else ends[before - 1] if before <= len(ends) else len(national)
        entry.cursor = entry.get_cursor_from_index(place)


class _CountryRow(RecycleDataViewBehavior, Row):  # type: ignore[misc]
    """A row that is used for one country after another while the list scrolls."""

    look: Look
    choose: Callable[[str], None]

    def __init__(self, **_: Any) -> None:
        self.iso = ""
        super().__init__(type(self).look, " ", " ", lambda: type(self).choose(self.iso))

    def refresh_view_attrs(self, view: Any, index: int, data: dict[str, Any]) -> None:
        self.iso, self.text = data["iso"], data["name"]
        self._words.text, self._value.text = data["name"], data["code"]
        super().refresh_view_attrs(view, index, {})


class CountriesScreen(Screen):
    """Choose a country."""

    def __init__(
        self, look: Look, presenter: Presenter, clock: Callable[[], float], view: CountriesView
    ) -> None:
        super().__init__(look, presenter, clock)
        words = look.words
        self._chosen = view.chosen
        self._search = Field(
            look, "", help_text=None, most=60, typed=presenter.search_countries, done=self._take_first
        )
        self._search.entry.hint_text = words.app("country_search")
        self._search.entry.hint_text_color = rgba(look.palette.soft)
        self._found: tuple[str, ...] = ()
        row = type("_Row", (_CountryRow,), {"look": look, "choose": staticmethod(presenter.choose_country)})
        self._list = RecycleView(
            bar_width=dp(4), bar_color=rgba(look.palette.edge, 0.8), scroll_type=["bars", "content"]
        )
        rows = RecycleBoxLayout(
            orientation="vertical",
            default_size_hint=(1, None),
            default_size=(None, dp(TOUCH)),
            size_hint_y=None,
        )
        rows.bind(minimum_height=rows.setter("height"))
        self._list.add_widget(rows)
        self._list.viewclass = row
        self._none = Text(look, "", colour="soft", align="center")
        top = Column(self._search, self._none, padding=(dp(20), dp(4), dp(20), dp(10)))
        self.add_widget(Bar(look, back=presenter.back, name=words.page("country_label")))
        self.add_widget(top)
        self.add_widget(self._list)

    def follow(self, view: CountriesView) -> None:
        self._search.text = view.query
        self._none.text = "" if view.found else self.look.words.app("country_none")
        found = tuple(country.iso for country in view.found)
        if found != self._found:
            self._found = found
            self._list.data = [
                {
                    "iso": country.iso,
                    "name": self._name(country.iso, country.name),
                    "code": f"+{country.code}",
                }
                for country in view.found
            ]
            self._list.scroll_y = 1

    def begin(self) -> None:
        if not self.look.touch:
            self._search.take_focus()

    def _name(self, iso: str, name: str) -> str:
        return f"{name} ({self.look.words.app('country_selected')})" if iso == self._chosen else name

    def _take_first(self) -> None:
        if self._found:
            self.presenter.choose_country(self._found[0])


class ConsentScreen(Screen):
    """What is about to happen, what is read and what is not; nothing happens before a button is pressed."""

    def __init__(
        self, look: Look, presenter: Presenter, clock: Callable[[], float], view: ConsentView
    ) -> None:
        super().__init__(look, presenter, clock)
        body = [title(look, view.heading), Text(look, view.text, size=LEAD, colour="soft")]
        if view.points:
            points = [
                Pair(
                    Glyph(look, icon, colour="accent", size=26, stroke=1.5),
                    Column(Text(look, head, bold=True), Text(look, text, colour="soft"), spacing=2),
                )
                for icon, (head, text) in zip(_POINT_ICONS, view.points, strict=True)
            ]
            body.append(Card(look, *points, spacing=16))
        if view.asks_next:
            notice = Notice(look, "info", tone="accent")
            notice.say(view.asks_next)
            body.append(notice)
        body.append(Text(look, view.contact, colour="soft"))
        if view.in_settings:
            body.append(Press(look, view.in_settings, presenter.open_phone_settings, kind="quiet"))
        body.append(Press(look, view.instead, presenter.start_with_message, kind="quiet"))
        self.main = Press(look, view.go, lambda: presenter.start(permitted=bool(view.points)))
        foot = [self.main]
        if view.without:
            foot.append(Press(look, view.without, lambda: presenter.start(permitted=False), kind="secondary"))
        self.compose(Bar(look, back=presenter.back), body, foot)

    def follow(self, view: ConsentView) -> None:
        """It does not change while it is shown."""
