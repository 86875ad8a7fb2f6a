"""A guarded carrier is a carrier: the simulated one behind the guard holds what it holds without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ringproof_server.carriers import Timeouts
from ringproof_server.carriers.guard import GuardedCarrier, GuardSettings
from ringproof_server.carriers.guard.breaker import BreakerLimits
from ringproof_server.testing.carrier_contract import (
    AddressContract,
    CallContract,
    CarrierBench,
    HangContract,
    MessageContract,
    NumberContract,
    RecoveryContract,
    ThrottlingContract,
)
from ringproof_server.testing.options import LogLines
from ringproof_server.testing.randomness import SeededRandom
from ringproof_server.tokens import SecretSeals
from tests.server.carriers.guard.scripted import ScriptedPacer
from tests.server.carriers.network import CALLER_ID, NUMBER, SECRET
from tests.server.carriers.test_simulated_contract import OTHER_CALLER_ID, FarSide
from tests.support.processes import CountingMetrics


class TestGuardedCarrier(
    CallContract,
    MessageContract,
    AddressContract,
    RecoveryContract,
    HangContract,
    ThrottlingContract,
    NumberContract,
):
    """The same suites that the carrier inside passes."""

    @pytest.fixture
    def bench(self) -> Iterator[CarrierBench]:
        far_side = FarSide()
        carrier = GuardedCarrier(
            far_side.network.carrier,
            GuardSettings(
                timeouts=Timeouts(connect=10, total=20),
                # What is tried on every channel in turn may need more failures than a breaker bears.
                breaker=BreakerLimits(in_a_row=1000, fewest=1000),
            ),
            account="simulated",
            pacer=ScriptedPacer(),
            metrics=CountingMetrics(),
            random=SeededRandom("guard"),
            log=LogLines(),
        )
        yield CarrierBench(
            carrier=carrier,
            far_side=far_side,
            number=NUMBER,
            caller_id=CALLER_ID,
            other_caller_id=OTHER_CALLER_ID,
            seals=SecretSeals(SECRET),
            clock=far_side.network.clock,
            secrets=(SECRET,),
        )
        carrier.stop()
