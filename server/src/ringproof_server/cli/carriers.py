"""`carriers`: who can place calls and send messages, and whether they can now."""

from __future__ import annotations

import click

from ringproof_server.carriers import known_carriers
from ringproof_server.cli.terminal import json_option, open_node, print_json, print_table, refusing
from ringproof_server.domain.errors import CarrierError


@click.group()
def carriers() -> None:
    """The carriers of this server."""


@carriers.command("list")
@json_option
@refusing
def list_carriers(*, as_json: bool) -> None:
    """List the carriers in the order in which they are tried, then those that are installed only."""
    node = open_node()
    rows = [
        {"name": name, "configured": True, "channels": sorted(carrier.capabilities.channels)}
        for name, carrier in node.parts.carriers.items()
    ]
    others = (name for name in known_carriers() if name not in node.parts.carriers)
    rows.extend({"name": name, "configured": False, "channels": []} for name in others)
    if as_json:
        print_json(rows)
        return
    print_table(
        ["carrier", "configured", "channels"],
        (
            [str(row["name"]), "yes" if row["configured"] else "no", ", ".join(map(str, _listed(row)))]
            for row in rows
        ),
    )


@carriers.command("ping")
@json_option
@refusing
def ping(*, as_json: bool) -> None:
    """Ask every configured carrier whether it can work now; exit code 1 if one cannot."""
    node = open_node()
    faults: dict[str, str | None] = {}
    for name, carrier in node.parts.carriers.items():
        try:
            carrier.ping()
            faults[name] = None
        except CarrierError as fault:
            faults[name] = str(fault)
    if as_json:
        print_json([{"name": name, "ok": fault is None, "fault": fault} for name, fault in faults.items()])
    else:
        print_table(["carrier", "state"], ([name, fault or "ready"] for name, fault in faults.items()))
    if any(faults.values()):
        raise click.exceptions.Exit(1)


def _listed(row: dict[str, object]) -> list[object]:
    channels = row["channels"]
    return channels if isinstance(channels, list) else []
