"""The app in Kivy: a window, the screen of the moment, and the device's own keys and pauses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kivy.app import App
from kivy.clock import Clock
from kivy.config import Config
from kivy.core.window import Window
from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout

from ringproof_demo.handset import Handset
from ringproof_demo.machine import SystemClock
from ringproof_demo.phone import Phone
from ringproof_demo.phone.desk import SimulatedPhone
from ringproof_demo.presenter import Presenter
from ringproof_demo.screens.base import Screen
from ringproof_demo.screens.beside import HandsetPanel
from ringproof_demo.screens.ending import DoneScreen, EndedScreen
from ringproof_demo.screens.entering import ConsentScreen, CountriesScreen, NumberScreen
from ringproof_demo.screens.running import CallScreen, CodeScreen, KeypadScreen, WaitScreen
from ringproof_demo.screens.settings import SettingsScreen
from ringproof_demo.settings import Settings, SettingsFile
from ringproof_demo.theme import DARK, LIGHT, Palette
from ringproof_demo.view import (
    CallView,
    CodeView,
    ConsentView,
    CountriesView,
    DoneView,
    EndedView,
    HandsetView,
    KeypadView,
    NumberView,
    SettingsView,
    Shown,
    WaitView,
)
from ringproof_demo.widgets.base import Look, rgba
from ringproof_demo.words import AppWords

SCREENS: dict[type, Callable[..., Screen]] = {
    NumberView: NumberScreen,
    CountriesView: CountriesScreen,
    ConsentView: ConsentScreen,
    CallView: CallScreen,
    CodeView: CodeScreen,
    KeypadView: KeypadScreen,
    WaitView: WaitScreen,
    DoneView: DoneScreen,
    EndedView: EndedScreen,
    SettingsView: SettingsScreen,
}
PHONE_WIDTH, PANEL_WIDTH, HEIGHT = 400, 500, 800
_ESCAPE, _TAB, _ENTER = 27, 9, {13, 271}


class RingproofDemo(App):  # type: ignore[misc]
    """`phone` is the device, `given` what was given at the start, `folder` where the settings are kept."""

    title = "Ringproof"

    def __init__(
        self,
        phone: Phone,
        given: Callable[[Settings], Settings],
        *,
        folder: Path | None,
        simulated: bool,
        touch: bool,
    ) -> None:
        super().__init__()
        self._phone = phone
        self._touch = touch
        self._clock = SystemClock()
        path = (folder or Path(self.user_data_dir)) / "settings.json"
        self._waiting: Shown | None = None
        self._render_soon = Clock.create_trigger(self._render)
        self.presenter = Presenter(phone, SettingsFile(path, given=given), self._take, clock=self._clock)
        self.handset: Handset | None = None
        if simulated and isinstance(phone, SimulatedPhone):
            self.handset = Handset(
                lambda: self.presenter.settings.server,
                phone,
                number=lambda: self.presenter.number_meant,
                words=lambda: self.presenter.shown.words,
                post=self._take_handset,
                clock=self._clock,
            )
        self._handset_waiting: HandsetView | None = None
        self._look_handset_soon = Clock.create_trigger(self._render_handset)
        self._look: Look | None = None
        self._screen: Screen | None = None
        self._kind: type | None = None
        self._panel: HandsetPanel | None = None

    # What Kivy calls

    def build(self) -> BoxLayout:
        self._device = BoxLayout(orientation="vertical")
        self._root = BoxLayout(orientation="horizontal")
        self._root.add_widget(self._device)
        self._inset()
        Window.bind(on_keyboard=self._key, size=lambda *_: self._inset())
        Window.softinput_mode = "below_target"
        # At the start Android does not know yet what its bars will cover.
        for seconds in (0.5, 2):
            Clock.schedule_once(lambda _: self._inset(), seconds)
        self.presenter.open()
        self._render()
        if self.handset is not None:
            self.handset.start()
        return self._root

    def on_pause(self) -> bool:
        """A call may cover the app; it stays, and its verification goes on without the screen."""
        return True

    def on_resume(self) -> None:
        """In front again: the appearance may be another, and the call may have come."""
        self._inset()
        self.presenter.wake()

    def on_stop(self) -> None:
        """The window is closed: nobody waits for the proof any more."""
        if self.handset is not None:
            self.handset.stop()
        self.presenter.close()

    # From other threads

    def _take(self, shown: Shown) -> None:
        """The presenter's `post`; only the newest matters when the screen has been asleep."""
        self._waiting = shown
        self._render_soon()

    def _take_handset(self, view: HandsetView) -> None:
        self._handset_waiting = view
        self._look_handset_soon()

    # On the screen's own thread

    def _render(self, *_: Any) -> None:
        shown, self._waiting = self._waiting, None
        if shown is None:
            return
        look = Look(self._palette(shown), shown.words, self._touch)
        if look != self._look:
            self._look, self._kind = look, None
            Window.clearcolor = rgba(look.palette.ground)
            self._build_panel(look)
        kind = type(shown.view)
        # Consent and the last screens never change while they are shown; a new one is another screen.
        if kind is not self._kind or kind in {ConsentView, DoneView, EndedView}:
            self._build_screen(look, shown)
            self._kind = kind
        if self._screen is not None:
            self._screen.follow(shown.view)

    def _build_screen(self, look: Look, shown: Shown) -> None:
        old = self._screen
        self._screen = SCREENS[type(shown.view)](look, self.presenter, self._clock.monotonic, shown.view)
        self._device.clear_widgets()
        if old is not None:
            old.leave()
        self._device.add_widget(self._screen)
        self._screen.begin()

    def _build_panel(self, look: Look) -> None:
        if self.handset is None:
            return
        if self._panel is not None:
            self._root.remove_widget(self._panel)
        self._panel = HandsetPanel(look, self.handset)
        self._panel.size_hint_x = None
        self._panel.width = dp(PANEL_WIDTH)
        self._root.add_widget(self._panel)
        self._panel.follow(self.handset.picture())

    def _render_handset(self, *_: Any) -> None:
        view, self._handset_waiting = self._handset_waiting, None
        if view is not None and self._panel is not None:
            self._panel.follow(view)

    def _palette(self, shown: Shown) -> Palette:
        dark = self._phone.dark() if shown.appearance == "system" else shown.appearance == "dark"
        return DARK if dark else LIGHT

    def _inset(self) -> None:
        """Keep clear of bars and cut-outs."""
        left, top, right, bottom = self._phone.insets()
        self._device.padding = (left, top, right, bottom)

    def _key(self, _window: Any, key: int, *_: Any) -> bool:
        if key == _ESCAPE:
            return self.presenter.back() or not self._touch
        if self._screen is None or self._touch:
            return False
        focusable = [widget for widget in self._root.walk() if getattr(widget, "is_focusable", False)]
        if not focusable or any(widget.focus for widget in focusable):
            return False
        return self._unfocused(key, self._screen, focusable[0])

    def _unfocused(self, key: int, screen: Screen, first: Any) -> bool:
        """A key where nothing has the keyboard yet: Tab begins with the first, Enter does what is obvious."""
        if key == _TAB:
            first.focus = True
        elif key in _ENTER and screen.main is not None:
            screen.main.dispatch("on_release")
        return key == _TAB or key in _ENTER

    @property
    def words(self) -> AppWords:
        """The language of the moment."""
        return self.presenter.shown.words


def run(phone: Phone, given: Callable[[Settings], Settings], *, folder: Path | None, simulated: bool) -> int:
    """Open the window and run until it is closed; 0."""
    touch = folder is None
    if not touch:
        Config.set("input", "mouse", "mouse,disable_multitouch")
        Window.size = (PHONE_WIDTH + (PANEL_WIDTH if simulated else 0), HEIGHT)
    app = RingproofDemo(phone, given, folder=folder, simulated=simulated, touch=touch)
    app.run()
    return 0
