"""A real phone rings: a server with the carrier `sip` calls a baresip, and the SDK listens at that phone.

Nothing stands between the server and the phone but SIP, unless a test puts a bad network or a proxy there.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from ringproof import Ringproof, SipPhoneCallSource, Verified, verify_token
from tests.server.carriers.sip.agents import end_process
from tests.support import leaks
from tests.support.api import Answer, Api, Json, Started, call_evidence
from tests.support.baresip import Behaviour, Packet, Phone, PhoneCall, running_phone
from tests.support.kamailio import Proxy, running_proxy, running_trunk
from tests.support.servers import GENEROUS, Server, Tenant, running
from tests.support.sip_ports import free_port
from tests.support.sip_relay import Relay, running_relay

NUMBER, LANDLORD = "+447400123456", "+447400123999"
CROWD = [f"+4474001234{number:02}" for number in range(8)]
REALM = "trunk.example"
PASSWORD, WRONG_PASSWORD = "the-word-that-only-the-proxy-knows", "another-word-that-the-proxy-believes"
KAMAILIO = Path(__file__).resolve().parents[2] / "server" / "deploy" / "kamailio" / "kamailio.cfg"


@dataclass(frozen=True)
class Site:
    """A server whose only carrier is a trunk, and the phone behind it."""

    server: Server
    tenant: Tenant
    phone: Phone

    @property
    def client(self) -> Ringproof:
        return Ringproof(self.server.url, self.tenant.publishable)

    @property
    def api(self) -> Api:
        return Api(self.server.url, self.tenant.publishable)

    def source(self) -> SipPhoneCallSource:
        return SipPhoneCallSource(self.phone.control_address)

    def seen_by_back_end(self, verification: str) -> Json:
        answer = Api(self.server.url, self.tenant.secret).get(f"/v1/verifications/{verification}")
        assert answer.status == 200, answer
        return answer.json()

    def attempt(self, verification: str) -> Json:
        """The only attempt, once it has ended."""
        wait_for(lambda: self.seen_by_back_end(verification)["attempts"][0]["status"] == "ended")
        (found,) = self.seen_by_back_end(verification)["attempts"]
        return dict(found)

    def check(self, verified: Verified) -> None:
        """The token holds, offline, with the server's published keys."""
        keys = f"{self.server.url}/.well-known/jwks.json"
        phone = verify_token(verified.token, jwks_url=keys, issuer=self.server.url, audience=self.tenant.id)
        assert (phone.phone_number, phone.channel) == (verified.phone_number, "flashcall")


def wait_for(is_so: Callable[[], bool], *, seconds: float = 20.0) -> None:
    give_up = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.02)


@contextlib.contextmanager
def site(folder: Path, phone: Phone, trunk: str, **settings: str) -> Iterator[Site]:
    """A server that calls through this trunk; it and its agent are gone at the end."""
    given = {
        **GENEROUS,
        "RINGPROOF_CARRIERS": "sip",
        "RINGPROOF_SIP_TRUNK": trunk,
        "RINGPROOF_SIP_LOCAL_ADDRESS": "127.0.0.1:0",
        "RINGPROOF_RING_SECONDS": "1.0,1.5",
        **settings,
    }
    server = Server(folder, settings=given)
    try:
        with running(server):
            yield Site(server, server.tenant(), phone)
    finally:
        # The agent outlives its server on purpose, so that no call is dropped by a restart.
        with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
            end_process(int((folder / "sip-agent.lock").read_text()), signal.SIGTERM)
        leaks.watch_file(folder / "sip-agent.log", "the log of a SIP agent")


