"""The operator's own sender as a carrier."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from ringproof_server.carriers.outbound_http import HttpAnswer, OutboundHttp
from ringproof_server.carriers.plugin import CarrierOptions, Timeouts
from ringproof_server.carriers.webhook.events import EVENTS_PATH, read_event
from ringproof_server.carriers.webhook.settings import WebhookSettings, read_settings
from ringproof_server.carriers.webhook.signing import Signatures
from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.errors import (
    CallbackRefused,
    CarrierError,
    CarrierMisconfigured,
    CarrierThrottled,
    CarrierUnavailable,
    FraudSuspected,
    NumberRefused,
    NumberUnreachable,
    OutcomeUnknown,
)
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
    Random,
    Seals,
)

NAME: Final = "webhook"

_REMOTE_ID: Final = re.compile(r"[!-~]{1,128}")
_OVER: Final = frozenset({404, 409, 410})
_NO_SUCH_QUESTION: Final = frozenset({400, 404, 405, 410, 422, 501})


class WebhookCarrier:
    """Signs each request and posts it, once, to one address; takes signed events in return."""

    name: Final = NAME

    def __init__(
        self,
        settings: WebhookSettings,
        *,
        clock: Clock,
        random: Random,
        seals: Seals,
        public_url: str,
        timeouts: Timeouts,
    ) -> None:
        self._url = settings.url
        self._clock = clock
        self._random = random
        self._seals = seals
        self._events_url = f"{public_url}/carriers/{NAME}/{EVENTS_PATH}"
        self._http = OutboundHttp("the sender", timeouts)
        self._signatures = Signatures(settings.secrets)
        self.capabilities: Final = CarrierCapabilities(
            channels=settings.channels,
            chooses_caller_id=True,
            hangs_up=True,
            reports_events=True,
            dialect=settings.dialect,
        )

    def place_call(self, call: OutgoingCall) -> Placed:
        if call.channel not in self.capabilities.channels or not call.channel.is_call:
            raise NumberRefused("the sender makes no calls of this channel")
        data = {
            "attempt": call.attempt_id,
            "reference": call.reference,
            "channel": call.channel.value,
            "to": call.to,
            "caller_id": call.caller_id,
            "dial_timeout": call.dial_timeout,
            "document_url": call.document_url,
            "events_url": call.events_url,
        }
        return self._taken(call.attempt_id, self._post("call.requested", data, call.attempt_id))

    def send_message(self, message: OutgoingMessage) -> Placed:
        if message.channel not in self.capabilities.channels or message.channel.is_call:
            raise NumberRefused("the sender sends no messages of this channel")
        data = {
            "attempt": message.attempt_id,
            "reference": message.reference,
            "channel": message.channel.value,
            "to": message.to,
            "sender": message.sender,
            "text": message.text,
            "code": message.code,
            "language": message.language,
            "events_url": message.events_url,
        }
        return self._taken(message.attempt_id, self._post("message.requested", data, message.attempt_id))

    def hang_up(self, remote_id: str) -> None:
        answer = self._post("call.hang_up", {"id": remote_id})
        if not (200 <= answer.status < 300 or answer.status in _OVER):
            raise _refusal(answer)

    def parse_event(self, request: CallbackRequest) -> CarrierEvent | None:
        message_id = self._signatures.check(request.headers, request.body, self._clock.now())
        if request.url != self._events_url:
            # The signature does not cover the address; the reference in the body is signed, and ours alone.
            raise CallbackRefused("the event was sent to another address")
        event = read_event(request.body)
        attempt_id = self._seals.read_reference(event.reference)
        if attempt_id is None:
            raise CallbackRefused("the event names no attempt of ours")
        return CarrierEvent(
            key=f"{event.type}:{message_id}",
            kind=event.kind,
            attempt_id=attempt_id,
            reason=event.why,
            ring_ms=event.ring_ms,
        )

    def find(self, attempt: Attempt, to: PhoneNumber) -> Found | None:
        """What the sender says about this attempt; None also where it does not answer such questions."""
        kind = "call.find" if attempt.channel.is_call else "message.find"
        data = {"attempt": attempt.id, "channel": attempt.channel.value, "to": to.e164}
        answer = self._ask(kind, data)
        if answer.status in _NO_SUCH_QUESTION:
            return None
        if not 200 <= answer.status < 300:
            raise _asked_in_vain(answer)
        remote_id = _remote_id(answer)
        return None if remote_id is None else Found(remote_id=remote_id)

    def ping(self) -> None:
        answer = self._ask("ping", {})
        if not 200 <= answer.status < 300:
            raise _asked_in_vain(answer)

    def start(self, deliver: EventSink, answer: DocumentSource) -> None:
        """Nothing runs in this process."""

    def stop(self) -> None:
        self._http.close()

    def _ask(self, kind: str, data: Mapping[str, object]) -> HttpAnswer:
        """A request that changes nothing, so that it does not matter whether it arrived."""
        try:
            return self._post(kind, data)
        except OutcomeUnknown:
            raise CarrierUnavailable("the sender does not answer") from None

    def _post(self, kind: str, data: Mapping[str, object], message_id: str | None = None) -> HttpAnswer:
        """The id of a request for an attempt is the attempt's, so that a receiver sees repeats for itself."""
        now = self._clock.now()
        body = json.dumps(
            {"type": kind, "timestamp": _written(now), "data": data},
            separators=(",", ":"),
        )
        signed = self._signatures.headers(message_id or self._random.identifier("msg_"), now, body)
        headers = {"Content-Type": "application/json", "Accept": "application/json", **signed}
        return self._http.send("POST", self._url, headers=headers, body=body.encode())

    def _taken(self, attempt_id: str, answer: HttpAnswer) -> Placed:
        """The sender's own name for the attempt, or the attempt's where it gives none.

        409 says that it has taken this attempt before. A success that is no JSON may come from whatever
        stands before the sender, so it proves nothing.
        """
        if not (200 <= answer.status < 300 or answer.status == 409):
            raise _refusal(answer)
        if not answer.body.strip():
            return Placed(attempt_id)
        found = answer.json_object()
        remote_id = _remote_id(answer)
        if answer.status != 409 and (found is None or (remote_id is None and "id" in found)):
            raise OutcomeUnknown("the sender's answer is not understood")
        return Placed(remote_id or attempt_id)


