"""The clock and the chance that are shipped for tests."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from ringproof_server.testing.clock import START, FakeClock
from ringproof_server.testing.randomness import SeededRandom
from tests.support.statistics import clopper_pearson


def test_the_clock_stands_still_until_it_is_moved() -> None:
    clock = FakeClock()
    assert clock.now() == clock.now() == START
    clock.move(1.5)
    assert clock.now() == START + timedelta(seconds=1.5)
    clock.move_to(START + timedelta(seconds=10))
    clock.move_to(START)
    assert clock.now() == START + timedelta(seconds=10)


def test_the_clock_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="back"):
        FakeClock().move(-0.001)


def test_the_same_seed_draws_the_same_and_another_draws_other_things() -> None:
    first, same, other = SeededRandom("a"), SeededRandom("a"), SeededRandom("b")
    draws = [[source.below(10**9) for _ in range(20)] for source in (first, same, other)]
    assert draws[0] == draws[1] != draws[2]
    assert first.bytes(100) == same.bytes(100) != other.bytes(100)
    assert first.identifier("x_") == same.identifier("x_")
    assert first.secret("s_") == same.secret("s_") != other.secret("s_")


@pytest.mark.parametrize(("successes", "trials"), [(1, 100), (10, 100), (50, 100), (99, 100), (3, 5000)])
def test_the_exact_interval_leaves_half_a_percent_on_either_side(successes: int, trials: int) -> None:
    """The definition of Clopper and Pearson, summed here term by term."""

    def chance(probability: float, counts: range) -> float:
        terms = (math.comb(trials, k) * probability**k * (1 - probability) ** (trials - k) for k in counts)
        return math.fsum(terms)

    low, high = clopper_pearson(successes, trials, 0.99)
    assert 1 - chance(low, range(successes)) == pytest.approx(0.005, rel=1e-6)
    assert chance(high, range(successes + 1)) == pytest.approx(0.005, rel=1e-6)


def test_the_exact_interval_of_no_success_is_known_in_closed_form() -> None:
    assert clopper_pearson(0, 100) == pytest.approx((0.0, 1 - 0.005**0.01))
    assert clopper_pearson(100, 100) == pytest.approx((0.005**0.01, 1.0))
