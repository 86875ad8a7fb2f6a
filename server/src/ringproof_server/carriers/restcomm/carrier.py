"""Restcomm Connect as a carrier."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from ringproof_rcml import Dialect, Encoding, segments
from ringproof_server.carriers.outbound_http import OutboundHttp
from ringproof_server.carriers.plugin import CarrierOptions, Timeouts
from ringproof_server.carriers.restcomm.api import CALLS, MESSAGES, RestcommApi
from ringproof_server.carriers.restcomm.callbacks import Addresses, Opened, Report
from ringproof_server.carriers.restcomm.records import MESSAGE_FAILURES, TALKING, Record
from ringproof_server.carriers.restcomm.settings import RestcommSettings, read_settings
from ringproof_server.domain.attempt import Attempt, AttemptEvent
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import (
    CallbackRefused,
    CarrierError,
    CarrierMisconfigured,
    CarrierUnavailable,
    NumberRefused,
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

NAME: Final = "restcomm"
EVENTS: Final = "initiated,ringing,answered,completed"
"""Commas, as its code reads them; the documentation says spaces. It takes the parameter once only."""

LONGEST_TEXT: Final = 160
"""Bytes of UTF-8 beyond which Restcomm cuts the text in two and throws the second part away."""

FETCH_SECONDS: Final = 5.0
"""How long a callback may wait for what it says to be looked up, with all repeats."""
LOOKS: Final = 4
BETWEEN_LOOKS: Final = 0.25
"""Its list may lag behind its callbacks by a moment; s."""

CLOCKS_DIFFER: Final = timedelta(seconds=30)
"""How far Restcomm's clock may be from ours, where an attempt is looked for by its time."""

_PROGRESS: Final = {"ringing": AttemptEvent.RING, "answered": AttemptEvent.ANSWER}


