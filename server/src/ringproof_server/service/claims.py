"""What challenges and tokens say of a verification."""

from __future__ import annotations

from ringproof_server.domain.verification import Transaction


def transaction_claim(transaction: Transaction | None) -> dict[str, str] | None:
    """The payment as it stands in a challenge and in a token; None where there is none."""
    if transaction is None:
        return None
    return {
        "amount": transaction.amount,
        "currency": transaction.currency,
        "payee": transaction.payee,
    }
