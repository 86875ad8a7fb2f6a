"""What a carrier is built with, for tests: time stands still, chance repeats itself, nothing is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Connection

from ringproof_server.carriers.plugin import CarrierOptions, Timeouts
from ringproof_server.ports import Clock
from ringproof_server.testing.clock import FakeClock
from ringproof_server.testing.randomness import SeededRandom
from ringproof_server.tokens import SecretSeals

T = TypeVar("T")

NO_DATABASE: Final = "this test gives the carrier no database for {}"
PUBLIC_URL: Final = "https://ringproof.example"
SHORT: Final = Timeouts(connect=1.0, total=1.0)
"""Long enough for any answer of this machine, short enough to wait for one that does not come."""


class NoStore:
    """Stands where the server's database is; a carrier with tables of its own brings one instead."""

    def run(self, work: Callable[[Connection], T]) -> T:
        """Raises `AssertionError`."""
        raise AssertionError(NO_DATABASE.format(work))

    def look(self, work: Callable[[Connection], T]) -> T:
        """Raises `AssertionError`."""
        raise AssertionError(NO_DATABASE.format(work))


class LogLines:
    """A log that keeps its lines: the event and its fields."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, /, **fields: object) -> None:
        self.lines.append((event, fields))

    warning = info
    error = info


def carrier_options(
    settings: Mapping[str, str],
    *,
    timeouts: Timeouts = SHORT,
    clock: Clock | None = None,
    data_dir: Path = Path("no-folder"),
) -> CarrierOptions:
    """The options of a carrier of the server at `https://ringproof.example`; `settings` in lower case."""
    clock = clock or FakeClock()
    return CarrierOptions(
        settings=settings,
        clock=clock,
        random=SeededRandom("carrier tests", clock),
        seals=SecretSeals("a secret key for tests, which nobody else has"),
        store=NoStore(),
        public_url=PUBLIC_URL,
        log=LogLines(),
        timeouts=timeouts,
        data_dir=data_dir,
    )
