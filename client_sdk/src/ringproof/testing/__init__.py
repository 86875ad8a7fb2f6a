"""Stand-ins and contracts for tests: a clock that jumps, a server without a network, suites for sources.

Nothing here needs pytest to be imported; the contracts are plain classes with plain asserts. A source of
calls passes `CallSourceContract`, `VerificationContract`, and the suite of every fault that it can have; what
it cannot have it declares.
"""

from __future__ import annotations

from ringproof.testing._clock import FakeClock
from ringproof.testing._contract import FAULTS, CallSourceContract, Fault
from ringproof.testing._faults import (
    BurstContract,
    CopiesContract,
    LogContract,
    SecondCallContract,
    WakingContract,
)
from ringproof.testing._server import FakeServer, Seen
from ringproof.testing._verifying import (
    ForeignCallContract,
    LateCallContract,
    RefusedContract,
    VerificationContract,
    WithheldContract,
)

__all__ = [
    "FAULTS",
    "BurstContract",
    "CallSourceContract",
    "CopiesContract",
    "FakeClock",
    "FakeServer",
    "Fault",
    "ForeignCallContract",
    "LateCallContract",
    "LogContract",
    "RefusedContract",
    "SecondCallContract",
    "Seen",
    "VerificationContract",
    "WakingContract",
    "WithheldContract",
]
