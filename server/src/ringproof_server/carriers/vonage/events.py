"""What Vonage's webhooks say about calls and messages, in our words.

https://developer.vonage.com/en/voice/voice-api/webhook-reference#event-webhook and
https://developer.vonage.com/en/messages/concepts/messages-status-callbacks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ringproof_server.carriers.vonage.faults import meaning_of
from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Reason
from ringproof_server.domain.errors import CallbackRefused

NAME_FORM: Final = re.compile(r"[0-9A-Za-z-]{1,64}")
"""What a call or a message of Vonage can be called; all are UUIDs today."""
_NUMBER: Final = re.compile(r"\+?[0-9]{7,15}")
_WHOLE_SECONDS: Final = re.compile(r"[0-9]{1,6}")

ANSWERED_BY: Final = frozenset({"human", "machine"})

_CALL: Final = {
    "started": AttemptEvent.ACCEPT,
    "ringing": AttemptEvent.RING,
    "answered": AttemptEvent.ANSWER,
    # Who answered is a guess of the detection's; that somebody or something did is not.
    "human": AttemptEvent.ANSWER,
    "machine": AttemptEvent.ANSWER,
    "busy": AttemptEvent.END,
    "cancelled": AttemptEvent.END,
    "unanswered": AttemptEvent.END,
    "timeout": AttemptEvent.END,
    "rejected": AttemptEvent.END,
    "failed": AttemptEvent.END,
    "completed": AttemptEvent.END,
}
_REASONS: Final = {
    "busy": Reason.BUSY,
    "cancelled": Reason.CANCELLED,
    "unanswered": Reason.NO_ANSWER,
    "timeout": Reason.NO_ANSWER,
    "rejected": Reason.REJECTED,
    "failed": Reason.CARRIER_ERROR,
}
_DETAILS: Final = {
    "invalid_number": Reason.INVALID_NUMBER,
    "number_out_of_service": Reason.INVALID_NUMBER,
    "restricted": Reason.UNREACHABLE,
    "cannot_route": Reason.UNREACHABLE,
    "carrier_timeout": Reason.UNREACHABLE,
    "unavailable": Reason.UNREACHABLE,
    "declined": Reason.REJECTED,
    "timeout": Reason.NO_ANSWER,
    "internal_error": Reason.CARRIER_ERROR,
}
_SIP_CODES: Final = {
    # RFC 3261, section 21, and RFC 8197 for 607.
    404: Reason.INVALID_NUMBER,
    410: Reason.INVALID_NUMBER,
    484: Reason.INVALID_NUMBER,
    604: Reason.INVALID_NUMBER,
    480: Reason.UNREACHABLE,
    408: Reason.NO_ANSWER,
    486: Reason.BUSY,
    600: Reason.BUSY,
    603: Reason.REJECTED,
    607: Reason.REJECTED,
}
_EXPLAINED: Final = frozenset({"unanswered", "rejected", "failed"})
"""The ends that a detail or a SIP code says more about."""

_MESSAGE: Final = {
    "submitted": AttemptEvent.ACCEPT,
    "delivered": AttemptEvent.DELIVER,
    "read": AttemptEvent.READ,
    "rejected": AttemptEvent.FAIL,
    "undeliverable": AttemptEvent.FAIL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNews:
    """`to` is the called number as Vonage writes it, without a plus sign."""

    remote_id: str
    status: str
    kind: AttemptEvent
    to: str = field(repr=False)
    reason: Reason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageNews:
    """`reference` is what we had called the message."""

    remote_id: str
    status: str
    kind: AttemptEvent
    reference: str = field(repr=False)
    reason: Reason | None


def read_news(body: bytes) -> CallNews | MessageNews | None:
    """What a webhook whose signature has been checked says; None for statuses that change nothing.

    Raises `CallbackRefused` for a body that is not understood.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise CallbackRefused("the webhook is not understood")
    return _message(said) if "message_uuid" in said else _call(said)


def _call(said: Mapping[str, object]) -> CallNews | None:
    status = said.get("status")
    kind = _CALL.get(status) if isinstance(status, str) else None
    if kind is None or not isinstance(status, str):
        return None
    to = str(said.get("to"))
    if not _NUMBER.fullmatch(to):
        raise CallbackRefused("the webhook does not say who was called")
    # Events of the machine detection call it by another name than all others.
    remote_id = _name(said.get("uuid", said.get("call_uuid")))
    reason = _end(status, said) if kind is AttemptEvent.END else None
    return CallNews(remote_id=remote_id, status=status, kind=kind, to=to, reason=reason)


def _end(status: str, said: Mapping[str, object]) -> Reason:
    if status == "completed":
        # Also the end of a call that was hung up while it rang, unless it talked for some time.
        duration = str(said.get("duration"))
        talked = _WHOLE_SECONDS.fullmatch(duration) is not None and int(duration) > 0
        return Reason.ANSWERED if talked else Reason.CANCELLED
    if status in _EXPLAINED:
        detail, code = said.get("detail"), str(said.get("sip_code"))
        if isinstance(detail, str) and detail in _DETAILS:
            return _DETAILS[detail]
        if code.isascii() and code.isdecimal() and len(code) == 3 and int(code) in _SIP_CODES:
            return _SIP_CODES[int(code)]
    return _REASONS[status]


def _message(said: Mapping[str, object]) -> MessageNews | None:
    status, reference = said.get("status"), said.get("client_ref")
    kind = _MESSAGE.get(status) if isinstance(status, str) else None
    if kind is None or not isinstance(status, str):
        return None
    if not isinstance(reference, str):
        raise CallbackRefused("the webhook names no message of ours")
    reason = _failure(said) if kind is AttemptEvent.FAIL else None
    remote_id = _name(said["message_uuid"])
    return MessageNews(remote_id=remote_id, status=status, kind=kind, reference=reference, reason=reason)


def _failure(said: Mapping[str, object]) -> Reason:
    error = said.get("error")
    meaning = meaning_of(error) if isinstance(error, dict) else None
    if meaning is not None:
        return meaning.reason
    # Without a number only the status tells: the provider refused it, or could not be reached at all.
    return Reason.UNREACHABLE if said["status"] == "rejected" else Reason.CARRIER_ERROR


def _name(value: object) -> str:
    if not isinstance(value, str) or not NAME_FORM.fullmatch(value):
        raise CallbackRefused("the webhook names no call and no message")
    return value