@pytest.fixture(scope="module")
def direct(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The phone is the trunk; it takes one call at a time."""
    folder = tmp_path_factory.mktemp("direct")
    with (
        running_phone(folder / "phone", [NUMBER], most_calls=1) as phone,
        site(folder / "server", phone, phone.address) as started,
    ):
        yield started


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    """A phone of several people's, behind whatever lies between it and a server."""
    with running_phone(tmp_path_factory.mktemp("phone"), [NUMBER, *CROWD]) as phone:
        yield phone


@pytest.fixture(autouse=True)
def _in_peace(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test nothing rings and nothing is up, by the phone's own list."""
    leaks.secrets([NUMBER, LANDLORD, *CROWD], "number")
    direct = "direct" in request.fixturenames
    phone = request.getfixturevalue("direct").phone if direct else request.getfixturevalue("phone")
    phone.behave("ring")
    yield
    phone.wait_until_idle()


def test_a_real_phone_rings_and_its_number_is_verified(
    direct: Site, record_property: Callable[[str, object], None]
) -> None:
    """The SDK reads the caller ID at the phone, and phone and server agree how long it rang."""
    verified = direct.client.verify(NUMBER, direct.source())
    direct.check(verified)
    direct.phone.wait_until_idle()
    call, attempt = direct.phone.calls()[-1], direct.attempt(verified.verification.id)
    assert (attempt["carrier"], attempt["reason"], call.answered) == ("sip", "rang", False)
    agree("without a proxy", call, attempt, record_property)


def agree(how: str, call: PhoneCall, attempt: Json, record_property: Callable[[str, object], None]) -> None:
    """Phone and server know the same ring time, as closely as evidence has to."""
    assert call.ring_ms is not None
    record_property("ring_ms_seen_by_the_phone", call.ring_ms)
    record_property("ring_ms_seen_by_the_server", attempt["ring_ms"])
    print(f"ring time {how}: phone {call.ring_ms} ms, server {attempt['ring_ms']} ms")
    assert attempt["ring_ms"] - 6000 <= call.ring_ms <= attempt["ring_ms"] + 1500


def test_the_command_listens_at_the_phone(direct: Site) -> None:
    """`ringproof verify --sip-phone`: nobody types, the last line is the token."""
    arguments = ["--server", direct.server.url, "--key", direct.tenant.publishable]
    arguments += ["--sip-phone", direct.phone.control_address]
    done = subprocess.run(
        [sys.executable, "-m", "ringproof", "verify", NUMBER, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    keys = f"{direct.server.url}/.well-known/jwks.json"
    token = done.stdout.splitlines()[-1]
    phone = verify_token(token, jwks_url=keys, issuer=direct.server.url, audience=direct.tenant.id)
    assert phone.phone_number == NUMBER
    assert "It rings." in done.stderr


@pytest.mark.parametrize(("behaviour", "reason"), [("answer", "answered"), ("reject", "rejected")])
def test_whoever_answers_or_rejects_is_verified_all_the_same(
    direct: Site, behaviour: Behaviour, reason: str
) -> None:
    """The phone has shown the caller ID; an answered call is up for a moment and then hung up for certain."""
    direct.phone.behave(behaviour, after=0.4)
    verified = direct.client.verify(NUMBER, direct.source())
    direct.check(verified)
    assert direct.attempt(verified.verification.id)["reason"] == reason
    direct.phone.wait_until_idle()
    call = direct.phone.calls()[-1]
    assert call.answered is (behaviour == "answer")
    requests = [packet.start.split()[0] for packet in packets_of(direct.phone, call) if packet.is_request]
    assert list(dict.fromkeys(requests)) == ["INVITE", "ACK", *(["BYE"] if call.answered else [])]


def test_a_busy_phone_ends_the_verification_where_nothing_else_is_left(direct: Site, tmp_path: Path) -> None:
    """It does not ring, the reason is said, and the talk that keeps it busy goes on."""
    direct.phone.behave("answer")
    with running_phone(tmp_path, [LANDLORD]) as talker:
        talker.dial(f"sip:{NUMBER}@{direct.phone.address}")
        assert talker.wait_until(lambda: any(each.code == 200 for each in talker.packets()))
        started = direct.api.start(NUMBER, channels=["flashcall"])
        attempt = direct.attempt(started.id)
        assert (attempt["reason"], attempt["ring_ms"]) == ("busy", None)
        view = direct.seen_by_back_end(started.id)
        assert (view["status"], view["reason"]) == ("failed", "busy")
        assert direct.phone.active_calls() == 1
        talker.hang_up()
        direct.phone.wait_until_idle()


def packets_of(phone: Phone, call: PhoneCall) -> list[Packet]:
    return [packet for packet in phone.packets() if packet.call_id == call.call_id]


def test_a_trunk_that_is_dead_is_given_up_within_seconds(direct: Site) -> None:
    """Not after the 32 s of the protocol's own timer; when it is back, it is called again."""
    direct.phone.off()
    try:
        began = time.monotonic()
        started = direct.api.start(NUMBER, channels=["flashcall"])
        attempt = direct.attempt(started.id)
        took = time.monotonic() - began
        view = direct.seen_by_back_end(started.id)
    finally:
        direct.phone.start()
    assert (attempt["reason"], attempt["ring_ms"]) == ("carrier_error", None)
    assert (view["status"], view["reason"]) == ("failed", "carrier_error")
    assert took < 20
    wait_for(direct.server.is_ready)
    direct.check(direct.client.verify(NUMBER, direct.source()))


def test_cancelling_stops_the_phone(direct: Site) -> None:
    """DELETE while it rings: CANCEL at once, not at the end of the ring time."""
    started = direct.api.start(NUMBER, channels=["flashcall"])
    call = ringing(direct.phone, NUMBER)
    assert delete(direct, started).json()["status"] == "cancelled"
    direct.phone.wait_until_idle()
    assert "CANCEL" in [packet.method for packet in packets_of(direct.phone, call)]


def delete(where: Site, started: Started) -> Answer:
    path = f"/v1/verifications/{started.id}"
    answer = where.api.request("DELETE", path, headers={"Ringproof-Challenge": started.challenge})
    assert answer.status == 200, answer
    return answer


def ringing(phone: Phone, number: str) -> PhoneCall:
    """The call to this number that has begun to ring, or was answered, and is not over."""
    return phone.wait_for_call(
        lambda call: call.called == number and call.rang_at is not None and call.ended_at is None
    )


# --- a bad network ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory, phone: Phone) -> Iterator[tuple[Site, Relay]]:
    """Between server and phone lies a stretch of network that a test can make bad."""
    with (
        running_relay(phone.port) as relay,
        site(tmp_path_factory.mktemp("far"), phone, relay.address) as started,
    ):
        yield started, relay


def test_an_answer_that_crosses_the_cancel_is_hung_up(far: tuple[Site, Relay]) -> None:
    """DELETE while the phone answers: it gets CANCEL, then ACK and BYE, and is not left up."""
    there, relay = far
    relay.let_answers_cross()
    there.phone.behave("answer", after=0.2)
    started = there.api.start(NUMBER, channels=["flashcall"])
    call = there.phone.wait_for_call(lambda call: call.answered and call.ended_at is None)
    assert delete(there, started).json()["status"] == "cancelled"
    there.phone.wait_until_idle()
    requests = [packet.start.split()[0] for packet in packets_of(there.phone, call) if packet.is_request]
    assert list(dict.fromkeys(requests)) == ["INVITE", "CANCEL", "ACK", "BYE"]
    assert there.attempt(started.id)["reason"] == "answered"
    assert there.seen_by_back_end(started.id)["status"] == "cancelled"


def test_calls_on_a_line_that_loses_messages_all_ring_and_all_end(
    far: tuple[Site, Relay], record_property: Callable[[str, object], None]
) -> None:
    """One message in ten is lost: each phone rings once, is quiet in the end, and its number is verified."""
    there, relay = far
    relay.loss = 0.1
    known = {call.call_id for call in there.phone.calls()}

    def verify(number: str) -> tuple[Json, PhoneCall]:
        started = there.api.start(number, channels=["flashcall"])
        call = there.phone.wait_for_call(
            lambda call: call.called == number and call.call_id not in known and call.ended_at is not None
        )
        evidence = call_evidence(call.caller) | {"basis": "sip"}
        assert there.api.confirm(started, evidence).json()["status"] == "verified"
        return there.attempt(started.id), call

    try:
        with ThreadPoolExecutor(len(CROWD)) as threads:
            ends = list(threads.map(verify, CROWD))
    finally:
        relay.loss = 0.0
    assert relay.lost
    assert [attempt["reason"] for attempt, _ in ends] == ["rang"] * len(CROWD)
    rung = [call.called for call in there.phone.calls() if call.call_id not in known]
    assert sorted(rung) == sorted(CROWD)
    longer = [(call.ring_ms or 0) - attempt["ring_ms"] for attempt, call in ends]
    record_property("messages_lost", len(relay.lost))
    print(f"lost: {len(relay.lost)} messages; the phone rang longer than the server knew by (ms): {longer}")


# --- through the proxy that is shipped as an example -----------------------------------------------------


class Edge:
    """The proxy as shipped, with a dead gateway and one that asks for a login; always at the same port."""

    def __init__(self, folder: Path, trunk: Proxy) -> None:
        self._folder, self._trunk = folder, trunk
        self._port = free_port()
        self._dead = free_port()
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
        given = {"GATEWAYS": f'"{listed}"', "PATIENCE": "500"}
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
