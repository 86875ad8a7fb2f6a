"""The telephone network behind the account, in real time, and the callbacks that it sends, signed."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from ringproof_rcml import spoken_text
from tests.support.fingers import pressed
from tests.support.twilio_fake.account import Account, Call, Callback, Message, Phone

SIP: Final = {Phone.BUSY: ("busy", 486), Phone.DECLINE: ("busy", 603), Phone.FAIL: ("failed", 404)}


@dataclass
class Delivery:
    """What goes wrong with callbacks, by their status: lost, sent twice, or sent after the next one."""

    lost: set[str] = field(default_factory=set)
    doubled: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)


def signature(token: str, url: str, form: Mapping[str, str]) -> str:
    """By the algorithm of the official validator."""
    return str(RequestValidator(token).compute_signature(url, dict(form)))


class Network:
    """Moves calls and messages on by itself. `phones` says how people act; the rest of them let it ring."""

    def __init__(self, account: Account, *, pause: float = 0.1) -> None:
        self.account = account
        self.phones: dict[str, Phone] = {}
        self.keys: dict[str, list[str]] = {}
        """By number: what whoever answers presses at each question of a call, one after another."""
        self.message_ends: tuple[str, int | None] = ("delivered", None)
        self.delivery = Delivery()
        self.answers: list[tuple[Callback, int]] = []
        self._pause = pause
        self._held: list[Callback] = []
        self._posting = threading.Lock()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def dial(self, call: Call) -> None:
        self._run(self._call, call)

    def transmit(self, message: Message) -> None:
        self._run(self._message, message)

    def tell(self, callback: Callback | None) -> None:
        """Send a callback, in a thread of its own: nobody who asks Twilio waits for it."""
        if callback is not None:
            self._run(self._deliver, callback)

    def stop(self) -> None:
        self._stopped.set()
        for call in list(self.account.calls.values()):
            call.ended.set()
        for thread in list(self._threads):
            thread.join(timeout=10)

    def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, bytes]:
        """One POST of a form, without any signature of its own."""
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        try:
            sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
            connection.request("POST", target, urlencode(form).encode(), sent)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def send(self, callback: Callback) -> int:
        """Post a callback with a true signature; the status of the answer."""
        signed = {"X-Twilio-Signature": signature(self.account.token, callback.url, callback.form)}
        status, _ = self.post(callback.url, callback.form, signed)
        self.answers.append((callback, status))
        return status

    def _run(self, work: Any, subject: object) -> None:
        thread = threading.Thread(target=work, args=(subject,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _call(self, call: Call) -> None:
        phone = self.phones.get(call.to, Phone.RING)
        if phone is Phone.HOLD or self._stopped.wait(self._pause):
            return
        self._deliver(self.account.move_call(call.sid, "initiated"))
        self._stopped.wait(self._pause)
        if phone in SIP:
            status, sip = SIP[phone]
            self._deliver(self.account.move_call(call.sid, status, sip=sip))
            return
        self._deliver(self.account.move_call(call.sid, "ringing"))
        if phone is Phone.ANSWER:
            self._stopped.wait(self._pause)
            self._deliver(self.account.move_call(call.sid, "in-progress"))
            self._speak(call)
            self._deliver(self.account.move_call(call.sid, "completed", sip=200))
        elif phone is Phone.NO_ANSWER or not call.ended.wait(call.timeout):
            self._deliver(self.account.move_call(call.sid, "no-answer", sip=487))

    def _speak(self, call: Call) -> None:
        form = {
            "AccountSid": self.account.sid,
            "CallSid": call.sid,
            "CallStatus": "in-progress",
            "From": call.caller_id,
            "To": call.to,
        }
        call.heard = ""
        url, said = call.url, form
        while url:
            signed = {"X-Twilio-Signature": signature(self.account.token, url, said)}
            status, body = self.post(url, said, signed)
            document = body.decode() if status == 200 else "<Response/>"
            gather = ElementTree.fromstring(document).find("Gather")
            keys, url = "", ""
            if gather is not None:
                keys = pressed(self.keys, call.to, int(gather.attrib["numDigits"]))
            if gather is None or not keys:
                call.heard = f"{call.heard} {spoken_text(document)}".strip()
            else:
                # Keys end what is being spoken.
                assert gather.get("method") == "POST"
                url, said = gather.attrib["action"], {**form, "Digits": keys}

    def _message(self, message: Message) -> None:
        status, error = self.message_ends
        self._stopped.wait(self._pause)
        self._deliver(self.account.move_message(message.sid, "sent"))
        self._stopped.wait(self._pause)
        self._deliver(self.account.move_message(message.sid, status, error=error))

    def _deliver(self, callback: Callback | None) -> None:
        if callback is None or self._stopped.is_set():
            return
        with self._posting:
            if callback.status in self.delivery.lost:
                return
            if callback.status in self.delivery.held:
                self._held.append(callback)
                return
            self._send(callback)
            if callback.status in self.delivery.doubled:
                self._send(callback)
            held, self._held = self._held, []
            for late in held:
                self._send(late)

    def _send(self, callback: Callback) -> None:
        try:
            self.send(callback)
        except OSError:
            self.answers.append((callback, 0))
