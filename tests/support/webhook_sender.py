"""A sender such as an operator writes, for tests: it checks signatures with the official library.

What it was asked for it keeps by attempt, and dials or sends nothing.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from standardwebhooks import Webhook, WebhookVerificationError

from ringproof_server.ports import CallbackRequest
from tests.support import leaks

SECRET: Final = "whsec_VGhpcyBpcyBhIHNlY3JldCBmb3IgdGVzdHMgb25seSE"
LONGEST_HANG = 30.0
Json = dict[str, Any]


class Fault(StrEnum):
    """What goes wrong with requests to place or send."""

    NONE = "none"
    HANG = "hang"
    LOST_ANSWER = "lost_answer"
    """Carried out once, and the connection ends without an answer; the next request is in order again."""
    GARBAGE = "garbage"


@dataclass
class Taken:
    """An attempt that the sender has taken, under a name of its own."""

    id: str
    data: Json = field(repr=False)
    up: bool = True


class Sender:
    """The sender behind HTTP. `answers` replaces the answer to requests of a type: status, body, headers."""

    def __init__(self, secret: str = SECRET) -> None:
        leaks.secret(secret, "password")
        self.webhook = Webhook(secret)
        self.taken: dict[str, Taken] = {}
        self.requests: list[tuple[Mapping[str, str], Json]] = []
        self.refused = 0
        self.fault = Fault.NONE
        self.answers: dict[str, tuple[int, bytes, dict[str, str]]] = {}
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"sender": self})
        self._http = _Http(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/ringproof"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Refuse connections from now on."""
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()

    def handle(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes, dict[str, str]]:
        """Check the signature, then do what the type of the request says."""
        try:
            said: Json = self.webhook.verify(body, dict(headers))
        except WebhookVerificationError:
            self.refused += 1
            return 401, b"", {}
        self.requests.append((dict(headers), said))
        kind, data = said["type"], said["data"]
        if kind in self.answers:
            return self.answers[kind]
        if kind in {"call.requested", "message.requested"}:
            return self._take(headers["webhook-id"], data)
        if kind in {"call.find", "message.find"}:
            found = self.taken.get(data["attempt"])
            return (404, b"", {}) if found is None else _json({"id": found.id})
        if kind == "call.hang_up":
            return self._hang_up(data["id"])
        return (200 if kind == "ping" else 400), b"", {}

    def _take(self, message_id: str, data: Json) -> tuple[int, bytes, dict[str, str]]:
        with self._lock:
            assert message_id == data["attempt"], "a request's id is that of its attempt"
            known = self.taken.get(message_id)
            taken = self.taken.setdefault(message_id, Taken(f"own-{len(self.taken)}", data))
        if known is not None:
            return 409, json.dumps({"id": taken.id}).encode(), {}
        return _json({"id": taken.id})

    def _hang_up(self, own_id: str) -> tuple[int, bytes, dict[str, str]]:
        for taken in self.taken.values():
            if taken.id == own_id:
                taken.up = False
                return 204, b"", {}
        return 404, b"", {}

    def event(self, taken: Taken, kind: str, now: datetime, **more: object) -> CallbackRequest:
        """An event about an attempt, as our server hands it to the carrier."""
        body = json.dumps({"type": kind, "reference": taken.data["reference"], **more})
        return signed_event(self.webhook, taken.data["events_url"], f"evt_{taken.id}_{kind}", now, body)


def signed_event(webhook: Webhook, url: str, message_id: str, now: datetime, body: str) -> CallbackRequest:
    """Signed by the official library."""
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": webhook.sign(message_id, now, body),
    }
    return CallbackRequest(path="events", url=url, method="POST", headers=headers, body=body.encode())


class _Http(ThreadingHTTPServer):
    request_queue_size = 128
    """More than five callers may knock at the same time."""


class _Handler(BaseHTTPRequestHandler):
    sender: Sender

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, answer, more = self.sender.handle(headers, body)
        sender = self.sender
        placing = status == 200 and b"requested" in body
        if placing and sender.fault is Fault.HANG:
            sender.stopping.wait(LONGEST_HANG)
        if placing and sender.fault in {Fault.HANG, Fault.LOST_ANSWER}:
            sender.fault = Fault.HANG if sender.fault is Fault.HANG else Fault.NONE
            self.close_connection = True
            return
        if placing and sender.fault is Fault.GARBAGE:
            answer = b"<html>It works!</html>"
        self.send_response(status)
        for name, value in {"Content-Length": str(len(answer)), **more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # The name is the library's.
        """Nothing to the terminal."""


@contextmanager
def running_sender(secret: str = SECRET) -> Iterator[Sender]:
    """A sender that is gone at the end."""
    sender = Sender(secret)
    try:
        yield sender
    finally:
        sender.stop()


def _json(said: Json) -> tuple[int, bytes, dict[str, str]]:
    return 200, json.dumps(said).encode(), {"Content-Type": "application/json"}
