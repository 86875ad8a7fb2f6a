"""Processes are killed while a real phone rings: nothing goes on ringing, and every verification ends."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.carriers.sip.agents import end_process, is_running
from tests.support import leaks
from tests.support.api import Api, Json
from tests.support.baresip import Phone, running_phone
from tests.support.servers import GENEROUS, Server, Tenant, running
from tests.support.waiting import wait_until

NUMBER = "+447400123456"
pytestmark = pytest.mark.crash


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[Phone]:
    with running_phone(tmp_path / "phone", [NUMBER]) as phone:
        yield phone


@pytest.fixture
def server(tmp_path: Path, phone: Phone) -> Iterator[Server]:
    leaks.secrets([NUMBER], "number")
    folder = tmp_path / "server"
    settings = {
        **GENEROUS,
        "RINGPROOF_CARRIERS": "sip",
        "RINGPROOF_SIP_TRUNK": phone.address,
        "RINGPROOF_SIP_LOCAL_ADDRESS": "127.0.0.1:0",
        "RINGPROOF_RING_SECONDS": "4,4.5",
        "RINGPROOF_WORKERS": "2",
    }
    server = Server(folder, settings=settings)
    try:
        with running(server):
            yield server
    finally:
        with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
            end_process(agent_of(server), signal.SIGTERM)
        leaks.watch_file(folder / "sip-agent.log", "the log of a SIP agent")


def agent_of(server: Server) -> int:
    """The process of the server's agent."""
    return int((server.log_file.parent / "sip-agent.lock").read_text())


class Ringing:
    """A verification whose phone rings."""

    def __init__(self, server: Server, tenant: Tenant, phone: Phone) -> None:
        calls = len(phone.calls())
        started = Api(server.url, tenant.publishable).start(NUMBER, channels=["flashcall"])
        self.id = started.id
        self._back_end = Api(server.url, tenant.secret)
        phone.wait_for_call(lambda call: call.rang_at is not None and len(phone.calls()) > calls)

    def attempt(self) -> Json:
        answer = self._back_end.get(f"/v1/verifications/{self.id}")
        assert answer.status == 200, answer
        return dict(answer.json()["attempts"][0])

    def wait_until_ended(self) -> Json:
        def is_ended() -> bool:
            with contextlib.suppress(OSError):
                return bool(self.attempt()["status"] == "ended")
            return False

        wait_until(is_ended)
        return self.attempt()


def test_a_server_that_is_killed_hangs_up_when_it_is_back(server: Server, phone: Phone) -> None:
    """The agent has kept the call and what happened to it; the phone is called once."""
    ringing = Ringing(server, server.tenant(), phone)
    wait_until(lambda: ringing.attempt()["status"] == "ringing")
    agent = agent_of(server)
    server.kill()
    assert is_running(agent)
    assert phone.active_calls() == 1
    server.start()
    assert ringing.wait_until_ended()["reason"] == "rang"
    phone.wait_until_idle()
    assert agent_of(server) == agent
    assert len(phone.calls()) == 1


def test_a_worker_that_is_killed_is_missed_by_nobody(server: Server, phone: Phone) -> None:
    """Whichever of the two it was, the other one hangs up and takes the events."""
    ringing = Ringing(server, server.tenant(), phone)
    os.kill(server.workers[0], signal.SIGKILL)
    assert ringing.wait_until_ended()["reason"] == "rang"
    phone.wait_until_idle()
    assert len(phone.calls()) == 1


def test_an_agent_that_is_killed_is_replaced_and_its_verification_ends(server: Server, phone: Phone) -> None:
    """Nobody is called twice; the phone is left to the trunk's own timer, and the next call rings."""
    tenant = server.tenant()
    ringing = Ringing(server, tenant, phone)
    agent = agent_of(server)
    end_process(agent, signal.SIGKILL)
    ended = ringing.wait_until_ended()
    assert ended["reason"] in {"rang", "unknown"}
    assert len(phone.calls()) == 1
    wait_until(lambda: agent_of(server) != agent and is_running(agent_of(server)))
    phone.hang_up()
    phone.wait_until_idle()
    again = Ringing(server, tenant, phone)
    assert again.wait_until_ended()["reason"] == "rang"
    assert len(phone.calls()) == 2
