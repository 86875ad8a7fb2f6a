"""Calls and messages as the official client's models want them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pydantic import ValidationError
from vonage_messages.models import (  # type: ignore[import-untyped]
    MessengerText,
    Sms,
    ViberText,
    ViberTextOptions,
    WebhookVersion,
    WhatsappCustom,
    WhatsappText,
)
from vonage_voice.models import CreateCallRequest, Phone, ToPhone  # type: ignore[import-untyped]

from ringproof_server.carriers.vonage.settings import VonageSettings
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import CarrierMisconfigured, NumberRefused, NumberUnreachable
from ringproof_server.ports import OutgoingCall, OutgoingMessage

LONGEST_RING: Final = 120
"""The longest `ringing_timer` that the Voice API takes, in s."""
LONGEST_TALK: Final = 30
"""A sentence takes a few seconds; whoever speaks on is hung up."""
LONGEST_TALK_WITH_KEYS: Final = 120
"""The same for a call that asks for keys, in which we may be listened to for a minute and a half."""


def call_request(call: OutgoingCall, events_url: str, settings: VonageSettings) -> CreateCallRequest:
    """The call; its document is fetched when somebody answers, so that it says what is true by then.

    The document is asked for by POST: a GET would carry both numbers in its URL, and so into logs.
    """
    detection = None if settings.machine_detection == "off" else settings.machine_detection
    return _valid(
        lambda: CreateCallRequest(
            to=[ToPhone(number=digits(call.to))],
            from_=Phone(number=digits(call.caller_id)),
            answer_url=[call.document_url],
            answer_method="POST",
            event_url=[events_url],
            event_method="POST",
            ringing_timer=max(1, min(call.dial_timeout, LONGEST_RING)),
            length_timer=LONGEST_TALK if call.channel is Channel.FLASHCALL else LONGEST_TALK_WITH_KEYS,
            machine_detection=detection,
        )
    )


def message_request(message: OutgoingMessage, settings: VonageSettings) -> Any:
    """The message. Raises `NumberRefused` for a channel that has no sender, `NumberUnreachable` for a person
    whose address there is not known."""
    sender = settings.senders.get(message.channel)
    if sender is None:
        raise NumberRefused("Vonage is set up without a sender for this channel")
    common = {
        "to": digits(message.to),
        "from_": sender,
        "client_ref": message.reference,
        "webhook_url": message.events_url,
        "webhook_version": WebhookVersion.V1,
    }
    return _valid(lambda: _MAKE[message.channel](message, common, settings))


def digits(e164: str) -> str:
    """A number as Vonage writes it: E.164 without its plus sign."""
    return e164.lstrip("+")


def _valid(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except ValidationError:
        raise CarrierMisconfigured("Vonage's client does not accept the request") from None


def _sms(message: OutgoingMessage, common: dict[str, Any], _settings: VonageSettings) -> Any:
    return Sms(text=message.text, **common)


def _viber(message: OutgoingMessage, common: dict[str, Any], _settings: VonageSettings) -> Any:
    options = ViberTextOptions(category="transaction")
    return ViberText(text=message.text, viber_service=options, **common)


def _messenger(message: OutgoingMessage, common: dict[str, Any], _settings: VonageSettings) -> Any:
    """Messenger knows people by the ids that a page has for them; a phone number could be a stranger's id."""
    if not message.recipient:
        raise NumberUnreachable("nobody's id on Messenger is known for this number")
    return MessengerText(text=message.text, **{**common, "to": message.recipient})


def _whatsapp(message: OutgoingMessage, common: dict[str, Any], settings: VonageSettings) -> Any:
    if settings.whatsapp_template is None:
        return WhatsappText(text=message.text, **common)
    return WhatsappCustom(custom=_template(message, settings), **common)


def _template(message: OutgoingMessage, settings: VonageSettings) -> dict[str, Any]:
    """A template of the category authentication, the only one in which WhatsApp lets businesses send codes.

    Its body and its button both take the code: developers.facebook.com, "Authentication templates".
    """
    code = [{"type": "text", "text": message.code}]
    language = template_language(message.language, settings.template_languages)
    return {
        "type": "template",
        "template": {
            "name": settings.whatsapp_template,
            "language": {"policy": "deterministic", "code": language},
            "components": [
                {"type": "body", "parameters": code},
                {"type": "button", "sub_type": "url", "index": "0", "parameters": code},
            ],
        },
    }


def template_language(wanted: str, approved: tuple[str, ...]) -> str:
    """Of the languages in which a template is approved the nearest to a BCP 47 tag, else the first."""
    subtags = wanted.replace("-", "_").lower().split("_")
    while subtags:
        narrowed = "_".join(subtags)
        for language in approved:
            if language.lower() == narrowed:
                return language
        subtags.pop()
    return approved[0]


_MAKE: Final = {
    Channel.SMS: _sms,
    Channel.WHATSAPP: _whatsapp,
    Channel.VIBER: _viber,
    Channel.MESSENGER: _messenger,
}
