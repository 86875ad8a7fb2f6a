"""What a payment asks of its proof: Delegated Regulation (EU) 2018/389, articles 4 and 5 (PSD2).

Article 4(3): no more than five wrong answers in a row, and no session that lives on without activity for
more than five minutes. Article 5: the payer is shown amount and payee, and the code belongs to these and no
others.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Transaction

LONGEST_SECONDS: Final = 300
MOST_FAILURES: Final = 5

_TWO_DECIMALS: Final = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
    CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
    HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT
    MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB
    SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH
    USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_NO_DECIMALS: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS: Final = "BHD IQD JOD KWD LYD OMR TND"

DECIMALS: Final[dict[str, int]] = {
    currency: decimals
    for codes, decimals in ((_NO_DECIMALS, 0), (_TWO_DECIMALS, 2), (_THREE_DECIMALS, 3))
    for currency in codes.split()
}
"""The currencies of ISO 4217 that people pay in, and how many decimals their amounts have. Funds, metals and
units of account are left out."""


def faults_of(transaction: Transaction) -> list[tuple[str, str]]:
    """What nobody could pay, by field: (field, message) pairs, none for a transaction that is fine."""
    faults = []
    decimals = DECIMALS.get(transaction.currency)
    if decimals is None:
        faults.append(("currency", "must be a currency of ISO 4217"))
    elif len(transaction.amount.partition(".")[2]) > decimals:
        faults.append(("amount", f"must have at most {decimals} decimals in this currency"))
    if Decimal(transaction.amount) <= 0:
        faults.append(("amount", "must be more than nothing"))
    if not any(character.isprintable() and not character.isspace() for character in transaction.payee):
        faults.append(("payee", "needs a visible character"))
    return faults


def rules_of_payment(policy: Policy) -> Policy:
    """The policy of an application, no laxer than a payment allows."""
    return replace(
        policy,
        ttl=min(policy.ttl, LONGEST_SECONDS),
        code_ttl=min(policy.code_ttl, LONGEST_SECONDS),
        code_checks=min(policy.code_checks, MOST_FAILURES),
    )
