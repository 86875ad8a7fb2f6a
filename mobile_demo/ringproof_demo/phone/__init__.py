"""What the app asks of the device it runs on. The rest of the app knows phones through this only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ringproof.calls import CallSource, CodeSource

Reads = Literal["log", "screening", "both"]
Asks = Literal["permission", "role"]


@dataclass(frozen=True)
class Noticing:
    """How a device would notice a call now.

    `reads` is what of its calls would be read: what rings and the list of calls, the call screening, or both;
    None when it notices nothing. `asks` is the first of its dialogs that would follow, if any. `blocked`: it
    was refused for good, so that only the device's settings can change that.
    """

    reads: Reads | None = None
    asks: Asks | None = None
    blocked: bool = False


class Phone(Protocol):
    """The device. Sources are made for one verification each and hold nothing from one to the next."""

    @property
    def offers_screening(self) -> bool:
        """Whether it has a call-screening role that this app could be given."""
        ...

    @property
    def offers_number(self) -> bool:
        """Whether `ask_number` can find anything."""
        ...

    @property
    def two_sims(self) -> bool:
        """Whether a call may ring on another line than the one the person looks at."""
        ...

    def noticing(self, *, screening: bool) -> Noticing:
        """What `calls` would do now; nothing is asked for here."""
        ...

    def calls(self, server: str, number: str, *, screening: bool) -> CallSource | None:
        """A source that notices calls to an E.164 number by itself; None when this device has none.

        `screening`: the person wants it to ask for the call-screening role, where there is one.
        """
        ...

    def open_settings(self) -> bool:
        """Show where the device's settings allow what `noticing` says is blocked; False: nowhere."""
        ...

    def codes(self, server: str, number: str) -> CodeSource | None:
        """A source that reads codes out of messages by itself; None when this device has none."""
        ...

    def app_hash(self) -> str | None:
        """What text messages must end with so that this device gives their code to this app."""
        ...

    def ask_number(self, done: Callable[[str | None], None]) -> None:
        """Let the person pick the device's own number; `done` gets it in E.164, or None, on any thread."""
        ...

    def languages(self) -> Sequence[str]:
        """The preferred language tags, the most wanted first."""
        ...

    def country(self) -> str | None:
        """The ISO code of the SIM's country; None when it has none or does not tell."""
        ...

    def dark(self) -> bool:
        """Whether the device is in its dark appearance."""
        ...

    def insets(self) -> tuple[float, float, float, float]:
        """Pixels at left, top, right and bottom that bars and cut-outs cover."""
        ...
