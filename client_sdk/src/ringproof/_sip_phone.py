"""Hears a SIP phone ring: baresip, through its control port.

The port tells one program at a time; a second one takes the place of the first. Nobody has to log in there,
so it belongs on the loopback interface.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ringproof._baresip import (
    LONGEST_MESSAGE,
    MOST_CALLS,
    GarbledError,
    Netstrings,
    PhoneCalls,
    encode,
    is_answer,
    is_idle,
    objects,
)
from ringproof._calls import CallEvent, Capabilities, Ready, SeenCall, Sink
from ringproof._system import Clock, SystemClock

if TYPE_CHECKING:
    import socket

TIMEOUT = 2.0
"""Seconds for a connection to the phone with its first answer."""
PAUSES = (0.2, 0.5, 1.0, 3.0)
"""Seconds before the phone is tried again, longer each time, until a connection has lasted."""
LASTED = 10.0
"""Seconds after which a connection counts as good, so that two programs do not fight over the port."""

_QUESTION = b'{"command":"listcalls","token":"ringproof"}'


class _NoPhoneError(OSError):
    """Nobody answers like a phone."""


class _Line:
    """A connection to the phone's control port."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._netstrings = Netstrings()

    @classmethod
    def open(cls, host: str, port: int, clock: Clock) -> tuple[_Line, list[Mapping[str, Any]]]:
        """Connect and ask for the calls; what the phone said up to its answer. Raises OSError."""
        import socket

        give_up = clock.monotonic() + TIMEOUT
        connection = socket.create_connection((host, port), timeout=TIMEOUT)
        line = cls(connection)
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            connection.sendall(encode(_QUESTION))
            said = line.read_answer(give_up, clock)
            connection.settimeout(None)
        except BaseException:
            line.close()
            raise
        return line, said

    def read_answer(self, give_up: float, clock: Clock) -> list[Mapping[str, Any]]:
        """Everything up to an answer, which follows few other messages if any. Raises OSError."""
        said: list[Mapping[str, Any]] = []
        while not any(is_answer(message) for message in said):
            left = give_up - clock.monotonic()
            if left <= 0 or len(said) > 4 * MOST_CALLS:
                raise _NoPhoneError("it does not answer")
            self._connection.settimeout(left)
            heard = self.read()
            if heard is None:
                raise _NoPhoneError("it does not answer like a phone")
            said += heard
        return said

    def read(self) -> list[Mapping[str, Any]] | None:
        """Wait for messages; None when the connection is over or what comes makes no sense."""
        try:
            data = self._connection.recv(LONGEST_MESSAGE)
            return list(objects(self._netstrings.feed(data))) if data else None
        except (OSError, GarbledError):
            return None

    def close(self) -> None:
        """Whoever reads at the moment gets None."""
        import socket

        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()


class SipPhoneCallSource:
    """Hears the calls of a baresip on this machine, ring times included.

    `address` is what its configuration calls `ctrl_tcp_listen`, such as `127.0.0.1:4444`. The caller ID is
    the user part of the From. A phone that cannot be reached is a quiet phone, and is tried again.
    Raises ValueError for an address that is none.
    """

    name = "sip"

    def __init__(self, address: str = "127.0.0.1:4444", *, clock: Clock | None = None) -> None:
        self._host, self._port = _host_and_port(address)
        self._clock: Clock = clock or SystemClock()
        self._lock = threading.RLock()
        self._sink: Sink | None = None
        self._run = 0
        self._line: _Line | None = None
        self._calls = PhoneCalls()

    def capabilities(self) -> Capabilities:
        return Capabilities(number_live=True, ring_time=True, history=False, needs=("baresip",))

    def prepare(self, done: Callable[[Ready], None]) -> None:
        """Asks the phone something; it is usable when it answers, within two seconds."""
        try:
            line, _ = _Line.open(self._host, self._port, self._clock)
        except OSError:
            ready = Ready(usable=False, missing=("baresip",))
        else:
            line.close()
            ready = Ready(usable=True)
        done(ready)

    def start(self, sink: Sink) -> None:
        """Listens when it returns, after two seconds at most, unless the phone cannot be reached."""
        with self._lock:
            if self._sink is not None:
                return
            self._sink = sink
            self._run += 1
            run = self._run
            self._calls = PhoneCalls()
        line = self._connect(run)
        self._clock.spawn(lambda: self._listen(run, line))

    def history(self, since_wall_ms: int) -> Sequence[SeenCall]:  # noqa: ARG002 - it keeps no log
        return ()

    def stop(self) -> None:
        with self._lock:
            self._sink = None
            self._drop_line()

    # One run lasts from a start to the next stop; what belongs to an older one is dropped.

    def _is_current(self, run: int) -> bool:
        return self._sink is not None and self._run == run

    def _listen(self, run: int, line: _Line | None) -> None:
        failures = -1
        while True:
            since = self._clock.monotonic()
            while line is not None and (said := line.read()) is not None:
                self._take(run, said)
            with self._lock:
                if not self._is_current(run):
                    return
                self._calls.look_away()
                self._drop_line()
            lasted = self._clock.monotonic() - since >= LASTED
            failures = 0 if lasted else min(failures + 1, len(PAUSES) - 1)
            self._clock.sleep(PAUSES[failures])
            line = self._connect(run)

    def _connect(self, run: int) -> _Line | None:
        """A connection of this run, which `stop` closes; None when there is no phone."""
        if not self._is_current(run):
            return None
        try:
            line, said = _Line.open(self._host, self._port, self._clock)
        except OSError:
            return None
        with self._lock:
            if not self._is_current(run):
                line.close()
                return None
            self._line = line
            self._take(run, said)
        return line

    def _take(self, run: int, said: Sequence[Mapping[str, Any]]) -> None:
        for message in said:
            with self._lock:
                sink = self._sink
                if sink is None or self._run != run:
                    return
                for event in self._events(message):
                    sink(event)

    def _events(self, message: Mapping[str, Any]) -> Sequence[CallEvent]:
        mono_ms, wall_ms = round(self._clock.monotonic() * 1000), round(self._clock.wall() * 1000)
        if is_idle(message):
            return self._calls.nothing_rings(mono_ms, wall_ms)
        return self._calls.observe(message, mono_ms, wall_ms)

    def _drop_line(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
        raise ValueError("the address of a SIP phone is HOST:PORT, such as 127.0.0.1:4444")
    return host, int(port)
