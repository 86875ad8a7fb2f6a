"""Which web pages may use the API: those of the origins that an application names, without credentials."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from ringproof_server.domain.application import LONGEST_ORIGIN, Caller
from ringproof_server.domain.errors import Forbidden, ServiceUnavailable
from ringproof_server.http.exchange import Exchange
from ringproof_server.ports import Clock, Storage
from ringproof_server.service.access import KEPT_FOR

KNOWN_FOR: Final = KEPT_FOR
"""How long the origins of all applications are believed without asking the database: as long as keys."""

_SCOPE: Final = "/v1/"
_METHODS: Final = "GET, POST, DELETE"
_REQUEST_HEADERS: Final = "Authorization, Content-Type, Idempotency-Key, Ringproof-Challenge, X-Request-ID"
_SHOWN_HEADERS: Final = "Location, Retry-After, X-Request-ID"
_PREFLIGHT_SECONDS: Final = "600"
_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")

Headers = list[tuple[str, str]]


class Cors:
    """Answers preflights and checks origins of the public contract.

    A preflight carries no key, so it is answered for the origins of any application; the request that follows
    is refused unless the origin belongs to the caller's own.
    """

    def __init__(self, storage: Storage, clock: Clock, public_url: str) -> None:
        self._storage = storage
        self._clock = clock
        self._own = own_origins(public_url)
        self._known: tuple[datetime, frozenset[str]] | None = None

    def preflight(self, environ: dict[str, Any]) -> Headers | None:
        """The headers that answer a preflight; None if the request is none."""
        if environ["REQUEST_METHOD"] != "OPTIONS" or not environ.get("PATH_INFO", "").startswith(_SCOPE):
            return None
        if "HTTP_ORIGIN" not in environ or "HTTP_ACCESS_CONTROL_REQUEST_METHOD" not in environ:
            return None
        headers = [("Vary", "Access-Control-Request-Method")]
        if self._is_any(environ["HTTP_ORIGIN"]):
            headers += [
                ("Access-Control-Allow-Methods", _METHODS),
                ("Access-Control-Allow-Headers", _REQUEST_HEADERS),
                ("Access-Control-Max-Age", _PREFLIGHT_SECONDS),
            ]
        return headers

    def grant(self, environ: dict[str, Any], exchange: Exchange, headers: Headers) -> None:
        """Let the page read the answer: a known caller's own origins, and of a refusal anybody's."""
        if not environ.get("PATH_INFO", "").startswith(_SCOPE):
            return
        headers.append(("Vary", "Origin"))
        origin, caller = environ["HTTP_ORIGIN"], exchange.caller
        if self._is_any(origin) if caller is None else self._belongs(origin, caller):
            headers.append(("Access-Control-Allow-Origin", origin))
            headers.append(("Access-Control-Expose-Headers", _SHOWN_HEADERS))

    def check(self, origin: str, caller: Caller) -> None:
        """Raises `Forbidden` for a page of another origin than the caller's application names."""
        if not self._belongs(origin, caller):
            raise Forbidden("This origin is not one of the application's")

    def _belongs(self, origin: str, caller: Caller) -> bool:
        return origin in self._own or origin in caller.application.allowed_origins

    def _is_any(self, origin: str) -> bool:
        if origin in self._own:
            return True
        return len(origin) <= LONGEST_ORIGIN and origin in self._all_origins()

    def _all_origins(self) -> frozenset[str]:
        """The origins of all applications; as they last were while the database is away."""
        now = self._clock.now()
        known = self._known
        if known is not None and abs(now - known[0]) <= KNOWN_FOR:
            return known[1]
        try:
            listing = self._storage.read(lambda session: session.applications.listing())
        except ServiceUnavailable:
            return frozenset() if known is None else known[1]
        found = frozenset(origin for application in listing for origin in application.allowed_origins)
        self._known = (now, found)
        return found


def own_origins(public_url: str) -> frozenset[str]:
    """The origin of our own pages; on a loopback address under each of its names."""
    address = urlsplit(public_url)
    own = {f"{address.scheme}://{address.netloc}"}
    if address.hostname in {"127.0.0.1", "localhost", "::1"}:
        port = f":{address.port}" if address.port else ""
        own |= {f"{address.scheme}://{host}{port}" for host in _LOOPBACK}
    return frozenset(own)
