"""The SIP agent as a process of its own: what it is told on its standard input, and what it answers.

It stands beside the command line because it must start quickly and stay small: of the whole server it loads
the carrier only.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, TextIO, cast

import msgspec
import structlog

from ringproof_server.carriers.sip import StartOrder, read_agent_address
from ringproof_server.carriers.sip import read_settings as read_sip_settings
from ringproof_server.carriers.sip.launch import READY
from ringproof_server.logs import configure_logs
from ringproof_server.system import SystemClock, SystemRandom

LONGEST_LOG: Final = 1_000_000
"""Bytes; two files of this size are kept."""


class LogFile(io.TextIOBase):
    """A log that only this user can read. When it has grown to `LONGEST_LOG` it becomes `.log.1`, in place of
    the last one, and a new file begins.

    What cannot be written, on a disk that is full, is lost: calls must be ended all the same.
    """

    def __init__(self, path: Path) -> None:
        """Raises `OSError`."""
        self._path = path
        self._lock = threading.Lock()
        self._file = self._open()

    def fileno(self) -> int:
        return self._file

    def write(self, text: str, /) -> int:
        with self._lock, contextlib.suppress(OSError):
            if os.fstat(self._file).st_size >= LONGEST_LOG:
                self._begin_anew()
            os.write(self._file, text.encode(errors="replace"))
        return len(text)

    def _begin_anew(self) -> None:
        self._path.replace(self._path.with_suffix(".log.1"))
        before, self._file = self._file, self._open()
        os.close(before)

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def obey(order: StartOrder) -> None:
    """Run detached from whoever started this; only whether it runs is said on standard output."""
    if os.fork():
        # The new process says the rest; whoever waits for our output waits for its.
        os._exit(0)
    os.setsid()
    os.chdir("/")
    answer = os.fdopen(os.dup(1), "w")
    log = LogFile(Path(order.log_file))
    for descriptor in (0, 1, 2):
        os.dup2(log.fileno(), descriptor)
    level = os.environ.get("RINGPROOF_LOG_LEVEL", "info")
    configure_logs(
        level if level in {"debug", "info", "warning", "error"} else "info", "json", cast("TextIO", log)
    )

    def ready() -> None:
        answer.write(READY)
        answer.close()

    try:
        fault = run(order, order.idle_seconds, ready)
        if fault is not None and not answer.closed:
            answer.write(fault)
    finally:
        if not answer.closed:
            answer.close()
        log.close()


def run(order: StartOrder, idle_seconds: float | None, ready: Callable[[], None]) -> str | None:
    """Be the agent until the end; what kept it from beginning, if anything did."""
    settings = read_sip_settings(order.settings, for_agent=True)
    try:
        # sippy belongs to the carrier's extra, and to this process alone.
        from ringproof_server.carriers.sip.agent.running import AgentFault, AgentPlan, run_agent  # noqa: PLC0415
    except ImportError:
        return "the SIP stack is missing; install ringproof-server[sip]"
    address = read_agent_address(order.address)
    assert address is not None
    clock = SystemClock()
    plan = AgentPlan(
        address=address,
        settings=settings,
        fingerprint=order.fingerprint,
        key=bytes.fromhex(order.key),
        events_key=bytes.fromhex(order.events_key),
        idle_seconds=idle_seconds,
    )
    log = structlog.get_logger("ringproof_server.carriers")
    try:
        run_agent(plan, clock=clock, random=SystemRandom(clock), log=log, ready=ready)
    except AgentFault as fault:
        return str(fault)
    return None


if __name__ == "__main__":
    obey(msgspec.json.decode(sys.stdin.buffer.read(), type=StartOrder))
