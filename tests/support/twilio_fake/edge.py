"""The HTTP address of the account, strict about what it takes, with faults that a test can switch on."""

from __future__ import annotations

import base64
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tests.support.twilio_fake.account import Account, Refusal
from tests.support.twilio_fake.network import Network

FORM_TYPE: Final = "application/x-www-form-urlencoded"
Page = dict[str, Any]


@dataclass
class Faults:
    """What goes wrong. Except for `credentials`, only requests that place or send are concerned.

    `lose_answers` counts the next requests that are carried out without an answer.
    """

    hang: bool = False
    garbage: bytes | None = None
    status: int | None = None
    retry_after: str | None = None
    lose_answers: int = 0
    credentials: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived; the authorization is left out."""

    method: str
    path: str
    form: dict[str, list[str]] = field(repr=False)
    query: dict[str, list[str]] = field(repr=False)


class FakeTwilio:
    """One account at `url`. With `network` calls and messages move on by themselves."""

    def __init__(self, account: Account, *, network: Network | None = None) -> None:
        self.account = account
        self.network = network
        self.faults = Faults()
        self.requests: list[Request] = []
        self.released = threading.Event()
        edge = self

        class Handler(_Handler):
            fake = edge

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def go_away(self) -> None:
        """Refuse every connection from now on, and end those that there are."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.cut()
        self._thread.join(timeout=5)

    def stop(self) -> None:
        if self._thread.is_alive():
            self.go_away()
        if self.network is not None:
            self.network.stop()

    def answer(self, request: Request) -> tuple[int, Page]:
        """What the API answers. Raises `Refusal`."""
        prefix = f"/2010-04-01/Accounts/{self.account.sid}"
        if not request.path.startswith(prefix):
            raise Refusal(20404, f"The requested resource {request.path} was not found", 404)
        path = request.path.removeprefix(prefix)
        for method, form, act in self._routes():
            found = re.fullmatch(form, path)
            if found is not None and method == request.method:
                return act(request, *found.groups())
        raise Refusal(20404, f"The requested resource {request.path} was not found", 404)

    def _routes(self) -> list[tuple[str, str, Callable[..., tuple[int, Page]]]]:
        return [
            ("GET", r"\.json", self._show_account),
            ("POST", r"/Calls\.json", self._create_call),
            ("GET", r"/Calls\.json", self._list_calls),
            ("POST", r"/Calls/(CA[0-9a-f]{32})\.json", self._update_call),
            ("POST", r"/Messages\.json", self._create_message),
            ("GET", r"/Messages\.json", self._list_messages),
            ("GET", r"/IncomingPhoneNumbers\.json", self._list_numbers),
        ]

    def _show_account(self, _request: Request) -> tuple[int, Page]:
        return 200, {"sid": self.account.sid, "status": self.account.status}

    def _create_call(self, request: Request) -> tuple[int, Page]:
        call = self.account.create_call(request.form)
        view = self.account.call_view(call)
        if self.network is not None:
            self.network.dial(call)
        return 201, view

    def _update_call(self, request: Request, sid: str) -> tuple[int, Page]:
        call, callback = self.account.update_call(sid, request.form)
        if self.network is not None:
            self.network.tell(callback)
        return 200, self.account.call_view(call)

    def _create_message(self, request: Request) -> tuple[int, Page]:
        message = self.account.create_message(request.form)
        view = self.account.message_view(message)
        if self.network is not None:
            self.network.transmit(message)
        return 201, view

    def _list_calls(self, request: Request) -> tuple[int, Page]:
        return 200, _page(request, "calls", map(self.account.call_view, self.account.calls.values()))

    def _list_messages(self, request: Request) -> tuple[int, Page]:
        views = map(self.account.message_view, self.account.messages.values())
        return 200, _page(request, "messages", views)

    def _list_numbers(self, request: Request) -> tuple[int, Page]:
        return 200, _page(request, "incoming_phone_numbers", reversed(self.account.number_views()))


@contextmanager
def running(fake: FakeTwilio) -> Iterator[FakeTwilio]:
    try:
        yield fake
    finally:
        fake.stop()


def _page(request: Request, name: str, views: Any) -> Page:
    """Newest first, filtered by To and From, in pages."""
    query = {key: values[0] for key, values in request.query.items()}
    unknown = set(query) - {"To", "From", "PageSize", "Page", "PageToken"}
    if unknown:
        raise Refusal(20001, f"unknown filters {sorted(unknown)}")
    found = list(views)[::-1]
    for filtered in ("To", "From"):
        if filtered in query:
            found = [view for view in found if view[filtered.lower()] == query[filtered]]
    size, page = int(query.get("PageSize", "50")), int(query.get("Page", "0"))
    more = len(found) > (page + 1) * size
    following = f"{request.path}?PageSize={size}&Page={page + 1}" if more else None
    return {
        name: found[page * size : (page + 1) * size],
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": min(len(found), (page + 1) * size) - 1,
        "uri": request.path,
        "first_page_uri": f"{request.path}?PageSize={size}&Page=0",
        "previous_page_uri": None,
        "next_page_uri": following,
    }


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def cut(self) -> None:
        for connection in list(self._open):
            self.shutdown_request(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that ends early is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    fake: FakeTwilio
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        form = parse_qs(body.decode(), keep_blank_values=True)
        request = Request(self.command, parts.path, form, parse_qs(parts.query, keep_blank_values=True))
        self.fake.requests.append(request)
        try:
            self._check(request)
            self._act(request)
        except Refusal as refusal:
            self._write(refusal.status, json.dumps(refusal.body).encode())

    def _check(self, request: Request) -> None:
        account = self.fake.account
        right = base64.b64encode(f"{account.sid}:{account.token}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {right}" or self.fake.faults.credentials:
            raise Refusal(20003, "Authenticate", 401)
        if request.method == "POST" and self.headers.get("Content-Type") != FORM_TYPE:
            raise Refusal(20001, "the content type is not that of a form", 415)

    def _act(self, request: Request) -> None:
        faults = self.fake.faults
        placing = request.method == "POST" and request.path.endswith(("/Calls.json", "/Messages.json"))
        if placing and faults.hang:
            self.fake.released.wait(30)
            self.close_connection = True
            return
        if placing and faults.retry_after is not None:
            refusal = Refusal(20429, "Too Many Requests", 429)
            self._write(429, json.dumps(refusal.body).encode(), {"Retry-After": faults.retry_after})
            return
        if placing and faults.status is not None:
            self._write(faults.status, b"<html>upstream error</html>")
            return
        status, answer = self.fake.answer(request)
        if placing and faults.lose_answers:
            faults.lose_answers -= 1
            self.close_connection = True
            return
        content = json.dumps(answer).encode()
        self._write(status, faults.garbage if placing and faults.garbage is not None else content)

    def _write(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(content)
