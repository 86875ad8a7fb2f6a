"""The door for carriers: what a plug-in is given, what it implements, how it is found.

A plug-in is a function `build(options: CarrierOptions) -> Carrier` behind an entry point of the group
`ringproof.carriers`; the name of the entry point is the carrier's name in the operator's settings. Its tests
combine the suites of `ringproof_server.testing.carrier_contract`.
"""

from ringproof_rcml import Dialect
from ringproof_server.carriers.plugin import (
    Build,
    CarrierOptions,
    CarrierSettingsError,
    Log,
    NetworkStore,
    Timeouts,
)
from ringproof_server.carriers.registry import GROUP, CarrierLookupError, find_carriers, known_carriers
from ringproof_server.domain.attempt import Attempt, AttemptEvent
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import (
    CallbackRefused,
    CarrierError,
    CarrierMisconfigured,
    CarrierThrottled,
    CarrierUnavailable,
    FraudSuspected,
    NumberRefused,
    NumberUnreachable,
    OutcomeUnknown,
)
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import (
    CallbackRequest,
    Carrier,
    CarrierCapabilities,
    CarrierEvent,
    DocumentSource,
    EventSink,
    Found,
    OutgoingCall,
    OutgoingMessage,
    OwnsNumbers,
    Placed,
    Seals,
)

__all__ = [
    "GROUP",
    "Attempt",
    "AttemptEvent",
    "Build",
    "CallbackRefused",
    "CallbackRequest",
    "Carrier",
    "CarrierCapabilities",
    "CarrierError",
    "CarrierEvent",
    "CarrierLookupError",
    "CarrierMisconfigured",
    "CarrierOptions",
    "CarrierSettingsError",
    "CarrierThrottled",
    "CarrierUnavailable",
    "Channel",
    "Dialect",
    "DocumentSource",
    "EventSink",
    "Found",
    "FraudSuspected",
    "Log",
    "NetworkStore",
    "NumberRefused",
    "NumberUnreachable",
    "OutcomeUnknown",
    "OutgoingCall",
    "OutgoingMessage",
    "OwnsNumbers",
    "PhoneNumber",
    "Placed",
    "Reason",
    "Seals",
    "Timeouts",
    "find_carriers",
    "known_carriers",
]