class RestcommCarrier:
    """Calls and messages over one account. `sleep` is how it waits between two looks at a record."""

    name: Final = NAME

    def __init__(
        self,
        settings: RestcommSettings,
        *,
        seals: Seals,
        timeouts: Timeouts,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self._settings = settings
        self._timeouts = timeouts
        self._api = RestcommApi(settings, OutboundHttp("Restcomm", timeouts))
        self._addresses = Addresses(seals, settings.account_sid)
        self._stopped = threading.Event()
        self._sleep = sleep or self._stopped.wait
        messages = set() if settings.sms_from is None else {Channel.SMS}
        self.capabilities: Final = CarrierCapabilities(
            channels=frozenset({Channel.FLASHCALL, Channel.VOICE, Channel.KEYPAD} | messages),
            chooses_caller_id=True,
            hangs_up=True,
            reports_events=True,
            dialect=Dialect.RCML,
        )

    def place_call(self, call: OutgoingCall) -> Placed:
        if call.channel not in self.capabilities.channels or not call.channel.is_call:
            raise NumberRefused("calls of this channel do not go through Restcomm")
        address = self._addresses.make(
            call.events_url, reference=call.reference, to=call.to, sender=call.caller_id
        )
        form = {
            "From": call.caller_id,
            "To": call.to,
            "Url": call.document_url,
            "Method": "POST",
            "Timeout": str(int(call.dial_timeout)),
            "StatusCallback": address,
            "StatusCallbackMethod": "POST",
            "StatusCallbackEvent": EVENTS,
        }
        return Placed(self._api.create(CALLS, form))

    def send_message(self, message: OutgoingMessage) -> Placed:
        sender = self._settings.sms_from
        if sender is None or message.channel is not Channel.SMS:
            raise NumberRefused("messages of this channel do not go through Restcomm")
        if len(message.text.encode()) > LONGEST_TEXT:
            raise CarrierMisconfigured(f"Restcomm cuts texts of more than {LONGEST_TEXT} bytes")
        is_gsm = segments(message.text).encoding is Encoding.GSM_7
        form = {
            "From": sender,
            "To": message.to,
            "Body": message.text,
            "Encoding": "GSM" if is_gsm else "UCS-2",
            "StatusCallback": self._addresses.make(
                message.events_url, reference=message.reference, to=message.to, sender=sender
            ),
        }
        return Placed(self._api.create(MESSAGES, form))

    def hang_up(self, remote_id: str) -> None:
        """Cancel a call that rings, end one that talks.

        `canceled` leaves a talking call alone, so that one is told `completed` as well. A call that ends in
        between is answered with an error, so what stands in the account's list decides.
        """
        for wanted in ("canceled", "completed"):
            status, before = self._api.update_call(remote_id, {"Status": wanted})
            if status in {404, 406}:
                return
            if not 200 <= status < 300:
                self._check_over(remote_id, status)
                return
            if before is None or before.status != TALKING:
                return

    def parse_event(self, request: CallbackRequest) -> CarrierEvent | None:
        opened = self._addresses.open(request)
        report = opened.report
        if report is None:
            return None
        if not report.is_call:
            return self._message_event(opened, report)
        if report.event == "completed":
            return self._end(opened, report)
        kind = _PROGRESS.get(report.event)
        if kind is None:
            return None
        return CarrierEvent(
            key=f"{opened.attempt_id}:{report.event}", kind=kind, attempt_id=opened.attempt_id
        )

    def find(self, attempt: Attempt, to: PhoneNumber) -> Found | None:
        """By both numbers and the time. Nobody knows the text of a message any more, so of two candidates
        neither is taken."""
        kind = CALLS if attempt.channel.is_call else MESSAGES
        sender = attempt.caller_id if attempt.channel.is_call else self._settings.sms_from
        if sender is None:
            return None
        earliest = attempt.queued_at - CLOCKS_DIFFER
        wait = timedelta(seconds=self._timeouts.total)
        latest = (attempt.claimed_at or attempt.queued_at) + wait + CLOCKS_DIFFER
        wanted = self._addresses.parties(to.e164, sender)
        fitting = {
            record.sid
            for record in self._api.listed(kind, to=to.e164, sender=sender)
            if record.created is not None
            and earliest <= record.created <= latest
            and self._addresses.parties(record.to, record.sender) == wanted
        }
        return Found(remote_id=fitting.pop()) if len(fitting) == 1 else None

    def ping(self) -> None:
        self._api.check_account()

    def start(self, deliver: EventSink, answer: DocumentSource) -> None:
        """Nothing runs in this process."""

    def stop(self) -> None:
        self._stopped.set()
        self._api.close()

    def _check_over(self, sid: str, status: int) -> None:
        """Nothing if the call has ended; else what the refusal to end it means."""
        record = self._api.fetch(CALLS, sid)
        if record is None or record.call_end is not None:
            return
        if status >= 500:
            raise CarrierUnavailable(f"Restcomm did not end a call ({status})")
        raise CarrierMisconfigured(f"this Restcomm does not let live calls be ended ({status})")

    def _end(self, opened: Opened, report: Report) -> CarrierEvent:
        """How the call ended, from the account's list.

        Where the list does not answer, the call is over all the same, and nothing is known of how.
        """
        key = f"{opened.attempt_id}:completed"
        ended = CarrierEvent(key=key, kind=AttemptEvent.END, attempt_id=opened.attempt_id)
        try:
            record = self._looked_up(CALLS, opened, report, lambda found: found.call_end is not None)
        except CallbackRefused:
            raise
        except CarrierError:
            return ended
        if record.call_end is None:
            raise CallbackRefused("the call of the callback has not ended")
        return CarrierEvent(
            key=key,
            kind=AttemptEvent.END,
            attempt_id=opened.attempt_id,
            remote_id=record.sid,
            reason=record.call_end,
            ring_ms=record.ring_ms,
        )

    def _message_event(self, opened: Opened, report: Report) -> CarrierEvent | None:
        if report.event != "delivered" and report.event not in MESSAGE_FAILURES:
            return None
        try:
            record = self._looked_up(MESSAGES, opened, report, lambda found: found.status == report.event)
        except CarrierError:
            # Unlike a call, a message has a step's timeout that needs no such news.
            raise CallbackRefused("the callback could not be confirmed") from None
        if record.status == "delivered":
            kind = AttemptEvent.DELIVER
        elif record.message_failure is not None:
            kind = AttemptEvent.FAIL
        else:
            raise CallbackRefused("the message of the callback is still on its way")
        return CarrierEvent(
            key=f"{opened.attempt_id}:{record.status}",
            kind=kind,
            attempt_id=opened.attempt_id,
            remote_id=record.sid,
            reason=record.message_failure,
        )

    def _looked_up(
        self, kind: str, opened: Opened, report: Report, is_awaited: Callable[[Record], bool]
    ) -> Record:
        """The record that a callback is about, once it says what is awaited, or as it is after `LOOKS`.

        Raises `CallbackRefused` if there is none between the attempt's two numbers.
        """
        give_up = time.monotonic() + FETCH_SECONDS
        record = self._own_record(kind, opened, report, FETCH_SECONDS)
        for _ in range(LOOKS - 1):
            left = give_up - BETWEEN_LOOKS - time.monotonic()
            if is_awaited(record) or left <= 0:
                break
            self._sleep(BETWEEN_LOOKS)
            record = self._own_record(kind, opened, report, left)
        return record

    def _own_record(self, kind: str, opened: Opened, report: Report, seconds: float) -> Record:
        record = self._api.fetch(kind, report.sid, total=seconds)
        if record is None or self._addresses.parties(record.to, record.sender) != opened.parties:
            raise CallbackRefused("the callback is about another call or message")
        return record


def build(options: CarrierOptions) -> RestcommCarrier:
    """The carrier `restcomm`. Raises `CarrierSettingsError`."""
    return RestcommCarrier(read_settings(options.settings), seals=options.seals, timeouts=options.timeouts)
