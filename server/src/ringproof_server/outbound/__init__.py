"""Requests to addresses that others chose: judged first, asked once, and over when their time is.

That is back ends of applications and push services of strangers' browsers. Carriers, whose addresses the
operator set, are asked by `ringproof_server.carriers.outbound_http`, which keeps connections to them.

Those who send them say what an answer, or none, means to them.
"""

from ringproof_server.outbound.addresses import Addresses, Lookup, system_lookup
from ringproof_server.outbound.faults import Blocked, Unanswered, Unreached
from ringproof_server.outbound.posting import Answered, Poster

__all__ = [
    "Addresses",
    "Answered",
    "Blocked",
    "Lookup",
    "Poster",
    "Unanswered",
    "Unreached",
    "system_lookup",
]
