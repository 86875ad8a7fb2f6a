"""Ports of the loopback interface for telephones and proxies; needs nothing but the standard library.

They lie below those that tests' servers take and below the range for clients' own ports.
"""

from __future__ import annotations

import itertools
import os
import socket

WORKERS_AT_MOST = 8


def my_share(ports: range) -> range:
    """The part of these ports that this process may try, where several run the tests at the same time."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    share = len(ports) // WORKERS_AT_MOST
    first = int(worker) % WORKERS_AT_MOST * share
    # Runs beside each other on one machine begin at different places.
    begin = first + os.getpid() % (share // 2)
    return ports[begin : first + share]


_KINDS = (socket.SOCK_STREAM, socket.SOCK_DGRAM)
_ports = itertools.cycle(my_share(range(10_000, 19_998, 2)))


def free_port() -> int:
    """A port that is free for TCP and UDP, and the next one too: phones put TLS there unasked."""
    for port in itertools.islice(_ports, 2_000):
        if all(_is_free(each, kind) for each in (port, port + 1) for kind in _KINDS):
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
