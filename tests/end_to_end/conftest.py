"""Real servers for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.databases import (
    database,
    database_kind,
    migrated_templates,
    postgresql_server,
)
from tests.support.servers import GENEROUS, Server, running

__all__ = ["database", "database_kind", "migrated_templates", "postgresql_server"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server with the simulated carrier and a policy that does not slow tests down."""
    settings = {
        **GENEROUS,
        "RINGPROOF_RING_SECONDS": "1.0,1.5",
        "RINGPROOF_SIMULATED_POST_DIAL_MS": "50-150",
        "RINGPROOF_SIMULATED_REACTION_MS": "200-400",
    }
    with running(Server(tmp_path_factory.mktemp("server"), settings=settings)) as started:
        yield started
