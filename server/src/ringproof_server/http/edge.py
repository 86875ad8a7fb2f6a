"""What every request and every answer has: an id, a log line, a measurement, headers that protect.

This is WSGI middleware around the application and not a set of its hooks: it also holds for what the
framework answers by itself, and costs a tenth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import structlog

from ringproof_server.http.cors import Cors
from ringproof_server.http.exchange import KEY, Exchange
from ringproof_server.http.metrics import PrometheusMetrics
from ringproof_server.logs import REQUEST_ID as LOGGED_REQUEST_ID
from ringproof_server.ports import Random

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

REQUEST_ID: Final = "X-Request-ID"

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_REQUEST_ID_BYTES: Final = 12
_STRICT: Final = ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
_FOR_PAGES: Final = (
    "Content-Security-Policy",
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
)
_NO_STORE: Final = ("Cache-Control", "no-store")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

Headers = list[tuple[str, str]]


class Edge:
    """The outermost layer of the application."""

    def __init__(
        self,
        inner: WSGIApplication,
        *,
        random: Random,
        metrics: PrometheusMetrics,
        cors: Cors,
        public_url: str,
    ) -> None:
        self._inner = inner
        self._random = random
        self._metrics = metrics
        self._cors = cors
        # Bound now, because the lazy logger would find its configuration anew for every line.
        self._log = structlog.get_logger("ringproof_server.http").bind()
        headers = [("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer")]
        if urlsplit(public_url).scheme == "https":
            headers.append(("Strict-Transport-Security", "max-age=31536000"))
        self._headers = tuple(headers)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        began = perf_counter()
        given = environ.get("HTTP_X_REQUEST_ID")
        if given is None or not _REQUEST_ID.fullmatch(given):
            given = self._random.bytes(_REQUEST_ID_BYTES).hex()
        exchange = environ[KEY] = Exchange(given)
        token = LOGGED_REQUEST_ID.set(given)
        try:
            answer = self._answer(environ, exchange, start_response)
            self._record(environ, exchange, perf_counter() - began)
            return answer
        finally:
            LOGGED_REQUEST_ID.reset(token)

    def _answer(
        self, environ: dict[str, Any], exchange: Exchange, start_response: StartResponse
    ) -> Iterable[bytes]:
        def start(status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], object]:
            exchange.status = int(status[:3])
            self._protect(environ, exchange, headers)
            return start_response(status, headers, exc_info)

        granted = self._cors.preflight(environ)
        if granted is not None:
            start("204 No Content", granted)
            return ()
        return self._inner(environ, start)

    def _protect(self, environ: dict[str, Any], exchange: Exchange, headers: Headers) -> None:
        """Add our headers; what the answer has decided for itself about caching and content stays."""
        policy, cached = _STRICT, False
        for name, value in headers:
            if name == "Content-Type" and value.startswith("text/html"):
                policy = _FOR_PAGES
            elif name == "Cache-Control":
                cached = True
        headers.append((REQUEST_ID, exchange.request_id))
        headers.extend(self._headers)
        headers.append(policy)
        if not cached:
            headers.append(_NO_STORE)
        if "HTTP_ORIGIN" in environ:
            self._cors.grant(environ, exchange, headers)

    def _record(self, environ: dict[str, Any], exchange: Exchange, seconds: float) -> None:
        method = environ["REQUEST_METHOD"]
        if method not in _METHODS:
            method = "other"
        self._metrics.request(method, exchange.route, exchange.status, seconds)
        caller = exchange.caller
        self._log.info(
            "request",
            method=method,
            route=exchange.route,
            status=exchange.status,
            ms=round(seconds * 1000, 2),
            application=None if caller is None else caller.application.id,
            verification=exchange.verification,
            problem=exchange.problem,
        )
