"""`carriers`: who can place calls and send messages, for which countries, and whether they can now."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import click

from ringproof_server.carriers import known_carriers
from ringproof_server.cli.terminal import json_option, open_node, print_json, print_table, refusing
from ringproof_server.domain.errors import CarrierError
from ringproof_server.domain.routing import Ranking, Routes, spell
from ringproof_server.ports import Carrier, CarrierCapabilities

NOBODY = "nobody"
EVERYBODY_ELSE = "all others"


@click.group()
def carriers() -> None:
    """The carriers of this server."""


@carriers.command("list")
@json_option
@refusing
def list_carriers(*, as_json: bool) -> None:
    """List the carriers in the order in which they are tried, then those that are installed only."""
    node = open_node()
    configured, routes = node.parts.carriers, node.settings.routes
    others = [name for name in known_carriers() if name not in configured]
    if as_json:
        rows = [_row(name, carrier.capabilities, routes) for name, carrier in configured.items()]
        print_json([*rows, *({"name": name, "configured": False, "channels": []} for name in others)])
        return
    print_table(
        ["carrier", "configured", "channels", "calls/s", "messages/s", "events", "hangs up", "caller ID"],
        [
            *([name, "yes", *_cells(carrier.capabilities)] for name, carrier in configured.items()),
            *([name, "no", *[""] * 6] for name in others),
        ],
    )
    if routes.rankings:
        click.echo()
        real = [name for name, item in configured.items() if not item.capabilities.fictitious_only]
        print_table(["country", "carriers"], _route_rows(routes, real))


def _row(name: str, able: CarrierCapabilities, routes: Routes) -> dict[str, object]:
    """What a machine is told of a configured carrier.

    `routes` are the countries whose own routes name it, and `not_for` those whose own routes do not; all
    other countries take the carriers in their order.
    """
    return {
        "name": name,
        "configured": True,
        "channels": sorted(able.channels),
        "calls_per_second": able.calls_per_second,
        "messages_per_second": able.messages_per_second,
        "reports_events": able.reports_events,
        "hangs_up": able.hangs_up,
        "chooses_caller_id": able.chooses_caller_id,
        "fictitious_only": able.fictitious_only,
        "routes": [
            {"country": country, "rank": number, "weight": share.weight}
            for country, ranking in routes.rankings.items()
            for number, rank in enumerate(ranking, start=1)
            for share in rank
            if share.carrier == name
        ],
        "not_for": [country for country, ranking in routes.rankings.items() if not _names(ranking, name)],
    }


def _names(ranking: Ranking, carrier: str) -> bool:
    return any(share.carrier == carrier for rank in ranking for share in rank)


def _cells(able: CarrierCapabilities) -> list[str]:
    channels = ", ".join(sorted(able.channels))
    return [
        f"{channels} (fictitious numbers only)" if able.fictitious_only else channels,
        _rate(able.calls_per_second),
        _rate(able.messages_per_second),
        _yes(able.reports_events),
        _yes(able.hangs_up),
        "any" if able.chooses_caller_id else "its own",
    ]


def _rate(per_second: float | None) -> str:
    return "any" if per_second is None else f"{per_second:g}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _route_rows(routes: Routes, order: list[str]) -> Iterator[list[str]]:
    """A row for all countries of one route, in the order in which an operator writes it."""
    countries: dict[Ranking, list[str]] = {}
    for country, ranking in routes.rankings.items():
        countries.setdefault(ranking, []).append(country)
    for ranking, names in countries.items():
        yield [", ".join(names), spell(ranking) or NOBODY]
    yield [EVERYBODY_ELSE, ",".join(order)]


@dataclass(frozen=True, slots=True)
class Pinged:
    """What came of asking a carrier: how many ms it took, and the error with what it told the operator."""

    name: str
    ok: bool
    ms: int
    error: str | None = None
    fault: str | None = None


@carriers.command("ping")
@json_option
@refusing
def ping(*, as_json: bool) -> None:
    """Ask every configured carrier whether it can work now; exit code 1 if one cannot."""
    node = open_node()
    pinged = [_ping(name, carrier) for name, carrier in node.parts.carriers.items()]
    if as_json:
        print_json([asdict(item) for item in pinged])
    else:
        print_table(
            ["carrier", "state", "ms", "fault"],
            ([item.name, item.error or "ready", str(item.ms), item.fault or ""] for item in pinged),
        )
    if not all(item.ok for item in pinged):
        raise click.exceptions.Exit(1)


def _ping(name: str, carrier: Carrier) -> Pinged:
    """Ask one. Of an error that the port does not know only the name is told: nobody vouches for its text."""
    begun = time.monotonic()

    def taken() -> int:
        return round((time.monotonic() - begun) * 1000)

    try:
        carrier.ping()
    except CarrierError as fault:
        return Pinged(name, ok=False, ms=taken(), error=type(fault).__name__, fault=str(fault))
    except Exception as fault:  # noqa: BLE001  (one broken plug-in must not hide the others)
        return Pinged(name, ok=False, ms=taken(), error=type(fault).__name__)
    return Pinged(name, ok=True, ms=taken())
