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
from email.message import Message
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from ringproof_server.outbound.addresses import Addresses
from ringproof_server.outbound.faults import Unanswered, Unreached

MOST_RECEIVED: Final = 64 * 1024
"""Bytes of an answer with its headers after which it is not listened to any more."""


@dataclass(frozen=True, slots=True)
class Answered:
    """`body` is empty where none was asked for. `headers` are found in any spelling of their names."""

    status: int
    headers: Message = field(repr=False)
    body: bytes = field(repr=False)


class Poster:
    """Sends requests, each once and to the end of it; follows no redirect. For any number of threads."""

    def __init__(
        self,
        addresses: Addresses,
        tls: ssl.SSLContext | None = None,
        *,
        most_received: int = MOST_RECEIVED,
    ) -> None:
        """`tls` says whom to trust; the system's authorities if left out. `most_received` in bytes."""
        self._addresses = addresses
        self._tls = tls
        self._most_received = most_received

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

        `connect` is for finding the name and connecting to it, `total` for these, TLS and the exchange.
        Raises `Blocked` or `Unreached` before anything is sent, `Unanswered` when no answer came in time.
        """
        deadline = time.monotonic() + total
        parts = urlsplit(url)
        try:
            line = self._connected(parts, min(connect, total), deadline)
        except (OSError, ValueError):
            raise Unreached("nobody answers at the address") from None
        try:
            return _exchanged(line, parts, headers, body, most_body)
        except (OSError, http.client.HTTPException, ValueError):
            raise Unanswered("no answer came") from None
        finally:
            line.end()

    def _connected(self, parts: SplitResult, connect: float, deadline: float) -> _Line:
        host, is_tls = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if is_tls else 80)
        give_up = time.monotonic() + connect
        raw = _first_that_answers(self._addresses.of(host, port, connect), port, give_up)
        try:
            raw.settimeout(_left(deadline))
            line = self._context().wrap_socket(raw, server_hostname=host) if is_tls else raw
        except BaseException:
            raw.close()
            raise
        return _Line(line, deadline, self._most_received)

    def _context(self) -> ssl.SSLContext:
        """Made at the first use, since reading the authorities takes long."""
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls


class _Line:
    """A socket as `http.client` uses one, on which every wait ends at one deadline.

    The library writes head and body one after the other; here they leave together, with `flush`.
    """

    def __init__(self, raw: socket.socket, deadline: float, most_received: int) -> None:
        self._raw = raw
        self._deadline = deadline
        self.incoming = _Incoming(raw, deadline, most_received)
        self._reader = _Reader(self.incoming)
        self._outgoing = bytearray()

    def sendall(self, data: bytes) -> None:
        self._outgoing += data

    def flush(self) -> None:
        self._raw.settimeout(_left(self._deadline))
        self._raw.sendall(self._outgoing)

    def makefile(self, _mode: str) -> _Reader:
        return self._reader

    def close(self) -> None:
        """Nothing: the library lets go of the line while the answer is still to be read from it."""

    def end(self) -> None:
        self._raw.close()


class _Incoming(io.RawIOBase):
    """What comes in on a socket, until the deadline or too much of it. It may end once `is_told` is true."""

    def __init__(self, raw: socket.socket, deadline: float, most_received: int) -> None:
        super().__init__()
        self._raw = raw
        self._deadline = deadline
        self._still_received = most_received
        self.is_told = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._raw.settimeout(_left(self._deadline))
        count = self._raw.recv_into(buffer)
        self._still_received -= count
        if self._still_received < 0:
            raise OSError("the answer is too long")
        if not (count or self.is_told):
            raise OSError("the answer ends before its body")
        return count


class _Reader(io.BufferedReader):
    """What all answers on a line are read from, so that what was read ahead of one is there for the next."""

    def close(self) -> None:
        """Nothing: one answer lets go of it while the next is still to be read."""


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
        line.flush()
        return _answer(line, most_body)


def _answer(line: _Line, most_body: int) -> Answered:
    """The first answer that is more than a word in between (RFC 9110 section 15.2)."""
    while True:
        # Of a socket it uses nothing but `makefile`.
        with http.client.HTTPResponse(line, method="POST") as response:  # type: ignore[arg-type]
            response.begin()
            if response.status < 200:
                continue
            line.incoming.is_told = True
            told = response.read(most_body) if most_body else b""
            return Answered(response.status, response.headers, told)


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
