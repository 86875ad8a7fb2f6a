"""The state of one account: what it owns, which calls and messages it has, what may be asked of it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

Form = Mapping[str, Sequence[str]]

EVENTS: Final = ("initiated", "ringing", "answered", "completed")
EVENT_OF: Final = {"initiated": "initiated", "ringing": "ringing", "in-progress": "answered"}
"""Under which event a call's status is reported; every end comes as `completed`."""
UNANSWERED: Final = frozenset({"queued", "initiated", "ringing"})
OVER: Final = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})

_CALL_FIELDS: Final = frozenset(
    [
        "To",
        "From",
        "Url",
        "Method",
        "StatusCallback",
        "StatusCallbackMethod",
        "StatusCallbackEvent",
        "Timeout",
        "TimeLimit",
    ]
)
_MESSAGE_FIELDS: Final = frozenset(
    ["To", "From", "MessagingServiceSid", "Body", "ContentSid", "ContentVariables", "StatusCallback"]
)
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")


class Phone(StrEnum):
    """How whoever is called acts; `HOLD` is silent and lets the test move the call itself."""

    RING = "ring"
    ANSWER = "answer"
    BUSY = "busy"
    DECLINE = "decline"
    NO_ANSWER = "no_answer"
    FAIL = "fail"
    HOLD = "hold"


