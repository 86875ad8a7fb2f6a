"""Verifications that a payment is bound to: who may ask for one, and the rules that hold for it."""

from __future__ import annotations

from dataclasses import replace

from ringproof_server.domain.application import Application, Caller
from ringproof_server.domain.errors import InvalidRequest
from ringproof_server.domain.payment import MOST_FAILURES, faults_of, rules_of_payment
from ringproof_server.domain.verification import Transaction, Verification


def rules_for(application: Application, transaction: Transaction | None) -> Application:
    """The application with the policy that holds for this verification of it."""
    if transaction is None:
        return application
    return replace(application, policy=rules_of_payment(application.policy))


def paying(caller: Caller, transaction: Transaction | None) -> Caller:
    """The caller with the policy that holds for what they start.

    Raises `InvalidRequest` for a transaction that nobody could pay, and for one that comes with a publishable
    key where the application does not allow that: its text would carry a stranger's words in our name.
    """
    if transaction is None:
        return caller
    if not caller.is_secret and not caller.application.policy.transactions_from_apps:
        raise InvalidRequest(
            "only a secret key may name a transaction",
            faults=(("transaction", "not allowed with a publishable key"),),
        )
    faults = faults_of(transaction)
    if faults:
        named = tuple((f"transaction.{field}", message) for field, message in faults)
        raise InvalidRequest("nobody could pay this", faults=named)
    return replace(caller, application=rules_for(caller.application, transaction))


def failures_left(verification: Verification) -> int | None:
    """How many more wrong answers of any kind a payment bears; None where no payment is bound."""
    if verification.transaction is None:
        return None
    return max(0, MOST_FAILURES - verification.reports - verification.checks)
