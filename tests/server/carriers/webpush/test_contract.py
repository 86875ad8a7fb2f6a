"""The carrier `webpush` holds what every carrier holds that sends messages."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import CarrierMisconfigured, CarrierUnavailable
from ringproof_server.testing.carrier_contract import (
    CarrierBench,
    HangContract,
    MessageContract,
    ThrottlingContract,
    place,
)
from ringproof_server.testing.carrier_contract.checks import fails
from tests.server.carriers.webpush.bench import NUMBER, SEALS, SERVER_SECRET, webpush


class TestWebPush(MessageContract, HangContract, ThrottlingContract):
    """Against a push service over HTTP."""

    @pytest.fixture
    def bench(self) -> Iterator[CarrierBench]:
        with webpush() as both:
            browser = both.service.browser()
            yield CarrierBench(
                carrier=both.carrier,
                far_side=both.service,
                number=NUMBER,
                caller_id="+442079460018",
                other_caller_id="+442079460019",
                seals=SEALS,
                clock=both.clock,
                secrets=(SERVER_SECRET, browser.subscription.as_text()),
                subscription=browser.subscription.as_text(),
            )

    def test_a_carrier_that_is_away_is_unavailable_and_tells_no_secret(self, bench: CarrierBench) -> None:
        """Without the ping: every subscription has a push service of its own, so there is none to ask."""
        bench.far_side.break_down()
        fails(bench, CarrierUnavailable, partial(place, bench, Channel.PUSH))
        bench.carrier.ping()
        assert bench.far_side.taken() == 0

    @pytest.mark.parametrize("status", [401, 403, 400, 413])
    def test_a_refused_signature_or_request_is_a_fault_of_the_configuration(
        self, bench: CarrierBench, status: int
    ) -> None:
        bench.far_side.everyone = status  # type: ignore[attr-defined]
        fails(bench, CarrierMisconfigured, partial(place, bench, Channel.PUSH))
        assert bench.far_side.taken() == 0
