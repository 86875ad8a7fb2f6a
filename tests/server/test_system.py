"""The machine's clock and randomness."""

from __future__ import annotations

import re
from datetime import UTC, timedelta

from ringproof_server.system import SystemClock, SystemRandom
from ringproof_server.testing.clock import FakeClock


def test_the_clock_knows_its_time_zone() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_identifiers_are_url_safe_and_never_repeat() -> None:
    made = {SystemRandom().identifier("vrf_") for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch("vrf_[0-9a-v]{26}", identifier) for identifier in made)


def test_identifiers_sort_by_time() -> None:
    """Text order is time order, to the millisecond."""
    clock = FakeClock()
    random = SystemRandom(clock)
    made = []
    for seconds in (0.001, 0.1, 10, 1000, 100_000, 10_000_000):
        made.append(random.identifier("att_"))
        clock.move(seconds)
    assert made == sorted(made)


def test_secrets_hold_256_bits() -> None:
    made = {SystemRandom().secret("rp_sk_") for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch("rp_sk_[A-Za-z0-9_-]{43}", secret) for secret in made)


def test_draws_stay_in_their_bounds() -> None:
    random = SystemRandom()
    assert {random.below(3) for _ in range(200)} == {0, 1, 2}
    assert all(4.0 <= random.between(4.0, 8.0) <= 8.0 for _ in range(200))
    assert len(random.bytes(12)) == 12


def test_the_default_clock_of_identifiers_is_the_machines() -> None:
    before = SystemRandom(FakeClock(SystemClock().now() - timedelta(minutes=1))).identifier("")
    assert before < SystemRandom().identifier("")
