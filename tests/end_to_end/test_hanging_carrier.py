"""A carrier that does not answer: whoever starts, reads, cancels or stops does not wait for it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from tests.support.api import Api
from tests.support.servers import GENEROUS, Server, running

STARTS = 60
SETTINGS = {
    **GENEROUS,
    "RINGPROOF_SIMULATED_HANG_SHARE": "1",
    "RINGPROOF_SIMULATED_HANG_SECONDS": "300",
    "RINGPROOF_SIMULATED_TIMEOUT": "300",
    "RINGPROOF_CLAIM_LEASE": "600",
}


def test_nobody_waits_for_a_carrier_that_hangs(tmp_path: Path) -> None:
    """Sixty starts, one after another, are all answered while the very first call still hangs; each can be
    read and cancelled, the server says that it is ready, and it stops when it is told to. They have no other
    step to go on to."""
    with running(Server(tmp_path, settings=SETTINGS)) as server:
        api = Api(server.url, server.tenant().publishable)
        started = [api.start(f"+447700900{index:03}", channels=["flashcall"]) for index in range(STARTS)]
        assert {one.view["attempt"]["status"] for one in started} == {"queued"}
        assert api.get("/readyz").status == 200
        for one in started[::10]:
            assert api.read(one).json()["status"] == "pending"
            header = {"Ringproof-Challenge": one.challenge}
            answer = api.request("DELETE", f"/v1/verifications/{one.id}", None, header)
            assert answer.json()["status"] == "cancelled"
        states = _states(server)
    assert states["dialing"] > 0
    assert states["dialing"] + states["queued"] + states["ended"] == STARTS
    assert states["ended"] < STARTS // 10 + 1


def _states(server: Server) -> Counter[str]:
    file = server.settings.database_url.reveal().removeprefix("sqlite:///")
    with closing(sqlite3.connect(file)) as connection:
        return Counter(dict(connection.execute("SELECT state, COUNT(*) FROM attempts GROUP BY state")))
