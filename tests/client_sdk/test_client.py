"""One method per endpoint: what travels, what comes back, what is raised."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from ringproof import Ringproof, Session
from ringproof._models import verification_from
from ringproof._transport import Response
from ringproof.errors import (
    InsecureServerError,
)
from ringproof.testing import FakeServer
from tests.client_sdk.phones import CALLER, OWNER, CountingRandom, Scene


def json_answer(body: object, status: int = 200, **headers: str) -> Response:
    return Response(status, headers, json.dumps(body).encode())


def test_a_publishable_key_starts_with_a_challenge_it_can_answer(scene: Scene) -> None:
    """RFC 7636: the confirm's verifier hashes to the start's challenge, and is made of its alphabet."""
    session = scene.client.start(OWNER)
    scene.client.confirm_call(session, CALLER, ring_ms=5000, answered=False)
    start, confirm = scene.server.requests
    verifier = str(confirm.body["code_verifier"])
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert start.body["code_challenge"] == digest
    assert start.body["code_challenge_method"] == "S256"
    assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", verifier)
    assert confirm.body["challenge"] == session.challenge == "fake.challenge.jwt"


def test_every_session_has_a_verifier_of_its_own(scene: Scene) -> None:
    """Verifiers are never reused."""
    verifiers = {scene.client.start(OWNER).code_verifier for _ in range(20)}
    assert len(verifiers) == 20


def test_a_secret_key_needs_no_proof(scene: Scene) -> None:
    """Back ends start and confirm by id alone."""
    client = Ringproof(
        "https://verify.example",
        "rp_sk_test",
        transport=scene.server,
        clock=scene.clock,
        random=CountingRandom(),
    )
    session = client.start(OWNER)
    client.confirm_digits(Session("vrf_fake"), "0018")
    start, confirm = scene.server.requests
    assert start.body == {"phone_number": OWNER}
    assert confirm.body == {"evidence": {"channel": "flashcall", "last_digits": "0018"}}
    assert session.code_verifier is None


def test_a_workflow_and_its_addresses_are_sent_as_given(scene: Scene) -> None:
    """A channel may have a time and a condition of its own; Messenger goes by an address."""
    read_in_time = {"channel": "messenger", "timeout": 120, "advance": "not_read"}
    scene.client.start(OWNER, channels=[read_in_time, "sms"], recipients={"messenger": "1234567890123456"})
    (start,) = scene.server.requests
    assert start.body["channels"] == [read_in_time, "sms"]
    assert start.body["recipients"] == {"messenger": "1234567890123456"}


def test_the_key_and_the_challenge_travel_in_headers(scene: Scene) -> None:
    """Every request carries the key; those without a proving body carry the challenge."""
    session = scene.client.start(OWNER)
    scene.client.get(session)
    scene.client.next(session, "sms")
    scene.client.report(session, "no_call")
    scene.client.cancel(session)
    assert {seen.headers["Authorization"] for seen in scene.server.requests} == {"Bearer rp_pk_test"}
    assert [(seen.method, seen.path, seen.body) for seen in scene.server.requests[1:]] == [
        ("GET", "/v1/verifications/vrf_fake", {}),
        ("POST", "/v1/verifications/vrf_fake/next", {"channel": "sms"}),
        ("POST", "/v1/verifications/vrf_fake/reports", {"kind": "no_call"}),
        ("DELETE", "/v1/verifications/vrf_fake", {}),
    ]
    assert {seen.headers["Ringproof-Challenge"] for seen in scene.server.requests[1:]} == {
        "fake.challenge.jwt"
    }


def test_every_post_has_an_idempotency_key_of_its_own(scene: Scene) -> None:
    """One key per logical request, none on reads."""
    session = scene.client.start(OWNER)
    scene.client.confirm_digits(session, "9999")
    scene.client.confirm_digits(session, "9999")
    scene.client.get(session)
    keys = [seen.headers.get("Idempotency-Key") for seen in scene.server.requests]
    assert keys[3] is None
    assert len(set(keys)) == 4


def test_codes_and_reports_are_sent_as_the_contract_says(scene: Scene) -> None:
    """Evidence of a code, and telemetry with everything that is known."""
    session = scene.client.start(OWNER)
    scene.client.next(session)
    scene.client.confirm_code(session, " 123456 ", channel="sms", source="retriever")
    scene.client.report(
        session, "late_call", caller_id=CALLER, ring_ms=4000, basis="phone_state", quality="late"
    )
    assert scene.server.requests[1].body == {}
    assert scene.confirms() == [{"channel": "sms", "code": "123456", "source": "retriever"}]
    assert scene.server.reports == [
        {"kind": "late_call", "caller_id": CALLER, "ring_ms": 4000, "basis": "phone_state", "quality": "late"}
    ]


def test_what_was_typed_in_a_call_is_confirmed_without_a_code(scene: Scene) -> None:
    scene.serve(FakeServer(scene.clock, fallback="keypad", code="482915"))
    session = scene.client.start(OWNER, channels=["keypad"])
    shown = scene.client.get(session).keypad
    assert shown is not None
    assert (shown.digits, shown.typed) == ("482915", False)
    assert scene.client.confirm_keypad(session).result == "more_evidence"
    scene.server.type_keys("482915")
    assert scene.client.confirm_keypad(session).token
    assert scene.confirms() == [{"channel": "keypad"}] * 2


@pytest.mark.parametrize(
    "said", [None, [], {}, {"digits": 482915}, {"digits": ""}, {"digits": "12a4"}, {"digits": "1" * 33}]
)
def test_odd_digits_are_none(said: object) -> None:
    body = {"id": "vrf_1", "status": "pending", "keypad": said}
    assert verification_from(body).keypad is None


def test_a_wrong_answer_is_an_answer(scene: Scene) -> None:
    """`mismatch` comes as a result with what is left."""
    answer = scene.client.confirm_digits(scene.client.start(OWNER), "9999")
    assert (answer.result, answer.token, answer.verification.checks_left) == ("mismatch", None, 2)


def test_a_server_in_a_folder_is_reached(scene: Scene) -> None:
    """The address may have a path."""
    scene.server.fail(json_answer({"id": "vrf_1", "status": "pending", "challenge": "x"}))
    client = Ringproof(
        "https://example.com/ringproof/", "rp_pk_test", transport=scene.server, clock=scene.clock
    )
    client.start(OWNER)
    assert scene.server.requests[0].path == "/ringproof/v1/verifications"


@pytest.mark.parametrize(
    "address",
    [
        "http://verify.example",
        "http://192.168.1.10:8000",
        "ftp://verify.example",
        "verify.example",
        "",
        "https://user:secret@verify.example",
        "https://",
        "http://127.0.0.1.evil.example",
        "https://[::1",
        "https://verify.example/a b",
        "https://verify.example/\r\nX-Evil:1",
        "https://vérify.example",
    ],
)
def test_a_key_is_never_trusted_to_an_unsafe_address(address: str) -> None:
    """Plain HTTP to another machine and odd addresses are refused before anything is sent."""
    with pytest.raises(InsecureServerError):
        Ringproof(address, "rp_pk_test")


@pytest.mark.parametrize(
    "address",
    ["https://verify.example", "http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"],
)
def test_https_and_this_machine_are_fine(address: str) -> None:
    """Demos run on loopback without TLS."""
    assert Ringproof(address, "rp_pk_test")


def test_plain_http_needs_an_explicit_word() -> None:
    """A lab network is possible, on purpose only."""
    assert Ringproof("http://192.168.1.10:8000", "rp_pk_test", allow_http=True)


@pytest.mark.parametrize("key", ["", "rp_pk_a\r\nX-Evil: 1", "rp pk", "rp_pk_ä", "k" * 513])
def test_a_key_that_breaks_headers_is_refused(key: str) -> None:
    """Nothing can be smuggled into a header."""
    with pytest.raises(ValueError, match="key"):
        Ringproof("https://verify.example", key)


@pytest.mark.parametrize("number", ["", " ", "1" * 65])
def test_absurd_input_never_leaves_the_phone(scene: Scene, number: str) -> None:
    """Empty and overlong input is refused locally."""
    with pytest.raises(ValueError, match="characters"):
        scene.client.start(number)
    assert scene.server.requests == []


def test_an_id_cannot_reach_another_path(scene: Scene) -> None:
    """What a server calls an id is quoted."""
    scene.client.get(Session("../admin?x=1"))
    assert scene.server.requests[0].path == "/v1/verifications/..%2Fadmin%3Fx%3D1"
