"""Requests to push services, whose addresses come from strangers: judged first, then asked once.

The name is resolved here, and the connection goes to an address that was judged, so that a second answer of
the name's owner leads nowhere else. No redirect is followed.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from ringproof_server.carriers.plugin import Timeouts
from ringproof_server.domain.errors import CarrierUnavailable, NumberUnreachable, OutcomeUnknown
from ringproof_server.domain.webhook import is_public, literal_address

LONGEST_WAIT_ASKED: Final = 3600.0

Lookup = Callable[[str, int], list[str]]


def system_lookup(host: str, port: int) -> list[str]:
    """The addresses of a name as this machine knows them. Raises `OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class PushPosts:
    """Sends requests, each once. Without `private` only to addresses of the public Internet."""

    def __init__(
        self,
        timeouts: Timeouts,
        *,
        private: bool,
        lookup: Lookup = system_lookup,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls` says whom to trust; the system's authorities if left out."""
        self._timeouts = timeouts
        self._private = private
        self._lookup = lookup
        self._tls = tls

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, float | None]:
        """The status, and the seconds of `Retry-After` where the push service gives them.

        Raises `NumberUnreachable` for an address that nothing is sent to, `CarrierUnavailable` when nothing
        was sent, `OutcomeUnknown` when no answer came.
        """
        parts = urlsplit(url)
        host, is_tls = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if is_tls else 80)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            with self._pool(self._address_of(host, port), host, port, is_tls=is_tls) as pool:
                answer = pool.urlopen(
                    "POST",
                    target,
                    body=body,
                    headers={"Host": parts.netloc, **headers},
                    redirect=False,
                    retries=False,
                    preload_content=False,
                )
                answer.close()
        except (HTTPError, OSError) as fault:
            if _never_left(fault):
                raise CarrierUnavailable("the push service does not answer") from None
            raise OutcomeUnknown("the push service did not answer a request") from None
        return answer.status, _seconds(answer.headers.get("Retry-After", ""))

    def _pool(self, address: str, host: str, port: int, *, is_tls: bool) -> urllib3.HTTPConnectionPool:
        timeout = urllib3.Timeout(connect=self._timeouts.connect, total=self._timeouts.total)
        if not is_tls:
            return urllib3.HTTPConnectionPool(address, port, timeout=timeout)
        return urllib3.HTTPSConnectionPool(
            address,
            port,
            timeout=timeout,
            ssl_context=self._context(),
            server_hostname=host,
        )

    def _context(self) -> ssl.SSLContext:
        """Made at the first use, since reading the authorities takes long."""
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def _address_of(self, host: str, port: int) -> str:
        try:
            found = [host] if literal_address(host) is not None else self._lookup(host, port)
        except (OSError, UnicodeError):
            raise CarrierUnavailable("the push service cannot be found") from None
        allowed = [address for address in found if self._private or _is_public(address)]
        if not allowed:
            raise NumberUnreachable("the subscription does not lead to a public address")
        return allowed[0]


def _is_public(address: str) -> bool:
    parsed = literal_address(address)
    return parsed is not None and is_public(parsed)


def _never_left(fault: Exception) -> bool:
    """Whether the request cannot have reached the other side."""
    if isinstance(fault, SSLError):
        return isinstance(fault.args[0] if fault.args else None, ssl.SSLCertVerificationError)
    return isinstance(fault, NewConnectionError | ConnectTimeoutError)


def _seconds(text: str) -> float | None:
    """The seconds that `Retry-After` asks for; None where it is missing or names a date."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        return None
    return min(float(text), LONGEST_WAIT_ASKED)
