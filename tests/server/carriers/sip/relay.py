"""What stands between a server and its agent in tests: it can cut, delay, drop and spoil what is said."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Final

GREETING_FRAMES: Final = 2
"""What the agent says of its own accord on every connection: its nonce and its greeting."""


class Relay:
    """Hands frames through, two threads for each connection; levers hold from when they are pulled."""

    def __init__(self, agent: tuple[str, int]) -> None:
        self._agent = agent
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self.loses_one = False
        self.holds = False
        self.spoils = False
        threading.Thread(target=self._accept_all, daemon=True).start()

    @property
    def address(self) -> str:
        host, port = self._listener.getsockname()
        return f"tcp://{host}:{port}"

    def close(self) -> None:
        """Connections are refused from now on, and those there were are over."""
        # Else the thread that accepts would keep the port until the next connection.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept_all(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                server, _ = self._listener.accept()
                try:
                    agent = socket.create_connection(self._agent)
                except OSError:
                    server.close()
                    continue
                with self._lock:
                    self._open |= {server, agent}
                threading.Thread(target=self._carry_requests, args=(server, agent), daemon=True).start()
                threading.Thread(target=self._carry_answers, args=(agent, server), daemon=True).start()

    def _carry_requests(self, server: socket.socket, agent: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := server.recv(65_536):
                agent.sendall(part)
        self._end(server, agent)

    def _carry_answers(self, agent: socket.socket, server: socket.socket) -> None:
        frames = 0
        with contextlib.suppress(OSError):
            while frame := _frame(agent):
                frames += 1
                if frames > GREETING_FRAMES and not self._lets_through():
                    break
                if frames > GREETING_FRAMES and self.spoils:
                    frame = frame[:4] + bytes(len(frame) - 4)
                server.sendall(frame)
        self._end(server, agent)

    def _lets_through(self) -> bool:
        """Whether this answer arrives; a held one, and all after it, never do."""
        if self.holds:
            threading.Event().wait(3)
            return False
        if self.loses_one:
            self.loses_one = False
            return False
        return True

    def _end(self, *connections: socket.socket) -> None:
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
            with self._lock:
                self._open.discard(connection)


def _frame(connection: socket.socket) -> bytes:
    """The next frame with its length before it; empty at the end of the connection."""
    size = _exactly(connection, 4)
    return size and size + _exactly(connection, int.from_bytes(size))


def _exactly(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        part = connection.recv(count - len(received))
        if not part:
            return b""
        received += part
    return received
