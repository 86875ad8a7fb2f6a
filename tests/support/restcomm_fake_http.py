"""The fake Restcomm server's door: its API over HTTP, its callbacks, its phones, and its faults."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.error import URLError
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.etree import ElementTree

from tests.support import leaks
from tests.support.fingers import pressed
from tests.support.restcomm_fake import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    FakeCall,
    FakeMessage,
    Refused,
    RestcommAccount,
    call_view,
    message_view,
    page_view,
)
from tests.support.restcomm_fake_rcml import listen, question

ACCOUNT_PATH: Final = f"/restcomm/2012-04-24/Accounts/{ACCOUNT_SID}"
_PATH: Final = re.compile(
    r"/restcomm/2012-04-24/Accounts/(?P<account>[^/.]+)(?P<kind>/Calls|/SMS/Messages)?(?:/(?P<sid>[^/.]+))?"
    r"(?P<json>\.json)?"
)
POST_DIAL = 0.05
REACTION = 0.3
LONGEST_HANG = 30.0


class Fault(StrEnum):
    """What goes wrong with requests to place or send."""

    NONE = "none"
    HANG = "hang"
    """Carried out, and never answered."""
    LOST_ANSWER = "lost_answer"
    """Carried out once, and the connection ends without an answer; the next request is in order again."""
    GARBAGE = "garbage"
    """Carried out, and answered with a page that says nothing."""
    THROTTLED = "throttled"
    BROKEN = "broken"
    """500 before anything was done, with a Java exception's text."""
    AWAY = "away"
    """503 from the balancer in front of it."""


class Delivery(StrEnum):
    """What becomes of callbacks on their way."""

    ONCE = "once"
    LOST = "lost"
    DOUBLED = "doubled"
    REORDERED = "reordered"
    """What happened before the end comes a second after it happened."""


class RestcommServer:
    """The account behind HTTP. With `lively` its phones behave by themselves, in real time.

    `keys` are, by number, what whoever answers presses at each question of a call.
    """

    def __init__(self, account: RestcommAccount | None = None, *, lively: bool = False) -> None:
        self.account = account or RestcommAccount(now=lambda: datetime.now(UTC), seconds=time.monotonic)
        self.lively = lively
        self.fault = Fault.NONE
        self.delivery = Delivery.ONCE
        self.fails_to_look = False
        self.ignores_filters = False
        self.refuses_credentials = False
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.complaints: list[str] = []
        self.answers_to_callbacks: list[int] = []
        self.behaviours: dict[str, str] = {}
        self.keys: dict[str, list[str]] = {}
        self.stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        leaks.secret(AUTH_TOKEN, "password")
        leaks.secret(_basic(), "password")
        self._http = _Http(("127.0.0.1", 0), type("Handler", (_Handler,), {"server_of": self}))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        if lively:
            self.account.deliver = self._send_out

    def stop(self) -> None:
        """Refuse connections from now on."""
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        for thread in self._threads:
            thread.join(timeout=5)

    def run(self, work: Any) -> None:
        """Do it beside, in a thread that is waited for at the end."""
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def begin(self, item: FakeCall | FakeMessage) -> None:
        """Something was taken: the phone at the other end does what it does."""
        if self.lively:
            live = self._live_call if isinstance(item, FakeCall) else self._live_message
            self.run(lambda: live(item))  # type: ignore[arg-type]

    def _live_call(self, call: FakeCall) -> None:
        account, behaviour = self.account, self.behaviours.get(call.to, "ring")
        self.stopping.wait(POST_DIAL)
        if behaviour in {"busy", "failed", "not-found"}:
            account.end(call, behaviour)
            return
        account.ring(call)
        give_up = time.monotonic() + (
            REACTION if behaviour != "ring" else int(call.form.get("Timeout", "60"))
        )
        while not call.is_over and not self.stopping.is_set() and time.monotonic() < give_up:
            self.stopping.wait(0.02)
        if behaviour == "answer" and account.answer(call):
            self._talk(call)
            account.end(call, "completed")
        elif behaviour == "talk":
            account.answer(call)
        else:
            account.end(call, "no-answer")

    def _talk(self, call: FakeCall) -> None:
        form = {"CallSid": call.sid, "From": call.sender, "To": call.to, "CallStatus": "in-progress"}
        url = call.form["Url"]
        while url:
            request = urllib.request.Request(url, urlencode(form).encode(), method="POST")
            with urllib.request.urlopen(request, timeout=10) as answer:
                document = answer.read().decode()
            heard, complaints = listen(document)
            self.complaints += complaints
            asked, url = question(document), ""
            keys = "" if asked is None else pressed(self.keys, call.to, asked[1])
            if asked is not None and keys:
                # Keys end what is being spoken.
                url, heard = asked[0], []
                form = {**form, "Digits": keys}
            call.heard += heard

    def _live_message(self, message: FakeMessage) -> None:
        self.stopping.wait(POST_DIAL)
        self.account.message_state(message, "sent")
        self.stopping.wait(POST_DIAL)
        if self.behaviours.get(message.to) == "undelivered":
            self.account.message_state(message, "undelivered", "30003")
        else:
            self.account.message_state(message, "delivered")

    def _send_out(self, url: str, form: dict[str, str]) -> None:
        delivery = self.delivery
        if delivery is Delivery.LOST:
            return
        is_early = delivery is Delivery.REORDERED and form.get("CallStatus") != "completed"

        def bring() -> None:
            self.stopping.wait(1.0 if is_early else 0.0)
            self._deliver(url, form)

        for _ in range(2 if delivery is Delivery.DOUBLED else 1):
            self.run(bring)

    def _deliver(self, url: str, form: dict[str, str]) -> None:
        """Once, whatever comes of it."""
        request = urllib.request.Request(url, urlencode(form).encode(), method="POST")
        with contextlib.suppress(OSError):
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    self.answers_to_callbacks.append(answer.status)
            except urllib.error.HTTPError as refusal:
                self.answers_to_callbacks.append(refusal.code)
            except URLError:
                self.answers_to_callbacks.append(0)


