"""What an operator sets for every carrier alike, read before the carrier sees its own settings."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ringproof_server.carriers.guard.breaker import BreakerLimits
from ringproof_server.carriers.plugin import Timeouts
from ringproof_server.carriers.settings import SettingsReader

PATIENCE: Final = 3.0
"""Seconds that a person may be kept waiting for a carrier's pace before the next way is tried."""
CONCURRENCY: Final = 16
SLOWEST: Final = 0.001
"""Calls or messages in a second; far below it the pacer would take its own file for nonsense."""
FASTEST: Final = 10_000.0
LONGEST_TIMEOUT: Final = 300.0
SHORTEST_TIMEOUT: Final = 0.1
MOST_AT_ONCE: Final = 256
OFF: Final = "off"

_SHARE_WAITING: Final = 0.3
_SHARE_ASKING: Final = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """The limits around one carrier; times in seconds.

    A rate of None is the one that the carrier itself names, `math.inf` is none. `patience` is how long one
    request waits for its turn altogether, `timeouts.total` how long it then takes at the most. `concurrency`
    bounds requests that place, and again those that end or look up.
    """

    calls_per_second: float | None = None
    messages_per_second: float | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    concurrency: int = CONCURRENCY
    patience: float = PATIENCE
    breaker: BreakerLimits = field(default_factory=BreakerLimits)


@dataclass(frozen=True, slots=True)
class Read:
    """The guard's settings, what is left for the carrier, and every fault, named by its setting."""

    guard: GuardSettings
    rest: dict[str, str]
    faults: tuple[str, ...]


def read_guard_settings(settings: Mapping[str, str], claim_lease: float) -> Read:
    """Take the settings of the guard out of those of a carrier.

    `claim_lease` is how many seconds an attempt may stay claimed before another process asks the carrier
    about it. A request that places something must be over by then, so a short lease shortens what is not set;
    what is set and does not fit is a fault. The look-up after a lost answer takes as long again and may go on
    beyond the lease: then two processes look up, and neither places anything.
    """
    reader = SettingsReader(settings)
    patience = min(PATIENCE, _SHARE_WAITING * claim_lease)
    usual = Timeouts()
    total = reader.take("timeout", _seconds, min(usual.total, _SHARE_ASKING * claim_lease))
    if patience + total >= claim_lease:
        reader.faults.append(
            f"timeout is too long: with {patience:g} s of waiting before it, it must stay below the "
            f"{claim_lease:g} s of RINGPROOF_CLAIM_LEASE"
        )
    connect = reader.take("connect_timeout", _seconds, min(usual.connect, total))
    if connect > total:
        reader.faults.append(f"connect_timeout is longer than the timeout of {total:g} s")
    guard = GuardSettings(
        calls_per_second=reader.take("calls_per_second", _rate, None),
        messages_per_second=reader.take("messages_per_second", _rate, None),
        timeouts=Timeouts(connect=connect, total=total),
        concurrency=reader.take("concurrency", _count, CONCURRENCY),
        patience=patience,
    )
    return Read(guard, reader.rest(), tuple(reader.faults))


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text) else None


def _seconds(text: str) -> float:
    found = _number(text)
    if found is None or not SHORTEST_TIMEOUT <= found <= LONGEST_TIMEOUT:
        raise ValueError(f"is not a number of seconds from {SHORTEST_TIMEOUT:g} to {LONGEST_TIMEOUT:g}")
    return found


def _rate(text: str) -> float | None:
    if text.lower() == OFF:
        return math.inf
    found = _number(text)
    if found is None or not SLOWEST <= found <= FASTEST:
        raise ValueError(f"is neither a number from {SLOWEST:g} to {FASTEST:g} nor `{OFF}`")
    return found


def _count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= MOST_AT_ONCE:
        raise ValueError(f"is not a whole number from 1 to {MOST_AT_ONCE}")
    return int(text)
