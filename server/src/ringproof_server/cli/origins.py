"""`apps origins`: the web origins whose pages may call the API for an application."""

from __future__ import annotations

import click

from ringproof_server.cli.terminal import (
    console,
    json_option,
    open_node,
    print_json,
    print_table,
    refusing,
)
from ringproof_server.domain.application import Application

_SOON = "Every process knows within five seconds."


@click.group("origins")
def origins() -> None:
    """The web origins whose pages may call the API for an application."""


@origins.command("add")
@click.argument("application")
@click.argument("origins", nargs=-1, required=True)
@json_option
@refusing
def add_origins(application: str, origins: tuple[str, ...], *, as_json: bool) -> None:
    """Let pages of an origin such as https://shop.example call the API; several at once are all or none."""
    node = open_node()
    found = node.administration.application(application)
    _say(node.administration.add_origins(found.id, origins), as_json=as_json)


@origins.command("remove")
@click.argument("application")
@click.argument("origins", nargs=-1, required=True)
@json_option
@refusing
def remove_origins(application: str, origins: tuple[str, ...], *, as_json: bool) -> None:
    """Let pages of an origin call no more; several at once are all or none."""
    node = open_node()
    found = node.administration.application(application)
    _say(node.administration.remove_origins(found.id, origins), as_json=as_json)


@origins.command("show")
@click.argument("application")
@json_option
@refusing
def show_origins(application: str, *, as_json: bool) -> None:
    """Show the origins that an application names; our own pages need none."""
    found = open_node().administration.application(application)
    if as_json:
        print_json(_as_json(found))
        return
    print_table(("origin",), ((origin,) for origin in found.allowed_origins))


def _say(changed: Application, *, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(changed))
        return
    count = len(changed.allowed_origins)
    console.print(f"The application names {count} {'origin' if count == 1 else 'origins'} now. {_SOON}")


def _as_json(application: Application) -> dict[str, list[str]]:
    return {"origins": list(application.allowed_origins)}
