"""A Restcomm Connect server for tests: HTTP on the loopback interface, one account, phones that behave.

Made from the documented shapes and from what its code does differently: XML unless a path ends in `.json`;
`SMS/Messages`; `StatusCallbackEvent` read once and split at commas, and all four events sent whatever it
says; callbacks whose `CallStatus` is the name of the event, unsigned and never repeated; long SIDs; a zone's
name in callbacks' timestamps; numbers without `+` taken for American ones; errors in plain text; texts cut
after 160 bytes; 406 for an unknown call and 500 for one that has just ended.
"""

from __future__ import annotations

import hmac
import itertools
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import phonenumbers

from ringproof_server.ports import CallbackRequest

ACCOUNT_SID: Final = "AC" + "0b1c2d3e" * 4
AUTH_TOKEN: Final = "restcomm-token-4f3a9b1c7d"
SMS_FROM: Final = "+442071838750"

CALL_OVER: Final = frozenset({"completed", "canceled", "busy", "failed", "no-answer", "not-found"})
CALL_EVENTS: Final = ("initiated", "ringing", "answered", "completed")
_CANCELLABLE: Final = frozenset({"queued", "ringing", "wait-for-answer"})
_SID: Final = re.compile(r"(?:ID[0-9a-f]{32}-)?[A-Z]{2}[0-9a-f]{32}")
_INSTANCE: Final = "ID" + "5a6b7c8d" * 4


