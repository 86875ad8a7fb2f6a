"""What every clock and every source of randomness holds, as tests: subclass and give the fixture.

    class TestMyRandom(RandomContract):
        @pytest.fixture
        def random(self, clock: FakeClock) -> Random:
            return MyRandom(clock)

Where chance is measured, a right source fails once in hundreds of millions of runs.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC
from typing import Final

import pytest

from ringproof_server.ports import Clock, Random
from ringproof_server.testing.clock import FakeClock

CELLS: Final = 20
CHI_SQUARE_LIMIT: Final = 85.0
"""With 19 degrees of freedom it is passed with a probability below 10⁻⁹."""
URL_SAFE: Final = "[A-Za-z0-9_-]+"


class ClockContract:
    """Everything that `ports.Clock` promises; the fixture is `clock`."""

    def test_the_time_is_aware_and_in_utc(self, clock: Clock) -> None:
        assert clock.now().tzinfo is UTC


class RandomContract:
    """Everything that `ports.Random` promises; the fixture is `random`, whose identifiers follow `clock`."""

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.mark.parametrize("limit", [CELLS, 3 * 2**62])
    def test_integers_are_uniform_and_below_their_limit(self, random: Random, limit: int) -> None:
        """Also where the limit is not much smaller than a machine's word, which betrays a bare modulo."""
        drawn = [random.below(limit) for _ in range(20_000)]
        assert all(0 <= number < limit for number in drawn)
        assert chi_square(number * CELLS // limit for number in drawn) < CHI_SQUARE_LIMIT

    def test_below_one_there_is_only_zero(self, random: Random) -> None:
        assert {random.below(1) for _ in range(20)} == {0}

    def test_below_nothing_there_is_no_integer(self, random: Random) -> None:
        with pytest.raises(ValueError):  # noqa: PT011 - the words are the implementation's own
            random.below(0)

    def test_reals_are_uniform_and_between_their_bounds(self, random: Random) -> None:
        drawn = [random.between(4.0, 8.0) for _ in range(20_000)]
        assert all(4.0 <= real <= 8.0 for real in drawn)
        assert (
            chi_square(min(CELLS - 1, int((real - 4.0) / 4.0 * CELLS)) for real in drawn) < CHI_SQUARE_LIMIT
        )
        assert random.between(3.0, 3.0) == 3.0

    def test_bytes_are_as_many_as_asked_for_and_of_all_values(self, random: Random) -> None:
        assert [len(random.bytes(count)) for count in (0, 1, 12, 32, 33)] == [0, 1, 12, 32, 33]
        assert set(random.bytes(65_536)) == set(range(256))
        assert random.bytes(32) != random.bytes(32)

    def test_identifiers_of_one_moment_are_url_safe_and_hold_80_random_bits(self, random: Random) -> None:
        made = [random.identifier("vrf_") for _ in range(2_000)]
        assert len(set(made)) == len(made)
        assert all(re.fullmatch("vrf_" + URL_SAFE, identifier) for identifier in made)
        assert bits(made) >= 80

    def test_identifiers_sort_by_time(self, random: Random, clock: FakeClock) -> None:
        """Text order is time order, to the millisecond."""
        made = []
        for seconds in (0.001, 0.001, 0.1, 10, 1_000, 100_000, 10_000_000, 1_000_000_000):
            made.append(random.identifier("att_"))
            clock.move(seconds)
        assert made == sorted(made)

    def test_secrets_are_url_safe_and_hold_256_bits(self, random: Random) -> None:
        made = [random.secret("rp_sk_") for _ in range(3_000)]
        assert len(set(made)) == len(made)
        assert all(re.fullmatch("rp_sk_" + URL_SAFE, secret) for secret in made)
        assert bits(made) >= 256


def chi_square(cells: Iterable[int]) -> float:
    """How far the counts of `CELLS` equally likely cells are from equal."""
    counts = Counter(cells)
    mean = counts.total() / CELLS
    return sum((counts[cell] - mean) ** 2 / mean for cell in range(CELLS))


def bits(texts: Iterable[str]) -> float:
    """The most bits that texts of one length can hold, by the characters seen at each place."""
    return sum(math.log2(len(set(seen))) for seen in zip(*texts, strict=True))
