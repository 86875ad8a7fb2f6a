"""One POST to an address that has been judged, with an end to it whatever the other side does.

The libraries for this bound each wait, not their sum, and look names up by themselves. A new connection for
each request costs a handshake, and saves having to tell a lost request from a connection that idled too long.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from ringproof_server.webhooks.addresses import Addresses
from ringproof_server.webhooks.faults import Unreached

MOST_RECEIVED: Final = 64 * 1024
"""Bytes of an answer with its headers after which it is not listened to any more."""


@dataclass(frozen=True, slots=True)
class Answered:
    """`body` is empty where none was asked for."""

    status: int
    body: bytes = field(repr=False)


class Poster:
    """Sends requests, each once and to the end of it; follows no redirect. For any number of threads."""

    def __init__(self, addresses: Addresses, tls: ssl.SSLContext | None = None) -> None:
        self._addresses = addresses
        self._tls = tls

    def post(
        self,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        connect: float,
        total: float,
        most_body: int = 0,
    ) -> Answered:
        """The answer, with at most so many bytes of its body; times in seconds.

        Raises `Blocked` before anything is sent, `Unreached` when no answer came within `total`.
        """
        deadline = time.monotonic() + total
        parts = urlsplit(url)
        try:
            line = self._connected(parts, min(connect, total), deadline)
            try:
                return _exchanged(line, parts, headers, body, most_body)
            finally:
                line.end()
        except (OSError, http.client.HTTPException, ValueError):
            raise Unreached("no answer came") from None

    def _connected(self, parts: SplitResult, connect: float, deadline: float) -> _Line:
        host, is_tls = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if is_tls else 80)
        give_up = time.monotonic() + connect
        raw = _first_that_answers(self._addresses.of(host, port, connect), port, give_up)
        try:
            raw.settimeout(_left(deadline))
            # Headers and body are two writes; the second must not wait until the first is acknowledged.
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line = self._context().wrap_socket(raw, server_hostname=host) if is_tls else raw
        except BaseException:
            raw.close()
            raise
        return _Line(line, deadline)

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls


class _Line:
    """A socket as `http.client` uses one, on which every wait ends at one deadline."""

    def __init__(self, raw: socket.socket, deadline: float) -> None:
        self._raw = raw
        self._deadline = deadline

    def sendall(self, data: Any) -> None:
        self._raw.settimeout(_left(self._deadline))
        self._raw.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self._raw, self._deadline))

    def close(self) -> None:
        """Nothing: the library lets go of the line while the answer is still to be read from it."""

    def end(self) -> None:
        self._raw.close()


class _Incoming(io.RawIOBase):
    """What comes in on a socket, until the deadline or too much of it."""

    def __init__(self, raw: socket.socket, deadline: float) -> None:
        super().__init__()
        self._raw = raw
        self._deadline = deadline
        self._received = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._raw.settimeout(_left(self._deadline))
        count = self._raw.recv_into(buffer)
        self._received += count
        if self._received > MOST_RECEIVED:
            raise OSError("the answer is too long")
        return count


def _exchanged(
    line: _Line, parts: SplitResult, headers: Mapping[str, str], body: bytes, most_body: int
) -> Answered:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with closing(http.client.HTTPConnection(parts.hostname or "")) as connection:
        connection.sock = line
        connection.putrequest("POST", target, skip_host=True, skip_accept_encoding=True)
        fixed = {"Host": parts.netloc, "Content-Length": str(len(body)), "Connection": "close"}
        for name, value in (fixed | dict(headers)).items():
            connection.putheader(name, value)
        connection.endheaders(body)
        with connection.getresponse() as response:
            return Answered(response.status, response.read(most_body) if most_body else b"")


def _first_that_answers(addresses: list[str], port: int, give_up: float) -> socket.socket:
    """A connection to one of them. Raises `OSError` when there is none in time."""
    for address in addresses[:-1]:
        try:
            return socket.create_connection((address, port), timeout=_left(give_up) / 2)
        except OSError:
            continue
    return socket.create_connection((addresses[-1], port), timeout=_left(give_up))


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is over")
    return left
