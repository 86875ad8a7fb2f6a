"""The carrier `simulated`: a telephone network with virtual handsets, kept in the server's database."""

from ringproof_server.carriers.simulated.behaviour import Behaviour, Fault
from ringproof_server.carriers.simulated.carrier import SimulatedCarrier, build
from ringproof_server.carriers.simulated.handsets import (
    HandsetCall,
    HandsetEvent,
    HandsetMessage,
    Handsets,
)
from ringproof_server.carriers.simulated.record import (
    CALLS_PER_ATTEMPT_SQL,
    MESSAGES_PER_ATTEMPT_SQL,
    CallRecord,
    MessageRecord,
    Record,
)
from ringproof_server.carriers.simulated.settings import NetworkSettings

__all__ = [
    "CALLS_PER_ATTEMPT_SQL",
    "MESSAGES_PER_ATTEMPT_SQL",
    "Behaviour",
    "CallRecord",
    "Fault",
    "HandsetCall",
    "HandsetEvent",
    "HandsetMessage",
    "Handsets",
    "MessageRecord",
    "NetworkSettings",
    "Record",
    "SimulatedCarrier",
    "build",
]
