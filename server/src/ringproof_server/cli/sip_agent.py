"""`sip-agent`: the process that places calls over SIP, for all servers of a machine or of a network."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import click
import msgspec
import structlog

from ringproof_server.carriers.guard.settings import read_guard_settings
from ringproof_server.carriers.sip import (
    AgentAddress,
    StartOrder,
    agent_key,
    events_key,
    fingerprint,
    own_address,
    read_agent_address,
)
from ringproof_server.carriers.sip import read_settings as read_sip_settings
from ringproof_server.carriers.sip.launch import READY
from ringproof_server.cli.terminal import notes, read_settings, refuse, refusing
from ringproof_server.logs import configure_logs
from ringproof_server.system import SystemClock, SystemRandom
from ringproof_server.tokens import SecretSeals

LONGEST_LOG = 1_000_000


@click.command("sip-agent")
@click.option(
    "--listen", help="Where servers reach it: tcp://HOST:PORT; a socket in the data folder by default."
)
@click.option("--ordered", is_flag=True, hidden=True, help="Read everything from standard input and detach.")
@refusing
def sip_agent(listen: str | None, *, ordered: bool) -> None:
    """Place calls over SIP trunks for servers that have the same RINGPROOF_SECRET_KEY.

    A server starts its own where RINGPROOF_SIP_AGENT is not set; run it yourself to share one among machines.
    """
    if ordered:
        _obey(msgspec.json.decode(sys.stdin.buffer.read(), type=StartOrder))
        return
    settings = read_settings()
    address = own_address(settings.data_dir)
    if listen is not None:
        found = read_agent_address(listen)
        if found is None or found.path is not None:
            refuse("--listen is not an address such as tcp://10.0.0.5:7070")
        address = found
    # What every carrier can be set to is the servers' business, not the agent's.
    given = read_guard_settings(settings.carrier_options.get("sip", {}), settings.claim_lease).rest
    order = _order_of(address, given, SecretSeals(settings.secret_key.reveal()))
    fault = _run(order, None, lambda: notes.print(f"The SIP agent listens on {address}; Ctrl-C stops."))
    if fault is not None:
        refuse(fault)


def _order_of(address: AgentAddress, given: dict[str, str], seals: SecretSeals) -> StartOrder:
    key = agent_key(seals)
    return StartOrder(
        address=str(address),
        settings=given,
        fingerprint=fingerprint(key, given),
        key=key.hex(),
        events_key=events_key(seals).hex(),
        log_file="",
        idle_seconds=0.0,
    )


def _obey(order: StartOrder) -> None:
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
        fault = _run(order, order.idle_seconds, ready)
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


def _run(order: StartOrder, idle_seconds: float | None, ready: Callable[[], None]) -> str | None:
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
