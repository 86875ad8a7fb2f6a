"""The wire: the only place that spells the names of our HTTP contract, in and out."""

from ringproof_server.http.bodies.incoming import (
    BehaviourBody,
    ConfirmBody,
    KeysBody,
    NextBody,
    ReportBody,
    StartBody,
)
from ringproof_server.http.bodies.outgoing import encode, handset_events, list_of, view_of
from ringproof_server.http.bodies.texts import TAG_MEANINGS
from ringproof_server.http.bodies.views import (
    FieldFault,
    HandsetEvents,
    HealthView,
    KeySetView,
    Nothing,
    ProblemView,
    VerificationList,
    VerificationView,
)

__all__ = [
    "TAG_MEANINGS",
    "BehaviourBody",
    "ConfirmBody",
    "FieldFault",
    "HandsetEvents",
    "HealthView",
    "KeySetView",
    "KeysBody",
    "NextBody",
    "Nothing",
    "ProblemView",
    "ReportBody",
    "StartBody",
    "VerificationList",
    "VerificationView",
    "encode",
    "handset_events",
    "list_of",
    "view_of",
]