class _Http(ThreadingHTTPServer):
    request_queue_size = 128
    """More than five callers may knock at the same time."""


class _Handler(BaseHTTPRequestHandler):
    server_of: RestcommServer

    def do_GET(self) -> None:
        self._handle(parse_qsl(urlsplit(self.path).query))

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        self._handle(parse_qsl(self.rfile.read(length).decode(), keep_blank_values=True))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # The name is the library's.
        """Nothing to the terminal."""

    def _handle(self, pairs: list[tuple[str, str]]) -> None:
        names = [name for name, _ in pairs]
        form = {name: dict(reversed(pairs))[name] for name in names}  # Of repeated keys the first counts.
        self.server_of.requests.append((self.command, self.path, form))
        try:
            self._route(form)
        except Refused as refusal:
            self._answer(refusal.status, refusal.text.encode(), "text/plain", refusal.headers)
        except BrokenPipeError:
            pass

    def _route(self, form: dict[str, str]) -> None:
        parts = _PATH.fullmatch(urlsplit(self.path).path)
        if parts is None:
            raise Refused(404)
        self._check_credentials(parts["account"])
        kind, sid = (parts["kind"] or "").strip("/"), parts["sid"]
        is_json = parts["json"] is not None
        if self.command == "POST" and not sid and kind:
            self._create(kind, form, is_json)
        elif self.command == "POST" and kind == "Calls" and sid:
            self._show(call_view(self.server_of.account.update_call(sid, form)), is_json)
        elif self.command == "GET":
            if self.server_of.fails_to_look:
                raise Refused(500, "java.sql.SQLException")
            self._show(self._look(kind, sid, form), is_json)
        else:
            raise Refused(405)

    def _check_credentials(self, account_sid: str) -> None:
        scheme, _, encoded = self.headers.get("Authorization", "").partition(" ")
        try:
            username, _, password = base64.b64decode(encoded).decode().partition(":")
        except ValueError:
            username = password = ""
        server = self.server_of
        right = scheme == "Basic" and server.account.check(username, password)
        if not right or server.refuses_credentials:
            raise Refused(401)
        if account_sid != ACCOUNT_SID:
            raise Refused(404)

    def _create(self, kind: str, form: dict[str, str], is_json: bool) -> None:
        server = self.server_of
        fault = server.fault
        if fault is Fault.THROTTLED:
            raise Refused(429, "", {"Retry-After": "7"})
        if fault is Fault.BROKEN:
            raise Refused(500, "akka.pattern.AskTimeoutException")
        if fault is Fault.AWAY:
            raise Refused(503)
        account = server.account
        item = account.place_call(form) if kind == "Calls" else account.send_message(form)
        server.begin(item)
        if fault is Fault.HANG:
            server.stopping.wait(LONGEST_HANG)
        if fault in {Fault.HANG, Fault.LOST_ANSWER}:
            server.fault = fault if fault is Fault.HANG else Fault.NONE
            self.close_connection = True
            return
        if fault is Fault.GARBAGE:
            self._answer(200, b"<html>It works!</html>", "text/html")
            return
        self._show(call_view(item) if isinstance(item, FakeCall) else message_view(item), is_json)

    def _look(self, kind: str, sid: str | None, form: dict[str, str]) -> dict[str, Any]:
        account = self.server_of.account
        if not kind:
            return {"sid": ACCOUNT_SID, "status": account.status, "type": "Full", "friendly_name": "tests"}
        with account.lock:
            calls = [call_view(call) for call in account.calls.values()]
            views = calls if kind == "Calls" else [message_view(item) for item in account.messages.values()]
        if sid is not None:
            found = [view for view in views if view["sid"] == sid]
            if not found:
                raise Refused(404)
            return found[0]
        wanted = {} if self.server_of.ignores_filters else {"to": form.get("To"), "from": form.get("From")}
        views = [view for view in views if all(v in {None, view[name]} for name, v in wanted.items())]
        name, path = ("calls" if kind == "Calls" else "messages"), urlsplit(self.path).path
        return page_view(name, views, int(form.get("Page", "0")), int(form.get("PageSize", "50")), path)

    def _show(self, view: dict[str, Any], is_json: bool) -> None:
        if is_json:
            self._answer(200, json.dumps(view).encode(), "application/json")
            return
        root = ElementTree.Element("RestcommResponse")
        for name, value in view.items():
            ElementTree.SubElement(root, name.title().replace("_", "")).text = str(value)
        self._answer(200, ElementTree.tostring(root), "application/xml")

    def _answer(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def restcomm_server(
    account: RestcommAccount | None = None, *, lively: bool = False
) -> Iterator[RestcommServer]:
    """A server that is gone at the end."""
    server = RestcommServer(account, lively=lively)
    try:
        yield server
    finally:
        server.stop()


def _basic() -> str:
    return base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
