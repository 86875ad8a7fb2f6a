"""The carrier `restcomm` holds what every carrier holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ringproof_server.testing.carrier_contract import (
    CallContract,
    CarrierBench,
    HttpContract,
    MessageContract,
    RecoveryContract,
    UnsignedCallbackContract,
)
from tests.server.carriers.restcomm.bench import (
    CALLER_ID,
    NUMBER,
    OTHER_CALLER_ID,
    SEALS,
    SECRET,
    SHORT,
    RestcommFarSide,
    restcomm,
)
from tests.support.restcomm_fake import AUTH_TOKEN


class TestRestcomm(CallContract, MessageContract, UnsignedCallbackContract, RecoveryContract, HttpContract):
    """Against the fake server over HTTP."""

    @pytest.fixture
    def bench(self) -> Iterator[CarrierBench]:
        with restcomm(timeouts=SHORT) as both:
            yield CarrierBench(
                carrier=both.carrier,
                far_side=RestcommFarSide(both.server, both.clock),
                number=NUMBER,
                caller_id=CALLER_ID,
                other_caller_id=OTHER_CALLER_ID,
                seals=SEALS,
                clock=both.clock,
                secrets=(AUTH_TOKEN, SECRET),
            )
