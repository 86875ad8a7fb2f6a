"""Ports of the loopback interface that nothing listens on; needs nothing but the standard library.

All lie below the range from which clients' own ports are taken: else a client that tries a dead server's port
may be connected to itself.
"""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Iterator

WORKERS_AT_MOST = 8
TRIED_AT_MOST = 2_000

_BOTH = (socket.SOCK_STREAM, socket.SOCK_DGRAM)


def _my_share(ports: range) -> Iterator[int]:
    """The part of these ports that this process may try, where several run the tests at the same time."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    share = len(ports) // WORKERS_AT_MOST
    first = int(worker) % WORKERS_AT_MOST * share
    # Runs beside each other on one machine begin at different places.
    begin = first + os.getpid() % (share // 2)
    return itertools.cycle(ports[begin : first + share])


_phones = _my_share(range(10_000, 19_998, 2))
_servers = _my_share(range(20_000, 32_000))


def free_port() -> int:
    """A port that is free for TCP."""
    for port in itertools.islice(_servers, TRIED_AT_MOST):
        if _is_free(port, socket.SOCK_STREAM):
            return port
    raise RuntimeError("no port is free")


def free_phone_port() -> int:
    """A port that is free for TCP and UDP, and the next one too: phones put TLS there unasked."""
    for port in itertools.islice(_phones, TRIED_AT_MOST):
        if all(_is_free(each, kind) for each in (port, port + 1) for kind in _BOTH):
            return port
    raise RuntimeError("no port is free")


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(type=kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
