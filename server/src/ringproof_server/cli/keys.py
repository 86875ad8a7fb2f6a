"""`keys`: the keys that sign tokens."""

from __future__ import annotations

import click

from ringproof_server.cli.terminal import console, open_node, refusing


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
