"""Twilio as a carrier."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from ringproof_server.carriers.plugin import CarrierOptions, Timeouts
from ringproof_server.carriers.twilio.api import TwilioApi
from ringproof_server.carriers.twilio.callbacks import Callbacks, callback_url
from ringproof_server.carriers.twilio.memory import Names
from ringproof_server.carriers.twilio.settings import TwilioSettings, read_settings
from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import CarrierMisconfigured
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import (
    CallbackRequest,
    CarrierCapabilities,
    CarrierEvent,
    Clock,
    DocumentSource,
    EventSink,
    Found,
    OutgoingCall,
    OutgoingMessage,
    Placed,
    Seals,
)

NAME: Final = "twilio"
CALLS_PER_SECOND: Final = 1.0
"""What an account may begin unless Twilio has raised its limit."""
CLAIM_TAKES: Final = timedelta(minutes=1)
"""How long after its claim a request can still set out: behind others, and until it times out."""
LONGEST_CALL: Final = 60
"""Seconds after which Twilio itself ends an answered call, should our hang-up never reach it."""
LONGEST_CALL_WITH_KEYS: Final = 120
"""The same for a call that asks for keys, in which we may be listened to for a minute and a half."""

_EVENTS: Final = ("initiated", "ringing", "answered", "completed")
_WHATSAPP: Final = "whatsapp:"


class TwilioCarrier:
    """Places calls and sends SMS and WhatsApp messages through one account."""

    name: Final = NAME

    def __init__(self, settings: TwilioSettings, *, timeouts: Timeouts, clock: Clock, seals: Seals) -> None:
        self._settings = settings
        self._clock = clock
        self._api = TwilioApi(settings, timeouts)
        self._callbacks = Callbacks(settings, seals)
        self._names = Names()

    @property
    def capabilities(self) -> CarrierCapabilities:
        channels = {Channel.FLASHCALL, Channel.VOICE, Channel.KEYPAD}
        if self._settings.sender is not None or self._settings.messaging_service_sid is not None:
            channels.add(Channel.SMS)
        if self._settings.whatsapp_sender is not None:
            channels.add(Channel.WHATSAPP)
        return CarrierCapabilities(
            channels=frozenset(channels),
            chooses_caller_id=True,
            hangs_up=True,
            reports_events=True,
            calls_per_second=CALLS_PER_SECOND,
        )

    def place_call(self, call: OutgoingCall) -> Placed:
        sid = self._api.create_call(
            to=call.to,
            from_=call.caller_id,
            url=call.document_url,
            # By GET both numbers would stand in the query, and so in the logs of whatever is between.
            method="POST",
            status_callback=callback_url(call.events_url, call.reference),
            status_callback_method="POST",
            status_callback_event=list(_EVENTS),
            timeout=call.dial_timeout,
            time_limit=LONGEST_CALL if call.channel is Channel.FLASHCALL else LONGEST_CALL_WITH_KEYS,
        )
        self._names.note(sid, call.attempt_id)
        return Placed(sid)

    def send_message(self, message: OutgoingMessage) -> Placed:
        sid = self._api.create_message(
            to=_address(message.channel, message.to),
            status_callback=callback_url(message.events_url, message.reference),
            **self._sender(message.channel),
            **self._content(message),
        )
        self._names.note(sid, message.attempt_id)
        return Placed(sid)

    def hang_up(self, remote_id: str) -> None:
        self._api.end_call(remote_id)

    def parse_event(self, request: CallbackRequest) -> CarrierEvent | None:
        event = self._callbacks.event(request)
        if event is not None and event.attempt_id is not None and event.remote_id is not None:
            self._names.note(event.remote_id, event.attempt_id)
        return event

    def find(self, attempt: Attempt, to: PhoneNumber) -> Found | None:
        """The only call or message to this number, from the same sender, that began since the attempt was
        queued and is not known to be another's. Two that could be it are as good as none.
        """
        sid = self._names.sid_of(attempt.id)
        if sid is None:
            if attempt.channel.is_call:
                listed = self._api.calls(to=to.e164, caller_id=attempt.caller_id)
            else:
                sender = self._sender(attempt.channel)
                service = sender.get("messaging_service_sid")
                listed = self._api.messages(to=_address(attempt.channel, to.e164), sender=sender.get("from_"))
                listed = [item for item in listed if service in {None, item.messaging_service_sid}]
            sid = self._names.the_one(
                listed, attempt_id=attempt.id, since=attempt.queued_at, until=self._latest(attempt)
            )
        return None if sid is None else Found(remote_id=sid)

    def owned_numbers(self) -> Iterator[str]:
        """The numbers of the account that have voice; verified caller IDs of others are not among them."""
        return self._api.numbers()

    def ping(self) -> None:
        self._api.check_account()

    def start(self, deliver: EventSink, answer: DocumentSource) -> None:
        """Nothing runs in this process: Twilio calls back."""

    def stop(self) -> None:
        self._api.close()

    def _latest(self, attempt: Attempt) -> datetime:
        """When the attempt can have begun at the latest; a claim that was renewed is later than the first."""
        now = self._clock.now()
        return now if attempt.claimed_at is None else min(now, attempt.claimed_at + CLAIM_TAKES)

    def _sender(self, channel: Channel) -> dict[str, str]:
        """Who a message comes from. Raises `CarrierMisconfigured` where nobody is set."""
        settings = self._settings
        if channel is Channel.WHATSAPP and settings.whatsapp_sender is not None:
            return {"from_": _address(channel, settings.whatsapp_sender)}
        if channel is Channel.SMS and settings.messaging_service_sid is not None:
            return {"messaging_service_sid": settings.messaging_service_sid}
        if channel is Channel.SMS and settings.sender is not None:
            return {"from_": settings.sender}
        raise CarrierMisconfigured(f"no sender is set for {channel}")

    def _content(self, message: OutgoingMessage) -> dict[str, str]:
        """WhatsApp takes nothing but approved templates from whoever writes first."""
        settings = self._settings
        if message.channel is Channel.WHATSAPP and settings.whatsapp_content_sid is not None:
            variables = {settings.whatsapp_code_variable: message.code}
            return {
                "content_sid": settings.whatsapp_content_sid,
                "content_variables": json.dumps(variables),
            }
        return {"body": message.text}


def _address(channel: Channel, number: str) -> str:
    return f"{_WHATSAPP}{number}" if channel is Channel.WHATSAPP else number


def build(options: CarrierOptions) -> TwilioCarrier:
    """The carrier `twilio`. Raises `CarrierSettingsError`."""
    return TwilioCarrier(
        read_settings(options.settings),
        timeouts=options.timeouts,
        clock=options.clock,
        seals=options.seals,
    )
