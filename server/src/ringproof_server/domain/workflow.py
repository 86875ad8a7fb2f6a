"""The plan of a verification: its steps in order, and why other channels are not among them."""

from __future__ import annotations

from dataclasses import dataclass

from ringproof_server.domain.assurance import FlashOffer
from ringproof_server.domain.channel import Channel, SkipReason
from ringproof_server.domain.stage import Advance


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One channel of a plan. `timeout` is how many seconds the step has before the next one starts, if what
    `advance` says is so by then.

    `guess_probability` is that of the step alone; all code channels share one code and its checks.
    """

    channel: Channel
    timeout: int
    guess_probability: float
    flash: FlashOffer | None = None
    advance: Advance = Advance.NO_REPORT


@dataclass(frozen=True, slots=True)
class Skipped:
    channel: Channel
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class Plan:
    steps: tuple[Step, ...]
    skipped: tuple[Skipped, ...] = ()

    def guess_probability(self, steps: int | None = None) -> float:
        """The chance to pass without the phone over the first `steps` steps, or over the whole plan."""
        tried = self.steps[:steps]
        flash = sum(step.guess_probability for step in tried if step.flash is not None)
        codes = max((step.guess_probability for step in tried if step.flash is None), default=0.0)
        return min(1.0, flash + codes)

    def position_of(self, channel: Channel) -> int | None:
        """The index of the step on this channel, or None where the plan has none."""
        return next((index for index, step in enumerate(self.steps) if step.channel is channel), None)
