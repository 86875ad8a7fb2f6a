"""A server that is killed again and again: nothing false is believed, nothing sent twice, nothing stays."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Connection

from ringproof_server.carriers.simulated.record import CALLS_PER_ATTEMPT_SQL, MESSAGES_PER_ATTEMPT_SQL
from tests.end_to_end.crowd import Crowd, Habit, Story
from tests.support.api import Api
from tests.support.databases import looking, rows
from tests.support.servers import GENEROUS, Server

SEED = 20_262
TTL = 20
GRACE = 5.0
"""Seconds after the last expiry in which the server may still be writing it down."""
SETTINGS = {
    **GENEROUS,
    "RINGPROOF_LOG_LEVEL": "warning",
    "RINGPROOF_TTL": str(TTL),
    "RINGPROOF_INTERCEPTION_TIMEOUT": "5",
    "RINGPROOF_REPORT_TIMEOUT": "18",
    "RINGPROOF_MESSAGE_TIMEOUT": "8",
    "RINGPROOF_DIAL_TIMEOUT": "6",
    "RINGPROOF_RING_SECONDS": "1.0,2.0",
    "RINGPROOF_CHECK_DELAYS": "0",
    "RINGPROOF_CLAIM_LEASE": "2",
    # A network that answers slowly and loses answers, so that many requests are open when the server dies.
    "RINGPROOF_SIMULATED_SEED": str(SEED),
    "RINGPROOF_SIMULATED_POST_DIAL_MS": "100-600",
    "RINGPROOF_SIMULATED_MESSAGE_MS": "100-500",
    "RINGPROOF_SIMULATED_ANSWER_MS": "0-800",
    "RINGPROOF_SIMULATED_HANG_SHARE": "0.1",
    "RINGPROOF_SIMULATED_HANG_SECONDS": "0.5",
    "RINGPROOF_SIMULATED_LOST_ANSWER_SHARE": "0.05",
    "RINGPROOF_SIMULATED_DOUBLED_EVENTS": "0.1",
    "RINGPROOF_SIMULATED_REORDERED_EVENTS": "0.1",
}


@dataclass(frozen=True)
class Extent:
    """How many verifications are in flight, and how often the server must die at least meanwhile."""

    verifications: int
    kills: int


PEOPLE_OF_WORKERS = 60
WORKERS_KILLED = 3
EXTENTS = {"sqlite": Extent(300, 12), "postgresql": Extent(100, 5)}


@pytest.mark.crash
@pytest.mark.timeout(600)
def test_a_server_that_keeps_dying_tells_no_lies_and_repeats_nothing(
    database: str, database_kind: str, tmp_path: Path
) -> None:
    """kill -9 at random moments: none verified without evidence, no call or message placed twice for one
    attempt, none pending after its expiry, no promise forgotten, no start carried out twice."""
    extent = EXTENTS[database_kind]
    server = Server(tmp_path, database_url=database, settings=SETTINGS)
    tenant = server.tenant()
    api = Api(server.url, tenant.publishable, timeout=8.0, watched=False)
    crowd = Crowd(api, extent.verifications, SEED, patience=120.0)
    try:
        server.start()
        crowd.set_out()
        kills = _kill_while(crowd, server, extent.kills, random.Random(SEED))
        crowd.wait(150.0)
        _check_what_is_left(database, server, crowd.stories)
    finally:
        server.stop()
    _check_outcomes(crowd.stories)
    print(f"{kills} kills, {server.starts} starts:", _summary(crowd.stories))


@pytest.mark.crash
@pytest.mark.timeout(600)
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_worker_that_dies_is_replaced_and_its_work_is_taken_over(database: str, tmp_path: Path) -> None:
    """Two workers, of which one dies every few seconds: clients only try again, and nothing is lost."""
    server = Server(tmp_path, database_url=database, settings={**SETTINGS, "RINGPROOF_WORKERS": "2"})
    tenant = server.tenant()
    api = Api(server.url, tenant.publishable, timeout=8.0, watched=False)
    crowd = Crowd(api, PEOPLE_OF_WORKERS, SEED, patience=120.0, threads=10)
    dice, killed = random.Random(SEED), 0
    try:
        server.start()
        crowd.set_out()
        while crowd.is_under_way() or killed < WORKERS_KILLED:
            assert _has_workers(server, 2), "a worker was not replaced"
            os.kill(dice.choice(server.workers), signal.SIGKILL)
            killed += 1
            # Workers that die more often than this are given up by the server, and it with them.
            time.sleep(dice.uniform(6.0, 8.0))
        crowd.wait(150.0)
        _check_what_is_left(database, server, crowd.stories)
    finally:
        server.stop()
    _check_outcomes(crowd.stories)
    print(f"{killed} workers killed:", _summary(crowd.stories))


def _has_workers(server: Server, count: int) -> bool:
    """Whether so many run, or do so within a while."""
    give_up = time.monotonic() + 30
    while len(server.workers) < count:
        if time.monotonic() > give_up:
            return False
        time.sleep(0.05)
    return True


def _check_what_is_left(database: str, server: Server, stories: list[Story]) -> None:
    with looking(database) as connection:
        _await_the_end(connection, server)
        _check_truth(connection, stories)
        _check_calls(connection)
        _check_rest(connection, len(stories))


def _kill_while(crowd: Crowd, server: Server, at_least: int, dice: random.Random) -> int:
    """Kill and restart the server until everybody is done, and `at_least` so often; how often it was."""
    kills = 0
    while crowd.is_under_way() or kills < at_least:
        time.sleep(dice.uniform(0.2, 2.5))
        server.kill()
        kills += 1
        server.start()
    return kills


def _await_the_end(connection: Connection, server: Server) -> None:
    """Until the last verification must have ended; then nothing may be pending any more."""
    ((last,),) = rows(connection, "SELECT MAX(expires_at) FROM verifications")
    time.sleep(max(0.0, last / 1_000_000 + GRACE - time.time()))
    pending = rows(connection, "SELECT id, wake_at, expires_at FROM verifications WHERE status = 'pending'")
    assert pending == [], f"these verifications were never ended; the server says:\n{server.log[-3000:]}"


def _check_truth(connection: Connection, stories: list[Story]) -> None:
    """Verified is only who gave evidence, and everybody who was told so."""
    verified = {row[0] for row in rows(connection, "SELECT id FROM verifications WHERE status = 'verified'")}
    gave_evidence = {story.verification_id for story in stories if story.gave_evidence}
    was_told = {story.verification_id for story in stories if story.token}
    assert verified <= gave_evidence, "verified without evidence"
    assert was_told <= verified, "a token was given and then forgotten"
    finishes = rows(
        connection,
        "SELECT verification_id, COUNT(*) FROM trace WHERE what = 'finished' GROUP BY verification_id",
    )
    assert {row[1] for row in finishes} == {1}, "a verification ended twice"


def _check_calls(connection: Connection) -> None:
    """The network's own record: one call or message for an attempt at the most, and no phone rings on."""
    for statement in (CALLS_PER_ATTEMPT_SQL, MESSAGES_PER_ATTEMPT_SQL):
        counts = dict(rows(connection, statement))
        assert counts, "nothing was placed at all"
        assert {attempt: count for attempt, count in counts.items() if count > 1} == {}
    assert rows(connection, "SELECT id FROM simulated_calls WHERE ended_at IS NULL") == []
    placed = "SELECT attempt_id FROM simulated_calls UNION SELECT attempt_id FROM simulated_messages"
    strange = rows(connection, f"{placed} EXCEPT SELECT id FROM attempts")
    assert strange == [], "something was placed for an attempt that nobody knows"


def _check_rest(connection: Connection, people: int) -> None:
    """A repeated start started nothing twice, and no attempt waits for ever."""
    ((verifications, numbers),) = rows(
        connection, "SELECT COUNT(*), COUNT(DISTINCT number_digest) FROM verifications"
    )
    assert (verifications, numbers) == (people, people)
    open_states = "('queued', 'dialing', 'sending', 'ringing', 'answered')"
    assert rows(connection, f"SELECT id, channel, state FROM attempts WHERE state IN {open_states}") == []


def _check_outcomes(stories: list[Story]) -> None:
    """The test has tested something: nobody was left without an answer, and people were verified."""
    assert [story.fault for story in stories if story.fault] == []
    for habit in Habit:
        assert any(story.habit is habit for story in stories)
    honest = [story for story in stories if story.gave_evidence]
    assert sum(bool(story.token) for story in honest) > len(honest) / 2


def _summary(stories: list[Story]) -> dict[str, int]:
    counts = Counter(
        (story.habit.name, "verified" if story.token else story.last_status or "no proof")
        for story in stories
    )
    return {" ".join(key): count for key, count in sorted(counts.items())}
