"""A desktop: digits are typed. With a demo server, a simulated phone hears calls and messages by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ringproof.calls import CallSource, CodeSource, ScriptedCallSource, SimulatedCallSource, SimulatedCodes
from ringproof_demo.phone import Noticing

OWN_NUMBER = "+447700900123"
"""The number of the simulated phone: one of those that Ofcom keeps for drama, so it is nobody's."""


class Desk:
    """A machine that is no phone. `languages` and `dark` are what its owner has set."""

    offers_screening = False
    offers_number = False
    two_sims = False

    def __init__(self, languages: Sequence[str] = (), *, dark: bool = False) -> None:
        self._languages = tuple(languages)
        self._dark = dark

    def noticing(self, *, screening: bool) -> Noticing:  # noqa: ARG002 - there is no such role
        return Noticing()

    def calls(self, server: str, number: str, *, screening: bool) -> CallSource | None:  # noqa: ARG002 - hears nothing anywhere
        return None

    def open_settings(self) -> bool:
        return False

    def codes(self, server: str, number: str) -> CodeSource | None:  # noqa: ARG002 - gets no messages
        return None

    def app_hash(self) -> str | None:
        return None

    def ask_number(self, done: Callable[[str | None], None]) -> None:
        done(None)

    def languages(self) -> Sequence[str]:
        return self._languages

    def country(self) -> str | None:
        return None

    def dark(self) -> bool:
        return self._dark

    def insets(self) -> tuple[float, float, float, float]:
        return (0.0, 0.0, 0.0, 0.0)


class SimulatedPhone(Desk):
    """A desktop with a simulated phone beside it, which a demo server rings.

    `permitted` is what its owner answers when the app asks to see calls, `fills_codes` whether it gives codes
    out of messages to the app.
    """

    offers_number = True

    def __init__(self, languages: Sequence[str] = (), *, dark: bool = False) -> None:
        super().__init__(languages, dark=dark)
        self.permitted = True
        self.fills_codes = True

    def noticing(self, *, screening: bool) -> Noticing:  # noqa: ARG002 - there is no such role
        return Noticing("log", "permission")

    def calls(self, server: str, number: str, *, screening: bool) -> CallSource | None:  # noqa: ARG002 - see above
        return SimulatedCallSource(server, number) if self.permitted else ScriptedCallSource(granted=False)

    def codes(self, server: str, number: str) -> CodeSource | None:
        return SimulatedCodes(server, number) if self.fills_codes else None

    def ask_number(self, done: Callable[[str | None], None]) -> None:
        done(OWN_NUMBER)

    def country(self) -> str | None:
        return "GB"
