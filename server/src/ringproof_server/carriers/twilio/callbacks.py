"""Twilio's callbacks: whether they are Twilio's, and what they say.

Calls: https://www.twilio.com/docs/voice/api/call-resource#statuscallback. Messages:
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status. The signature:
https://www.twilio.com/docs/usage/webhooks/webhooks-security.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from twilio.request_validator import (  # type: ignore[import-untyped]
    HMAC_SHA1,
    HMAC_SHA256,
    RequestValidator,
    get_signature_algorithm,
)
from werkzeug.datastructures import MultiDict

from ringproof_server.carriers.twilio.reactions import failure
from ringproof_server.carriers.twilio.settings import TwilioSettings
from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Reason
from ringproof_server.domain.errors import CallbackRefused
from ringproof_server.ports import CallbackRequest, CarrierEvent, Seals

REFERENCE: Final = "attempt"
"""The name in our callback's query under which Twilio returns our reference; the query is signed."""
SIGNATURE_HEADER: Final = "x-twilio-signature"
SETTINGS_HEADER: Final = "x-twilio-webhooks-signature-settings"

LONGEST_BODY: Final = 32 * 1024
LONGEST_URL: Final = 4096
LONGEST_HEADER: Final = 512
MOST_FIELDS: Final = 200

_CALL: Final = re.compile("CA[0-9a-fA-F]{32}")
_MESSAGE: Final = re.compile("(?:SM|MM)[0-9a-fA-F]{32}")
_SEQUENCE: Final = re.compile("[0-9]{1,9}")

_CALL_PROGRESS: Final = {
    "queued": AttemptEvent.ACCEPT,
    "initiated": AttemptEvent.ACCEPT,
    "ringing": AttemptEvent.RING,
    "in-progress": AttemptEvent.ANSWER,
    "answered": AttemptEvent.ANSWER,
}
_CALL_ENDS: Final = {
    "completed": Reason.ANSWERED,
    "busy": Reason.BUSY,
    "no-answer": Reason.NO_ANSWER,
    "canceled": Reason.CANCELLED,
    "failed": Reason.UNREACHABLE,
}
_REASON_BY_SIP: Final = {
    "busy": {"603": Reason.REJECTED, "607": Reason.REJECTED, "608": Reason.REJECTED},
    "failed": {
        "403": Reason.REJECTED,
        "404": Reason.INVALID_NUMBER,
        "410": Reason.INVALID_NUMBER,
        "484": Reason.INVALID_NUMBER,
        "486": Reason.BUSY,
        "500": Reason.CARRIER_ERROR,
        "502": Reason.CARRIER_ERROR,
        "503": Reason.CARRIER_ERROR,
        "504": Reason.CARRIER_ERROR,
        "600": Reason.BUSY,
        "603": Reason.REJECTED,
        "604": Reason.INVALID_NUMBER,
        "607": Reason.REJECTED,
        "608": Reason.REJECTED,
    },
}
"""Where the network's own answer (`SipResponseCode`, RFC 3261, 8197 and 8688) says more than Twilio's word.

A phone on which the call is declined is `busy` to Twilio; `failed` is whatever could not be connected.
"""
_MESSAGE_PROGRESS: Final = {
    "accepted": AttemptEvent.ACCEPT,
    "queued": AttemptEvent.ACCEPT,
    "sending": AttemptEvent.ACCEPT,
    "sent": AttemptEvent.ACCEPT,
    "delivered": AttemptEvent.DELIVER,
    "read": AttemptEvent.READ,
}
_MESSAGE_ENDS: Final = frozenset({"failed", "undelivered", "canceled"})


def callback_url(events_url: str, reference: str) -> str:
    """The address that Twilio is to call back for the attempt with this reference."""
    return f"{events_url}?{urlencode({REFERENCE: reference})}"


