"""How long a number must be left alone before the next attempt, from what was attempted before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.policy import Policy
from ringproof_server.ports import PastAttempt
from ringproof_server.service.conditions import never_arrived

History = list[PastAttempt]
SPACING_MEMORY = timedelta(hours=1)
"""Sends within this time lengthen the wait for the next one."""
DAY = timedelta(days=1)
AUTHENTICATOR_OFFERS = 10
"""How often an hour an authenticator may be offered for a number. It costs nothing, so nothing else keeps a
stranger from using up the wrong answers that the number bears."""
AUTHENTICATOR_WINDOW = timedelta(hours=1)


def forgiven(attempts: Sequence[Attempt], channel: Channel) -> Collection[PastAttempt]:
    """The sends of a verification that do not delay this channel of it.

    What certainly reached nobody has bothered nobody, and whoever waits for a code should not wait the longer
    for it. That holds for a channel's first send only, so that a number without WhatsApp is not tried on
    WhatsApp without end.
    """
    if any(item.channel is channel for item in attempts):
        return ()
    return {
        PastAttempt(item.channel, item.queued_at, item.verification_id)
        for item in attempts
        if never_arrived(item)
    }


def send_wait(
    policy: Policy, history: History, now: datetime, *, forgiven: Collection[PastAttempt] = ()
) -> float:
    """Seconds until the next code may be sent to this number, 0 for now.

    `history` reaches back a day. The wait grows with every send of the last hour, and a day has a limit, to
    which those count too that are `forgiven`.
    """
    past = [item for item in history if is_send(item.channel) and item.queued_at > now - DAY]
    if not past:
        return 0.0
    wait = 0.0
    sends = [item.queued_at for item in past]
    recent = [
        item.queued_at for item in past if item.queued_at > now - SPACING_MEMORY and item not in forgiven
    ]
    if recent and policy.send_spacing:
        spacing = policy.send_spacing[min(len(recent), len(policy.send_spacing)) - 1]
        wait = (recent[-1] + timedelta(seconds=spacing) - now).total_seconds()
    if len(sends) >= policy.sends_per_day:
        wait = max(wait, (sends[-policy.sends_per_day] + DAY - now).total_seconds())
    return max(0.0, wait)


def authenticator_wait(history: History, now: datetime) -> float:
    """Seconds until an authenticator may be offered for this number again, 0 for now.

    Numbers that have none are counted alike.
    """
    offers = [
        item.queued_at
        for item in history
        if not item.channel.is_transported and item.queued_at > now - AUTHENTICATOR_WINDOW
    ]
    if len(offers) < AUTHENTICATOR_OFFERS:
        return 0.0
    return max(0.0, (offers[-AUTHENTICATOR_OFFERS] + AUTHENTICATOR_WINDOW - now).total_seconds())


def flash_wait(policy: Policy, history: History, now: datetime) -> float:
    """Seconds until the next flash call to this number may be started, 0 for now.

    The serial calls of one verification, and its second tries over another carrier, are one start.
    """
    window = timedelta(seconds=policy.flash_window)
    first: dict[str, datetime] = {}
    for item in history:
        if item.channel is Channel.FLASHCALL and item.queued_at > now - window:
            first.setdefault(item.verification_id, item.queued_at)
    starts = list(first.values())
    if len(starts) < policy.flash_starts:
        return 0.0
    return max(0.0, (starts[-policy.flash_starts] + window - now).total_seconds())


def attempt_wait(
    policy: Policy, attempts: Sequence[Attempt], history: History, channel: Channel, now: datetime
) -> float:
    """Seconds until a verification that has had these attempts may have one on this channel, 0 for now."""
    if channel is Channel.FLASHCALL:
        return flash_wait(policy, history, now)
    if not channel.is_transported:
        return authenticator_wait(history, now)
    wait = send_wait(policy, history, now, forgiven=forgiven(attempts, channel))
    after = voice_wait(policy, attempts, now) if channel is Channel.VOICE else 0.0
    return max(wait, after)


def was_offered_already(channel: Channel, attempts: Sequence[Attempt]) -> bool:
    """Whether a verification with these attempts is done with a channel that it offers once only.

    A second flash call would add to the odds of a guess. What an authenticator shows is taken for as long as
    the verification lasts, so offering it again would change nothing.
    """
    if channel.is_transported:
        return channel is Channel.FLASHCALL and flash_was_made(attempts)
    return any(item.channel is channel for item in attempts)


def flash_was_made(attempts: Sequence[Attempt]) -> bool:
    """Whether a verification with these attempts has had its flash call; a second one would add to the odds
    of a guess."""
    return any(item.channel is Channel.FLASHCALL for item in attempts)


def voice_wait(policy: Policy, attempts: Sequence[Attempt], now: datetime) -> float:
    """Seconds until a voice call may follow the other channels of the same verification.

    What certainly reached nobody does not count: a call at once after that disturbs no one.
    """
    started = [item.queued_at for item in attempts if item.channel.is_transported and not never_arrived(item)]
    if not started:
        return 0.0
    return max(0.0, (started[-1] + timedelta(seconds=policy.voice_after) - now).total_seconds())


def is_send(channel: Channel) -> bool:
    """Whether an attempt on this channel has sent a code."""
    return channel.proves_by_code and channel.is_transported
