"""When the network tells the server of an event: at once, or late, twice, after a later one, or never."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ringproof_server.carriers.simulated.dice import Dice
from ringproof_server.carriers.simulated.moments import MILLISECOND, SECOND

HELD_AT_MOST: Final = 30 * SECOND
"""An event that is held back until a later one has gone out goes out after this time anyhow."""

LATE_MS: Final = (1_000, 8_000)
DOUBLED_AFTER_MS: Final = (0, 3_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chaos:
    """Shares (0 to 1) of events that go wrong on their way to the server."""

    late: float = 0.0
    doubled: float = 0.0
    reordered: float = 0.0
    lost: float = 0.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery of an event, in microseconds; `held` ones wait for the next event of the same call."""

    due_at: int
    held: bool = False


def deliveries(at: int, *, last: bool, chaos: Chaos, dice: Dice) -> tuple[Delivery, ...]:
    """The deliveries of an event that arose at `at`; `last` is whether no other event can follow it."""
    if dice.happens("lost", chaos.lost):
        return ()
    if not last and dice.happens("reordered", chaos.reordered):
        first = Delivery(at + HELD_AT_MOST, held=True)
    elif dice.happens("late", chaos.late):
        first = Delivery(at + dice.between("late_by", *LATE_MS) * MILLISECOND)
    else:
        first = Delivery(at)
    if not dice.happens("doubled", chaos.doubled):
        return (first,)
    after = dice.between("doubled_after", *DOUBLED_AFTER_MS) * MILLISECOND
    return (first, Delivery(first.due_at + after))
