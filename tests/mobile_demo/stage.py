"""The app without a screen: a presenter, a scripted phone, the SDK's stand-in for the server, no waiting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from ringproof import Retry, Ringproof, ScriptedCallSource
from ringproof.calls import CallSource, CodeRequest, CodeSource, Copy, TypedCode
from ringproof.testing import FakeClock, FakeServer
from ringproof_demo.phone import Noticing
from ringproof_demo.phone.desk import Desk
from ringproof_demo.presenter import Presenter
from ringproof_demo.settings import Settings, SettingsFile
from ringproof_demo.view import Shown, View

CALLER = "+442079460018"
OWNER = "+447700900123"
SERVER = "https://verify.example"
KEY = "rp_pk_test"

V = TypeVar("V")


class ReadMessages:
    """A device that gives the app the code of a message, so many seconds after it was asked to listen."""

    def __init__(self, clock: FakeClock, code: str | None, after: float) -> None:
        self._clock, self._code, self._after = clock, code, after
        self.stopped = False

    def start(self, sink: Callable[[TypedCode], None]) -> None:
        self._clock.later(self._after, lambda: sink(TypedCode(self._code, "retriever")))

    def ask(self, request: CodeRequest) -> None:
        """It listens already."""

    def stop(self) -> None:
        self.stopped = True


class ScriptedPhone(Desk):
    """A phone that follows a script; without one it notices nothing.

    `screened` tells for each source that was asked for whether it should use call screening.
    """

    offers_number = True
    offers_screening = True

    def __init__(self, clock: FakeClock, languages: Sequence[str] = ("en-GB",)) -> None:
        super().__init__(languages)
        self._clock = clock
        self.script: Sequence[Copy] | None = None
        self.granted = True
        self.screened: list[bool] = []
        self.blocked = False
        self.settings_opened = 0
        self.own_number: str | None = OWNER
        self.messages: CodeSource | None = None

    def noticing(self, *, screening: bool) -> Noticing:
        if self.blocked:
            return Noticing(blocked=True)
        if self.script is None:
            return Noticing()
        return Noticing("screening", "role") if screening else Noticing("log", "permission")

    def calls(self, server: str, number: str, *, screening: bool) -> CallSource | None:
        self.screened.append(screening)
        if self.script is None:
            return None
        return ScriptedCallSource(self.script, clock=self._clock, granted=self.granted)

    def open_settings(self) -> bool:
        self.settings_opened += 1
        return True

    def codes(self, server: str, number: str) -> CodeSource | None:
        return self.messages

    def ask_number(self, done: Callable[[str | None], None]) -> None:
        done(self.own_number)

    def app_hash(self) -> str | None:
        return "FA+9qCX9VSu"


class Stage:
    """Everything a test of the presenter needs. `seen` are all screens so far, in their order."""

    def __init__(
        self, folder: Path, *, settings: Settings | None = None, languages: Sequence[str] = ("en-GB",)
    ):
        self.clock = FakeClock()
        self.server = FakeServer(self.clock)
        self.phone = ScriptedPhone(self.clock, languages)
        self.file = SettingsFile(folder / "settings.json")
        self.file.save(settings or Settings(SERVER, KEY))
        self.seen: list[Shown] = []
        self.clients: list[str] = []
        self.presenter = Presenter(
            self.phone, self.file, self._posted, clock=self.clock, connect=self._connect
        )
        self.on_show: Callable[[View], None] = lambda _: None
        self.presenter.open()

    def _connect(self, settings: Settings, language: str) -> Ringproof:
        self.clients.append(language)
        return Ringproof(
            settings.server,
            settings.key,
            transport=self.server,
            clock=self.clock,
            retry=Retry(attempts=2),
            language=language,
        )

    def _posted(self, shown: Shown) -> None:
        self.seen.append(shown)
        self.on_show(shown.view)

    @property
    def view(self) -> View:
        return self.seen[-1].view

    def now(self, kind: type[V]) -> V:
        """The screen that is shown, which must be of this kind."""
        view = self.view
        assert isinstance(view, kind), view
        return view

    def all(self, kind: type[V]) -> list[V]:
        """Every screen of a kind that was shown."""
        return [shown.view for shown in self.seen if isinstance(shown.view, kind)]

    def once(self, kind: type[V], act: Callable[[V], None], *, after: float = 1.0) -> None:
        """Do something, as a person would, some time after the first screen of a kind appears."""
        done: list[bool] = []
        before = self.on_show

        def look(view: View) -> None:
            before(view)
            if isinstance(view, kind) and not done:
                done.append(True)
                self.clock.later(after, lambda: act(self.now(kind)))

        self.on_show = look

    def verify(self, number: str = "7700 900123", *, permitted: bool = True) -> None:
        """From the number to the end."""
        self.presenter.type_number(number)
        self.presenter.submit_number()
        self.presenter.start(permitted=permitted)
