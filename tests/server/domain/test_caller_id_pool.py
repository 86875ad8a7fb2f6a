"""What a pool's pattern tells, and what an attacker who knows the pool gains by a guess."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.domain.caller_id import CallerIdPattern, PoolStatistics, common_pattern

LEEDS = "+441134960123"


@pytest.mark.parametrize(
    ("numbers", "pattern"),
    [
        (["+442079460018", "+442079460019"], CallerIdPattern("+44207946001", 13)),
        (["+442079460018", "+441134960123"], CallerIdPattern("+44", 13)),
        (["+442079460018", "+12025550143"], CallerIdPattern("+", None)),
        (["+4930123456", "+493012345678"], CallerIdPattern("+4930123456", None)),
        (["+442079460018"], CallerIdPattern("+44207946", 13)),
        (["+442079460018", "+442079460018"], CallerIdPattern("+44207946", 13)),
        ([], CallerIdPattern("+", None)),
    ],
)
def test_a_pattern_is_what_all_numbers_share_and_never_a_whole_number(
    numbers: list[str], pattern: CallerIdPattern
) -> None:
    assert common_pattern(numbers) == pattern
    assert common_pattern(iter(numbers)) == pattern


POOLS = st.lists(st.from_regex(r"\+44[12][0-9]{3}1[01]{5}", fullmatch=True), max_size=60)


@given(numbers=POOLS)
def test_a_pattern_fits_every_number_of_its_pool(numbers: list[str]) -> None:
    pattern = common_pattern(numbers)
    assert all(number.startswith(pattern.prefix) and len(number) == pattern.length for number in numbers)


def _weight(pool: set[str], digits: int) -> Callable[[int], int]:
    sharing = Counter(number[-digits:] for number in pool)
    return lambda guesses: sum(weight for _, weight in sharing.most_common(guesses))


@given(numbers=POOLS)
def test_statistics_count_what_the_best_guesses_hit(numbers: list[str]) -> None:
    pool = set(numbers)
    statistics = PoolStatistics.of(numbers)
    assert statistics.size == len(pool)
    assert statistics.pattern == common_pattern(numbers)
    for digits in range(4, 11):
        for guesses in (1, 2, 3):
            assert statistics.top_suffix_weight(digits, guesses) == _weight(pool, digits)(guesses)


@given(numbers=POOLS, minimum=st.integers(4, 6), maximum=st.integers(6, 10))
def test_the_digits_to_type_are_the_fewest_that_tell_as_much_as_the_most(
    numbers: list[str], minimum: int, maximum: int
) -> None:
    chosen = PoolStatistics.of(numbers).digits_to_type(minimum, maximum)
    told = {k: len({number[-k:] for number in numbers}) for k in range(minimum, maximum + 1)}
    assert told[chosen] == told[maximum]
    assert all(told[k] < told[maximum] for k in range(minimum, chosen))


def test_a_block_of_ten_thousand_numbers_needs_four_digits() -> None:
    statistics = PoolStatistics.of([f"+44207946{n:04}" for n in range(10_000)])
    assert (statistics.size, statistics.digits_to_type()) == (10_000, 4)
    assert [statistics.top_suffix_weight(4, guesses) for guesses in (1, 2, 3)] == [1, 2, 3]


def test_numbers_that_end_alike_are_hit_together() -> None:
    """Two blocks with the same last four digits: four digits are worth half of what five are."""
    statistics = PoolStatistics.of([f"+4420794{block}{n:04}" for block in (6, 7) for n in range(100)])
    assert statistics.top_suffix_weight(4, 1) == 2
    assert statistics.top_suffix_weight(5, 1) == 1
    assert statistics.digits_to_type() == 5
    assert statistics.digits_to_type(4, 4) == 4


@pytest.mark.parametrize(("digits", "guesses"), [(3, 1), (11, 1), (4, 0), (4, 4)])
def test_statistics_refuse_what_they_have_not_counted(digits: int, guesses: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        PoolStatistics.of([LEEDS]).top_suffix_weight(digits, guesses)


def test_a_minimum_above_the_maximum_is_a_fault_of_the_caller() -> None:
    with pytest.raises(ValueError, match="minimum"):
        PoolStatistics.of([LEEDS]).digits_to_type(8, 4)
