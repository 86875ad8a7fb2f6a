"""An application's back end for tests: it checks every event with the official Standard Webhooks library.

It can be away, slow, or fail; what it took it keeps in the order in which it came.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from standardwebhooks import Webhook, WebhookVerificationError

from tests.support import leaks

Json = dict[str, Any]
NO_ANSWER: Final = 0
"""A status that is never sent: the connection ends instead."""


@dataclass(frozen=True)
class Request:
    """A request that was rightly signed; `said` is its body."""

    id: str
    path: str
    said: Json = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def verification(self) -> str:
        return str(self.said["data"]["id"])

    @property
    def sequence(self) -> int:
        return int(self.said["data"]["sequence"])


Reaction = Callable[[Request], tuple[int, bytes]]


def takes_all(_: Request) -> tuple[int, bytes]:
    return 204, b""


class BackEnd:
    """The back end behind HTTP. `react` answers what is rightly signed; 2xx means that it was taken, and so
    does `NO_ANSWER`."""

    def __init__(self, *, live: bool = True, port: int = 0) -> None:
        """`live` is whether signatures have to be of the present, as the library demands."""
        self.secrets: list[str] = []
        self.react: Reaction = takes_all
        self.taken: list[Request] = []
        self.asked: list[Request] = []
        self.refused = 0
        self.stopping = threading.Event()
        self._live = live
        self._lock = threading.Lock()
        self._port = port
        self._open()

    def _open(self) -> None:
        handler = type("Handler", (_Handler,), {"back_end": self})
        self._http = _Http(("127.0.0.1", self._port), handler)
        self._port = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self._port}/events"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def trust(self, secret: str | None) -> None:
        assert secret is not None
        with contextlib.suppress(ValueError):
            # One in which a sign of Base64 that is no letter comes early cannot be searched for.
            leaks.secret(secret, "password")
        self.secrets.append(secret)

    def go_away(self) -> None:
        """Refuse connections from now on."""
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()

    def come_back(self) -> None:
        """Listen again, at the same address."""
        self.stopping.clear()
        self._open()

    def handle(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        if not self._is_signed(headers, body):
            with self._lock:
                self.refused += 1
            return 401, b""
        request = Request(headers["webhook-id"], path, json.loads(body), body)
        with self._lock:
            self.asked.append(request)
        status, answer = self.react(request)
        if 200 <= status < 300 or status == NO_ANSWER:
            with self._lock:
                self.taken.append(request)
        return status, answer

    def by_verification(self) -> dict[str, list[Request]]:
        """What was taken of each verification, each event once, in the order in which it first came."""
        found: dict[str, dict[str, Request]] = defaultdict(dict)
        with self._lock:
            for request in self.taken:
                found[request.verification].setdefault(request.id, request)
        return {name: list(requests.values()) for name, requests in found.items()}

    def _is_signed(self, headers: dict[str, str], body: bytes) -> bool:
        for secret in self.secrets:
            webhook = Webhook(secret)
            if self._live:
                try:
                    webhook.verify(body, headers)
                except WebhookVerificationError:
                    continue
                return True
            at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
            right = webhook.sign(headers["webhook-id"], at, body.decode())
            if right in headers["webhook-signature"].split():
                return True
        return False


class _Http(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing to the terminal: whoever asks may have gone before the answer."""


class _Handler(BaseHTTPRequestHandler):
    back_end: BackEnd

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, answer = self.back_end.handle(self.path, headers, body)
        if status == NO_ANSWER:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        if 300 <= status < 400:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # The name is the library's.
        """Nothing to the terminal."""


@contextmanager
def running_back_end(*, live: bool = True) -> Iterator[BackEnd]:
    """A back end that is gone at the end."""
    made = BackEnd(live=live)
    try:
        yield made
    finally:
        made.go_away()
