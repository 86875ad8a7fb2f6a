"""What a workflow asks for: channels in order, how long each is given, and what makes the next one start."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ringproof_server.domain.channel import Channel

SHORTEST_TIMEOUT: Final = 2
LONGEST_TIMEOUT: Final = 3600
"""Seconds that a stage may be given."""


class Advance(StrEnum):
    """When the step after a stage starts, once its time is over.

    `no_report`: unless the number is proved by then. `not_delivered`: unless the message has reached the
    device, `not_read`: unless the person has seen it. What failed is left at once, whatever stands here.
    """

    NO_REPORT = "no_report"
    NOT_DELIVERED = "not_delivered"
    NOT_READ = "not_read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One channel of a workflow; `timeout` in seconds, None for the policy's own time for such a channel.

    Raises `ValueError` for a time out of bounds, and for a call that is to be delivered or read.
    """

    channel: Channel
    timeout: int | None = None
    advance: Advance = Advance.NO_REPORT

    def __post_init__(self) -> None:
        if self.timeout is not None and not SHORTEST_TIMEOUT <= self.timeout <= LONGEST_TIMEOUT:
            raise ValueError(f"timeout must be between {SHORTEST_TIMEOUT} and {LONGEST_TIMEOUT} seconds")
        if self.channel.is_call and self.advance is not Advance.NO_REPORT:
            raise ValueError(f"advance of a call can only be {Advance.NO_REPORT}")

    def __str__(self) -> str:
        """As `read_stage` reads it; a condition is written with a time only."""
        if self.timeout is None:
            return str(self.channel)
        condition = "" if self.advance is Advance.NO_REPORT else f":{self.advance}"
        return f"{self.channel}:{self.timeout}{condition}"


Workflow = tuple[Channel | Stage, ...]
"""Channels alone, which have the policy's times, and stages that say more."""


def stages(workflow: Iterable[Channel | Stage]) -> tuple[Stage, ...]:
    """Every entry as a stage."""
    return tuple(entry if isinstance(entry, Stage) else Stage(channel=entry) for entry in workflow)


def channels_of(workflow: Iterable[Channel | Stage]) -> tuple[Channel, ...]:
    return tuple(stage.channel for stage in stages(workflow))


def read_stage(text: str) -> Channel | Stage:
    """`sms`, `sms:60` or `messenger:120:not_read`. Raises `ValueError` with the rest of a sentence."""
    name, *more = text.lower().split(":")
    try:
        channel = Channel(name)
    except ValueError:
        raise ValueError(f"must be one of {', '.join(Channel)}") from None
    if not more:
        return channel
    if len(more) > 2 or not (more[0].isascii() and more[0].isdigit() and len(more[0]) <= 4):
        raise ValueError("must give a step as channel:seconds or channel:seconds:condition")
    try:
        advance = Advance(more[1]) if len(more) == 2 else Advance.NO_REPORT
    except ValueError:
        raise ValueError(f"must have one of {', '.join(Advance)} as the condition of a step") from None
    try:
        return Stage(channel=channel, timeout=int(more[0]), advance=advance)
    except ValueError as fault:
        raise ValueError(f"must fit: {fault}") from None
