"""What is going to happen to a call or a message unless somebody interferes: pure functions of a seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ringproof_server.carriers.simulated.behaviour import Behaviour
from ringproof_server.carriers.simulated.dice import Dice
from ringproof_server.carriers.simulated.moments import MILLISECOND, SECOND
from ringproof_server.domain.channel import Channel, Reason

LATE_BY_DEFAULT_MS: Final = 50_000
"""Longer than a verification waits for the report of a call by default (45 s)."""

LOST_CANCELS_MS: Final = (500, 1500)
"""How much longer a phone rings when one CANCEL is lost, or two: RFC 3261's timer E is 0.5 s and doubles."""


MESSENGERS: Final = frozenset({Channel.WHATSAPP, Channel.VIBER, Channel.MESSENGER})
"""Channels whose network tells when a message has been looked at."""


class AnsweredBy(StrEnum):
    PERSON = "person"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Inclusive limits of a time to be drawn, in milliseconds."""

    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """How long things take in the network when nothing is wrong with it.

    `answer` is how long a request waits for its answer when the network has taken it already.
    """

    post_dial: Span = field(default_factory=lambda: Span(low=300, high=1500))
    reaction: Span = field(default_factory=lambda: Span(low=1500, high=3000))
    voicemail: Span = field(default_factory=lambda: Span(low=3000, high=3000))
    message: Span = field(default_factory=lambda: Span(low=200, high=1200))
    answer: Span = field(default_factory=lambda: Span(low=0, high=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlan:
    """The course of a call that nobody hangs up; points of time in microseconds.

    `rings_at` and `answers_at` are None when that will not happen. `ends_at` is when the network ends a call
    that nobody has answered by then, for `end_reason`. `shown` is the caller ID on the display, None when
    withheld. `cancel_takes` is how long the handset rings on after the caller has hung up.
    """

    rings_at: int | None
    answers_at: int | None = None
    answered_by: AnsweredBy | None = None
    ends_at: int
    end_reason: Reason
    shown: str | None = field(repr=False)
    cancel_takes: int = 0


def plan_call(
    behaviour: Behaviour,
    *,
    delay_ms: int,
    caller_id: str,
    dial_timeout: int,
    placed_at: int,
    timings: Timings,
    dice: Dice,
) -> CallPlan:
    """The plan of a call placed now. `delay_ms` adds to the time before the handset is reached.

    `dial_timeout` (s) counts from the first ring, as carriers count it. The same dice give the same plan.
    """
    delay = delay_ms
    if behaviour is Behaviour.LATE and not delay_ms:
        delay = LATE_BY_DEFAULT_MS
    reached = placed_at + (_draw(dice, "post_dial", timings.post_dial) + delay * MILLISECOND)
    if behaviour in _NEVER_RINGS:
        return CallPlan(rings_at=None, ends_at=reached, end_reason=_NEVER_RINGS[behaviour], shown=None)
    shown = _shown(behaviour, caller_id, dice)
    given_up = reached + dial_timeout * SECOND
    if behaviour is Behaviour.REJECT:
        rejected = reached + _draw(dice, "reaction", timings.reaction)
        if rejected < given_up:
            return CallPlan(rings_at=reached, ends_at=rejected, end_reason=Reason.REJECTED, shown=shown)
    answers_at, answered_by = _answer(behaviour, reached, timings, dice)
    return CallPlan(
        rings_at=reached,
        answers_at=answers_at,
        answered_by=answered_by,
        ends_at=given_up,
        end_reason=Reason.NO_ANSWER,
        shown=shown,
        cancel_takes=_cancel_takes(behaviour, dice),
    )


def plan_message(
    behaviour: Behaviour, *, delay_ms: int, placed_at: int, timings: Timings, dice: Dice
) -> int | None:
    """When a message arrives (microseconds); None at a handset that is off."""
    if behaviour is Behaviour.OFF:
        return None
    return placed_at + _draw(dice, "message", timings.message) + delay_ms * MILLISECOND


def plan_reading(
    behaviour: Behaviour, channel: Channel, *, arrived_at: int, timings: Timings, dice: Dice
) -> int | None:
    """When a message that has arrived is looked at (microseconds); None where nobody does or tells."""
    if channel not in MESSENGERS or behaviour is Behaviour.UNREAD:
        return None
    return arrived_at + _draw(dice, "reading", timings.reaction)


_NEVER_RINGS: Final = {Behaviour.BUSY: Reason.BUSY, Behaviour.OFF: Reason.UNREACHABLE}


def _draw(dice: Dice, purpose: str, span: Span) -> int:
    return dice.between(purpose, span.low * MILLISECOND, span.high * MILLISECOND)


def _answer(
    behaviour: Behaviour, reached: int, timings: Timings, dice: Dice
) -> tuple[int | None, AnsweredBy | None]:
    if behaviour is Behaviour.ANSWER:
        return reached + _draw(dice, "reaction", timings.reaction), AnsweredBy.PERSON
    if behaviour is Behaviour.VOICEMAIL:
        return reached + _draw(dice, "voicemail", timings.voicemail), AnsweredBy.MACHINE
    return None, None


def _cancel_takes(behaviour: Behaviour, dice: Dice) -> int:
    if behaviour is not Behaviour.LOST_CANCEL:
        return 0
    return LOST_CANCELS_MS[dice.between("lost_cancels", 0, len(LOST_CANCELS_MS) - 1)] * MILLISECOND


def _shown(behaviour: Behaviour, caller_id: str, dice: Dice) -> str | None:
    if behaviour is Behaviour.WITHHELD:
        return None
    if behaviour is Behaviour.ALTERED:
        return _one_digit_off(caller_id, dice)
    return caller_id


def _one_digit_off(caller_id: str, dice: Dice) -> str:
    """Gateways that replace a caller ID by one of their own keep most of it; one of the last four differs."""
    place = len(caller_id) - dice.between("altered_place", 1, min(4, len(caller_id)))
    if not caller_id[place].isdecimal():
        return caller_id + "0"
    digit = (int(caller_id[place]) + dice.between("altered_digit", 1, 9)) % 10
    return f"{caller_id[:place]}{digit}{caller_id[place + 1 :]}"
