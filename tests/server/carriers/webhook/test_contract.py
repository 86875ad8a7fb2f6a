"""The carrier `webhook` holds what every carrier holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ringproof_server.testing.carrier_contract import (
    AddressContract,
    CallContract,
    CarrierBench,
    HttpContract,
    MessageContract,
    RecoveryContract,
)
from tests.server.carriers.webhook.bench import (
    CALLER_ID,
    NUMBER,
    OTHER_CALLER_ID,
    SEALS,
    SERVER_SECRET,
    SHORT,
    WebhookFarSide,
    webhook,
)
from tests.support.webhook_sender import SECRET


class TestWebhook(CallContract, MessageContract, AddressContract, RecoveryContract, HttpContract):
    """Against a sender over HTTP, on every channel that a sender may have."""

    @pytest.fixture
    def bench(self) -> Iterator[CarrierBench]:
        with webhook(timeouts=SHORT) as both:
            yield CarrierBench(
                carrier=both.carrier,
                far_side=WebhookFarSide(both.sender, both.clock),
                number=NUMBER,
                caller_id=CALLER_ID,
                other_caller_id=OTHER_CALLER_ID,
                seals=SEALS,
                clock=both.clock,
                secrets=(SECRET, SECRET.removeprefix("whsec_"), SERVER_SECRET),
            )
