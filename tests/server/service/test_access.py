"""Whose verification it is: keys, challenges, verifiers."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import pytest

from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import (
    ChallengeExpired,
    ChallengeInvalid,
    Forbidden,
    InvalidRequest,
    NotFound,
    RingproofError,
    Unauthorized,
    VerifierMismatch,
)
from ringproof_server.domain.verification import Status
from ringproof_server.service.access import AccessService
from ringproof_server.service.requests import ClientReport, ConfirmRequest
from tests.support.world import Session, World, right_call

Act = Callable[[Session], object]

ACTS: dict[str, Act] = {
    "confirm": lambda session: session.confirm(right_call(session)),
    "advance": lambda session: session.advance(Channel.SMS),
    "cancel": lambda session: session.cancel(),
    "get": lambda session: session.get(),
    "report": lambda session: session.process.service.report(
        session.caller,
        session.id,
        challenge=session.challenge,
        report=ClientReport(kind="seen"),
        idempotency=None,
    ),
}


@pytest.fixture(params=list(ACTS))
def act(request: pytest.FixtureRequest) -> Act:
    return ACTS[request.param]


def _refused(act: Act, session: Session, error: type[RingproofError]) -> None:
    before = session.stored
    with pytest.raises(error):
        act(session)
    assert session.stored == before


def test_a_publishable_key_needs_the_challenge(world: World, act: Act) -> None:
    session = world.start(world.app())
    session.challenge = None  # type: ignore[assignment]  # What a client may leave out.
    _refused(act, session, InvalidRequest)


def test_another_verification_s_challenge_opens_nothing(world: World, act: Act) -> None:
    app = world.app()
    session, other = world.start(app), world.start(app, "+447700900124")
    session.challenge, session.verifier = other.challenge, other.verifier
    _refused(act, session, ChallengeInvalid)


def test_a_challenge_of_another_application_opens_nothing(world: World, act: Act) -> None:
    session, other = world.start(world.app()), world.app()
    session.caller = other.client
    _refused(act, session, ChallengeInvalid)


def test_an_expired_challenge_opens_nothing(world: World, act: Act) -> None:
    session = world.start(world.app())
    world.clock.move(301)
    _refused(act, session, ChallengeExpired)


def test_a_token_is_no_challenge(world: World, act: Act) -> None:
    app = world.app()
    done = world.start(app, "+447700900124")
    token = done.confirm(right_call(done)).token
    assert token is not None
    session = world.start(app)
    session.challenge = token
    _refused(act, session, ChallengeInvalid)


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "EdDSA"}, {"alg": "HS512"}, {"typ": "JWT"}])
def test_an_altered_header_makes_a_challenge_void(world: World, act: Act, header: dict[str, str]) -> None:
    session = world.start(world.app())
    head, body, signature = session.challenge.split(".")
    changed = json.loads(_decoded(head)) | header
    session.challenge = f"{_encoded(json.dumps(changed).encode())}.{body}.{signature}"
    _refused(act, session, ChallengeInvalid)
    session.challenge = f"{_encoded(json.dumps(changed).encode())}.{body}."
    _refused(act, session, ChallengeInvalid)


def test_altered_claims_make_a_challenge_void(world: World, act: Act) -> None:
    session = world.start(world.app())
    head, body, signature = session.challenge.split(".")
    for name in json.loads(_decoded(body)):
        changed = json.loads(_decoded(body)) | {name: "x"}
        session.challenge = f"{head}.{_encoded(json.dumps(changed).encode())}.{signature}"
        _refused(act, session, ChallengeInvalid)


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_an_unknown_verification_is_not_found_with_a_secret_key(world: World, act: Act) -> None:
    app = world.app()
    session = world.start(app)
    session.caller, session.challenge = app.back_end, None  # type: ignore[assignment]
    evidence = right_call(session)
    session.id = "vrf_unknown"
    if act is ACTS["confirm"]:
        act = partial(Session.confirm, evidence=evidence)
    with pytest.raises(NotFound):
        act(session)


def test_another_application_s_verification_is_not_found_with_a_secret_key(world: World, act: Act) -> None:
    session, other = world.start(world.app()), world.app()
    session.caller, session.challenge = other.back_end, None  # type: ignore[assignment]
    _refused(act, session, NotFound)


@pytest.mark.parametrize("verifier", ["", "x" * 43, "x" * 128])
def test_a_confirm_needs_the_verifier_of_the_start(world: World, verifier: str) -> None:
    session = world.start(world.app())
    session.verifier = verifier
    _refused(ACTS["confirm"], session, VerifierMismatch)


def test_a_confirm_without_a_verifier_is_not_valid(world: World) -> None:
    session = world.start(world.app())
    request = ConfirmRequest(evidence=right_call(session), challenge=session.challenge)
    with pytest.raises(InvalidRequest):
        world.server.service.confirm(session.caller, session.id, request, None)


def test_a_wrong_challenge_or_verifier_is_refused_before_the_database_is_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = world.start(world.app())
    evidence = right_call(session)
    challenge, session.challenge = session.challenge, "nonsense"
    monkeypatch.setattr(world.server.storage, "write", _never)
    monkeypatch.setattr(world.server.storage, "read", _never)
    with pytest.raises(ChallengeInvalid):
        session.confirm(evidence)
    session.challenge, session.verifier = challenge, "x" * 43
    with pytest.raises(VerifierMismatch):
        session.confirm(evidence)


def _never(_work: object) -> None:
    raise AssertionError("the database was asked")


def test_a_secret_key_confirms_what_a_client_started_and_sees_every_decision(world: World) -> None:
    app = world.app()
    session = world.start(app)
    evidence = right_call(session)
    request = ConfirmRequest(evidence=evidence)
    done = world.server.service.confirm(app.back_end, session.id, request, None)
    assert done.status is Status.VERIFIED
    assert done.trace is not None
    assert [entry.what for entry in done.trace] == ["step_started", "evidence_given", "finished"]
    assert done.trace[1].detail["basis"] == evidence.basis
    assert evidence.caller_id not in done.trace[1].detail.values()
    assert session.get().trace is None


def test_references_are_looked_up_with_secret_keys_only_and_newest_first(world: World) -> None:
    app = world.app()
    first = world.start(app, reference="r")
    first.cancel()
    world.clock.move(1)
    second = world.start(app, reference="r")
    found = world.server.service.by_reference(app.back_end, "r")
    assert [progress.verification.id for progress in found] == [second.id, first.id]
    assert world.server.service.by_reference(world.app().back_end, "r") == []
    with pytest.raises(Forbidden):
        world.server.service.by_reference(app.client, "r")


def test_what_is_no_key_is_unauthorized(world: World) -> None:
    for text in ("", "rp_pk_", "rp_sk_" + "x" * 43, "x" * 50, "rp_sk_" + "x" * 200):
        with pytest.raises(Unauthorized):
            world.server.access.caller(text, None)


def test_a_revoked_key_is_refused_after_a_few_seconds(world: World) -> None:
    made = world.server.administration.create_application("revoked")
    access = world.server.access
    access.caller(made.secret_key, None)
    key_id = access.caller(made.secret_key, None).key_id
    world.server.administration.revoke_key(key_id)
    world.clock.move(5.1)
    with pytest.raises(Unauthorized):
        access.caller(made.secret_key, None)
    assert access.caller(made.publishable_key, None).application.name == "revoked"


def test_a_clock_that_is_set_back_does_not_keep_a_revoked_key_alive(world: World) -> None:
    clock = SettableClock(world.clock.now())
    parts = world.server.parts
    access = AccessService(parts.storage, parts.seals, clock)
    made = world.server.administration.create_application("revoked")
    key_id = access.caller(made.secret_key, None).key_id
    world.server.administration.revoke_key(key_id)
    clock.present -= timedelta(hours=1)
    with pytest.raises(Unauthorized):
        access.caller(made.secret_key, None)


@dataclass
class SettableClock:
    """A clock that somebody sets, forwards or back."""

    present: datetime

    def now(self) -> datetime:
        return self.present
