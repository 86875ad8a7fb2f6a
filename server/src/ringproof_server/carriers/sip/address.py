"""Where an agent listens for its servers, and where servers look for it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LONGEST_PATH: Final = 103
"""What fits into a Unix socket's address on every system, with the zero at its end (108 on Linux)."""
CONNECT_SECONDS: Final = 2.0
BACKLOG: Final = 128
DESCRIPTORS: Final = Path("/proc/self/fd")


@dataclass(frozen=True, slots=True)
class AgentAddress:
    """Either a Unix socket at `path`, or TCP at `host` and `port`."""

    path: Path | None = None
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        return f"unix:{self.path}" if self.path is not None else f"tcp://{self.host}:{self.port}"

    def connect(self, timeout: float = CONNECT_SECONDS) -> socket.socket:
        """A connection to whoever listens there, within `timeout` seconds. Raises `OSError`."""
        if self.path is None:
            return socket.create_connection((self.host, self.port), timeout=timeout)
        with _short(self.path) as path:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.settimeout(timeout)
                connection.connect(path)
            except BaseException:
                connection.close()
                raise
        return connection

    def listen(self) -> socket.socket:
        """A socket that listens here, open to this user only where it is a file. Raises `OSError`."""
        if self.path is None:
            return socket.create_server((self.host, self.port), backlog=BACKLOG)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.path.unlink(missing_ok=True)
            before = os.umask(0o177)
            try:
                with _short(self.path) as path:
                    listener.bind(path)
            finally:
                os.umask(before)
            listener.listen(BACKLOG)
        except BaseException:
            listener.close()
            raise
        return listener


def read_agent_address(text: str) -> AgentAddress | None:
    """`tcp://host:port` or `unix:/path`; None if it is neither."""
    if text.startswith("unix:/"):
        return AgentAddress(path=Path(text.removeprefix("unix:")))
    host, colon, port = text.removeprefix("tcp://").rpartition(":")
    if not text.startswith("tcp://") or not (host and colon and port.isdecimal() and int(port) <= 65535):
        return None
    return AgentAddress(host=host, port=int(port))


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name of this path that fits into a socket's address: by its folder's descriptor where it is long."""
    if len(os.fsencode(path)) <= LONGEST_PATH:
        yield str(path)
        return
    if not DESCRIPTORS.exists():
        raise OSError("the path of the agent's socket is too long for this system")
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield str(DESCRIPTORS / str(folder) / path.name)
    finally:
        os.close(folder)
