"""The carrier `twilio`: calls, SMS and WhatsApp through Twilio's API (https://www.twilio.com/docs)."""

from ringproof_server.carriers.twilio.carrier import TwilioCarrier, build
from ringproof_server.carriers.twilio.settings import TwilioSettings

__all__ = ["TwilioCarrier", "TwilioSettings", "build"]