class Refusal(Exception):
    """An error answer: Twilio's code and an HTTP status."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status

    @property
    def body(self) -> dict[str, object]:
        return {
            "code": self.code,
            "message": str(self),
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


@dataclass(frozen=True, slots=True)
class Callback:
    """What is posted to a `StatusCallback`."""

    url: str = field(repr=False)
    form: Mapping[str, str] = field(repr=False)

    @property
    def status(self) -> str:
        return self.form.get("CallStatus") or self.form["MessageStatus"]


@dataclass
class Call:
    sid: str
    to: str
    caller_id: str
    url: str
    callback: str | None
    events: tuple[str, ...]
    timeout: int
    created_at: datetime
    status: str = "queued"
    sequence: int = 0
    heard: str | None = None
    ended: threading.Event = field(default_factory=threading.Event)


@dataclass
class Message:
    sid: str
    to: str
    sender: str | None
    service: str | None
    body: str
    callback: str | None
    created_at: datetime
    status: str = "queued"
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Account:
    """Everything is asked for under one lock; `now` is the clock by which it dates."""

    sid: str
    token: str = field(repr=False)
    numbers: Sequence[str]
    senders: Sequence[str] = ()
    services: Sequence[str] = ()
    silent_numbers: Sequence[str] = ()
    """Numbers of the account that have no voice."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    refuses_to_cancel_answered: int | None = None
    """The code with which `canceled` is refused for an answered call, which is else left as it is."""
    refused: set[str] = field(default_factory=set)
    """Numbers that are said not to exist."""
    calls: dict[str, Call] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    status: str = "active"
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    # --- calls

    def create_call(self, form: Form) -> Call:
        fields = _fields(form, _CALL_FIELDS, repeated={"StatusCallbackEvent"})
        to = self._person(fields.get("To"), missing=21201)
        caller_id = fields.get("From")
        if caller_id is None:
            raise Refusal(21213, "A 'From' phone number is required")
        if caller_id not in self.numbers:
            raise Refusal(21210, f"Source phone number provided, {caller_id}, is not yet verified")
        events = tuple(form.get("StatusCallbackEvent", ("completed",)))
        if not set(events) <= set(EVENTS):
            raise Refusal(21626, "StatusCallbackEvent holds an unknown event")
        if fields.get("Method", "POST") not in {"GET", "POST"}:
            raise Refusal(20001, "Method must be GET or POST")
        call = Call(
            sid=f"CA{len(self.calls) + 1:032x}",
            to=to,
            caller_id=caller_id,
            url=_address(fields.get("Url"), 21205),
            callback=_address(fields["StatusCallback"], 21609) if "StatusCallback" in fields else None,
            events=events,
            timeout=_whole(fields.get("Timeout", "60"), 600),
            created_at=self.now(),
        )
        _whole(fields.get("TimeLimit", "14400"), 86_400)
        with self.lock:
            self.calls[call.sid] = call
        return call

    def update_call(self, sid: str, form: Form) -> tuple[Call, Callback | None]:
        """Hang up. `canceled` leaves an answered call alone; nothing can be done to one that is over."""
        wanted = _fields(form, frozenset({"Status"})).get("Status")
        if wanted not in {"canceled", "completed"}:
            raise Refusal(20001, "Status must be canceled or completed")
        with self.lock:
            call = self.call(sid)
            if call.status in OVER:
                raise Refusal(21220, f"Call {sid} is not in-progress. Cannot redirect.")
            if call.status in UNANSWERED:
                return call, self.move_call(sid, "canceled")
            if wanted == "canceled" and self.refuses_to_cancel_answered is not None:
                raise Refusal(self.refuses_to_cancel_answered, f"Call {sid} is in-progress")
            return call, self.move_call(sid, "completed") if wanted == "completed" else None

    def call(self, sid: str) -> Call:
        if sid not in self.calls:
            raise Refusal(20404, f"The requested resource /Calls/{sid}.json was not found", 404)
        return self.calls[sid]

    def move_call(self, sid: str, status: str, *, sip: int | None = None) -> Callback | None:
        """Bring a call to a status; the callback if somebody wants to hear of it. Nothing follows an end."""
        with self.lock:
            call = self.calls[sid]
            if call.status in OVER:
                return None
            call.status = status
            sequence, call.sequence = call.sequence, call.sequence + 1
            if status in OVER:
                call.ended.set()
            if call.callback is None or EVENT_OF.get(status, "completed") not in call.events:
                return None
            return Callback(call.callback, self._call_form(call, sequence, sip))

    def _call_form(self, call: Call, sequence: int, sip: int | None) -> dict[str, str]:
        end = {"CallDuration": "0", "Duration": "0"} if call.status in OVER else {}
        if sip is not None:
            end["SipResponseCode"] = str(sip)
        return {
            "AccountSid": self.sid,
            "ApiVersion": "2010-04-01",
            "CallSid": call.sid,
            "CallStatus": call.status,
            "CallbackSource": "call-progress-events",
            "Called": call.to,
            "CalledCity": "",
            "CalledCountry": "GB",
            "Caller": call.caller_id,
            "Direction": "outbound-api",
            "From": call.caller_id,
            "SequenceNumber": str(sequence),
            "Timestamp": format_datetime(self.now()),
            "To": call.to,
            "ToCity": "",
            **end,
            "ToCountry": "GB",
        }

    # --- messages

    def create_message(self, form: Form) -> Message:
        fields = _fields(form, _MESSAGE_FIELDS)
        sender, service = fields.get("From"), fields.get("MessagingServiceSid")
        if (sender is None) == (service is None):
            raise Refusal(21603, "A 'From' phone number is required")
        if service is not None and service not in self.services:
            raise Refusal(21701, "The Messaging Service does not exist")
        if sender is not None and sender not in self.senders:
            raise Refusal(21659, f"{sender} is not a Twilio phone number")
        channel = "whatsapp:" if (sender or "").startswith("whatsapp:") else ""
        to = fields.get("To")
        self._person(None if to is None else to.removeprefix(channel), missing=21604)
        if "Body" not in fields and "ContentSid" not in fields:
            raise Refusal(21619, "A text message body or media urls must be specified.")
        message = Message(
            sid=f"SM{len(self.messages) + 1:032x}",
            to=str(to),
            sender=sender,
            service=service,
            body=fields.get("Body", ""),
            callback=_address(fields["StatusCallback"], 21609) if "StatusCallback" in fields else None,
            created_at=self.now(),
            variables=json.loads(fields.get("ContentVariables", "{}")),
        )
        with self.lock:
            self.messages[message.sid] = message
        return message

    def move_message(self, sid: str, status: str, *, error: int | None = None) -> Callback | None:
        with self.lock:
            message = self.messages[sid]
            message.status = status
        if message.callback is None:
            return None
        form = {
            "AccountSid": self.sid,
            "ApiVersion": "2010-04-01",
            "From": message.sender or "",
            "MessageSid": sid,
            "MessageStatus": status,
            "SmsSid": sid,
            "SmsStatus": status,
            "To": message.to,
        }
        return Callback(message.callback, {**form, **({} if error is None else {"ErrorCode": str(error)})})

    # --- what the lists and answers show

    def call_view(self, call: Call) -> dict[str, Any]:
        """As the API shows it: what has not been dialled has no dates."""
        date = None if call.status == "queued" else format_datetime(call.created_at)
        return {
            "sid": call.sid,
            "account_sid": self.sid,
            "to": call.to,
            "from": call.caller_id,
            "status": call.status,
            "date_created": date,
            "start_time": date,
            "direction": "outbound-api",
        }

    def message_view(self, message: Message) -> dict[str, Any]:
        return {
            "sid": message.sid,
            "account_sid": self.sid,
            "to": message.to,
            "from": message.sender,
            "messaging_service_sid": message.service,
            "body": message.body,
            "status": message.status,
            "date_created": format_datetime(message.created_at),
        }

    def number_views(self) -> list[dict[str, Any]]:
        voices = [(number, True) for number in self.numbers]
        return [
            {
                "sid": f"PN{index:032x}",
                "account_sid": self.sid,
                "phone_number": number,
                "capabilities": {"voice": voice, "sms": True, "mms": False, "fax": False},
            }
            for index, (number, voice) in enumerate(
                [*voices, *((number, False) for number in self.silent_numbers)]
            )
        ]

    def _person(self, to: str | None, *, missing: int) -> str:
        if to is None:
            raise Refusal(missing, "A 'To' phone number is required.")
        if not _E164.fullmatch(to) or to in self.refused:
            raise Refusal(21211, f"The 'To' number {to} is not a valid phone number.")
        return to


def _fields(form: Form, known: frozenset[str], *, repeated: set[str] | None = None) -> dict[str, str]:
    """The fields that stand once; stricter than Twilio, which passes over what it does not know."""
    fields = {}
    for name, values in form.items():
        if name not in known:
            raise Refusal(20001, f"{name} is not a parameter of this resource")
        if name in (repeated or set()):
            continue
        if len(values) != 1:
            raise Refusal(20001, f"{name} is given {len(values)} times")
        fields[name] = values[0]
    return fields


def _address(text: str | None, code: int) -> str:
    if text is None or urlsplit(text).scheme not in {"http", "https"} or not urlsplit(text).netloc:
        raise Refusal(code, "Url is not a valid URL")
    return text


def _whole(text: str, largest: int) -> int:
    if not text.isdigit() or not 0 < int(text) <= largest:
        raise Refusal(20001, f"{text} is not a whole number of seconds")
    return int(text)
