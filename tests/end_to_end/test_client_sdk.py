"""The SDK against a real server: every virtual handset's behaviour ends as it should, and the token holds."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from itertools import count
from pathlib import Path
from urllib.parse import quote

import pytest

from ringproof import Cancellation, Progress, Ringproof, SimulatedCallSource, Verified, verify_token
from ringproof.calls import CallEvent, ManualCallSource, Ready, SimulatedCodes
from ringproof.errors import (
    InvalidPhoneNumberError,
    UnauthorizedError,
    VerificationCancelledError,
    VerifierMismatchError,
)
from tests.client_sdk.ear import Ear
from tests.support.servers import GENEROUS, Server, Tenant, running

_numbers = count(0)


def a_number() -> str:
    """A fictitious number that no other test of this module uses."""
    return f"+44770090{next(_numbers):04d}"


@pytest.fixture(name="tenant", scope="module")
def _tenant(server: Server) -> Tenant:
    return server.tenant("sdk")


@pytest.fixture(name="client")
def _client(server: Server, tenant: Tenant) -> Ringproof:
    return Ringproof(server.url, tenant.publishable)


def behave(server: Server, number: str, behaviour: str) -> None:
    """Let a virtual handset act in a way of its own."""
    request = urllib.request.Request(
        f"{server.url}/handset/{quote(number, safe='')}/behaviour",
        json.dumps({"behaviour": behaviour, "delay_ms": 0}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


def verify(
    server: Server, client: Ringproof, number: str, progress: list[Progress] | None = None
) -> Verified:
    """Verify with nobody touching anything."""
    return client.verify(
        number,
        SimulatedCallSource(server.url, number, every=0.1),
        SimulatedCodes(server.url, number, every=0.1),
        on_progress=progress.append if progress is not None else None,
    )


@pytest.mark.parametrize(
    ("behaviour", "channel"),
    [
        ("ring", "flashcall"),
        ("answer", "flashcall"),
        ("reject", "flashcall"),
        ("busy", "sms"),
        ("withheld", "sms"),
    ],
)
def test_every_phone_is_verified_without_a_touch(
    server: Server, tenant: Tenant, client: Ringproof, behaviour: str, channel: str
) -> None:
    """The channel that works does it, and the back end can check the token with the server's own keys."""
    number = a_number()
    behave(server, number, behaviour)
    verified = verify(server, client, number)
    assert (verified.channel, verified.phone_number) == (channel, number)
    phone = verify_token(
        verified.token,
        jwks_url=f"{server.url}/.well-known/jwks.json",
        issuer=server.url,
        audience=tenant.id,
    )
    assert (phone.phone_number, phone.channel) == (number, channel)
    assert phone.assurance_bits is not None
    assert phone.assurance_bits > 9


def test_an_altered_caller_id_does_not_verify_and_the_person_may_switch(
    server: Server, client: Ringproof
) -> None:
    """The wrong number is an answer, not an error; SMS does it at the person's word."""
    number, progress = a_number(), list[Progress]()
    behave(server, number, "altered")

    def show(step: Progress) -> None:
        progress.append(step)
        if step.kind == "wrong":
            run.switch("sms")

    run = client.begin(
        number,
        SimulatedCallSource(server.url, number, every=0.1),
        SimulatedCodes(server.url, number, every=0.1),
        on_progress=show,
    )
    assert run.result().channel == "sms"
    assert "wrong" in [step.kind for step in progress]


def test_the_last_digits_typed_by_a_person_verify(server: Server, client: Ringproof) -> None:
    """What a person reads off the handset is enough."""
    number = a_number()
    heard, seen = threading.Event(), list[str]()

    def read_the_screen(event: CallEvent) -> None:
        seen.append(event.number or "")
        heard.set()

    handset = SimulatedCallSource(server.url, number, every=0.1)
    handset.start(read_the_screen)
    digits = ManualCallSource(lambda call: seen[0][-call.digits :] if heard.wait(30) else None)
    try:
        assert client.verify(number, digits).channel == "flashcall"
    finally:
        handset.stop()


