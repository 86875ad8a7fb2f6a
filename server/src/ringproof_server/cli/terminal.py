"""How the commands speak to people and to machines."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import NoReturn, ParamSpec, TypeVar

import click
from rich.console import Console
from rich.table import Table

from ringproof_server.app import Node, compose, is_database_ready
from ringproof_server.carriers import CarrierLookupError, CarrierSettingsError
from ringproof_server.domain.errors import RingproofError
from ringproof_server.logs import configure_logs
from ringproof_server.settings import Settings, SettingsError

P = ParamSpec("P")
R = TypeVar("R")

console = Console(highlight=False)
notes = Console(stderr=True, highlight=False, soft_wrap=True)
WIDTH_IN_FILES = 200
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def refuse(message: str) -> NoReturn:
    """End the command with one line and exit code 2."""
    click.echo(f"ringproof-server: {message}", err=True)
    raise click.exceptions.Exit(2)


def refusing(command: Callable[P, R]) -> Callable[P, R]:
    """Turn what an operator can mend into a clear line instead of a traceback."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except SettingsError as fault:
            refuse(str(fault))
        except (RingproofError, CarrierLookupError, CarrierSettingsError) as fault:
            refuse(str(fault))

    return wrapped


def read_settings() -> Settings:
    """The settings of this environment; logs go to standard error. Raises `SettingsError`."""
    settings = Settings.from_environ(os.environ)
    configure_logs(settings.log_level, settings.log_format)
    return settings


def open_node() -> Node:
    """A node over a database that is ready for it; refuses with what to do when it is not."""
    settings = read_settings()
    require_database(settings)
    return compose(settings)


def require_database(settings: Settings) -> None:
    """Refuse unless the database can be reached and is at the newest migration."""
    if not is_database_ready(settings):
        refuse("the database is not ready for this version; run: ringproof-server init-db")


def print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> None:
    """A table for people; identifiers are never cut, since they are there to be copied."""
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=True)
    for row in rows:
        table.add_row(*row)
    wide = console if console.is_terminal else Console(highlight=False, width=WIDTH_IN_FILES)
    wide.print(table, crop=False)
