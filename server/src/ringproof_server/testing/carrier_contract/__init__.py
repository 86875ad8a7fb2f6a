"""What every carrier holds, as tests: combine the suites that fit the carrier and give them a `bench`.

    class TestMyCarrier(CallContract, MessageContract, CallbackContract, RecoveryContract, HttpContract):
        @pytest.fixture
        def bench(self) -> Iterator[CarrierBench]:
            far_side = FakeVendor()
            yield CarrierBench(carrier=MyCarrier(...), far_side=far_side, ...)
            far_side.close()

Every test of a suite runs; none skips. A suite whose feature the carrier lacks is left out, and one that is
missing fails `test_the_suites_fit_the_capabilities`. The far side is a stand-in for the vendor, pulled by the
levers of `far_side`: no test may reach a real network.
"""

from ringproof_server.testing.carrier_contract.bench import (
    CODE,
    CarrierBench,
    all_channels,
    attempt_for,
    call_for,
    channels,
    message_for,
    place,
)
from ringproof_server.testing.carrier_contract.callbacks import AddressContract, CallbackContract
from ringproof_server.testing.carrier_contract.calls import CallContract
from ringproof_server.testing.carrier_contract.carrier import CarrierContract
from ringproof_server.testing.carrier_contract.far_side import (
    BusySide,
    CallingSide,
    FarSide,
    ForgetfulSide,
    GarblingSide,
    HangingSide,
    JudgingSide,
    ReportingSide,
    SuspiciousSide,
)
from ringproof_server.testing.carrier_contract.faults import (
    CredentialsContract,
    GarbageContract,
    HangContract,
    HttpContract,
    NumberContract,
    ThrottlingContract,
)
from ringproof_server.testing.carrier_contract.messages import MessageContract
from ringproof_server.testing.carrier_contract.numbers import NumbersContract
from ringproof_server.testing.carrier_contract.recovery import RecoveryContract
from ringproof_server.testing.carrier_contract.unsigned import UnsignedCallbackContract

__all__ = [
    "CODE",
    "AddressContract",
    "BusySide",
    "CallContract",
    "CallbackContract",
    "CallingSide",
    "CarrierBench",
    "CarrierContract",
    "CredentialsContract",
    "FarSide",
    "ForgetfulSide",
    "GarbageContract",
    "GarblingSide",
    "HangContract",
    "HangingSide",
    "HttpContract",
    "JudgingSide",
    "MessageContract",
    "NumberContract",
    "NumbersContract",
    "RecoveryContract",
    "ReportingSide",
    "SuspiciousSide",
    "ThrottlingContract",
    "UnsignedCallbackContract",
    "all_channels",
    "attempt_for",
    "call_for",
    "channels",
    "message_for",
    "place",
]
