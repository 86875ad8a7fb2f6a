"""`sip-agent`: the process that places calls over SIP, for all servers of a machine or of a network."""

from __future__ import annotations

import click

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
from ringproof_server.cli.terminal import notes, read_settings, refuse, refusing
from ringproof_server.sip_agent import run
from ringproof_server.tokens import SecretSeals


@click.command("sip-agent")
@click.option(
    "--listen", help="Where servers reach it: tcp://HOST:PORT; a socket in the data folder by default."
)
@refusing
def sip_agent(listen: str | None) -> None:
    """Place calls over SIP trunks for servers that have the same RINGPROOF_SECRET_KEY.

    A server starts its own where RINGPROOF_SIP_AGENT is not set; run it yourself to share one among machines.
    """
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
    fault = run(order, None, lambda: notes.print(f"The SIP agent listens on {address}; Ctrl-C stops."))
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
