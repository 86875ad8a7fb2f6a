"""The carrier `webhook`: signed requests to a sender of the operator's own."""

from ringproof_server.carriers.webhook.carrier import WebhookCarrier, build
from ringproof_server.carriers.webhook.settings import WebhookSettings

__all__ = ["WebhookCarrier", "WebhookSettings", "build"]
