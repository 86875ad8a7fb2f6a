"""A small load generator for servers on this machine, and the processor time that they use."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Connection:
    """One kept-alive connection, with as much HTTP/1.1 as these servers speak: it costs little itself."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a whole request; status and body of the answer."""
        self._socket.sendall(request)
        received = self._rest
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        head = received[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        received = received[end + 4 :]
        while len(received) < length:
            received += self._more()
        self._rest = received[length:]
        return int(head[9:12]), received[:length]

    def close(self) -> None:
        self._socket.close()

    def _more(self) -> bytes:
        part = self._socket.recv(65_536)
        if not part:
            raise ConnectionError("the server closed the connection")
        return part


def request(method: str, path: str, body: dict[str, Any] | bytes = b"", **headers: str) -> bytes:
    """The bytes of a request; `_` in the name of a header stands for `-`."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(data)}"]
    if data:
        lines.append("Content-Type: application/json")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


@dataclass(frozen=True, slots=True)
class Timed:
    """One answered request: milliseconds, status and body."""

    ms: float
    status: int
    body: bytes


def run(
    port: int, requests: Sequence[bytes], *, clients: int, per_second: float | None = None
) -> list[Timed]:
    """Send the requests over so many connections, in order of their turn; the answers in the same order.

    With `per_second` they are sent at that pace, however long the answers take (as far as `clients` suffice).
    """
    answers: list[Timed | None] = [None] * len(requests)
    positions = iter(range(len(requests)))
    lock = threading.Lock()
    began = time.perf_counter()

    def work() -> None:
        connection = Connection(port)
        try:
            while True:
                with lock:
                    position = next(positions, None)
                if position is None:
                    return
                if per_second is not None:
                    time.sleep(max(0.0, began + position / per_second - time.perf_counter()))
                sent = time.perf_counter()
                status, body = connection.ask(requests[position])
                answers[position] = Timed((time.perf_counter() - sent) * 1000, status, body)
        finally:
            connection.close()

    in_parallel(work, clients)
    return [answer for answer in answers if answer is not None]


def in_parallel(work: Callable[[], None], count: int) -> None:
    """Run `work` in so many threads; the first fault of any is raised."""
    faults: list[Exception] = []

    def guarded() -> None:
        try:
            work()
        except Exception as fault:  # noqa: BLE001  (raised below, in the thread that waits)
            faults.append(fault)

    threads = [threading.Thread(target=guarded) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def processor_seconds(group: int) -> float:
    """What all processes of this group have used so far, in user and kernel mode (Linux)."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            total += int(fields[11]) + int(fields[12])
    return total / TICKS_PER_SECOND