def build(options: CarrierOptions) -> WebhookCarrier:
    """The carrier `webhook`. Raises `CarrierSettingsError`."""
    return WebhookCarrier(
        read_settings(options.settings),
        clock=options.clock,
        random=options.random,
        seals=options.seals,
        public_url=options.public_url,
        timeouts=options.timeouts,
    )


def _written(moment: datetime) -> str:
    """As ISO 8601 in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _remote_id(answer: HttpAnswer) -> str | None:
    found = answer.json_object() or {}
    remote_id = found.get("id")
    return remote_id if isinstance(remote_id, str) and _REMOTE_ID.fullmatch(remote_id) else None


def _refusal(answer: HttpAnswer) -> CarrierError:
    """What an answer that is no success means; the statuses are promised in the operators' documentation."""
    status = answer.status
    if status == 422:
        return _refused_number((answer.json_object() or {}).get("reason"))
    if status == 429:
        return CarrierThrottled("the sender asks for fewer requests", answer.retry_after)
    if status == 503:
        return CarrierUnavailable("the sender is out of service")
    if status >= 500 or status in {408, 425}:
        return OutcomeUnknown(f"the sender failed ({status})")
    if status in {401, 403}:
        return CarrierMisconfigured(f"the sender refuses our signature ({status})")
    return CarrierMisconfigured(f"the sender does not take the request ({status})")


def _refused_number(reason: object) -> CarrierError:
    if reason == "unreachable":
        return NumberUnreachable("the sender cannot reach the number")
    if reason == "fraud_blocked":
        return FraudSuspected("the sender suspects fraud")
    return NumberRefused("the sender does not serve the number")


def _asked_in_vain(answer: HttpAnswer) -> CarrierError:
    fault = _refusal(answer)
    return CarrierUnavailable("the sender fails") if isinstance(fault, OutcomeUnknown) else fault
