"""A server that is killed between asking its carrier and hearing the answer, and is started again."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from ringproof_server.carriers.simulated.record import CALLS_PER_ATTEMPT_SQL, MESSAGES_PER_ATTEMPT_SQL
from ringproof_server.domain.attempt import Attempt, AttemptState
from ringproof_server.domain.channel import Channel, Reason
from tests.support.api import Api, Started
from tests.support.servers import GENEROUS, Server
from tests.support.waiting import wait_until

NUMBER = "+447700900322"
TAKEN = {"RINGPROOF_SIMULATED_ANSWER_MS": "600000"}
"""The network takes the call at once and answers after ten minutes."""
NOT_TAKEN = {"RINGPROOF_SIMULATED_HANG_SHARE": "1", "RINGPROOF_SIMULATED_HANG_SECONDS": "600"}
"""The network would take the call after ten minutes only."""


def _kill_while_asking(server: Server, trouble: dict[str, str]) -> Started:
    """Start a verification, kill the server while it dials, and start it again over a sound network."""
    server.environment.update({**trouble, "RINGPROOF_CLAIM_LEASE": "600"})
    server.prepare()
    server.start()
    api = Api(server.url, server.tenant().publishable)
    started = api.start(NUMBER)
    wait_until(lambda: api.read(started).json()["attempt"]["status"] == "dialing")
    if trouble is TAKEN:
        wait_until(lambda: bool(_placed(server, CALLS_PER_ATTEMPT_SQL)))
    api.close()
    server.kill()
    for name in trouble:
        del server.environment[name]
    server.environment["RINGPROOF_CLAIM_LEASE"] = "2"
    server.start()
    return started


def _attempts(server: Server, started: Started) -> list[Attempt]:
    with server.node() as node:
        return node.storage.read(lambda session: session.verifications.attempts(started.id))


def _placed(server: Server, statement: str) -> dict[str, int]:
    """How many calls or messages the network has for each attempt, by its own record."""
    with server.node() as node:
        rows = node.storage.look(lambda connection: connection.execute(text(statement)).all())
    return {str(attempt): int(count) for attempt, count in rows}


@pytest.mark.timeout(120)
def test_a_call_that_the_network_took_is_found_and_goes_on_as_the_same_call(tmp_path: Path) -> None:
    server = Server(tmp_path, settings=GENEROUS)
    try:
        started = _kill_while_asking(server, TAKEN)
        wait_until(lambda: _attempts(server, started)[0].remote_id is not None)
        call = _attempts(server, started)[0]
        assert call.state is not AttemptState.DIALING
        assert call.reason is not Reason.UNKNOWN
        assert _placed(server, CALLS_PER_ATTEMPT_SQL) == {call.id: 1}
    finally:
        server.stop()


@pytest.mark.timeout(120)
def test_a_call_that_the_network_does_not_know_is_not_dialled_again_and_the_sms_follows(
    tmp_path: Path,
) -> None:
    server = Server(tmp_path, settings=GENEROUS)
    try:
        started = _kill_while_asking(server, NOT_TAKEN)
        wait_until(lambda: len(_attempts(server, started)) == 2)
        wait_until(lambda: _attempts(server, started)[1].remote_id is not None)
        call, message = _attempts(server, started)
        assert (call.state, call.reason) == (AttemptState.ENDED, Reason.UNKNOWN)
        assert message.channel is Channel.SMS
        assert _placed(server, CALLS_PER_ATTEMPT_SQL) == {}
        assert _placed(server, MESSAGES_PER_ATTEMPT_SQL) == {message.id: 1}
    finally:
        server.stop()
