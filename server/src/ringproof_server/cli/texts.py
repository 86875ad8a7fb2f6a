"""`apps texts`: an application's own wording of messages and calls."""

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
from ringproof_server.service.wording import Wording

_SOON = "Every process knows within a few seconds."


@click.group("texts")
def texts() -> None:
    """An application's own wording of messages and calls."""


@texts.command("set")
@click.argument("application")
@click.argument("locale")
@click.argument("name")
@click.argument("text")
@refusing
def set_text(application: str, locale: str, name: str, text: str) -> None:
    """Say TEXT instead of our own sentence NAME, such as message.code, in the language LOCALE.

    Placeholders such as {code} stay. Addresses and numbers are refused, and the warning never to share a code
    is added as ever.
    """
    node = open_node()
    found = node.administration.application(application)
    Wording(node.storage).set_text(found.id, locale, name, text)
    console.print(_SOON)


@texts.command("remove")
@click.argument("application")
@click.argument("locale")
@click.argument("name")
@refusing
def remove_text(application: str, locale: str, name: str) -> None:
    """Use our own sentence again."""
    node = open_node()
    found = node.administration.application(application)
    Wording(node.storage).remove_text(found.id, locale, name)
    console.print(_SOON)


@texts.command("show")
@click.argument("application")
@json_option
@refusing
def show_texts(application: str, *, as_json: bool) -> None:
    """Show the sentences that an application puts in its own words."""
    found = open_node().administration.application(application).texts
    if as_json:
        print_json({locale: dict(own) for locale, own in found.items()})
        return
    rows = [
        (locale, name, text) for locale, own in sorted(found.items()) for name, text in sorted(own.items())
    ]
    print_table(("locale", "name", "text"), rows)
