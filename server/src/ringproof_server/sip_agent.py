"""The SIP agent as a process of its own: what it is told on its standard input, and what it answers.

It stands beside the command line because it must start quickly and stay small: of the whole server it loads
the carrier only.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec
import structlog

from ringproof_server.carriers.sip import StartOrder, read_agent_address
from ringproof_server.carriers.sip import read_settings as read_sip_settings
from ringproof_server.carriers.sip.launch import READY
from ringproof_server.logs import configure_logs
from ringproof_server.system import SystemClock, SystemRandom

LONGEST_LOG = 1_000_000


def obey(order: StartOrder) -> None:
    """Run detached from whoever started this; only whether it runs is said on standard output."""
    if os.fork():
        # The new process says the rest; whoever waits for our output waits for its.
        os._exit(0)
    os.setsid()
    os.chdir("/")
    answer = os.fdopen(os.dup(1), "w")
    log = _open_log(Path(order.log_file))
    for descriptor in (0, 1, 2):
        os.dup2(log.fileno(), descriptor)
    level = os.environ.get("RINGPROOF_LOG_LEVEL", "info")
    configure_logs(level if level in {"debug", "info", "warning", "error"} else "info", "json", sys.stderr)

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


def _open_log(path: Path) -> IO[bytes]:
    """A file of bounded size, open to this user only."""
    if path.exists() and path.stat().st_size > LONGEST_LOG:
        path.replace(path.with_suffix(".log.1"))
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb", buffering=0)


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
