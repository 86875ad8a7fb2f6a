"""A real phone rings: a server with the carrier `sip` calls a baresip, and the SDK listens at that phone.

Nothing stands between the server and the phone but SIP, unless a test puts a bad network or a proxy there.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ringproof import verify_token
from ringproof.calls import CodeRequest
from tests.support import leaks
from tests.support.api import Json, call_evidence
from tests.support.baresip import Behaviour, Phone, PhoneCall, running_phone
from tests.support.sip_relay import Relay, running_relay
from tests.support.sip_site import Site, agree, delete, packets_of, ringing, site
from tests.support.waiting import wait_until
from tests.support.webhook_sender import SECRET as WEBHOOK_SECRET
from tests.support.webhook_sender import Sender

NUMBER, LANDLORD = "+447400123456", "+447400123999"
CROWD = [f"+4474001234{number:02}" for number in range(8)]


@pytest.fixture(scope="module")
def sender() -> Iterator[Sender]:
    """Sends the text messages of an operator who has no other way."""
    sender = Sender()
    yield sender
    sender.stop()


@pytest.fixture(scope="module")
def direct(tmp_path_factory: pytest.TempPathFactory, sender: Sender) -> Iterator[Site]:
    """The phone is the trunk; it takes one call at a time. A second carrier sends messages, and only them."""
    folder = tmp_path_factory.mktemp("direct")
    messages = {
        "RINGPROOF_CARRIERS": "sip,webhook",
        "RINGPROOF_WEBHOOK_URL": sender.url,
        "RINGPROOF_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "RINGPROOF_WEBHOOK_CHANNELS": "sms",
    }
    with (
        running_phone(folder / "phone", [NUMBER], most_calls=1) as phone,
        site(folder / "server", phone, phone.address, **messages) as started,
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


@pytest.mark.parametrize("behaviour", ["answer", "reject"])
def test_whoever_answers_or_rejects_is_verified_all_the_same(direct: Site, behaviour: Behaviour) -> None:
    """The phone has shown the caller ID; an answered call is up for a moment and then hung up for certain."""
    direct.phone.behave(behaviour, after=0.4)
    verified = direct.client.verify(NUMBER, direct.source())
    direct.check(verified)
    direct.phone.wait_until_idle()
    call = direct.phone.calls()[-1]
    assert call.answered is (behaviour == "answer")
    requests = [packet.start.split()[0] for packet in packets_of(direct.phone, call) if packet.is_request]
    assert list(dict.fromkeys(requests)) == ["INVITE", "ACK", *(["BYE"] if call.answered else [])]


@pytest.mark.parametrize(("behaviour", "reason"), [("answer", "answered"), ("reject", "rejected")])
def test_the_report_of_a_phone_that_answered_or_rejected_is_waited_for(
    direct: Site, behaviour: Behaviour, reason: str
) -> None:
    """The call is over and has its reason, no message is sent instead, and a later report verifies."""
    direct.phone.behave(behaviour, after=0.2)
    started = direct.api.start(NUMBER)
    assert direct.attempt(started.id)["reason"] == reason
    direct.phone.wait_until_idle()
    evidence = call_evidence(direct.phone.calls()[-1].caller) | {"basis": "sip"}
    assert direct.api.confirm(started, evidence).json()["status"] == "verified"


def test_a_busy_phone_gets_a_text_message(direct: Site, sender: Sender, tmp_path: Path) -> None:
    """It does not ring, the talk that keeps it busy goes on, and the code that comes instead verifies."""

    def read_the_message(request: CodeRequest) -> str:
        (message,) = [taken.data for taken in sender.taken.values() if taken.data["to"] == NUMBER]
        leaks.secret(message["code"], "code")
        return str(message["code"])

    with busy(direct.phone, tmp_path):
        verified = direct.client.verify(NUMBER, direct.source(), read_the_message)
        assert direct.phone.active_calls() == 1
    flash, text = direct.seen_by_back_end(verified.verification.id)["attempts"]
    assert (flash["carrier"], flash["reason"], flash["ring_ms"]) == ("sip", "busy", None)
    assert (verified.channel, text["carrier"]) == ("sms", "webhook")


def test_a_busy_phone_ends_the_verification_where_nothing_else_is_left(direct: Site, tmp_path: Path) -> None:
    """The reason is said."""
    with busy(direct.phone, tmp_path):
        started = direct.api.start(NUMBER, channels=["flashcall"])
        assert direct.attempt(started.id)["reason"] == "busy"
        view = direct.seen_by_back_end(started.id)
        assert (view["status"], view["reason"]) == ("failed", "busy")


@contextlib.contextmanager
def busy(phone: Phone, folder: Path) -> Iterator[None]:
    """Somebody else talks to the owner meanwhile."""
    phone.behave("answer")
    with running_phone(folder, [LANDLORD]) as talker:
        talker.dial(f"sip:{NUMBER}@{phone.address}")
        assert talker.wait_until(lambda: any(each.code == 200 for each in talker.packets()))
        yield
        talker.hang_up()
        phone.wait_until_idle()


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
    wait_until(direct.server.is_ready)
    direct.check(direct.client.verify(NUMBER, direct.source()))


def test_cancelling_stops_the_phone(direct: Site) -> None:
    """DELETE while it rings: CANCEL at once, not at the end of the ring time."""
    started = direct.api.start(NUMBER, channels=["flashcall"])
    call = ringing(direct.phone, NUMBER)
    assert delete(direct, started).json()["status"] == "cancelled"
    direct.phone.wait_until_idle()
    assert "CANCEL" in [packet.method for packet in packets_of(direct.phone, call)]


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
