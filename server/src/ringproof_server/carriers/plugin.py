"""What a carrier plug-in is handed when it is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from ringproof_server.ports import Carrier, Clock, Random, Seals

if TYPE_CHECKING:
    # Only a carrier with tables of its own needs it at run time.
    from sqlalchemy import Connection

T = TypeVar("T")


class NetworkStore(Protocol):
    """The server's database, for a carrier that keeps tables of its own."""

    def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one durable transaction; it may run more than once, so it has no other effects."""
        ...

    def look(self, work: Callable[[Connection], T]) -> T:
        """Run `work` without writing; it sees committed data only."""
        ...


class Log(Protocol):
    """Structured log lines: a constant event name and fields without numbers, codes or credentials."""

    def info(self, event: str, /, **fields: object) -> object: ...

    def warning(self, event: str, /, **fields: object) -> object: ...

    def error(self, event: str, /, **fields: object) -> object: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds a plug-in may wait: for a connection, and for a whole request with its answer.

    Whoever stands around the carrier gives up after `total` too, but only the plug-in can let go of its
    socket.
    """

    connect: float = 3.0
    total: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierOptions:
    """Everything a plug-in's `build` may use.

    `settings` holds what the operator set for this carrier: `RINGPROOF_<NAME>_<KEY>` arrives as the lower
    case key, so `RINGPROOF_TWILIO_AUTH_TOKEN` is `settings["auth_token"]` for `twilio`. `public_url` is where
    the carrier's callbacks reach this server, without a slash at its end. `data_dir` is a folder of this
    server's own on this machine.
    """

    settings: Mapping[str, str] = field(repr=False)
    clock: Clock
    random: Random
    seals: Seals
    store: NetworkStore
    public_url: str
    log: Log
    timeouts: Timeouts = Timeouts()
    data_dir: Path = Path("ringproof-data")


class CarrierSettingsError(ValueError):
    """Settings of a carrier cannot be used; `faults` names every one, and repeats no value."""

    def __init__(self, carrier: str, faults: tuple[str, ...]) -> None:
        place = f"RINGPROOF_{carrier.upper()}_…"
        super().__init__(f"the settings {place} of the carrier {carrier!r} are wrong: " + "; ".join(faults))
        self.carrier = carrier
        self.faults = faults


Build = Callable[[CarrierOptions], Carrier]
"""What an entry point of the group `ringproof.carriers` refers to. Raises `CarrierSettingsError`."""
