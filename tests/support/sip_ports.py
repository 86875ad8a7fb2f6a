"""Ports of the loopback interface for telephones and proxies; needs nothing but the standard library.

They lie below those that tests' servers take and below the range for clients' own ports.
"""

from __future__ import annotations

import itertools
import os
import socket

_KINDS = (socket.SOCK_STREAM, socket.SOCK_DGRAM)
_ports = itertools.cycle(range(10_000 + os.getpid() % 8_000 // 2 * 2, 19_998, 2))


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
