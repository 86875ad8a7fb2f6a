"""What every request and every answer has: an id, a log line, a measurement, headers that protect."""

from __future__ import annotations

import re
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from ringproof_server.http.metrics import PrometheusMetrics
from ringproof_server.ports import Random

LARGEST_BODY: Final = 64 * 1024
REQUEST_ID: Final = "X-Request-ID"

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_REQUEST_ID_BYTES: Final = 12
_UNMATCHED: Final = "unmatched"
_STRICT: Final = "default-src 'none'; frame-ancestors 'none'"
_FOR_PAGES: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Edge:
    """Hooks around every request of an app."""

    def __init__(self, random: Random, metrics: PrometheusMetrics, public_url: str) -> None:
        self._random = random
        self._metrics = metrics
        self._log = structlog.get_logger("ringproof_server.http")
        headers = [("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer")]
        if urlsplit(public_url).scheme == "https":
            headers.append(("Strict-Transport-Security", "max-age=31536000"))
        self._headers = tuple(headers)

    def attach(self, app: Flask, trusted_proxies: int) -> None:
        """Register the hooks; `trusted_proxies` entries of `X-Forwarded-For` are believed, from the right."""
        app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
        app.before_request(self._arrive)
        app.after_request(self._leave)
        app.teardown_request(_forget)
        if trusted_proxies:
            app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
                app.wsgi_app, x_for=trusted_proxies, x_proto=0, x_host=0, x_port=0, x_prefix=0
            )

    def _arrive(self) -> None:
        given = request.headers.get(REQUEST_ID)
        if given is None or not _REQUEST_ID.fullmatch(given):
            given = self._random.bytes(_REQUEST_ID_BYTES).hex()
        g.request_id = given
        g.arrived = perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=given)

    def _leave(self, response: Response) -> Response:
        seconds = perf_counter() - g.arrived
        headers = response.headers
        headers[REQUEST_ID] = g.request_id
        for name, value in self._headers:
            headers[name] = value
        if "Content-Security-Policy" not in headers:
            page = response.mimetype == "text/html"
            headers["Content-Security-Policy"] = _FOR_PAGES if page else _STRICT
        if "Cache-Control" not in headers:
            headers["Cache-Control"] = "no-store"
        rule = request.url_rule
        route = _UNMATCHED if rule is None else rule.rule
        method = request.method if request.method in _METHODS else "other"
        self._metrics.request(method, route, response.status_code, seconds)
        self._log.info(
            "request",
            method=method,
            route=route,
            status=response.status_code,
            ms=round(seconds * 1000, 2),
            application=g.get("application"),
            verification=g.get("verification"),
            problem=g.get("problem"),
        )
        return response


def _forget(_fault: BaseException | None) -> None:
    """What the thread logs next belongs to another request, or to none."""
    structlog.contextvars.clear_contextvars()
