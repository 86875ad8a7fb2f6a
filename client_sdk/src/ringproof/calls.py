"""What it takes to write a source of calls, and sources that need no phone."""

from __future__ import annotations

from ringproof._calls import (
    CallEvent,
    CallSource,
    Capabilities,
    CodeRequest,
    CodeSource,
    ExpectedCall,
    Ready,
    SeenCall,
    Sink,
    TypedCode,
    Way,
)
from ringproof._handset import SimulatedCallSource, SimulatedCodes
from ringproof._match import is_withheld, matches
from ringproof._ring import RingTracker, StateBroadcast
from ringproof._sip_phone import SipPhoneCallSource
from ringproof._sources import (
    AskedCodes,
    Copy,
    ManualCallSource,
    ScriptedCallSource,
    TypedCodes,
    answered,
    burst,
    doubled,
    reordered,
    ringing_once,
    withheld,
    without_number,
)

__all__ = [
    "AskedCodes",
    "CallEvent",
    "CallSource",
    "Capabilities",
    "CodeRequest",
    "CodeSource",
    "Copy",
    "ExpectedCall",
    "ManualCallSource",
    "Ready",
    "RingTracker",
    "ScriptedCallSource",
    "SeenCall",
    "SimulatedCallSource",
    "SimulatedCodes",
    "Sink",
    "SipPhoneCallSource",
    "StateBroadcast",
    "TypedCode",
    "TypedCodes",
    "Way",
    "answered",
    "burst",
    "doubled",
    "is_withheld",
    "matches",
    "reordered",
    "ringing_once",
    "withheld",
    "without_number",
]