class Refused(Exception):
    """An answer that is no success, in plain text as Restcomm gives it."""

    def __init__(self, status: int, text: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = dict(headers or {})


@dataclass
class FakeCall:
    """A call; `ring_seconds` is how long it has rung, `heard` what was said to whoever answered."""

    sid: str
    form: Mapping[str, str] = field(repr=False)
    to: str = field(repr=False)
    sender: str = field(repr=False)
    created: datetime
    status: str = "queued"
    rang_at: float | None = None
    ring_seconds: int = 0
    duration: int = 0
    heard: list[str] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.status in CALL_OVER


@dataclass
class FakeMessage:
    sid: str
    form: Mapping[str, str] = field(repr=False)
    to: str = field(repr=False)
    sender: str = field(repr=False)
    body: str = field(repr=False)
    created: datetime
    status: str = "sending"
    error_code: str | None = None


Deliver = Callable[[str, dict[str, str]], None]
"""Posts the form of a callback to a URL."""


class RestcommAccount:
    """What the account holds and how it changes; knows neither HTTP nor threads of its own.

    `now` dates the records; `seconds` is a steady count by which ringing is measured. `deliver` posts the
    callbacks; until one is set they are kept in `callbacks` only.
    """

    def __init__(self, *, now: Callable[[], datetime], seconds: Callable[[], float]) -> None:
        self._now = now
        self._seconds = seconds
        self._count = itertools.count(1)
        self.lock = threading.RLock()
        self.calls: dict[str, FakeCall] = {}
        self.messages: dict[str, FakeMessage] = {}
        self.callbacks: list[tuple[str, dict[str, str]]] = []
        self.deliver: Deliver = lambda _url, _form: None
        self.status = "active"
        self.refused_numbers: set[str] = set()
        self.live_changes_allowed = True

    # --- what the API does

    def check(self, username: str, password: str) -> bool:
        """Basic authentication: the account's SID and its token."""
        right = hmac.compare_digest(password.encode(), AUTH_TOKEN.encode())
        return username == ACCOUNT_SID and right

    def place_call(self, form: Mapping[str, str]) -> FakeCall:
        self._require(form, "From", "To", "Url")
        if "Twiml" in form:
            raise Refused(400, "Url can not be null.")
        if not re.fullmatch(r"[0-9]+", form.get("Timeout", "60")):
            raise Refused(500, f'For input string: "{form["Timeout"]}"')
        events = form.get("StatusCallbackEvent", "completed").split(",")
        if not set(events) <= set(CALL_EVENTS):
            # Its code would silently wait for an event of the name "initiated ringing"; here it is loud.
            raise Refused(400, "StatusCallbackEvent is split at commas")
        with self.lock:
            call = FakeCall(
                sid=f"{_INSTANCE}-CA{next(self._count):032x}",
                form=dict(form),
                to=self._number(form["To"]),
                sender=self._number(form["From"]),
                created=self._now(),
            )
            self.calls[call.sid] = call
        return call

    def send_message(self, form: Mapping[str, str]) -> FakeMessage:
        self._require(form, "From", "To", "Body")
        if form.get("Encoding", "GSM") not in {"GSM", "UCS-2"}:
            raise Refused(500, "No enum constant Encoding")
        body = form["Body"]
        if len(body.encode()) > 160:
            if len(body) < 159:
                raise Refused(400, f"String index out of range: {len(body)}")
            body = body[:159]
        with self.lock:
            message = FakeMessage(
                sid=f"SM{next(self._count):032x}",
                form=dict(form),
                to=self._number(form["To"]),
                sender=self._number(form["From"]),
                body=body,
                created=self._now(),
            )
            self.messages[message.sid] = message
        return message

    def update_call(self, sid: str, form: Mapping[str, str]) -> FakeCall:
        if not _SID.fullmatch(sid):
            raise Refused(400)
        with self.lock:
            call = self.calls.get(sid)
            if call is None:
                raise Refused(406)
            if "Url" in form and "Status" in form:
                raise Refused(409, "You can either redirect a running call or change its state")
            if call.is_over:
                raise Refused(500, "null")
            if not self.live_changes_allowed:
                raise Refused(409, "Live call modification is for calls of the Dial verb only")
            before = FakeCall(**vars(call))
            wanted = form.get("Status", "").lower()
            if wanted == "completed" or (wanted == "canceled" and call.status in _CANCELLABLE):
                self.end(call, "completed" if call.status == "in-progress" else "canceled")
        return before

    # --- what the network does

    def ring(self, call: FakeCall) -> None:
        with self.lock:
            if not call.is_over:
                call.status, call.rang_at = "ringing", self._seconds()
                self._report(call, "initiated")
                self._report(call, "ringing")

    def answer(self, call: FakeCall) -> bool:
        """False if the call has ended before."""
        with self.lock:
            if call.is_over:
                return False
            self._stop_ringing(call)
            call.status = "in-progress"
            self._report(call, "answered")
            return True

    def end(self, call: FakeCall, status: str) -> None:
        with self.lock:
            if call.is_over:
                return
            self._stop_ringing(call)
            call.status = status
            self._report(call, "completed")

    def message_state(self, message: FakeMessage, status: str, error_code: str | None = None) -> None:
        with self.lock:
            message.status, message.error_code = status, error_code
            self.send_callback(message.form.get("StatusCallback"), message_callback(message))

    def send_callback(self, url: str | None, form: dict[str, str]) -> None:
        if url is not None:
            self.callbacks.append((url, form))
            self.deliver(url, form)

    def _report(self, call: FakeCall, event: str) -> None:
        self.send_callback(call.form.get("StatusCallback"), call_callback(call, event, self._now()))

    def _stop_ringing(self, call: FakeCall) -> None:
        if call.rang_at is not None and call.status == "ringing":
            call.ring_seconds = int(self._seconds() - call.rang_at)

    def _require(self, form: Mapping[str, str], *names: str) -> None:
        for name in names:
            if name not in form:
                raise Refused(400, f"{name} can not be null.")

    def _number(self, text: str) -> str:
        """Normalised as Restcomm does it: with America as the region of whatever has no `+`."""
        try:
            number = phonenumbers.parse(text, "US")
        except phonenumbers.NumberParseException:
            raise Refused(400, "The string supplied did not seem to be a phone number.") from None
        found = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if found in self.refused_numbers:
            raise Refused(400, "The string supplied is too long to be a phone number.")
        return found


# --- how it is shown -------------------------------------------------------------------------------------


def call_view(call: FakeCall) -> dict[str, Any]:
    uri = f"/2012-04-24/Accounts/{ACCOUNT_SID}/Calls/{call.sid}.json"
    return {
        "sid": call.sid,
        "InstanceId": _INSTANCE,
        "date_created": _rfc_2822(call.created),
        "date_updated": _rfc_2822(call.created),
        "account_sid": ACCOUNT_SID,
        "to": call.to,
        "from": call.sender,
        "status": call.status,
        "start_time": _rfc_2822(call.created),
        "duration": call.duration,
        "ring_duration": call.ring_seconds if call.rang_at is not None else None,
        "price": "0.0",
        "price_unit": "USD",
        "direction": "outbound-api",
        "api_version": "2012-04-24",
        "caller_name": "",
        "uri": uri,
    }


def message_view(message: FakeMessage) -> dict[str, Any]:
    return {
        "sid": message.sid,
        "date_created": _rfc_2822(message.created),
        "date_updated": _rfc_2822(message.created),
        "account_sid": ACCOUNT_SID,
        "from": message.sender,
        "to": message.to,
        "body": message.body,
        "status": message.status,
        "error_code": message.error_code,
        "direction": "outbound-api",
        "price": "0",
        "price_unit": "USD",
        "api_version": "2012-04-24",
        "uri": f"/restcomm/2012-04-24/Accounts/{ACCOUNT_SID}/SMS/Messages/{message.sid}.json",
    }


def page_view(name: str, items: list[dict[str, Any]], page: int, size: int, uri: str) -> dict[str, Any]:
    """A page of a list; 400 beyond the last one, as its code has it."""
    last = len(items) // size
    if page > last:
        raise Refused(400)
    shown = items[page * size : (page + 1) * size]
    return {
        "page": page,
        "num_pages": last,
        "page_size": size,
        "total": len(items),
        "start": str(page * size),
        "end": str(page * size + len(shown)),
        "uri": uri,
        "first_page_uri": f"{uri}?Page=0&PageSize={size}",
        "previous_page_uri": "null" if page == 0 else f"{uri}?Page={page - 1}&PageSize={size}",
        "next_page_uri": "null" if page == last else f"{uri}?Page={page + 1}&PageSize={size}",
        "last_page_uri": f"{uri}?Page={last}&PageSize={size}",
        name: shown,
    }


def call_callback(call: FakeCall, event: str, now: datetime) -> dict[str, str]:
    """`CallStatus` is the name of the event: how the call ended is not in it."""
    form = {
        "InstanceId": _INSTANCE,
        "AccountSid": ACCOUNT_SID,
        "CallSid": call.sid,
        "From": call.sender,
        "To": call.to,
        "Direction": "outbound-api",
        "CallerName": "",
        "ForwardedFrom": "",
        "CallStatus": event,
        "Timestamp": f"{now.astimezone(UTC):%a, %d %b %Y %H:%M:%S} Etc/UTC",
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(CALL_EVENTS.index(event)),
    }
    return form | ({"CallDuration": str(call.duration)} if event == "completed" else {})


def message_callback(message: FakeMessage) -> dict[str, str]:
    return {
        "MessageSid": message.sid,
        "MessageStatus": message.status,
        "ErrorCode": message.error_code or "",
        "AccountSid": ACCOUNT_SID,
        "From": message.sender,
        "To": message.to,
        "Body": message.body,
    }


def as_request(url: str, form: Mapping[str, str]) -> CallbackRequest:
    """The callback as our server hands it to the carrier; the body is in it twice, as Restcomm sends it."""
    pairs = [*form.items(), *((name, form[name]) for name in ("Body",) if name in form)]
    return CallbackRequest(
        path="events",
        url=url,
        method="POST",
        headers={"content-type": "application/x-www-form-urlencoded", "user-agent": "Apache-HttpClient"},
        body=urlencode(pairs).encode(),
    )


def _rfc_2822(moment: datetime) -> str:
    return f"{moment:%a, %d %b %Y %H:%M:%S %z}"
