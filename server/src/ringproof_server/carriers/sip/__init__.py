"""The carrier `sip`: our own SIP trunks, without any vendor's platform in between.

Nothing here imports sippy: its event loop lives in the agent's process, in the package `agent`.
"""

from ringproof_server.carriers.sip.address import AgentAddress, read_agent_address
from ringproof_server.carriers.sip.carrier import SipCarrier, agent_key, build, events_key, own_address
from ringproof_server.carriers.sip.launch import StartOrder, fingerprint
from ringproof_server.carriers.sip.settings import SipSettings, read_settings
from ringproof_server.carriers.sip.trunk import Identity, Trunk

__all__ = [
    "AgentAddress",
    "Identity",
    "SipCarrier",
    "SipSettings",
    "StartOrder",
    "Trunk",
    "agent_key",
    "build",
    "events_key",
    "fingerprint",
    "own_address",
    "read_agent_address",
    "read_settings",
]