def test_sixteen_threads_share_one_client(server: Server, client: Ringproof) -> None:
    """Each verifies its own number, with its own token."""
    verified: dict[str, Verified] = {}

    def one(number: str) -> None:
        verified[number] = verify(server, client, number)

    numbers = [a_number() for _ in range(16)]
    threads = [threading.Thread(target=one, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number: each.phone_number for number, each in verified.items()} == {n: n for n in numbers}
    assert len({each.token for each in verified.values()}) == 16


def test_cancelling_ends_it_at_the_server(server: Server, tenant: Tenant, client: Ringproof) -> None:
    """Another thread cancels while the call is on its way; the server says cancelled."""
    number, cancellation = a_number(), Cancellation()

    def show(step: Progress) -> None:
        if step.kind == "calling":
            threading.Thread(target=cancellation.cancel).start()

    with pytest.raises(VerificationCancelledError) as failure:
        client.verify(
            number,
            SimulatedCallSource(server.url, number),
            on_progress=show,
            cancellation=cancellation,
        )
    assert failure.value.verification is not None
    request = urllib.request.Request(
        f"{server.url}/v1/verifications/{failure.value.verification}",
        headers={"Authorization": f"Bearer {tenant.secret}"},
    )
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["status"] == "cancelled"


def test_refusals_come_as_their_classes(server: Server, client: Ringproof) -> None:
    """Problems of the real server are the SDK's exceptions."""
    with pytest.raises(InvalidPhoneNumberError):
        client.start("not a number")
    with pytest.raises(UnauthorizedError):
        Ringproof(server.url, "rp_pk_unknown").start(a_number())


def test_the_single_steps_below_verify(server: Server, client: Ringproof) -> None:
    """start, get, next, report, a wrong code, cancel; and nobody else's verifier is good."""
    session = client.start(a_number(), language="de-DE", reference="signup-42")
    view = client.get(session)
    assert (view.status, view.reference) == ("pending", "signup-42")
    assert client.next(session, "sms").channel == "sms"
    assert client.report(session, "no_call").status == "pending"
    wrong = client.confirm_code(session, "000000")
    assert (wrong.result, wrong.token) == ("mismatch", None)
    other = client.start(a_number())
    with pytest.raises(VerifierMismatchError):
        client.confirm_code(type(session)(session.id, session.challenge, other.code_verifier), "000000")
    assert client.cancel(session).status == "cancelled"
    assert client.cancel(other).status == "cancelled"


def test_the_command_prints_the_token(server: Server, tenant: Tenant) -> None:
    """`ringproof verify --simulated`: the last line of standard output is a token that holds."""
    number = a_number()
    arguments = [number, "--server", server.url, "--key", tenant.publishable, "--simulated"]
    done = subprocess.run(
        [sys.executable, "-m", "ringproof", "verify", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    token = done.stdout.splitlines()[-1]
    keys = f"{server.url}/.well-known/jwks.json"
    phone = verify_token(token, jwks_url=keys, issuer=server.url, audience=tenant.id)
    assert phone.phone_number == number


def test_a_virtual_handset_is_heard_as_a_phone_is(server: Server, client: Ringproof) -> None:
    """What the source tells is what happened there: numbers, ring times, answers, withheld, a second call.

    The contract's suites run the source against a stand-in of this route; here is the route itself.
    """
    number, ear = a_number(), Ear()
    source = SimulatedCallSource(server.url, number, every=0.05)
    source.start(ear)
    ends = []
    for turn, behaviour in enumerate(("ring", "reject", "answer", "withheld"), 1):
        behave(server, number, behaviour)
        client.start(number, channels=["flashcall"])
        ends.append(ear.wait_for("ended", how_many=turn))
    behave(server, number, "ring")
    client.start(number, channels=["flashcall"])
    ear.wait_for("ringing", how_many=5)
    client.start(number, channels=["flashcall"])
    ear.wait_for("ended", how_many=5)
    source.stop()
    rang, rejected, answered, withheld = ends
    assert rang.ring_ms is not None
    assert 900 <= rang.ring_ms < 6000
    assert [end.answered for end in (rang, rejected, answered)] == [False, False, True]
    assert [end.withheld for end in ends] == [False, False, False, True]
    assert withheld.number is None
    assert {end.basis for end in ends} == {"simulated"}
    by_call = {event.call: set[object]() for event in ear.events}
    for event in ear.events:
        by_call[event.call].add(event.number)
    assert [len(numbers) for numbers in by_call.values()] == [1] * len(by_call)


def test_an_instant_verification_ends_the_ring(tmp_path: Path) -> None:
    """Where the ring time does not count, the call is reported as it rings, and the server hangs up then."""
    drawn = 15
    settings = {**GENEROUS, "RINGPROOF_RING_TIME": "ignore", "RINGPROOF_RING_SECONDS": f"{drawn},{drawn}"}
    with running(Server(tmp_path, settings=settings)) as server:
        number, ear = a_number(), Ear()
        handset = SimulatedCallSource(server.url, number, every=0.1)
        handset.start(ear)
        verified = verify(server, Ringproof(server.url, server.tenant().publishable), number)
        end = ear.wait_for("ended")
        handset.stop()
    assert verified.channel == "flashcall"
    assert end.ring_ms is not None
    assert end.ring_ms < drawn * 1000


def test_a_server_without_this_handset_says_so(server: Server) -> None:
    """A real number has no virtual handset: the source is not usable, and does not pretend to hear."""
    answers: list[Ready] = []
    for number in ("+447400123456", a_number()):
        SimulatedCallSource(server.url, number).prepare(answers.append)
    assert answers == [Ready(usable=False, missing=("handset",)), Ready(usable=True)]


def press(server: Server, number: str, keys: str) -> None:
    """Press keys on a virtual handset as soon as it is in a call."""
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        request = urllib.request.Request(
            f"{server.url}/handset/{quote(number, safe='')}/keys",
            json.dumps({"digits": keys}).encode(),
            {"Content-Type": "application/json"},
        )
        with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(request):
            return
        time.sleep(0.1)
    raise AssertionError("nobody could press keys")


def test_digits_typed_on_the_phone_verify_while_the_sdk_waits(
    server: Server, tenant: Tenant, client: Ringproof
) -> None:
    """The screen shows them, the person who answers types them, and the token says how it was proved."""
    number = a_number()
    behave(server, number, "answer")

    def show(progress: Progress) -> None:
        view = progress.verification
        if progress.kind == "keypad" and view is not None and view.keypad is not None:
            threading.Thread(target=press, args=(server, number, view.keypad.digits), daemon=True).start()

    verified = client.verify(number, channels=["keypad"], on_progress=show)
    phone = verify_token(
        verified.token,
        jwks_url=f"{server.url}/.well-known/jwks.json",
        issuer=server.url,
        audience=tenant.id,
    )
    assert (phone.phone_number, phone.channel) == (number, "keypad")
