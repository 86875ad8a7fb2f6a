"""A server that is asked to stop: what it has begun it finishes."""

from __future__ import annotations

import time
from pathlib import Path

from ringproof_server.domain.attempt import AttemptState
from tests.support.api import Api
from tests.support.servers import GENEROUS, Server, running

NUMBER = "+447700900321"
PATIENCE = 20.0
SLOW = {
    **GENEROUS,
    "RINGPROOF_SIMULATED_ANSWER_MS": "1000",
    "RINGPROOF_SIMULATED_MESSAGE_MS": "60000",
    "RINGPROOF_CLAIM_LEASE": "600",
}
"""The network answers a second after it has taken a request, and says nothing more for a minute."""


def test_what_was_being_sent_is_on_record_when_the_server_has_stopped(tmp_path: Path) -> None:
    """Else it would be looked up after the restart, and until then nobody would know whether it was sent."""
    server = Server(tmp_path, settings=SLOW)
    with running(server):
        api = Api(server.url, server.tenant().publishable)
        started = api.start(NUMBER, channels=["sms"])
        give_up = time.monotonic() + PATIENCE
        while api.read(started).json()["attempt"]["status"] != "sending":
            assert time.monotonic() < give_up
            time.sleep(0.02)
        api.close()
        server.stop()
    with server.node() as node:
        (attempt,) = node.storage.read(lambda session: session.verifications.attempts(started.id))
    assert attempt.state is AttemptState.ACCEPTED
    assert attempt.remote_id is not None
