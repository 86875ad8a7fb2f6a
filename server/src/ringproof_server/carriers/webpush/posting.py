"""Requests to push services, whose addresses come from strangers: judged first, then asked once.

The name is resolved here, and the connection goes to an address that was judged, so that a second answer of
the name's owner leads nowhere else. No redirect is followed. Of the answer only its head is read, until a
deadline: the libraries bound each wait and not their sum, and a stranger's service may let its answer drip.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import SplitResult, urlsplit

from ringproof_server.carriers.plugin import Timeouts
from ringproof_server.domain.errors import CarrierUnavailable, NumberUnreachable, OutcomeUnknown
from ringproof_server.domain.webhook import is_public, literal_address

LONGEST_WAIT_ASKED: Final = 3600.0
LONGEST_HEAD: Final = 16 * 1024
"""Bytes of an answer after which its end is not waited for."""

LOOK_UPS: Final = 16
"""Threads that may wait for the system's resolver, which can be told no time limit."""

_END_OF_HEAD: Final = b"\r\n\r\n"

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
        self._places = threading.BoundedSemaphore(LOOK_UPS)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, float | None]:
        """The status, and the seconds of `Retry-After` where the push service gives them.

        Raises `NumberUnreachable` for an address that nothing is sent to, `CarrierUnavailable` when nothing
        was sent, `OutcomeUnknown` when no answer came.
        """
        deadline = time.monotonic() + self._timeouts.total
        parts = urlsplit(url)
        with self._connected(parts, deadline) as line:
            try:
                line.settimeout(_left(deadline))
                line.sendall(_request(parts, headers, body))
                return _answer(line, deadline)
            except (OSError, http.client.HTTPException, ValueError):
                raise OutcomeUnknown("the push service did not answer a request") from None

    def _connected(self, parts: SplitResult, deadline: float) -> socket.socket:
        host, is_tls = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if is_tls else 80)
        address = self._address_of(host, port, min(self._timeouts.connect, _left(deadline)))
        try:
            patience = min(self._timeouts.connect, _left(deadline))
            raw = socket.create_connection((address, port), timeout=patience)
            try:
                raw.settimeout(min(self._timeouts.connect, _left(deadline)))
                return self._context().wrap_socket(raw, server_hostname=host) if is_tls else raw
            except BaseException:
                raw.close()
                raise
        except (OSError, ValueError):
            raise CarrierUnavailable("the push service does not answer") from None

    def _context(self) -> ssl.SSLContext:
        """Made at the first use, since reading the authorities takes long."""
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def _address_of(self, host: str, port: int, patience: float) -> str:
        found = [host] if literal_address(host) is not None else self._looked_up(host, port, patience)
        allowed = [address for address in found if self._private or _is_public(address)]
        if not allowed:
            raise NumberUnreachable("the subscription does not lead to a public address")
        return allowed[0]

    def _looked_up(self, host: str, port: int, patience: float) -> list[str]:
        """The addresses of a name, unless its owner's servers keep the resolver waiting for longer."""
        if not self._places.acquire(blocking=False):
            raise CarrierUnavailable("too many names are being looked up")
        found: list[str] = []

        def look_up() -> None:
            try:
                found.extend(self._lookup(host, port))
            except (OSError, UnicodeError):
                found.clear()
            finally:
                self._places.release()

        thread = threading.Thread(target=look_up, name="push-look-up", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self._places.release()
            raise CarrierUnavailable("this machine has no thread for the look-up") from None
        thread.join(patience)
        if thread.is_alive() or not found:
            raise CarrierUnavailable("the push service cannot be found")
        return found


def _request(parts: SplitResult, headers: Mapping[str, str], body: bytes) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    fixed = {"Host": parts.netloc, "Content-Length": str(len(body)), "Connection": "close"}
    lines = [
        f"POST {target} HTTP/1.1",
        *(f"{name}: {value}" for name, value in (fixed | dict(headers)).items()),
    ]
    return "\r\n".join(lines).encode("ascii") + _END_OF_HEAD + body


def _answer(line: socket.socket, deadline: float) -> tuple[int, float | None]:
    """Status and wait from the first head that is an answer. Raises `OSError`, `ValueError` without one."""
    received = b""
    for _ in range(LONGEST_HEAD):
        head, ended, rest = received.partition(_END_OF_HEAD)
        if ended:
            status_line, _, fields = head.partition(b"\r\n")
            version, status = status_line.split(None, 2)[:2]
            if not version.startswith(b"HTTP/1.") or not 100 <= int(status) <= 599:
                raise ValueError("this is not HTTP")
            if int(status) >= 200:
                found = http.client.parse_headers(io.BytesIO(fields + _END_OF_HEAD))
                return int(status), _seconds(found.get("Retry-After", ""))
            received = rest
            continue
        line.settimeout(_left(deadline))
        part = line.recv(4096)
        received += part
        if not part or len(received) > LONGEST_HEAD:
            break
    raise OSError("there is no answer")


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is over")
    return left


def _is_public(address: str) -> bool:
    parsed = literal_address(address)
    return parsed is not None and is_public(parsed)


def _seconds(text: str) -> float | None:
    """The seconds that `Retry-After` asks for; None where it is missing or names a date."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        return None
    return min(float(text), LONGEST_WAIT_ASKED)
