"""Web Push (RFC 8030): messages to browsers, and to apps with UnifiedPush, that a person has enrolled."""

from ringproof_server.carriers.webpush.carrier import WebPushCarrier, build
from ringproof_server.carriers.webpush.settings import WebPushSettings

__all__ = ["WebPushCarrier", "WebPushSettings", "build"]
