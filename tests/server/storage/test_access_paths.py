"""No statement reads a whole table that grows with history.

SQLite uses a partial index only where a query spells the index's condition in the same way, and says nothing
when it does not; so every statement is asked how it would be carried out.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from pathlib import Path

import pytest

from ringproof_server.storage import (
    applications,
    attempts,
    caller_ids,
    devices,
    idempotency,
    ledger,
    migrations,
    outbox,
    retention,
    signing_keys,
    verifications,
)
from ringproof_server.storage.statements import Engine, Statement
from ringproof_server.storage.tables import metadata

MODULES = (
    applications,
    attempts,
    caller_ids,
    devices,
    idempotency,
    ledger,
    outbox,
    retention,
    signing_keys,
    verifications,
)
STATEMENTS = {
    f"{module.__name__.rpartition('.')[2]}.{name}": value
    for module in MODULES
    for name, value in vars(module).items()
    if isinstance(value, Statement)
}
PARTIAL = {
    index.name
    for table in metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
}
READS_WHOLE_TABLE = {"applications._LISTING", "signing_keys._LISTING"}
"""Tables with a few rows, which are listed whole."""


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    path = Path(tmp_path_factory.mktemp("plans")) / "ringproof.sqlite3"
    migrations.upgrade(f"sqlite:///{path}")
    return sqlite3.connect(path)


@pytest.mark.parametrize("name", sorted(set(STATEMENTS) - READS_WHOLE_TABLE))
def test_a_statement_finds_its_rows_by_an_index(name: str, connection: sqlite3.Connection) -> None:
    sql = STATEMENTS[name].on(Engine.SQLITE)
    parameters = dict.fromkeys(re.findall(r":(\w+)", sql), 1)
    with contextlib.closing(connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)) as plan:
        steps = [row[3] for row in plan]
    assert [step for step in steps if step.startswith("SCAN") and not _is_short(step)] == []


def _is_short(step: str) -> bool:
    """Whether a scan goes over what is open only, or over rows that the statement has found or was given."""
    if step.startswith(("SCAN anon_", "SCAN CONSTANT ROW", "SCAN json_each")):
        return True
    return any(f"INDEX {index}" in step for index in PARTIAL)
