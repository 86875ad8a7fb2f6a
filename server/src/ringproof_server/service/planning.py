"""Which channels a verification may use, in which order, and how guessable that is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ringproof_server.domain import totp
from ringproof_server.domain.application import Application
from ringproof_server.domain.assurance import FlashOffer, offer_flash
from ringproof_server.domain.channel import Channel, SkipReason
from ringproof_server.domain.code import guess_probability as code_guess_probability
from ringproof_server.domain.errors import GuessBudgetExhausted, NoChannelAvailable, RateLimited
from ringproof_server.domain.phone_number import NumberKind, PhoneNumber
from ringproof_server.domain.policy import Policy, RingTimeRule
from ringproof_server.domain.stage import Stage, stages
from ringproof_server.domain.workflow import Plan, Skipped, Step
from ringproof_server.ports import Random, Session
from ringproof_server.service.draw import Candidates, Groups
from ringproof_server.service.requests import StartRequest
from ringproof_server.service.routing import Routing
from ringproof_server.service.spacing import History, authenticator_wait, flash_wait, is_send, send_wait

_CALLABLE_ONLY = frozenset({NumberKind.LANDLINE})
_LANDLINE_CHANNELS = frozenset({Channel.VOICE, Channel.KEYPAD})
_SHOWS_NO_TEXT = frozenset({Channel.FLASHCALL, Channel.VOICE, Channel.KEYPAD, Channel.WHATSAPP})
"""WhatsApp lets businesses send codes in templates only, which have no place for an amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the plan depends on besides the request: history and budget of the number, and who can carry."""

    application: Application
    number: PhoneNumber
    now: datetime
    history: History
    allowance: float
    """What this verification's guess probability may be at the most."""
    number_is_short: bool
    """Whether the number's own budget, rather than the policy's limit, makes the allowance what it is."""
    routing: Routing
    without_device: frozenset[Channel] = frozenset()
    """Channels of devices that the number has none of, where whoever asks may know that."""


class Planner:
    """Plans verifications; keeps the local groups of the pools it has seen."""

    def __init__(self) -> None:
        self._groups = Groups()

    def plan(self, session: Session, situation: Situation, request: StartRequest) -> Plan:
        """The steps for this request.

        Raises `NoChannelAvailable`, `RateLimited` or `GuessBudgetExhausted` when there would be none.
        """
        policy = situation.application.policy
        wanted = stages(request.channels or policy.workflow)
        skipped: list[Skipped] = []
        waits: list[float] = []
        offered: list[Stage] = []
        for stage in wanted:
            reason, wait = self._obstacle(stage.channel, situation, request, first=not offered)
            if reason is None:
                offered.append(stage)
            else:
                skipped.append(Skipped(stage.channel, reason))
                waits.extend([wait] if wait else [])
        steps = self._steps(session, situation, offered, skipped)
        wait = send_wait(policy, situation.history, situation.now)
        while wait and steps and is_send(steps[0].channel):
            # What was to come before it is not offered after all, so the wait would have to be now.
            skipped.append(Skipped(steps.pop(0).channel, SkipReason.RATE_LIMITED))
            waits.append(wait)
        if not steps:
            raise _nothing_left(skipped, waits)
        return Plan(tuple(steps), tuple(skipped))

    def candidates(
        self,
        session: Session,
        application: Application,
        number: PhoneNumber,
        now: datetime,
        *,
        local: bool,
        also_used: Sequence[str] = (),
    ) -> Candidates:
        """The pool numbers that may call this destination now; `also_used` are not stored yet."""
        pool = session.caller_ids.pool(application.id)
        since = now - timedelta(seconds=application.policy.reuse_after)
        used = session.caller_ids.used_for(number, since) | set(also_used)
        return self._groups.candidates(application.id, pool, number, used, local=local)

    def any_caller_id(
        self, session: Session, application: Application, number: PhoneNumber, now: datetime, random: Random
    ) -> str | None:
        """A pool number for a call in which the caller ID is no secret; None from an empty pool only.

        Numbers of one country come first, the callee's own if there are any, and those not used lately
        before those that were.
        """
        for local in (True, False):
            drawn = self.candidates(session, application, number, now, local=local).draw(random)
            if drawn is not None:
                return drawn
        numbers = session.caller_ids.pool(application.id).numbers
        return numbers[random.below(len(numbers))] if numbers else None

    def _obstacle(
        self, channel: Channel, situation: Situation, request: StartRequest, *, first: bool
    ) -> tuple[SkipReason | None, float]:
        """Why the channel cannot be used, and for how many seconds where waiting helps."""
        policy = situation.application.policy
        for check in _CHECKS:
            reason = check(channel, situation, request)
            if reason is not None:
                return reason, 0.0
        if channel is Channel.FLASHCALL:
            wait = flash_wait(policy, situation.history, situation.now)
            return (SkipReason.RATE_LIMITED, wait) if wait else (None, 0.0)
        if not channel.is_transported:
            wait = authenticator_wait(situation.history, situation.now)
            return (SkipReason.RATE_LIMITED, wait) if wait else (None, 0.0)
        wait = send_wait(policy, situation.history, situation.now)
        if wait and (first or wait >= policy.ttl):
            return SkipReason.RATE_LIMITED, wait
        return None, 0.0

    def _steps(
        self, session: Session, situation: Situation, offered: list[Stage], skipped: list[Skipped]
    ) -> list[Step]:
        policy = situation.application.policy
        shortage = SkipReason.GUESS_BUDGET if situation.number_is_short else SkipReason.POOL_TOO_SMALL
        chances = {
            stage: _code_guess_probability(stage.channel, policy)
            for stage in offered
            if stage.channel.proves_by_code
        }
        dear = {stage for stage, chance in chances.items() if chance > situation.allowance}
        skipped.extend(Skipped(stage.channel, SkipReason.GUESS_BUDGET) for stage in chances if stage in dear)
        offered = [stage for stage in offered if stage not in dear]
        left = situation.allowance - max((chances[stage] for stage in chances.keys() - dear), default=0.0)
        steps = []
        for stage in offered:
            if stage.channel is not Channel.FLASHCALL:
                steps.append(_code_step(stage, policy, chances[stage]))
                continue
            offer = self._flash(session, situation, left)
            if offer is None:
                skipped.append(Skipped(stage.channel, shortage))
            else:
                steps.append(_flash_step(stage, offer, policy))
        return steps

    def _flash(self, session: Session, situation: Situation, allowance: float) -> FlashOffer | None:
        """The offer from the numbers of one country (the callee's own if there are any), else from all."""
        for local in (True, False):
            candidates = self.candidates(
                session, situation.application, situation.number, situation.now, local=local
            )
            offer = offer_flash(
                candidates.group.statistics,
                unavailable=candidates.unavailable,
                policy=situation.application.policy,
                allowance=allowance,
            )
            if offer is not None:
                return replace(offer, local=local)
        return None


