"""How guessable a proof is, stated before it is offered.

The only secret of a flash call is which number of the pool called, and the pool counts as public. An attacker
without the phone does best by naming the values that the most pool numbers share, so the probability of a
plan is computed from those, not from ten to the power of the digits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ringproof_server.domain.caller_id import CallerIdPattern, PoolStatistics
from ringproof_server.domain.policy import Policy

FEW_BITS = 10.0
REPORTS_WHEN_FEW_BITS = 1
REPORTS_WHEN_MANY_BITS = 3


@dataclass(frozen=True, slots=True)
class FlashOffer:
    """What a flash call may ask: `calls` one after another, `reports` guesses, the last `digits` to type.

    `local` is whether the callers are drawn among the numbers of one country only: the callee's own, if the
    pool has any of those.
    """

    pattern: CallerIdPattern
    digits: int
    calls: int
    reports: int
    guess_probability: float
    local: bool = False


def bits(probability: float) -> float:
    """Minus the binary logarithm; 0 for a certain guess, 128 at the most so that a claim stays finite."""
    return 128.0 if probability <= 2.0**-128 else max(0.0, -math.log2(probability))


def offer_flash(
    pool: PoolStatistics, *, unavailable: int, policy: Policy, allowance: float
) -> FlashOffer | None:
    """The least demanding flash call whose guess probability stays within `allowance`, or None.

    `unavailable` numbers of the pool may not be drawn for this destination now. One call with as many reports
    as allowed is tried first, then serial calls from distinct numbers, which are one guess together.
    """
    eligible = pool.size - unavailable
    if eligible < 1:
        return None
    digits = pool.digits_to_type(*policy.digits_to_type)
    single = min(1.0, pool.top_suffix_weight(digits, 1) / eligible)
    most = REPORTS_WHEN_FEW_BITS if bits(single) < FEW_BITS else REPORTS_WHEN_MANY_BITS
    for reports in range(most, 0, -1):
        probability = min(1.0, pool.top_suffix_weight(digits, reports) / eligible)
        if probability <= allowance:
            return FlashOffer(pool.pattern, digits, 1, reports, probability)
    probability = single
    for calls in range(2, min(policy.max_calls, eligible) + 1):
        probability *= min(1.0, pool.top_suffix_weight(digits, 1) / (eligible - calls + 1))
        if probability <= allowance:
            return FlashOffer(pool.pattern, digits, calls, 1, probability)
    return None


def still_holds(offer: FlashOffer, pool: PoolStatistics) -> bool:
    """Whether a call drawn from `pool` now is guessed no more easily than `offer` says.

    A pool can change between the statement and the call. Numbers that were called from meanwhile do not
    count: who has not got the phone does not know them.
    """
    if not pool.size:
        return False
    one = min(1.0, pool.top_suffix_weight(offer.digits, offer.reports) / pool.size)
    return one**offer.calls <= offer.guess_probability * (1 + 1e-9)
