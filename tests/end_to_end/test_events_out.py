"""Every event reaches the back end of its application, whatever becomes of the server and of the back end."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.end_to_end.crowd import Crowd
from tests.support.api import Api
from tests.support.databases import looking, rows
from tests.support.receiver import NO_ANSWER, BackEnd, Request, running_back_end
from tests.support.servers import GENEROUS, Server

SEED = 20_263
PEOPLE = 24
KILLS = 4
TTL = 15
PATIENCE = 240.0
"""Seconds for the last event to arrive: a claim of the dead lasts 30, a pause between tries up to 64."""
SETTINGS = {
    **GENEROUS,
    "RINGPROOF_LOG_LEVEL": "info",
    "RINGPROOF_WEBHOOK_PRIVATE_ADDRESSES": "on",
    "RINGPROOF_TTL": str(TTL),
    "RINGPROOF_INTERCEPTION_TIMEOUT": "5",
    "RINGPROOF_REPORT_TIMEOUT": "14",
    "RINGPROOF_MESSAGE_TIMEOUT": "8",
    "RINGPROOF_DIAL_TIMEOUT": "6",
    "RINGPROOF_RING_SECONDS": "1.0,2.0",
    "RINGPROOF_CHECK_DELAYS": "0",
    "RINGPROOF_CLAIM_LEASE": "2",
    "RINGPROOF_SIMULATED_SEED": str(SEED),
    "RINGPROOF_SIMULATED_POST_DIAL_MS": "100-600",
    "RINGPROOF_SIMULATED_MESSAGE_MS": "100-500",
}


class Moods:
    """A back end that fails half the time, is slow now and then, and loses some of its answers, until it is
    well again."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.is_well = False

    def __call__(self, _: Request) -> tuple[int, bytes]:
        with self._lock:
            mood = self._mood(self._dice.random())
            self.counts[mood] += 1
        if mood == "slow":
            time.sleep(1.0)
        return {"fails": (503, b"later"), "loses": (NO_ANSWER, b"")}.get(mood, (204, b""))

    def _mood(self, thrown: float) -> str:
        if self.is_well or thrown > 0.6:
            return "takes"
        return "fails" if thrown < 0.4 else "loses" if thrown < 0.5 else "slow"


@pytest.mark.crash
@pytest.mark.timeout(600)
def test_every_event_arrives_in_order_though_server_and_receiver_keep_failing(
    database: str, tmp_path: Path
) -> None:
    """kill -9 for the server, refused connections, errors, slowness and lost answers at the back end: every
    event of every verification arrives, signed, in order, and what comes twice has the same id."""
    server = Server(tmp_path, database_url=database, settings=SETTINGS)
    tenant = server.tenant()
    dice, moods = random.Random(SEED), Moods(SEED)
    with running_back_end() as back_end:
        with server.node() as node:
            back_end.trust(node.endpoints.set_webhook(tenant.id, back_end.url))
        back_end.react = moods
        crowd = Crowd(
            Api(server.url, tenant.publishable, timeout=8.0, watched=False), PEOPLE, SEED, patience=90.0
        )
        try:
            server.start()
            crowd.set_out()
            for _ in range(KILLS):
                time.sleep(dice.uniform(1.0, 3.0))
                server.kill()
                server.start()
                back_end.go_away()
                time.sleep(dice.uniform(0.5, 2.0))
                back_end.come_back()
            crowd.wait(150.0)
            moods.is_well = True
            _await_delivery(database, server)
        finally:
            server.stop()
        _check_arrivals(database, back_end)
    print(f"{KILLS} kills, {len(back_end.taken)} taken of {len(back_end.asked)} tries:", dict(moods.counts))


def _await_delivery(database: str, server: Server) -> None:
    """Until nothing is pending and nothing is on its way."""
    unsettled = "SELECT id FROM outbox WHERE delivered_at IS NULL"
    pending = "SELECT id FROM verifications WHERE status = 'pending'"
    open_attempts = "SELECT id FROM attempts WHERE state IN ('queued', 'dialing', 'sending', 'ringing')"
    give_up = time.monotonic() + PATIENCE
    with looking(database) as connection:
        while any(rows(connection, what) for what in (pending, open_attempts, unsettled)):
            assert time.monotonic() < give_up, f"events are still on their way:\n{server.log[-3000:]}"
            time.sleep(0.5)


def _check_arrivals(database: str, back_end: BackEnd) -> None:
    with looking(database) as connection:
        stored = dict(rows(connection, "SELECT id, status FROM verifications"))
        written = dict(rows(connection, "SELECT verification_id, COUNT(*) FROM outbox GROUP BY 1"))
        ended = dict(rows(connection, "SELECT id, state FROM attempts"))
    assert len(stored) == PEOPLE
    assert back_end.refused == 0, "something came that the official library does not believe"
    arrived = back_end.by_verification()
    assert set(arrived) == set(stored) == set(written)
    for name, events in arrived.items():
        assert [event.sequence for event in events] == list(range(written[name])), "lost, or out of order"
        kinds = [str(event.said["type"]) for event in events]
        assert kinds[0] == "verification.started"
        ends = [kind for kind in kinds[1:] if kind.startswith("verification.")]
        assert ends == [f"verification.{stored[name]}"]
        last = {
            event.said["data"]["attempt"]["id"]: event.said["data"]["attempt"]["status"] for event in events
        }
        assert all(ended[attempt] == status for attempt, status in last.items())
    _check_repeats(back_end)


def _check_repeats(back_end: BackEnd) -> None:
    """Also the tries came in order, and each try of an event was the same event."""
    by_id: dict[str, set[tuple[str, int, bytes]]] = {}
    latest: dict[str, int] = {}
    for request in back_end.asked:
        by_id.setdefault(request.id, set()).add((request.verification, request.sequence, request.body))
        assert request.sequence >= latest.get(request.verification, 0), "an event overtook another"
        latest[request.verification] = request.sequence
    assert all(len(said) == 1 for said in by_id.values())
    twice = len(back_end.taken) - len({request.id for request in back_end.taken})
    assert twice > 0, "nothing was repeated, so the test has shown too little"
