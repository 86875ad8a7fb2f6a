"""A stretch of bad network between a caller and a phone: it loses messages, or lets an answer cross a CANCEL.

Both sides see only its addresses, so that everything of a call passes here, in both directions.
"""

from __future__ import annotations

import contextlib
import random
import re
import select
import socket
import threading
from collections.abc import Iterator

from tests.support.ports import free_phone_port

_LONGEST = 65_535
# A message is known by its first line, its call and its place in the call.
_MARKS = re.compile(rb"\A[^\r\n]*|^(?:Call-ID|CSeq):[^\r\n]*", re.MULTILINE | re.IGNORECASE)


class Relay:
    """Forwards UDP datagrams between whoever sends to its `address` and one phone."""

    def __init__(self, phone_port: int, *, loss: float = 0.0, seed: int = 1) -> None:
        """Messages in either direction are lost with this probability, drawn from `seed`.

        The same message of the same call is not lost twice, so that what is repeated arrives in the end.
        """
        self.loss = loss
        self._random = random.Random(seed)
        self._phone = ("127.0.0.1", phone_port)
        self._caller: tuple[str, int] | None = None
        # Ports of five digits on every side keep the length of what is rewritten.
        self._front = _bound(free_phone_port())
        self._back = _bound(free_phone_port())
        self._wake, self._woken = socket.socketpair()
        self._crossing = False
        self._held: list[bytes] = []
        self._lost: set[bytes] = set()
        self.lost: list[str] = []
        """The first lines of what it has lost."""
        self._thread = threading.Thread(target=self._forward, daemon=True)

    @property
    def address(self) -> str:
        """Where the caller finds the phone."""
        host, port = self._front.getsockname()
        return f"{host}:{port}"

    def let_answers_cross(self) -> None:
        """From now on an answered call's 200 stays on its way until the caller's CANCEL has gone by."""
        self._crossing = True

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._wake.send(b"x")
        self._thread.join(10)
        for each in (self._front, self._back, self._wake, self._woken):
            each.close()

    def _forward(self) -> None:
        while True:
            ready, _, _ = select.select([self._front, self._back, self._woken], [], [])
            if self._woken in ready:
                return
            if self._front in ready:
                self._to_phone()
            if self._back in ready:
                self._to_caller()

    def _to_phone(self) -> None:
        message, self._caller = self._front.recvfrom(_LONGEST)
        if not self._is_lost(message):
            away = self._rewritten(
                message, (self._caller, _name(self._back)), (_name(self._front), self._phone)
            )
            self._back.sendto(away, self._phone)
        if message.startswith(b"CANCEL "):
            self._crossing = False
            held, self._held = self._held, []
            for answer in held:
                self._send_to_caller(answer)

    def _to_caller(self) -> None:
        try:
            message = self._back.recv(_LONGEST)
        except ConnectionError:
            # The phone is off: the kernel tells of an earlier datagram.
            return
        if self._crossing and message.startswith(b"SIP/2.0 200") and _answers_invite(message):
            self._held.append(message)
        elif not self._is_lost(message):
            self._send_to_caller(message)

    def _send_to_caller(self, message: bytes) -> None:
        if self._caller is not None:
            away = self._rewritten(
                message, (self._phone, _name(self._front)), (_name(self._back), self._caller)
            )
            self._front.sendto(away, self._caller)

    def _is_lost(self, message: bytes) -> bool:
        which = b"\n".join(_MARKS.findall(message))
        if self._random.random() >= self.loss or which in self._lost:
            return False
        self._lost.add(which)
        self.lost.append(message.partition(b"\r\n")[0].decode(errors="replace"))
        return True

    @staticmethod
    def _rewritten(message: bytes, *names: tuple[tuple[str, int], tuple[str, int]]) -> bytes:
        for (host, port), (other_host, other_port) in names:
            message = message.replace(f"{host}:{port}".encode(), f"{other_host}:{other_port}".encode())
        return message


@contextlib.contextmanager
def running_relay(phone_port: int, *, loss: float = 0.0, seed: int = 1) -> Iterator[Relay]:
    relay = Relay(phone_port, loss=loss, seed=seed)
    relay.start()
    try:
        yield relay
    finally:
        relay.stop()


def _bound(port: int) -> socket.socket:
    endpoint = socket.socket(type=socket.SOCK_DGRAM)
    endpoint.bind(("127.0.0.1", port))
    return endpoint


def _name(endpoint: socket.socket) -> tuple[str, int]:
    host, port = endpoint.getsockname()
    return host, port


def _answers_invite(message: bytes) -> bool:
    cseq = next((line for line in message.split(b"\r\n") if line.lower().startswith(b"cseq:")), b"")
    return cseq.strip().endswith(b"INVITE")
