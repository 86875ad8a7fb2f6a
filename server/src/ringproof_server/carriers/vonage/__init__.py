"""The carrier `vonage`: calls by the Voice API, SMS, WhatsApp, Viber and Messenger by the Messages API."""

from ringproof_server.carriers.vonage.carrier import VonageCarrier, build

__all__ = ["VonageCarrier", "build"]
