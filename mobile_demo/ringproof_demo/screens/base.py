"""What all screens have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from typing import Any

from kivy.clock import Clock
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from ringproof_demo.presenter import Presenter
from ringproof_demo.view import Way
from ringproof_demo.widgets.base import Look
from ringproof_demo.widgets.field import Field
from ringproof_demo.widgets.layout import Bar, Column, Page
from ringproof_demo.widgets.press import Press

_COUNT = 0.2


class Screen(BoxLayout):  # type: ignore[misc]
    """`follow` is told every view of its kind. `clock` tells the moments that views speak of."""

    def __init__(self, look: Look, presenter: Presenter, clock: Callable[[], float]) -> None:
        super().__init__(orientation="vertical")
        self.look, self.presenter, self.clock = look, presenter, clock
        self.page: Page | None = None
        self._counting: Any = None
        self.main: Press | None = None
        """What Enter does while nothing has the keyboard."""

    def compose(self, bar: Bar | None, body: Sequence[Widget], foot: Sequence[Widget] = ()) -> None:
        """Fill the screen."""
        self.page = Page(self.look, bar, body, foot)
        self.add_widget(self.page)

    def follow(self, view: Any) -> None:
        """Show a view."""
        raise NotImplementedError

    def complain(self, field: Field, sentence: str | None) -> None:
        """Say what is wrong with a field, where it can be seen."""
        field.complain(sentence)
        if sentence and self.page is not None:
            self.page.show(field)

    def begin(self) -> None:
        """The screen is shown now; on a desk, the keyboard goes where typing is expected."""

    def count(self) -> None:
        """Called several times a second while `counting`."""

    def counting(self) -> None:
        """Call `count` again and again until the screen is left."""
        self._counting = Clock.schedule_interval(lambda _: self.count(), _COUNT)

    def leave(self) -> None:
        """The screen is shown no more."""
        if self._counting is not None:
            self._counting.cancel()

    def seconds_until(self, moment: float | None) -> int:
        """Whole seconds left, rounded up; 0 when it has passed or there is none."""
        return 0 if moment is None else max(0, ceil(moment - self.clock()))


class Ways(Column):
    """Buttons for other ways to go on; those that must wait count down."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(spacing=8)
        self._screen = screen
        self._ways: tuple[Way, ...] = ()
        self._buttons: list[tuple[Way, Press]] = []

    def offer(self, ways: tuple[Way, ...]) -> None:
        """Offer these; the same ones stay as they are."""
        if [(way.channel, way.label) for way in ways] != [
            (way.channel, way.label) for way, _ in self._buttons
        ]:
            self.clear_widgets()
            self._buttons = []
            for way in ways:
                button = Press(self._screen.look, way.label, self._act(way.channel), kind="secondary")
                self._buttons.append((way, button))
                self.add_widget(button)
        else:
            self._buttons = [(way, button) for way, (_, button) in zip(ways, self._buttons, strict=True)]
        self.count()

    def count(self) -> None:
        """Count the waits down."""
        words = self._screen.look.words
        for way, button in self._buttons:
            left = self._screen.seconds_until(way.ready_at)
            button.disabled = left > 0
            wait = f" ({words.page('available_in', seconds=left)})" if left else ""
            button.text = f"{way.label}{wait}"

    def _act(self, channel: str) -> Callable[[], None]:
        return lambda: self._screen.presenter.switch(channel)
