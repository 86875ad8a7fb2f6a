"""The carrier `vonage` holds what every carrier holds."""

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
from tests.server.carriers.vonage.bench import MESSAGE_SENDERS, desk


class TestVonage(CallContract, MessageContract, AddressContract, HttpContract):
    @pytest.fixture
    def bench(self) -> Iterator[CarrierBench]:
        with desk() as found:
            yield found.bench


class TestVonageWithATemplate(MessageContract, CallContract, AddressContract):
    @pytest.fixture
    def bench(self) -> Iterator[CarrierBench]:
        with desk(whatsapp_template="verify_code", machine_detection="off") as found:
            yield found.bench


class TestVonageForCallsOnly(CallContract, AddressContract, HttpContract, RecoveryContract):
    """Calls can be looked up afterwards; messages cannot, which has tests of its own."""

    @pytest.fixture
    def bench(self) -> Iterator[CarrierBench]:
        with desk(without=MESSAGE_SENDERS) as found:
            yield found.bench
