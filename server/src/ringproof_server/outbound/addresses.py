"""Where a host name leads, looked up once and judged before anything is sent there."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Final

from ringproof_server.domain.webhook import is_public, literal_address
from ringproof_server.outbound.faults import Blocked, Unreached

LOOK_UPS: Final = 16
"""Threads that may wait for the system's resolver, which can be told no time limit."""

Lookup = Callable[[str, int], list[str]]


def system_lookup(host: str, port: int) -> list[str]:
    """The addresses of a name as this machine knows them. Raises `OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Addresses:
    """Resolves names in bounded time. Without `private` only addresses of the public Internet come out.

    Whoever connects to what comes out cannot be led elsewhere by a second answer of the name's owner.
    """

    def __init__(self, *, private: bool, lookup: Lookup = system_lookup, most: int | None = None) -> None:
        """`most` is how many addresses of one name come out, all if left out."""
        self._private = private
        self._lookup = lookup
        self._most = most
        self._places = threading.BoundedSemaphore(LOOK_UPS)

    def of(self, host: str, port: int, patience: float) -> list[str]:
        """The addresses that may be connected to, at least one.

        Raises `Unreached` when there are none within `patience` seconds, `Blocked` when none is allowed.
        """
        found = [host] if literal_address(host) is not None else self._resolved(host, port, patience)
        allowed = [address for address in found if self._private or _is_public(address)]
        if not allowed:
            raise Blocked("the address is not public")
        return allowed[: self._most]

    def _resolved(self, host: str, port: int, patience: float) -> list[str]:
        if not self._places.acquire(blocking=False):
            raise Unreached("too many names are being looked up")
        found: list[str] = []

        def resolve() -> None:
            try:
                found.extend(self._lookup(host, port))
            except (OSError, UnicodeError):
                found.clear()
            finally:
                self._places.release()

        thread = threading.Thread(target=resolve, name="look-up", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self._places.release()
            raise Unreached("this machine has no thread for the look-up") from None
        thread.join(patience)
        if thread.is_alive() or not found:
            raise Unreached("the name cannot be found")
        return found


def _is_public(address: str) -> bool:
    parsed = literal_address(address)
    return parsed is not None and is_public(parsed)
