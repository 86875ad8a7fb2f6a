"""The carrier `restcomm`: calls and text messages through a Restcomm Connect server."""

from ringproof_server.carriers.restcomm.carrier import RestcommCarrier, build
from ringproof_server.carriers.restcomm.settings import RestcommSettings

__all__ = ["RestcommCarrier", "RestcommSettings", "build"]
