"""Which web pages may use the API: those of the origins that an application names, without credentials."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, g, request

from ringproof_server.domain.errors import Forbidden
from ringproof_server.http.auth import current_caller
from ringproof_server.ports import Clock, Storage

KNOWN_FOR: Final = timedelta(seconds=10)
"""How long the origins of all applications are believed without asking the database."""

_METHODS: Final = "GET, POST, DELETE"
_REQUEST_HEADERS: Final = "Authorization, Content-Type, Idempotency-Key, Ringproof-Challenge, X-Request-ID"
_SHOWN_HEADERS: Final = "Location, Retry-After, X-Request-ID"
_PREFLIGHT_SECONDS: Final = "600"
_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
_LONGEST_ORIGIN: Final = 255


class Cors:
    """Answers preflights and checks origins below one path.

    A preflight carries no key, so it is answered for the origins of any application; the request that follows
    is refused unless the origin belongs to the caller's own.
    """

    def __init__(self, storage: Storage, clock: Clock, public_url: str) -> None:
        self._storage = storage
        self._clock = clock
        self._own = _own_origins(public_url)
        self._known: tuple[datetime, frozenset[str]] | None = None

    def attach(self, app: Flask, path: str) -> None:
        """Answer preflights below `path`, and tell browsers which answers a page may read."""

        def preflight() -> Response | None:
            origin = request.headers.get("Origin")
            wished = "Access-Control-Request-Method" in request.headers
            if request.method != "OPTIONS" or origin is None or not wished:
                return None
            if not request.path.startswith(path):
                return None
            response = Response(status=204)
            if self._is_any(origin):
                self._grant(response, origin)
                response.headers["Access-Control-Allow-Methods"] = _METHODS
                response.headers["Access-Control-Allow-Headers"] = _REQUEST_HEADERS
                response.headers["Access-Control-Max-Age"] = _PREFLIGHT_SECONDS
            response.headers["Vary"] = "Origin, Access-Control-Request-Method"
            return response

        def grant(response: Response) -> Response:
            origin = request.headers.get("Origin")
            if origin is None or request.method == "OPTIONS" or not request.path.startswith(path):
                return response
            if origin in self._own or self._may_read(origin):
                self._grant(response, origin)
            response.headers["Vary"] = "Origin"
            return response

        app.before_request(preflight)
        app.after_request(grant)

    def check(self, blueprint: Blueprint) -> None:
        """Refuse requests to `blueprint` from pages of other origins; attach it after the key is required."""

        def refuse_strangers() -> None:
            origin = request.headers.get("Origin")
            if origin is None or origin in self._own:
                return
            if origin not in current_caller().application.allowed_origins:
                raise Forbidden("This origin is not one of the application's")

        blueprint.before_request(refuse_strangers)

    def _may_read(self, origin: str) -> bool:
        """An answer to a known caller is for its own origins, a refusal of an unknown one for anybody's."""
        caller = g.get("caller")
        if caller is None:
            return self._is_any(origin)
        return origin in caller.application.allowed_origins

    def _is_any(self, origin: str) -> bool:
        if len(origin) > _LONGEST_ORIGIN:
            return False
        now = self._clock.now()
        known = self._known
        if known is None or abs(now - known[0]) > KNOWN_FOR:
            listing = self._storage.read(lambda session: session.applications.listing())
            found = frozenset(origin for application in listing for origin in application.allowed_origins)
            known = self._known = (now, found)
        return origin in known[1] or origin in self._own

    @staticmethod
    def _grant(response: Response, origin: str) -> None:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = _SHOWN_HEADERS


def _own_origins(public_url: str) -> frozenset[str]:
    """The origin of our own pages; on a loopback address under each of its names."""
    address = urlsplit(public_url)
    own = {f"{address.scheme}://{address.netloc}"}
    if address.hostname in {"127.0.0.1", "localhost", "::1"}:
        port = f":{address.port}" if address.port else ""
        own |= {f"{address.scheme}://{host}{port}" for host in _LOOPBACK}
    return frozenset(own)
