"""What is known of the present request and its answer, kept where every layer of WSGI can reach it."""

from __future__ import annotations

from typing import Any, Final

from flask import request

from ringproof_server.domain.application import Caller

KEY: Final = "ringproof.exchange"
UNMATCHED: Final = "unmatched"


class Exchange:
    """Filled in while the request is worked on, read when its log line is written.

    `route` is the template of the route, never the path. `verification` and `problem` are ids for operators.
    """

    __slots__ = ("caller", "problem", "request_id", "route", "status", "verification")

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        self.route = UNMATCHED
        self.status = 0
        self.caller: Caller | None = None
        self.verification: str | None = None
        self.problem: str | None = None


def exchange_of(environ: dict[str, Any]) -> Exchange:
    """The exchange of a WSGI environment that came through the edge."""
    exchange: Exchange = environ[KEY]
    return exchange


def current_exchange() -> Exchange:
    """The exchange of the present Flask request."""
    exchange: Exchange = request.environ[KEY]
    return exchange
