"""How guessable a flash call is, and how much may be asked for it."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.domain.assurance import FlashOffer, bits, offer_flash
from ringproof_server.domain.caller_id import PoolStatistics
from ringproof_server.domain.policy import Policy

GENEROUS = Policy(max_guess_probability=0.5, number_guess_budget=1.0)


def _range(count: int, first: int = 2_079_460_000) -> list[str]:
    return [f"+44{number}" for number in range(first, first + count)]


def _colliding(suffixes: int, each: int) -> list[str]:
    """Numbers of which always `each` share their last eight digits."""
    return [f"+44{20 + area}{79_460_000 + suffix}" for area in range(each) for suffix in range(suffixes)]


def _offer(
    pool: list[str], *, allowance: float, unavailable: int = 0, policy: Policy = GENEROUS
) -> FlashOffer | None:
    return offer_flash(PoolStatistics.of(pool), unavailable=unavailable, policy=policy, allowance=allowance)


@pytest.mark.parametrize(
    ("probability", "expected"),
    [(1.0, 0.0), (0.5, 1.0), (2.0**-10, 10.0), (0.0, 128.0), (1e-300, 128.0), (2.0, 0.0)],
)
def test_bits_are_the_binary_logarithm_within_finite_bounds(probability: float, expected: float) -> None:
    assert bits(probability) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("size", "allowance", "calls", "reports", "probability"),
    [
        (10_000, 1e-3, 1, 3, 3e-4),
        (10_000, 2.5e-4, 1, 2, 2e-4),
        (10_000, 1e-4, 1, 1, 1e-4),
        (2_000, 1e-3, 1, 2, 1e-3),
        (1_000, 1e-3, 1, 1, 1e-3),
        (1_000, 9e-4, 2, 1, 1 / (1000 * 999)),
        (20, 0.05, 1, 1, 0.05),
        (20, 1e-2, 2, 1, 1 / (20 * 19)),
        (20, 1e-3, 3, 1, 1 / (20 * 19 * 18)),
        (5, 0.2, 1, 1, 0.2),
        (5, 0.05, 2, 1, 0.05),
        (5, 0.02, 3, 1, 1 / 60),
    ],
)
def test_the_least_demanding_call_within_the_allowance_is_offered(
    size: int, allowance: float, calls: int, reports: int, probability: float
) -> None:
    offer = _offer(_range(size), allowance=allowance)
    assert offer is not None
    assert (offer.calls, offer.reports) == (calls, reports)
    assert offer.guess_probability == pytest.approx(probability)


def test_a_pool_that_cannot_be_made_unlikely_enough_is_not_offered() -> None:
    assert _offer(_range(5), allowance=1e-3) is None
    assert _offer(_range(1), allowance=0.5) is None
    assert _offer([], allowance=1.0) is None
    assert _offer(_range(5), allowance=0.02, policy=Policy(max_calls=2)) is None


def test_numbers_that_cannot_be_drawn_do_not_count() -> None:
    offer = _offer(_range(20), allowance=1.0, unavailable=15)
    assert offer is not None
    assert offer.guess_probability == pytest.approx(0.2)
    assert _offer(_range(20), allowance=1.0, unavailable=20) is None
    assert _offer(_range(20), allowance=1.0, unavailable=25) is None


def test_below_ten_bits_there_is_one_report_and_above_there_are_three() -> None:
    below, above = _offer(_range(1_023), allowance=1.0), _offer(_range(1_025), allowance=1.0)
    assert below is not None
    assert above is not None
    assert (below.reports, above.reports) == (1, 3)


def test_numbers_that_share_their_last_digits_are_one_candidate() -> None:
    """Ten thousand numbers with a thousand endings are worth no more than a thousand numbers."""
    offer = _offer(_colliding(1_000, 10), allowance=1e-3)
    assert offer is not None
    assert offer.digits == 4
    assert offer.guess_probability == pytest.approx(1e-3)


def test_a_heavy_ending_is_what_the_attacker_names() -> None:
    pool = _range(100) + _colliding(1, 20)
    offer = _offer(pool, allowance=0.5)
    assert offer is not None
    most = max(
        sum(number.endswith(ending) for number in set(pool))
        for ending in {number[-offer.digits :] for number in pool}
    )
    assert offer.guess_probability == pytest.approx(most / len(set(pool)))


@given(
    endings=st.lists(st.integers(0, 30), min_size=1, max_size=40),
    allowance=st.floats(1e-6, 1.0),
    unavailable=st.integers(0, 10),
)
def test_no_attacker_does_better_than_the_stated_probability(
    endings: list[int], allowance: float, unavailable: int
) -> None:
    """Against the draw that suits the attacker best: the numbers that cannot be drawn share no ending."""
    pool = sorted({f"+4420{index:02}79{ending:04}" for index, ending in enumerate(endings)})
    offer = _offer(pool, allowance=allowance, unavailable=unavailable)
    if offer is None:
        return
    assert offer.guess_probability <= allowance
    weights: dict[str, int] = {}
    for number in pool:
        weights[number[-offer.digits :]] = weights.get(number[-offer.digits :], 0) + 1
    eligible = len(pool) - unavailable
    best = sorted(weights.values(), reverse=True)
    if offer.calls == 1:
        chance = Fraction(min(eligible, sum(best[: offer.reports])), eligible)
        assert float(chance) <= offer.guess_probability * (1 + 1e-12)
        return
    ordered = list(itertools.permutations(pool[:6], offer.calls)) if len(pool) <= 6 else []
    for guess in set(itertools.product({number[-offer.digits :] for number in pool[:6]}, repeat=offer.calls)):
        hits = sum(
            all(number.endswith(part) for number, part in zip(drawn, guess, strict=True)) for drawn in ordered
        )
        if ordered and unavailable == 0:
            assert hits / len(ordered) <= offer.guess_probability * (1 + 1e-12)
