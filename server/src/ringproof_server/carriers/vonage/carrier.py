"""Vonage as a carrier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from pydantic import ValidationError
from vonage_messages import Messages  # type: ignore[import-untyped]
from vonage_voice import Voice  # type: ignore[import-untyped]
from vonage_voice.models import ListCallsFilter  # type: ignore[import-untyped]

from ringproof_rcml import Dialect
from ringproof_server.carriers.outbound_http import OutboundHttp
from ringproof_server.carriers.plugin import CarrierOptions, Log
from ringproof_server.carriers.vonage.addresses import EVENTS_PATH, Addresses
from ringproof_server.carriers.vonage.events import ANSWERED_BY, NAME_FORM, CallNews, read_news
from ringproof_server.carriers.vonage.faults import NothingThere
from ringproof_server.carriers.vonage.line import Line
from ringproof_server.carriers.vonage.outgoing import call_request, message_request
from ringproof_server.carriers.vonage.recovery import find_call
from ringproof_server.carriers.vonage.settings import VonageSettings, read_settings
from ringproof_server.carriers.vonage.signatures import Signatures
from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import (
    CallbackRefused,
    CarrierError,
    CarrierMisconfigured,
    CarrierUnavailable,
    NumberRefused,
    OutcomeUnknown,
)
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import (
    CallbackRequest,
    CarrierCapabilities,
    CarrierEvent,
    DocumentSource,
    EventSink,
    Found,
    OutgoingCall,
    OutgoingMessage,
    Placed,
    Seals,
)

T = TypeVar("T")

NAME: Final = "vonage"
CALLS_PER_SECOND: Final = 3.0
"""What a new account may begin: https://developer.vonage.com/en/voice/voice-api/guides/troubleshooting."""
MESSAGES_PER_SECOND: Final = 30.0
"""What the API takes of a new account; single countries and senders have lower limits."""
_NONSENSE: Final = "Vonage's answer is not understood"
_ENDED: Final = frozenset({"completed", "busy", "cancelled", "failed", "rejected", "timeout", "unanswered"})


class VonageCarrier:
    """One application of one account."""

    name: Final = NAME

    def __init__(
        self,
        settings: VonageSettings,
        *,
        line: Line,
        http: OutboundHttp,
        signatures: Signatures,
        addresses: Addresses,
        seals: Seals,
        log: Log,
    ) -> None:
        self._settings = settings
        self._http = http
        self._voice = Voice(line)
        self._messages = Messages(line)
        self._signatures = signatures
        self._addresses = addresses
        self._seals = seals
        self._log = log
        self.capabilities: Final = CarrierCapabilities(
            channels=frozenset({Channel.FLASHCALL, Channel.VOICE, Channel.KEYPAD, *settings.senders}),
            chooses_caller_id=True,
            hangs_up=True,
            reports_events=True,
            calls_per_second=CALLS_PER_SECOND,
            messages_per_second=MESSAGES_PER_SECOND,
            dialect=Dialect.NCCO,
        )

    def place_call(self, call: OutgoingCall) -> Placed:
        if call.channel not in self.capabilities.channels or not call.channel.is_call:
            raise NumberRefused("Vonage is not set up for calls of this channel")
        events_url = self._addresses.of_call(call.events_url, call.reference, call.to)
        request = call_request(call, events_url, self._settings)
        return _placed(lambda: self._voice.create_call(request).uuid)

    def send_message(self, message: OutgoingMessage) -> Placed:
        request = message_request(message, self._settings)
        return _placed(lambda: self._messages.send(request).message_uuid)

    def hang_up(self, remote_id: str) -> None:
        if not NAME_FORM.fullmatch(remote_id):
            return
        try:
            self._voice.hangup(remote_id)
        except NothingThere:
            return
        except CarrierMisconfigured:
            # A call that is over cannot be hung up either; what Vonage answers then is not written anywhere.
            if not self._is_over(remote_id):
                raise

    def parse_event(self, request: CallbackRequest) -> CarrierEvent | None:
        if request.path != EVENTS_PATH or request.method != "POST":
            raise CallbackRefused("webhooks come to another address")
        self._signatures.check(request)
        news = read_news(request.body)
        if news is None:
            return None
        if isinstance(news, CallNews):
            attempt_id: str | None = self._addresses.called(request, news.to)
        else:
            self._addresses.check_common(request)
            attempt_id = self._seals.read_reference(news.reference)
        if attempt_id is None:
            raise CallbackRefused("the webhook names no attempt of ours")
        if news.status in ANSWERED_BY:
            self._log.info("vonage_call_answered", by=news.status)
        return CarrierEvent(
            key=f"{news.remote_id}:{news.status}",
            kind=news.kind,
            attempt_id=attempt_id,
            remote_id=news.remote_id,
            reason=news.reason,
        )

    def find(self, attempt: Attempt, to: PhoneNumber) -> Found | None:
        """A call by its two numbers and its time; None for messages, which Vonage does not list."""
        if not attempt.channel.is_call:
            return None
        remote_id = _read(lambda: find_call(self._voice, attempt, to))
        return None if remote_id is None else Found(remote_id=remote_id)

    def ping(self) -> None:
        """Asks for the list of calls, which needs the same permission as a call."""
        _read(lambda: self._voice.list_calls(ListCallsFilter(page_size=1)))

    def start(self, deliver: EventSink, answer: DocumentSource) -> None:
        """Nothing runs in this process."""

    def stop(self) -> None:
        self._http.close()

    def _is_over(self, remote_id: str) -> bool:
        def status() -> str | None:
            try:
                return str(self._voice.get_call(remote_id).status)
            except NothingThere:
                return None

        found = _read(status)
        return found is None or found in _ENDED


def _placed(ask: Callable[[], str]) -> Placed:
    """The name in the answer; an answer that has none may have been given to something that was done."""
    remote_id = _asked(ask, OutcomeUnknown)
    if not NAME_FORM.fullmatch(remote_id):
        raise OutcomeUnknown(_NONSENSE)
    return Placed(remote_id)


def _read(ask: Callable[[], T]) -> T:
    return _asked(ask, CarrierUnavailable)


def _asked(ask: Callable[[], T], nonsense: type[CarrierError]) -> T:
    """What the client makes of an answer; `nonsense` is raised where that is nothing."""
    try:
        return ask()
    except NothingThere as fault:
        # The difference is for whoever asks about one call; else the address of the API is wrong.
        raise CarrierMisconfigured(str(fault)) from None
    except (ValidationError, TypeError):
        raise nonsense(_NONSENSE) from None


def build(options: CarrierOptions) -> VonageCarrier:
    """The account of the operator's settings. Raises `CarrierSettingsError`."""
    settings = read_settings(options.settings)
    http = OutboundHttp("Vonage", options.timeouts)
    line = Line(
        application_id=settings.application_id,
        private_key=settings.private_key,
        base_url=settings.base_url,
        http=http,
        clock=options.clock,
        random=options.random,
    )
    return VonageCarrier(
        settings,
        line=line,
        http=http,
        signatures=Signatures(
            secret=settings.signature_secret,
            application_id=settings.application_id,
            api_key=settings.api_key,
            clock=options.clock,
        ),
        addresses=Addresses(f"{options.public_url}/carriers/{NAME}/{EVENTS_PATH}", options.seals),
        seals=options.seals,
        log=options.log,
    )
