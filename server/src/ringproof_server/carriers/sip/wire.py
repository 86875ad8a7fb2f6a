"""The sealed connection between a server and its SIP agent.

Both sides prove that they know the key, and every frame is encrypted and authenticated under a key of this
connection only: numbers and caller IDs go through it, on a machine's own socket or over a network.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import select
import socket
import struct
import time
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

LONGEST_FRAME: Final = 16_384
NONCE_BYTES: Final = 32
FRAME_SECONDS: Final = 5.0
"""What has begun to arrive must be there after this time."""

_SIZE: Final = struct.Struct(">I")
_PURPOSE: Final = b"ringproof sip agent 2"
_PROOF: Final = b"ringproof"
"""Any frame that can be opened proves that its sender knows the key; the first of a caller does only that."""
_FROM_CALLER: Final = b"\x01"
_FROM_AGENT: Final = b"\x02"


class WireBroken(Exception):
    """The connection is over, or something came through it that the other side cannot have sent."""


class WireTimeout(WireBroken):
    """Nothing came in time."""


class Wire:
    """One connection, for one thread at a time on each side."""

    def __init__(self, connection: socket.socket, key: bytes, *, own: bytes, other: bytes) -> None:
        """`own` and `other` are the two sides' marks in the nonces, so that no frame can be sent back."""
        self._socket = connection
        self._cipher = ChaCha20Poly1305(key)
        self._own = own
        self._other = other
        self._sent = 0
        self._received = 0

    def has_news(self) -> bool:
        """Whether a frame, or the end of the connection, is there to be received now."""
        # Not `select.select`, which knows descriptors below 1024 only: a server may have more connections.
        waiting = select.poll()
        waiting.register(self._socket, select.POLLIN)
        return bool(waiting.poll(0))

    def send(self, message: bytes) -> None:
        """Send one frame. Raises `WireBroken`."""
        nonce = self._own + self._sent.to_bytes(11)
        self._sent += 1
        _write(self._socket, self._cipher.encrypt(nonce, message, None))

    def receive(self, timeout: float | None) -> bytes:
        """The next frame; waits for its beginning for so many seconds. Raises `WireBroken`, `WireTimeout`."""
        sealed = _read(self._socket, timeout)
        nonce = self._other + self._received.to_bytes(11)
        self._received += 1
        try:
            return self._cipher.decrypt(nonce, sealed, None)
        except InvalidTag:
            raise WireBroken("a frame was not sent by the other side") from None

    def interrupt(self) -> None:
        """Let whoever waits on this connection, in any thread, find it broken."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._socket.close()


def call(connection: socket.socket, key: bytes, nonce: bytes, timeout: float) -> Wire:
    """The caller's side of a new connection; `nonce` is fresh and random. Raises `WireBroken`.

    The agent has proved nothing before its first frame has come.
    """
    theirs = _read(connection, timeout)
    _write(connection, nonce)
    shared = _connection_key(key, theirs, nonce)
    wire = Wire(connection, shared, own=_FROM_CALLER, other=_FROM_AGENT)
    wire.send(_PROOF)
    return wire


def accept(connection: socket.socket, key: bytes, nonce: bytes, timeout: float) -> Wire:
    """The agent's side of a new connection to whoever has proved that they know the key; `nonce` is fresh and
    random. Raises `WireBroken` for everybody else, at the latest when `timeout` seconds have passed with
    nothing from them, or `FRAME_SECONDS` with half a frame."""
    _write(connection, nonce)
    theirs = _read(connection, timeout)
    shared = _connection_key(key, nonce, theirs)
    wire = Wire(connection, shared, own=_FROM_AGENT, other=_FROM_CALLER)
    if wire.receive(timeout) != _PROOF:
        raise WireBroken("the other side does not speak this protocol")
    return wire


def _connection_key(key: bytes, agents: bytes, callers: bytes) -> bytes:
    if len(agents) != NONCE_BYTES or len(callers) != NONCE_BYTES:
        raise WireBroken("the other side does not speak this protocol")
    return hmac.digest(key, _PURPOSE + agents + callers, hashlib.sha256)


def _write(connection: socket.socket, content: bytes) -> None:
    if len(content) > LONGEST_FRAME:
        raise WireBroken("the message is too long")
    try:
        connection.settimeout(FRAME_SECONDS)
        connection.sendall(_SIZE.pack(len(content)) + content)
    except OSError as fault:
        raise WireBroken(f"the connection is lost ({type(fault).__name__})") from None


def _read(connection: socket.socket, timeout: float | None) -> bytes:
    first = _read_some(connection, 1, timeout)
    deadline = time.monotonic() + FRAME_SECONDS
    (size,) = _SIZE.unpack(first + _read_whole(connection, _SIZE.size - 1, deadline))
    if size > LONGEST_FRAME:
        raise WireBroken("the message is too long")
    return _read_whole(connection, size, deadline)


def _read_whole(connection: socket.socket, size: int, deadline: float) -> bytes:
    received = b""
    while len(received) < size:
        received += _read_some(connection, size - len(received), max(0.001, deadline - time.monotonic()))
    return received


def _read_some(connection: socket.socket, size: int, timeout: float | None) -> bytes:
    try:
        connection.settimeout(timeout)
        part = connection.recv(size)
    except TimeoutError:
        raise WireTimeout("nothing came in time") from None
    except OSError as fault:
        raise WireBroken(f"the connection is lost ({type(fault).__name__})") from None
    if not part:
        raise WireBroken("the other side has closed the connection")
    return part
