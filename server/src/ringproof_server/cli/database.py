"""`init-db`: the database, ready for this version."""

from __future__ import annotations

import click

from ringproof_server.app import prepare_database
from ringproof_server.cli.terminal import console, read_settings, refusing


@click.command("init-db")
@refusing
def init_db() -> None:
    """Create the database, or bring it to this version; safe to repeat."""
    prepare_database(read_settings())
    console.print("The database is ready.")
