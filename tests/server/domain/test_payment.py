"""What a payment is, and what it asks of its proof."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.domain.payment import DECIMALS, faults_of, rules_of_payment
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Transaction

PAYMENT = Transaction(amount="12.30", currency="EUR", payee="ACME")

payments = st.builds(
    Transaction,
    amount=st.from_regex(r"[0-9]{1,4}(\.[0-9]{1,2})?", fullmatch=True),
    currency=st.sampled_from(["EUR", "USD", "JPY"]),
    payee=st.text(st.characters(exclude_characters="\n"), min_size=1, max_size=10),
)


@pytest.mark.parametrize(
    ("amount", "currency", "field"),
    [
        ("12.30", "EUR", None),
        ("12", "EUR", None),
        ("12.345", "EUR", "amount"),
        ("1200", "JPY", None),
        ("1200.5", "JPY", "amount"),
        ("1.234", "KWD", None),
        ("1.2345", "KWD", "amount"),
        ("0", "EUR", "amount"),
        ("0.00", "USD", "amount"),
        ("1", "XTS", "currency"),
        ("1", "XAU", "currency"),
        ("1", "ZZZ", "currency"),
        ("1", "DEM", "currency"),
    ],
)
def test_amount_and_currency_are_ones_that_people_pay(amount: str, currency: str, field: str | None) -> None:
    faults = faults_of(replace(PAYMENT, amount=amount, currency=currency))
    assert [name for name, _ in faults] == ([] if field is None else [field])


def test_every_fault_is_told_at_once() -> None:
    faults = faults_of(Transaction(amount="0", currency="ABC", payee=" "))
    assert {name for name, _ in faults} == {"amount", "currency", "payee"}


def test_there_are_as_many_currencies_as_countries_have() -> None:
    """ISO 4217 without funds, metals and units of account; every code once."""
    assert 150 <= len(DECIMALS) <= 165
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in DECIMALS)


@given(first=payments, second=payments)
def test_two_payments_have_one_binding_only_if_they_are_the_same(
    first: Transaction, second: Transaction
) -> None:
    assert (first.binding == second.binding) is (first == second)


@given(ttl=st.integers(10, 3600), code_ttl=st.integers(30, 600), code_checks=st.integers(1, 10))
def test_the_rules_of_a_payment_are_never_laxer(ttl: int, code_ttl: int, code_checks: int) -> None:
    """Five minutes and five checks, or less where the application has less; all else is its own."""
    policy = Policy(ttl=ttl, code_ttl=code_ttl, code_checks=code_checks)
    rules = rules_of_payment(policy)
    assert (rules.ttl, rules.code_ttl, rules.code_checks) == (
        min(ttl, 300),
        min(code_ttl, 300),
        min(code_checks, 5),
    )
    assert replace(rules, ttl=ttl, code_ttl=code_ttl, code_checks=code_checks) == policy
