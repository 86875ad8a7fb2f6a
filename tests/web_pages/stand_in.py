"""A stand-in for the API behind the pages, at the HTTP edge only: it answers what a test tells it to.

The pages themselves are the real ones. It exists for what a real server cannot be made to do on demand:
answers that overtake each other, lost connections, rare states.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from flask import Flask, Response, request
from werkzeug.serving import make_server

from ringproof_server.domain.errors import CLIENT_ERRORS
from ringproof_server.web import PagesConfig, create_pages

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
KEY: Final = "rp_pk_test_0123456789abcdef"
CHALLENGE: Final = "head.challenge.signature"

Json = dict[str, Any]
Answer = tuple[int, Json]

_STATUS: Final = {error.slug: 400 for error in CLIENT_ERRORS}


def flash_view(**changes: Any) -> Json:
    """A pending verification that rings, as the server answers it; `changes` replace members."""
    view: Json = {
        "id": "vrf_1",
        "status": "pending",
        "reason": None,
        "phone_number": "+44••••••0123",
        "reference": None,
        "expires_in": 300,
        "attempt": {"id": "att_1", "channel": "flashcall", "status": "ringing", "reason": None},
        "flashcall": {
            "caller_id_pattern": {"prefix": "+4420", "length": 13},
            "digits_to_type": 4,
            "calls": 1,
            "call": 1,
            "interception_timeout": 45,
            "report_timeout": 75,
            "ring_time": "check",
        },
        "code": None,
        "skipped": [],
        "next": {"check_in": 0, "channels": {"sms": 0}, "automatic": {"channel": "sms", "in": 41}},
        "checks_left": 3,
        "assurance_bits": 11.7,
    }
    return {**copy.deepcopy(view), **changes}


def code_view(**changes: Any) -> Json:
    """A pending verification that waits for a code from a text message."""
    return flash_view(
        **{
            "attempt": {"id": "att_2", "channel": "sms", "status": "accepted", "reason": None},
            "flashcall": None,
            "code": {"length": 6},
            "next": {"check_in": 0, "channels": {"sms": 60, "voice": 60}, "automatic": None},
            "checks_left": 5,
            "assurance_bits": 17.6,
            **changes,
        }
    )


def keypad_view(**changes: Any) -> Json:
    """A pending verification whose call asks for the digits that the page shows."""
    call = {"id": "att_3", "channel": "keypad", "status": "answered", "reason": None}
    shown = {"digits": "482915", "typed": False}
    return code_view(**{"attempt": call, "code": None, "keypad": shown, **changes})


def ended_view(status: str, **changes: Any) -> Json:
    """A finished verification."""
    return flash_view(
        **{"status": status, "next": {"check_in": None, "channels": {}, "automatic": None}, **changes}
    )


def problem(slug: str, status: int, **more: Any) -> Answer:
    """An answer of the type `application/problem+json`."""
    body = {"type": f"/problems/{slug}", "title": slug, "status": status, "detail": slug, "instance": "req_7"}
    return status, {**body, **more}


@dataclass
class Seen:
    method: str
    path: str
    body: Any
    headers: Mapping[str, str]


@dataclass
class StandIn:
    """`answers` maps "POST /confirm" (method and the end of the path) to the answers given in turn; the last
    one is given again and again. A callable is asked for its answer at the time; None drops the connection.
    """

    url: str = ""
    answers: dict[str, list[Answer | Callable[[], Answer] | None]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def on(self, what: str, *answers: Answer | Callable[[], Answer] | None) -> None:
        with self.lock:
            self.answers[what] = list(answers)

    def requests(self, what: str) -> list[Seen]:
        method, ending = what.split(" ")
        with self.lock:
            return [one for one in self.seen if one.method == method and one.path.endswith(ending)]

    def take(self, what: str) -> Answer | None:
        with self.lock:
            line = self.answers.get(what)
            if line is None:
                return problem("not-found", 404)
            answer = line.pop(0) if len(line) > 1 else line[0]
        return answer() if callable(answer) else answer


def create_stand_in(api: StandIn, config: PagesConfig) -> Flask:
    """The pages and the scripted API in one application, under the policy the server sets."""
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(create_pages(config))

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = CSP
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.route("/v1/verifications", methods=["POST"], defaults={"rest": ""})
    @app.route("/v1/verifications/vrf_1", methods=["GET", "DELETE"], defaults={"rest": ""})
    @app.route("/v1/verifications/vrf_1/<rest>", methods=["POST"])
    def verifications(rest: str) -> Response:
        with api.lock:
            api.seen.append(
                Seen(request.method, request.path, request.get_json(silent=True), dict(request.headers))
            )
        ending = f"/{rest}" if rest else ("/verifications" if request.method == "POST" else "/vrf_1")
        answer = api.take(f"{request.method} {ending}")
        if answer is None:
            # Nothing sensible can be said by a closed connection: the browser sees a network error.
            request.environ["werkzeug.socket"].close()
            return Response(status=502)
        status, body = answer
        kind = "application/json" if status < 400 else "application/problem+json"
        return Response(json.dumps(body), status, content_type=kind)

    return app


@contextmanager
def running(app: Flask, port: int = 0) -> Iterator[str]:
    """The application on this or a free port of this computer; the address without a slash at its end."""
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def demo_config(**changes: Any) -> PagesConfig:
    values: dict[str, Any] = {
        "brand": "Ringproof",
        "openapi": dict,
        "problem_status": _STATUS,
        "page_key": KEY,
        "demo": True,
    }
    return PagesConfig(**{**values, **changes})
