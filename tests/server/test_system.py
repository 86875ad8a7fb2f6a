"""The machine's clock and randomness, and those that are shipped for tests."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ringproof_server.ports import Clock, Random
from ringproof_server.system import SystemClock, SystemRandom
from ringproof_server.testing.clock import FakeClock
from ringproof_server.testing.randomness import SeededRandom
from ringproof_server.testing.system_contract import ClockContract, RandomContract


class TestSystemClock(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return SystemClock()


class TestFakeClock(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return FakeClock()


class TestSystemRandom(RandomContract):
    @pytest.fixture
    def random(self, clock: FakeClock) -> Random:
        return SystemRandom(clock)


class TestSeededRandom(RandomContract):
    @pytest.fixture
    def random(self, clock: FakeClock) -> Random:
        return SeededRandom("contract", clock)


def test_the_default_clock_of_identifiers_is_the_machines() -> None:
    before = SystemRandom(FakeClock(SystemClock().now() - timedelta(minutes=1))).identifier("")
    assert before < SystemRandom().identifier("")


def test_identifiers_for_tests_are_as_long_as_real_ones() -> None:
    seeded, real = SeededRandom("lengths", FakeClock()), SystemRandom()
    assert len(seeded.identifier("vrf_")) == len(real.identifier("vrf_"))
    assert len(seeded.secret("rp_sk_")) == len(real.secret("rp_sk_"))
