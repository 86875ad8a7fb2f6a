"""Twilio holds what every carrier holds, against a stateful stand-in at its HTTP edge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ringproof_server.testing.carrier_contract import (
    AddressContract,
    CallContract,
    CarrierBench,
    HttpContract,
    MessageContract,
    NumbersContract,
    RecoveryContract,
)
from tests.server.carriers.twilio.far_side import (
    CALLER_ID,
    OTHER_CALLER_ID,
    SERVICE,
    TEMPLATE,
    TOKEN,
    bench_with,
)


class TestTwilio(
    CallContract, MessageContract, AddressContract, RecoveryContract, HttpContract, NumbersContract
):
    @pytest.fixture(params=["a sender", "a messaging service and a template"])
    def bench(self, request: pytest.FixtureRequest) -> Iterator[CarrierBench]:
        service = {"sender": "", "messaging_service_sid": SERVICE, "whatsapp_content_sid": TEMPLATE}
        with bench_with({} if request.param == "a sender" else service) as made:
            yield CarrierBench(
                carrier=made.carrier,
                far_side=made.far_side,
                number=made.number,
                caller_id=CALLER_ID,
                other_caller_id=OTHER_CALLER_ID,
                seals=made.seals,
                clock=made.clock,
                secrets=(TOKEN,),
            )
