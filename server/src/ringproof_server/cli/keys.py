"""`keys`: the keys that sign tokens."""

from __future__ import annotations

from datetime import datetime

import click

from ringproof_server.cli.terminal import (
    console,
    json_option,
    open_node,
    print_json,
    print_table,
    refusing,
)


@click.group()
def keys() -> None:
    """The keys that sign tokens."""


@keys.command("rotate")
@refusing
def rotate() -> None:
    """Make a new signing key; the old one stays published until its last token has expired."""
    node = open_node()
    node.tokens.prepare()
    kid = node.tokens.rotate(node.parts.clock.now())
    console.print(
        f"Tokens will be signed with the new key {kid} once every process has published it.", soft_wrap=True
    )


@keys.command("list")
@json_option
@refusing
def list_keys(*, as_json: bool) -> None:
    """List the published keys and when each of them signs, newest first; a time may lie ahead.

    A key without an end goes on until the next rotation. One that signs from no time was sealed under another
    RINGPROOF_SECRET_KEY.
    """
    rows = [
        {
            "kid": life.kid,
            "published_at": _spell(life.published_at),
            "signs_from": _spell(life.signs_from),
            "signs_until": _spell(life.signs_until),
            "published_until": _spell(life.published_until),
        }
        for life in open_node().tokens.key_lives()
    ]
    if as_json:
        print_json(rows)
        return
    print_table(list(_COLUMNS), ([row[name] or "-" for name in _COLUMNS] for row in rows))


def _spell(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")


_COLUMNS = ("kid", "published_at", "signs_from", "signs_until", "published_until")
