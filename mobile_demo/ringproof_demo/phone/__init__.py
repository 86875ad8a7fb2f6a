"""What the app asks of the device it runs on. The rest of the app knows phones through this only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ringproof.calls import CallSource, CodeSource


class Phone(Protocol):
    """The device. Sources are made for one verification each and hold nothing from one to the next."""

    @property
    def asks_permission(self) -> bool:
        """Whether a dialog of the device will follow when `calls` is used."""
        ...

    @property
    def offers_number(self) -> bool:
        """Whether `ask_number` can find anything."""
        ...

    @property
    def two_sims(self) -> bool:
        """Whether a call may ring on another line than the one the person looks at."""
        ...

    def calls(self, server: str, number: str) -> CallSource | None:
        """A source that notices calls to an E.164 number by itself; None when this device has none."""
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
