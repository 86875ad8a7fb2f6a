"""What every carrier holds, whatever it transports."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from functools import partial
from typing import ClassVar, Final

import pytest

from ringproof_server.domain.errors import CarrierUnavailable
from ringproof_server.ports import Carrier, OwnsNumbers
from ringproof_server.testing.carrier_contract.bench import CarrierBench, all_channels, place
from ringproof_server.testing.carrier_contract.checks import fails

THREADS: Final = 4
"""Few enough for the small servers that stand-ins are made of."""


class Feature(StrEnum):
    """What a carrier says it can do, as far as there is a suite for it."""

    CALLS = "calls"
    MESSAGES = "messages"
    EVENTS = "events"
    NUMBERS = "numbers"


class CarrierContract:
    """Who it is, how it answers a ping and a stop, and what it says when it is away."""

    covers: ClassVar[Feature | None] = None
    """The feature that a suite is about."""

    @pytest.fixture
    def bench(self) -> CarrierBench | Iterator[CarrierBench]:
        """A fresh carrier for each test; every subclass has its own."""
        raise NotImplementedError

    def test_it_says_who_it_is_and_what_it_can_do(self, bench: CarrierBench) -> None:
        """The name can stand in a URL and in a setting, and there is at least one channel."""
        name = bench.carrier.name
        assert name
        assert name == name.strip().lower()
        assert name.replace("-", "").replace("_", "").isalnum()
        assert bench.carrier.capabilities.channels

    def test_its_paces_are_positive(self, bench: CarrierBench) -> None:
        """A pace of nothing a second would let every attempt wait for ever."""
        capabilities = bench.carrier.capabilities
        paces = (capabilities.calls_per_second, capabilities.messages_per_second)
        assert all(pace is None or pace > 0 for pace in paces)

    def test_the_suites_fit_the_capabilities(self, bench: CarrierBench) -> None:
        """Whatever the carrier says it can do is tested here, and nothing else is."""
        covered = {suite.__dict__.get("covers") for suite in type(self).__mro__} - {None}
        assert covered == _features(bench.carrier)

    def test_a_carrier_in_order_answers_a_ping(self, bench: CarrierBench) -> None:
        """No error, and no call or message."""
        bench.carrier.ping()
        assert bench.far_side.taken() == 0

    def test_stopping_can_be_repeated_and_needs_no_start(self, bench: CarrierBench) -> None:
        """Whoever tidies up need not know how far the start came."""
        bench.carrier.stop()
        bench.carrier.stop()

    def test_it_keeps_its_credentials_to_itself(self, bench: CarrierBench) -> None:
        """A carrier may be shown in a log or a traceback."""
        shown = f"{bench.carrier} {bench.carrier!r}"
        assert not any(secret in shown for secret in bench.secrets)

    def test_several_threads_can_use_it_at_once(self, bench: CarrierBench) -> None:
        """The dispatcher asks a carrier from many threads: nothing is lost or mixed up between them."""
        wanted = [(item, f"att_{item}_{count}") for item in all_channels(bench) for count in range(THREADS)]
        with ThreadPoolExecutor(THREADS) as pool:
            names = list(pool.map(lambda item: place(bench, *item).remote_id, wanted))
        assert len(set(names)) == len(wanted) == bench.far_side.taken()

    def test_a_carrier_that_is_away_is_unavailable_and_tells_no_secret(self, bench: CarrierBench) -> None:
        """What did not reach it, on any channel, may go to the next carrier."""
        bench.far_side.break_down()
        for channel in all_channels(bench):
            fails(bench, CarrierUnavailable, partial(place, bench, channel))
        fails(bench, CarrierUnavailable, bench.carrier.ping)
        assert bench.far_side.taken() == 0


def _features(carrier: Carrier) -> set[Feature]:
    capabilities = carrier.capabilities
    calls = {channel.is_call for channel in capabilities.channels}
    has = {
        Feature.CALLS: True in calls,
        Feature.MESSAGES: False in calls,
        Feature.EVENTS: capabilities.reports_events,
        Feature.NUMBERS: isinstance(carrier, OwnsNumbers),
    }
    return {feature for feature, there in has.items() if there}
