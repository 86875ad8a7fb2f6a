"""The commands of `ringproof-server`, run within a test's process on a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from click.testing import CliRunner, Result

from ringproof_server.cli import main
from tests.support import leaks

KEY = "Zm9yLXRoZS1jb21tYW5kLWxpbmUtb25seS0wMTIzNDU"
Run = Callable[..., Result]
"""Takes the words of a command, and settings by their names without `RINGPROOF_`."""


def environment_in(folder: Path, **settings: str) -> dict[str, str]:
    """The environment of a server that keeps its data in this folder."""
    leaks.secrets([KEY], "key")
    given = {"SECRET_KEY": KEY, "DATA_DIR": str(folder), **settings}
    return {f"RINGPROOF_{name}": value for name, value in given.items()}


def command_line(environment: Mapping[str, str], *, application: str | None = None) -> Run:
    """Runs commands on a fresh database, with this application in it."""

    def run(*command: str, **settings: str) -> Result:
        given = {f"RINGPROOF_{name}": value for name, value in settings.items()}
        return CliRunner().invoke(main, list(command), env={**environment, **given})

    assert run("init-db").exit_code == 0
    if application is not None:
        assert run("apps", "create", application, "--json").exit_code == 0
    return run
