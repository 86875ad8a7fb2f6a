"""The HTTP edge of the fake Vonage: requests as they come in, answers and problems as they go out."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

Json = dict[str, Any]
Answer = tuple[int, object, dict[str, str]]
"""Status, body (bytes go out as they are, everything else as JSON) and headers."""

PROBLEMS = "https://developer.vonage.com/api-errors"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> Json:
        found: Json = json.loads(self.body)
        return found


def problem(status: int, slug: str, *, headers: dict[str, str] | None = None, **more: object) -> Answer:
    body = {"type": f"{PROBLEMS}#{slug}", "title": slug, "detail": "as documented", "instance": str(uuid4())}
    return status, {**body, **more}, headers or {}


def invalid(request: Request, names: list[str]) -> Answer:
    """Both APIs say which field is wrong, each in its own way."""
    detail = f"{request.json()['to']} is not a number"
    if request.path == "/v1/calls":
        return problem(400, "invalid-params", invalid_parameters=dict.fromkeys(names, detail))
    named = [{"name": name, "reason": detail} for name in names]
    return problem(422, "invalid-params", invalid_parameters=named)


def serve(answer_to: Callable[[Request], Answer | None]) -> ThreadingHTTPServer:
    """A server on a free port that runs already; no answer ends the connection."""

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = dict(parse_qsl(parts.query))
            answer = answer_to(Request(self.command, parts.path, query, headers, body))
            if answer is None:
                self.close_connection = True
                return
            status, content, more = answer
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if status != 204:
                self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _any  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nobody reads it."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server
