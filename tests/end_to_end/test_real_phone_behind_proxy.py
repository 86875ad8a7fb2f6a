"""A real phone rings through the proxy that is shipped for operators, run by a real Kamailio.

Its first gateway is dead, its second asks for a login; only the proxy knows the password.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import leaks
from tests.support.baresip import Phone, running_phone
from tests.support.kamailio import Proxy, running_proxy, running_trunk
from tests.support.ports import free_phone_port
from tests.support.sip_site import Site, agree, delete, packets_of, ringing, site

NUMBER = "+447400123456"
REALM = "trunk.example"
PASSWORD, WRONG_PASSWORD = "the-word-that-only-the-proxy-knows", "another-word-that-the-proxy-believes"
KAMAILIO = Path(__file__).resolve().parents[2] / "server" / "deploy" / "kamailio" / "kamailio.cfg"


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    with running_phone(tmp_path_factory.mktemp("phone"), [NUMBER]) as phone:
        yield phone


@pytest.fixture(autouse=True)
def _in_peace(phone: Phone) -> Iterator[None]:
    """After every test nothing rings and nothing is up, by the phone's own list."""
    leaks.secret(NUMBER, "number")
    yield
    phone.wait_until_idle()


class Edge:
    """The proxy as shipped, with a dead gateway and one that asks for a login; always at the same port."""

    def __init__(self, folder: Path, trunk: Proxy) -> None:
        self._folder, self._trunk = folder, trunk
        self._port = free_phone_port()
        self._dead = free_phone_port()
        self._running = contextlib.ExitStack()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    def run(self, password: str) -> None:
        """Run it, or another one in its place, with this password for the second gateway."""
        self.stop()
        listed = self._folder / "dispatcher.list"
        login = f"user=ringproof;realm={REALM};password={password}"
        listed.write_text(f"1 sip:127.0.0.1:{self._dead} 0 2\n1 sip:{self._trunk.address} 0 1 {login}\n")
        given = {"GATEWAYS": f'"{listed}"', "PATIENCE": "1000"}
        proxy = self._running.enter_context(running_proxy(self._folder, KAMAILIO, given, port=self._port))
        self._running.callback(leaks.watch_file, proxy.log_file, "the log of the proxy")

    def stop(self) -> None:
        self._running.close()


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory, phone: Phone) -> Iterator[tuple[Site, Edge]]:
    folder = tmp_path_factory.mktemp("edge")
    leaks.secrets([PASSWORD, WRONG_PASSWORD], "password")
    with running_trunk(
        folder / "trunk", phone.address, user="ringproof", password=PASSWORD, realm=REALM
    ) as trunk:
        proxy = Edge(folder, trunk)
        try:
            proxy.run(PASSWORD)
            with site(folder / "server", phone, proxy.address) as started:
                yield started, proxy
        finally:
            proxy.stop()


def test_a_number_is_verified_through_the_example_proxy(
    edge: tuple[Site, Edge], record_property: Callable[[str, object], None]
) -> None:
    """Past a dead gateway and with a login that only the proxy knows; phone and server agree on the ring."""
    there, _ = edge
    verified = there.client.verify(NUMBER, there.source())
    there.check(verified)
    attempt, call = there.attempt(verified.verification.id), there.phone.calls()[-1]
    assert (attempt["reason"], call.answered) == ("rang", False)
    agree("through the proxy", call, attempt, record_property)


def test_a_cancelled_call_stops_behind_the_proxy(edge: tuple[Site, Edge]) -> None:
    """CANCEL passes through both proxies, to the gateway that took the call."""
    there, _ = edge
    started = there.api.start(NUMBER, channels=["flashcall"])
    call = ringing(there.phone, NUMBER)
    delete(there, started)
    there.phone.wait_until_idle()
    assert "CANCEL" in [packet.method for packet in packets_of(there.phone, call)]


def test_a_wrong_password_in_the_proxy_is_a_configuration_error(edge: tuple[Site, Edge]) -> None:
    """Nothing rings, and the operator sees whose fault it is."""
    there, proxy = edge
    known = len(there.phone.calls())
    proxy.run(WRONG_PASSWORD)
    started = there.api.start(NUMBER, channels=["flashcall"])
    assert there.attempt(started.id)["reason"] == "config_error"
    assert there.seen_by_back_end(started.id)["status"] == "failed"
    assert len(there.phone.calls()) == known
