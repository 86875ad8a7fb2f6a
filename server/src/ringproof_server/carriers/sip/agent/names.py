"""Host names of trunks and contacts as addresses, looked up beside the event loop, which must never wait."""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

REFRESH_SECONDS: Final = 60.0
MOST_NAMES: Final = 1_000
MOST_WAITING: Final = 256


class Names:
    """Knows the trunks' addresses at all times, and those of other names shortly after they are asked for."""

    def __init__(self, trunk_hosts: frozenset[str]) -> None:
        # A name is the same in any case (RFC 4343), and is found under one only.
        self._trunk_hosts = frozenset(host.lower() for host in trunk_hosts)
        self._found: dict[str, tuple[str, ...]] = {}
        self._wanted: queue.Queue[tuple[str, Callable[[], None]]] = queue.Queue(MOST_WAITING)
        for host in self._trunk_hosts:
            if is_address(host):
                self._found[host] = (host,)

    def start(self) -> None:
        """Look the trunks up, now and from time to time."""
        threading.Thread(target=self._work, name="names", daemon=True).start()

    def address_of(self, host: str) -> str | None:
        """The address of a host, None if it is not known (yet)."""
        if is_address(host):
            return host
        found = self._found.get(host.lower())
        return found[0] if found else None

    def is_trunk(self, address: str) -> bool:
        """Whether a trunk has this address."""
        return any(address in self._found.get(host, ()) for host in self._trunk_hosts)

    def look_up(self, host: str, then: Callable[[], None]) -> None:
        """Ask for a host's address and call `then` from another thread; not called if there is none."""
        try:
            self._wanted.put_nowait((host.lower(), then))
        except queue.Full:
            return

    def _work(self) -> None:
        next_at = 0.0
        while True:
            if time.monotonic() >= next_at:
                for host in self._trunk_hosts:
                    self._resolve(host)
                next_at = time.monotonic() + REFRESH_SECONDS
            try:
                host, then = self._wanted.get(timeout=max(0.0, next_at - time.monotonic()))
            except queue.Empty:
                continue
            if self.address_of(host) is None:
                self._resolve(host)
            if self.address_of(host) is not None:
                then()

    def _resolve(self, host: str) -> None:
        """What is known already stays when the name service does not answer."""
        if is_address(host):
            return
        try:
            found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_DGRAM)
        except OSError:
            return
        if len(self._found) >= MOST_NAMES:
            self._found = {name: known for name, known in self._found.items() if name in self._trunk_hosts}
        self._found[host] = tuple(dict.fromkeys(str(item[4][0]) for item in found))


def is_address(host: str) -> bool:
    """Whether this is an IPv4 address and no name."""
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def own_address_towards(hosts: Sequence[str]) -> str:
    """Our own IPv4 address from which the first of these hosts is reached that has a known address and a way
    to it; nothing is sent. Raises `OSError` when there is none."""
    fault = OSError("no host is named")
    for host in hosts:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((host, 5060))
            except OSError as this:
                fault = this
            else:
                return str(probe.getsockname()[0])
    raise fault
