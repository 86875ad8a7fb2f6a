"""The clock and the chance that are shipped for tests."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from ringproof_server.ports import Clock, Random
from ringproof_server.system import SystemClock, SystemRandom
from ringproof_server.testing.clock import START, FakeClock
from ringproof_server.testing.randomness import SeededRandom
from tests.support.statistics import chi_square, chi_square_limit, clopper_pearson


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


def test_the_draws_are_uniform_and_within_their_limits() -> None:
    source = SeededRandom("uniform")
    counts = [0] * 20
    for _ in range(20_000):
        counts[source.below(20)] += 1
    assert chi_square(counts) < chi_square_limit(19)
    reals = [source.between(4.0, 8.0) for _ in range(2_000)]
    assert all(4.0 <= real <= 8.0 for real in reals)
    assert chi_square([sum(low <= real < low + 1 for real in reals) for low in (4, 5, 6, 7)]) < (
        chi_square_limit(3)
    )
    with pytest.raises(ValueError, match="no integer"):
        source.below(0)


def test_its_identifiers_look_like_real_ones_and_grow_with_the_clock() -> None:
    clock = FakeClock()
    source: Random = SeededRandom("ids", clock)
    real: Random = SystemRandom(clock)
    first = source.identifier("vrf_")
    clock.move(1)
    second = source.identifier("vrf_")
    assert first < second
    assert len(first) == len(real.identifier("vrf_"))
    assert len(source.secret("rp_sk_")) == len(real.secret("rp_sk_"))


def test_both_clocks_say_utc() -> None:
    clocks: list[Clock] = [FakeClock(datetime(2030, 1, 1, tzinfo=UTC)), SystemClock()]
    assert {clock.now().utcoffset() for clock in clocks} == {timedelta(0)}


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