def _code_guess_probability(channel: Channel, policy: Policy) -> float:
    """The chance to pass a step of codes within its checks."""
    if channel is Channel.TOTP:
        return totp.guess_probability(policy.code_checks)
    return code_guess_probability(policy.code_checks, policy.code_digits)


def _code_step(stage: Stage, policy: Policy, probability: float) -> Step:
    return Step(
        channel=stage.channel,
        timeout=policy.message_timeout if stage.timeout is None else stage.timeout,
        guess_probability=probability,
        advance=stage.advance,
    )


def _flash_step(stage: Stage, offer: FlashOffer, policy: Policy) -> Step:
    return Step(
        channel=Channel.FLASHCALL,
        timeout=policy.interception_timeout if stage.timeout is None else stage.timeout,
        guess_probability=offer.guess_probability,
        flash=offer,
    )


def _no_carrier(channel: Channel, situation: Situation, _request: StartRequest) -> SkipReason | None:
    if not channel.is_transported:
        return None
    able = situation.routing.able(channel, situation.number)
    return None if able else SkipReason.NO_CARRIER


def _wrong_kind(channel: Channel, situation: Situation, _request: StartRequest) -> SkipReason | None:
    if not channel.is_transported:
        return None
    if situation.number.kind in _CALLABLE_ONLY and channel not in _LANDLINE_CHANNELS:
        return SkipReason.NUMBER_KIND
    return None


def _no_ring_time(channel: Channel, situation: Situation, request: StartRequest) -> SkipReason | None:
    required = situation.application.policy.ring_time is RingTimeRule.REQUIRE
    if channel is Channel.FLASHCALL and required and not request.capabilities.ring_time:
        return SkipReason.RING_TIME_UNAVAILABLE
    return None


def _hides_transaction(channel: Channel, situation: Situation, request: StartRequest) -> SkipReason | None:
    if request.transaction is None:
        return None
    # An authenticator's code is made of the time alone and would approve any payment, whatever an app shows.
    hidden = channel in _SHOWS_NO_TEXT and not situation.application.policy.shows_transaction
    return SkipReason.TRANSACTION_NOT_SHOWN if hidden or channel is Channel.TOTP else None


def _unknown_recipient(channel: Channel, _situation: Situation, request: StartRequest) -> SkipReason | None:
    if channel is Channel.MESSENGER and channel not in request.recipients:
        return SkipReason.NO_RECIPIENT
    return None


def _no_device(channel: Channel, situation: Situation, _request: StartRequest) -> SkipReason | None:
    if channel not in situation.without_device:
        return None
    return SkipReason.NOT_ENROLLED if channel is Channel.TOTP else SkipReason.NO_SUBSCRIPTION


_Check = Callable[[Channel, Situation, StartRequest], SkipReason | None]
_CHECKS: tuple[_Check, ...] = (
    _wrong_kind,
    _no_carrier,
    _unknown_recipient,
    _no_device,
    _no_ring_time,
    _hides_transaction,
)


def _nothing_left(
    skipped: list[Skipped], waits: list[float]
) -> GuessBudgetExhausted | RateLimited | NoChannelAvailable:
    reasons = {item.reason for item in skipped}
    if SkipReason.RATE_LIMITED in reasons:
        return RateLimited("too many attempts for this number", retry_after=min(waits))
    if SkipReason.GUESS_BUDGET in reasons:
        return GuessBudgetExhausted("no more guesses are allowed for this number today")
    listed = ", ".join(f"{item.channel}: {item.reason}" for item in skipped)
    return NoChannelAvailable(f"no channel can be used ({listed})")
