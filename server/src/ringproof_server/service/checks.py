"""What a wrong code costs, however it was given: a check of the verification, a failure of the number."""

from __future__ import annotations

from datetime import timedelta

from ringproof_server.domain.verification import Ending
from ringproof_server.service.change import Change
from ringproof_server.service.payments import failures_left
from ringproof_server.service.steps import Steps


def count_wrong_check(change: Change, steps: Steps) -> None:
    """One check less, the next one after the policy's delay; without any left the verification fails."""
    verification, policy = change.verification, change.application.policy
    checks = verification.checks + 1
    delays = policy.check_delays
    delay = delays[min(checks, len(delays)) - 1] if delays else 0
    change.set(checks=checks, next_check_at=change.now + timedelta(seconds=delay) if delay else None)
    count_failure(change, steps)
    if change.is_open and checks >= policy.code_checks:
        steps.finish(change, Ending.FAIL)


def count_failure(change: Change, steps: Steps) -> None:
    """One more wrong answer in a row for the number, whatever it was wrong about."""
    failures = change.session.ledger.add_failure(change.verification.number)
    in_a_row = failures >= change.application.policy.max_failures_in_a_row
    if in_a_row or failures_left(change.verification) == 0:
        steps.finish(change, Ending.FAIL)
