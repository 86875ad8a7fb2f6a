"""Enrolling an authenticator after a proof: what travels, what comes back, what is kept from sight."""

from __future__ import annotations

import json

import pytest

from ringproof import EnrolledDevice, Ringproof, Session
from ringproof._transport import Response
from ringproof.calls import ringing_once
from ringproof.errors import (
    AlreadyFinishedError,
    ServerUnreachableError,
    TooEarlyError,
    UnexpectedAnswerError,
    VerifierMismatchError,
)
from tests.client_sdk.phones import CALLER, OWNER, Scene
from tests.support import leaks


@pytest.fixture(name="scene")
def _scene() -> Scene:
    scene = Scene()
    leaks.secret(scene.server.secret, "key")
    return scene


def proved(scene: Scene) -> Session:
    session = scene.client.start(OWNER)
    scene.client.confirm_call(session, CALLER)
    return session


def test_an_enrolment_proves_that_it_comes_from_whoever_proved_the_number(scene: Scene) -> None:
    """Challenge and verifier travel as with a confirm; a label only when there is one."""
    session = proved(scene)
    device = scene.client.enrol(session, label="My phone")
    (sent,) = scene.server.calls_to("POST", "/v1/verifications/vrf_fake/devices")
    assert sent.body == {
        "kind": "totp",
        "label": "My phone",
        "challenge": session.challenge,
        "code_verifier": session.code_verifier,
    }
    assert device.id == "dev_fake"
    assert device.secret == scene.server.secret
    assert device.otpauth_uri.startswith("otpauth://totp/")
    assert device.secret in device.otpauth_uri
    assert device.qr.startswith("data:image/svg+xml")


def test_a_back_end_enrols_by_the_id_alone(scene: Scene) -> None:
    """Its secret key says enough."""
    client = Ringproof("https://verify.example", "rp_sk_test", transport=scene.server, clock=scene.clock)
    session = client.start(OWNER)
    client.confirm_digits(session, "0018")
    assert client.enrol(Session(session.id)).id == "dev_fake"
    assert scene.server.requests[-1].body == {"kind": "totp"}


def test_an_app_that_lets_the_sdk_do_it_all_can_enrol_too(scene: Scene) -> None:
    """What `verify` returns has the session that is needed, and shows nothing of its proofs."""
    verified = scene.verify(scene.phone(ringing_once(CALLER, after=2, ring=5)))
    assert scene.client.enrol(verified.session).secret == scene.server.secret
    assert verified.session.code_verifier is not None
    assert verified.session.code_verifier not in repr(verified)


def test_what_an_app_is_enrolled_with_is_not_printed(scene: Scene) -> None:
    """Neither the secret, nor the link and the picture that have it in them."""
    shown = repr(scene.client.enrol(proved(scene)))
    assert shown == "EnrolledDevice(id='dev_fake')"


def test_before_the_proof_it_is_too_early_and_after_one_enrolment_too_late(scene: Scene) -> None:
    """The server's words come as their classes."""
    session = scene.client.start(OWNER)
    with pytest.raises(TooEarlyError):
        scene.client.enrol(session)
    scene.client.confirm_call(session, CALLER)
    scene.client.enrol(session)
    with pytest.raises(AlreadyFinishedError):
        scene.client.enrol(session)


def test_another_client_is_told_so(scene: Scene) -> None:
    """And is not asked again."""
    session = proved(scene)
    scene.server.fail(scene.server.problem(403, "verifier-mismatch"), path="/devices")
    with pytest.raises(VerifierMismatchError):
        scene.client.enrol(session)
    assert len(scene.server.calls_to("POST", "/devices")) == 1


def test_a_lost_answer_is_asked_for_again_under_one_key(scene: Scene) -> None:
    """The secret is told once, so the repeat must be the same request to the server."""
    session = proved(scene)
    scene.server.fail(ServerUnreachableError("gone"), path="/devices", processed=True)
    assert scene.client.enrol(session).secret == scene.server.secret
    keys = {seen.headers["Idempotency-Key"] for seen in scene.server.calls_to("POST", "/devices")}
    assert len(keys) == 1


def test_whoever_gave_up_gets_the_same_answer_later_by_the_key(scene: Scene) -> None:
    """Also a new process, when the app has kept the key."""
    session, key = proved(scene), scene.client.new_idempotency_key()
    for _ in range(4):
        scene.server.fail(ServerUnreachableError("gone"), path="/devices", processed=True)
    with pytest.raises(ServerUnreachableError):
        scene.client.enrol(session, idempotency_key=key)
    assert scene.client.enrol(session, idempotency_key=key).secret == scene.server.secret


GOOD = {
    "id": "dev_1",
    "secret": "KRUGKIDROVUWG2ZAMJZG653OEBTG66BA",
    "otpauth_uri": "otpauth://totp/Shop:x?secret=KRUGKIDROVUWG2ZAMJZG653OEBTG66BA",
    "qr_code": "data:image/svg+xml;charset=utf-8,x",
}


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"secret": None},
        {"secret": ""},
        {"secret": 7},
        {"otpauth_uri": None},
        {"otpauth_uri": "https://elsewhere.example/totp"},
        {"qr_code": None},
        {"qr_code": "https://elsewhere.example/picture.svg"},
        {"qr_code": "data:image/svg+xml," + "x" * 70_000},
    ],
)
def test_an_answer_that_an_app_could_not_use_is_refused_without_repeating_it(
    scene: Scene, changes: dict[str, object]
) -> None:
    """Half an enrolment is none, and a link of another kind is not followed."""
    session = proved(scene)
    answer = Response(201, {}, json.dumps({**GOOD, **changes}).encode())
    scene.server.fail(answer, path="/devices")
    with pytest.raises(UnexpectedAnswerError) as failure:
        scene.client.enrol(session)
    assert GOOD["secret"] not in f"{failure.value!r} {failure.value.__context__!r}"


def test_members_of_a_newer_server_are_ignored(scene: Scene) -> None:
    """An old app goes on working."""
    session = proved(scene)
    scene.server.fail(Response(201, {}, json.dumps({**GOOD, "more": 1}).encode()), path="/devices")
    assert scene.client.enrol(session) == EnrolledDevice(
        GOOD["id"], GOOD["secret"], GOOD["otpauth_uri"], GOOD["qr_code"]
    )
