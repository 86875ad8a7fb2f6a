"""What a client may do next and when, and what the server will do by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ringproof_server.domain.application import Application, Caller
from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Status, Verification
from ringproof_server.ports import Session
from ringproof_server.service.change import Change
from ringproof_server.service.conditions import has_arrived
from ringproof_server.service.payments import failures_left, rules_for
from ringproof_server.service.progress import Automatic, NextActions, Progress
from ringproof_server.service.spacing import DAY, History, attempt_wait, was_offered_already

NOTHING = NextActions(check_in=None, channels={}, automatic=None)


def progress_of(
    session: Session,
    application: Application,
    verification: Verification,
    attempts: Sequence[Attempt],
    now: datetime,
) -> Progress:
    """The verification as a client may see it now; reads the number's history for the waiting times."""
    application = rules_for(application, verification.transaction)
    status = verification.status_at(now)
    actions = NOTHING
    if status is Status.PENDING:
        history = session.verifications.attempts_to(verification.number, now - DAY)
        actions = _next_actions(application.policy, verification, attempts, history, now)
    elif status is not verification.status:
        verification = replace(verification, status=status, finished_at=verification.expires_at)
    return Progress(
        verification=verification,
        attempts=attempts,
        now=now,
        status=status,
        next=actions,
        checks_left=checks_left(application.policy, verification) if status is Status.PENDING else 0,
        ring_time=application.policy.ring_time,
        code_digits=application.policy.code_digits,
        interception_timeout=_interception_timeout(application.policy, verification),
        report_timeout=application.policy.report_timeout,
    )


def progress_after(caller: Caller, change: Change) -> Progress:
    """Where a verification stands after its change, in the same unit of work; a secret key also sees why.

    What is to be seen must have been saved.
    """
    session, verification = change.session, change.verification
    progress = progress_of(session, change.application, verification, change.attempts, change.now)
    if caller.is_secret:
        progress = replace(progress, trace=session.verifications.trace(verification.id))
    return progress


def checks_left(policy: Policy, verification: Verification) -> int:
    """How many wrong answers the current step still bears."""
    flash = verification.current.flash
    if flash is not None:
        left = max(0, flash.reports - verification.reports)
    else:
        left = max(0, policy.code_checks - verification.checks)
    of_payment = failures_left(verification)
    return left if of_payment is None else min(left, of_payment)


def channel_wait(
    policy: Policy,
    verification: Verification,
    attempts: Sequence[Attempt],
    history: History,
    channel: Channel,
    now: datetime,
) -> float | None:
    """Seconds until the client may ask for this channel; None when it may not any more.

    A flash call is made once per verification, and an authenticator is offered once; a code may be sent again
    as often as the limits allow.
    """
    if verification.plan.position_of(channel) is None:
        return None
    if was_offered_already(channel, attempts):
        return None
    wait = attempt_wait(policy, attempts, history, channel, now)
    left = (verification.expires_at - now).total_seconds()
    return wait if wait < left else None


def _next_actions(
    policy: Policy,
    verification: Verification,
    attempts: Sequence[Attempt],
    history: History,
    now: datetime,
) -> NextActions:
    channels = {}
    for step in verification.plan.steps:
        wait = channel_wait(policy, verification, attempts, history, step.channel, now)
        if wait is not None:
            channels[step.channel] = math.ceil(wait)
    check_in: int | None = 0
    if checks_left(policy, verification) == 0:
        check_in = None
    elif verification.current.flash is None and verification.next_check_at is not None:
        check_in = max(0, math.ceil((verification.next_check_at - now).total_seconds()))
    return NextActions(
        check_in=check_in, channels=channels, automatic=_automatic(verification, attempts, now)
    )


def _interception_timeout(policy: Policy, verification: Verification) -> int:
    """How long this verification's flash call is waited for; the policy's time where none is current."""
    current = verification.current
    return policy.interception_timeout if current.flash is None else current.timeout


def _automatic(verification: Verification, attempts: Sequence[Attempt], now: datetime) -> Automatic | None:
    following = verification.plan.steps[verification.step + 1 : verification.step + 2]
    if not following or verification.wake_at is None or verification.wake_at >= verification.expires_at:
        return None
    if has_arrived(verification, attempts):
        return None
    seconds = max(0, math.ceil((verification.wake_at - now).total_seconds()))
    return Automatic(following[0].channel, seconds)
