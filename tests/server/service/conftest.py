"""A world for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.databases import (
    database,
    database_kind,
    migrated_templates,
    postgresql_server,
)
from tests.support.switchboard import Switchboard
from tests.support.world import World

__all__ = ["database", "database_kind", "migrated_templates", "postgresql_server"]

LEASE = {"claim_lease": 30.0}
"""Shorter than a flash call is waited for, so that what a dead process left is looked up before that."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A server with the simulated carrier, on a database of its own."""
    made = World(tmp_path / "world")
    yield made
    made.close()


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Switchboard]:
    """A server with one carrier that obeys the test."""
    made = Switchboard(tmp_path / "board", config=LEASE)
    yield made
    made.world.close()


@pytest.fixture
def two_carriers(tmp_path: Path) -> Iterator[Switchboard]:
    """A server with two obedient carriers, `first` and `second`."""
    made = Switchboard(tmp_path / "two", ("first", "second"), config=LEASE)
    yield made
    made.world.close()