class Callbacks:
    """Opens the callbacks of one account."""

    def __init__(self, settings: TwilioSettings, seals: Seals) -> None:
        self._account_sid = settings.account_sid
        self._by_token = RequestValidator(settings.auth_token)
        self._by_shared_key = (
            None if settings.webhook_secret is None else RequestValidator(settings.webhook_secret)
        )
        self._seals = seals

    def event(self, request: CallbackRequest) -> CarrierEvent | None:
        """What a callback says, None for a status that concerns nobody.

        Raises `CallbackRefused` unless Twilio signed it for this very address and it is about our account.
        """
        form = self._signed_form(request)
        if not hmac.compare_digest(form.get("AccountSid", "").encode(), self._account_sid.encode()):
            raise CallbackRefused("the callback is about another account")
        attempt_id = self._attempt_id(request.url)
        if "CallSid" in form:
            return _call_event(form, attempt_id)
        if "MessageSid" in form:
            return _message_event(form, attempt_id)
        raise CallbackRefused("the callback names no call and no message")

    def _signed_form(self, request: CallbackRequest) -> Mapping[str, str]:
        given = request.headers.get(SIGNATURE_HEADER, "")
        settings = request.headers.get(SETTINGS_HEADER, "")
        if (
            request.method != "POST"
            or not given
            or max(len(given), len(settings)) > LONGEST_HEADER
            or len(request.url) > LONGEST_URL
            or len(request.body) > LONGEST_BODY
        ):
            raise CallbackRefused("the callback is not signed")
        form = _form(request.body)
        validator, algorithm = self._validator(settings)
        if not validator.validate(request.url, form, given, algorithm):
            raise CallbackRefused("the callback's signature is wrong")
        return form

    def _validator(self, settings: str) -> tuple[RequestValidator, str]:
        """The key and the algorithm that a callback's header names; without it the auth token and SHA-1."""
        if not settings:
            return self._by_token, HMAC_SHA1
        algorithm = str(get_signature_algorithm(settings))
        if self._by_shared_key is None or algorithm not in {HMAC_SHA1, HMAC_SHA256}:
            raise CallbackRefused("the callback is signed with a key or algorithm that is not set up")
        return self._by_shared_key, algorithm

    def _attempt_id(self, url: str) -> str | None:
        query = dict(parse_qsl(urlsplit(url).query))
        return self._seals.read_reference(query.get(REFERENCE, ""))


def _form(body: bytes) -> MultiDict[str, str]:
    """The fields of the body, which must be written as forms are (WHATWG URL, section 5)."""
    try:
        fields = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise CallbackRefused("the callback is not understood") from None
    return MultiDict(fields)


def _call_event(form: Mapping[str, str], attempt_id: str | None) -> CarrierEvent | None:
    sid, status = form["CallSid"], form.get("CallStatus", "")
    sequence = form.get("SequenceNumber", "")
    if not _CALL.fullmatch(sid) or not _SEQUENCE.fullmatch(sequence):
        raise CallbackRefused("the callback is not understood")
    key = f"{sid}:{int(sequence)}"
    if status in _CALL_PROGRESS:
        return CarrierEvent(key=key, kind=_CALL_PROGRESS[status], attempt_id=attempt_id, remote_id=sid)
    if status not in _CALL_ENDS:
        return None
    by_network = _REASON_BY_SIP.get(status, {}).get(form.get("SipResponseCode", ""))
    reason = by_network or _CALL_ENDS[status]
    return CarrierEvent(key=key, kind=AttemptEvent.END, attempt_id=attempt_id, remote_id=sid, reason=reason)


def _message_event(form: Mapping[str, str], attempt_id: str | None) -> CarrierEvent | None:
    sid, status = form["MessageSid"], form.get("MessageStatus", "")
    if not _MESSAGE.fullmatch(sid):
        raise CallbackRefused("the callback is not understood")
    key = f"{sid}:{status}"
    if status in _MESSAGE_PROGRESS:
        return CarrierEvent(key=key, kind=_MESSAGE_PROGRESS[status], attempt_id=attempt_id, remote_id=sid)
    if status not in _MESSAGE_ENDS:
        return None
    reason = Reason.CANCELLED if status == "canceled" else failure(form.get("ErrorCode", ""))
    return CarrierEvent(key=key, kind=AttemptEvent.FAIL, attempt_id=attempt_id, remote_id=sid, reason=reason)
