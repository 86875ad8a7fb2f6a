"""The settings: which server, which key, which language, light or dark, and call screening on a phone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ringproof_demo.presenter import Presenter
from ringproof_demo.screens.base import Screen
from ringproof_demo.settings import APPEARANCES, Appearance, Settings
from ringproof_demo.theme import LEAD
from ringproof_demo.view import SettingsView
from ringproof_demo.widgets.base import Look
from ringproof_demo.widgets.choice import Choice
from ringproof_demo.widgets.field import Field, Keys
from ringproof_demo.widgets.layout import Bar, Column, Notice, section, title
from ringproof_demo.widgets.press import Press
from ringproof_demo.widgets.text import Text
from ringproof_demo.words import language_names


class SettingsScreen(Screen):
    """Server and key are checked before they are kept; everything else changes at once."""

    def __init__(
        self, look: Look, presenter: Presenter, clock: Callable[[], float], view: SettingsView
    ) -> None:
        super().__init__(look, presenter, clock)
        words = look.words
        self._draft = view.draft
        self._notice = Notice(look, "info" if view.first else "check", tone="accent")
        self._server = self._field("server", view.draft.server, "url")
        self._key = self._field("key", view.draft.key, "text")
        self._button = Press(look, words.app("save"), self._save)
        languages = [("", words.app("system")), *language_names()]
        appearances = [
            ("system", words.app("system")),
            ("light", words.app("appearance_light")),
            ("dark", words.app("appearance_dark")),
        ]
        body = [
            title(look, words.app("settings")),
            self._notice,
            self._server,
            self._key,
            self._button,
            Column(
                section(look, words.page("language_label")),
                Choice(look, languages, view.draft.language or "", self._language),
                spacing=8,
            ),
            Column(
                section(look, words.app("appearance")),
                Choice(look, appearances, view.draft.appearance, self._appearance),
                spacing=8,
            ),
        ]
        self._screening = Column(spacing=8)
        self._screens: bool | None = None
        if view.screening:
            body.append(self._screening)
        self.compose(Bar(look, back=None if view.first else presenter.back), body)

    def _field(self, name: str, text: str, keys: Keys) -> Field:
        words = self.look.words
        return Field(
            self.look,
            words.app(f"{name}_label"),
            text=text,
            help_text=words.app(f"{name}_help"),
            keys=keys,
            size=LEAD,
            most=512,
            done=self._save,
        )

    def follow(self, view: SettingsView) -> None:
        words = self.look.words
        self._draft = view.draft
        self._notice.say(view.notice)
        self._server.text, self._key.text = view.draft.server, view.draft.key
        self._server.complain(view.server_error)
        self._key.complain(view.key_error)
        self._button.disabled = view.busy
        self._button.text = words.page("checking") if view.busy else words.app("save")
        if view.screening and view.draft.screening != self._screens:
            self._offer_screening(view.draft.screening)
        wrong = self._server if view.server_error else self._key if view.key_error else None
        if self.page is not None and (wrong or view.notice):
            self.page.show(wrong or self._notice)

    def _offer_screening(self, chosen: bool) -> None:
        """The choice, with what it costs; nothing else on the screen changes with it, so it is built anew."""
        look, words = self.look, self.look.words
        self._screens = chosen
        options = [("off", words.app("screening_off")), ("on", words.app("screening_on"))]
        self._screening.clear_widgets()
        for widget in (
            section(look, words.app("screening")),
            Text(look, words.app("screening_text"), colour="soft"),
            Choice(look, options, "on" if chosen else "off", self._choose_screening),
        ):
            self._screening.add_widget(widget)

    def begin(self) -> None:
        if not self.look.touch:
            self._server.take_focus()

    def _entered(self) -> Settings:
        return replace(self._draft, server=self._server.text, key=self._key.text)

    def _save(self) -> None:
        if not self._button.disabled:
            self.presenter.save_settings(self._entered())

    def _language(self, tag: str) -> None:
        self.presenter.choose_language(tag or None, self._entered())

    def _choose_screening(self, name: str) -> None:
        self.presenter.choose_screening(name == "on", self._entered())

    def _appearance(self, name: str) -> None:
        chosen: Appearance = next(each for each in APPEARANCES if each == name)
        self.presenter.choose_appearance(chosen, self._entered())
