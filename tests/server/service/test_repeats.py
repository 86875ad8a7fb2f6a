"""Requests that come twice: the same answer, no second effect."""

from __future__ import annotations

import hashlib

import pytest

from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import AlreadyFinished, IdempotencyConflict, VerifierMismatch
from ringproof_server.domain.evidence import Verdict
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Status
from ringproof_server.service.requests import ConfirmRequest
from ringproof_server.tokens import SecretSeals
from tests.support.world import (
    World,
    call_report,
    code_report,
    digits_report,
    key,
    outcome,
    right_call,
    wrong_call,
)


def test_a_repeated_confirm_after_success_gets_the_identical_token(world: World) -> None:
    session = world.start(world.app())
    world.pass_time(12)
    token = session.confirm(right_call(session, 5000)).token
    assert token is not None
    world.clock.move(60)
    restarted = world.process()
    session.process = restarted
    again = session.confirm(right_call(session))
    assert (again.token, again.status, again.result) == (token, Status.VERIFIED, None)
    assert session.confirm(digits_report(session.caller_id[-4:])).token == token
    assert restarted.spent() == pytest.approx(3e-4)


def test_a_repeated_code_gets_the_identical_token(world: World) -> None:
    session = world.start(world.app(), channels=[Channel.SMS])
    world.pass_time(2)
    evidence = code_report(world.code_seen())
    assert session.confirm(evidence).token == session.confirm(evidence).token


def test_a_wrong_proof_after_success_is_told_that_it_is_over(world: World) -> None:
    session = world.start(world.app())
    session.confirm(right_call(session))
    for evidence in (wrong_call(session), call_report(None), digits_report("1"), code_report("123456")):
        with pytest.raises(AlreadyFinished):
            session.confirm(evidence)
    assert world.server.failures() == 0
    assert session.get().status is Status.VERIFIED


def test_the_right_proof_with_the_wrong_verifier_gets_nothing_after_success(world: World) -> None:
    session = world.start(world.app())
    evidence = right_call(session)
    session.confirm(evidence)
    session.verifier = session.verifier[::-1]
    with pytest.raises(VerifierMismatch):
        session.confirm(evidence)


@pytest.mark.parametrize("ending", ["cancelled", "expired", "failed"])
def test_the_right_proof_comes_too_late_after_any_other_end(world: World, ending: str) -> None:
    app = world.app(Policy(workflow=(Channel.FLASHCALL,), report_timeout=600))
    session = world.start(app)
    if ending == "cancelled":
        session.cancel()
    elif ending == "failed":
        session.confirm(call_report(None))
    else:
        world.pass_time(300)
    request = ConfirmRequest(evidence=right_call(session))
    with pytest.raises(AlreadyFinished):
        world.server.service.confirm(app.back_end, session.id, request, None)
    assert session.stored.status == ending


# --- idempotency keys


def test_a_repeated_start_is_the_same_verification_and_counts_once(world: World) -> None:
    app = world.app(address="203.0.113.7")
    verifier_of_the_first = world.start(app, key=key("k1", "a"))
    for _ in range(20):
        again = world.start(app, key=key("k1", "a"))
        assert again.id == verifier_of_the_first.id
        assert again.challenge == verifier_of_the_first.challenge
    assert world.server.spent() == pytest.approx(3.05e-4)
    assert len(verifier_of_the_first.attempts) == 1
    world.start(app, "+447700900124", key=key("k2", "a"))


def test_a_repeated_start_sees_how_things_have_gone_on(world: World) -> None:
    app = world.app()
    session = world.start(app, key=key("k1"))
    session.confirm(right_call(session))
    assert world.start(app, key=key("k1")).started.status is Status.VERIFIED


def test_a_key_that_was_used_for_another_request_is_a_conflict(world: World) -> None:
    app = world.app()
    session = world.start(app, key=key("k1", "this"))
    with pytest.raises(IdempotencyConflict):
        world.start(app, key=key("k1", "that"))
    with pytest.raises(IdempotencyConflict):
        session.confirm(right_call(session), key("k1", "that"))
    with pytest.raises(IdempotencyConflict):
        session.advance(key=key("k1", "that"))
    assert session.stored.status is Status.PENDING
    assert len(session.attempts) == 1


def test_what_is_stored_of_a_request_tells_nothing_without_the_servers_secret(world: World) -> None:
    app = world.app()
    said = key("k1", '{"phone_number": "+447700900123"}')
    world.start(app, key=said)
    known = world.server.storage.read(lambda session: session.idempotency.recall(app.client.key_id, "k1"))
    assert known is not None
    seals = world.server.parts.seals
    assert known.fingerprint == seals.digest("idempotency", said.fingerprint.hex())
    assert known.fingerprint != SecretSeals("another secret" * 4).digest(
        "idempotency", said.fingerprint.hex()
    )
    assert known.fingerprint not in {said.fingerprint, hashlib.sha256(said.fingerprint).digest()}


def test_a_key_belongs_to_one_verification(world: World) -> None:
    app = world.app()
    one, other = world.start(app), world.start(app, "+447700900124")
    one.confirm(wrong_call(one), key("k", "says"))
    with pytest.raises(IdempotencyConflict):
        other.confirm(right_call(other), key("k", "says"))
    one.advance(Channel.SMS, key("n", "says"))
    with pytest.raises(IdempotencyConflict):
        other.advance(Channel.SMS, key("n", "says"))


def test_keys_of_different_callers_have_nothing_to_do_with_each_other(world: World) -> None:
    first, second = world.app(), world.app()
    assert world.start(first, key=key("k", "a")).id != world.start(second, key=key("k", "b")).id
    world.start(first, caller=first.back_end, key=key("k", "c"))


def test_a_repeated_wrong_confirm_costs_one_check_and_gets_the_same_answer(world: World) -> None:
    session = world.start(world.app())
    evidence = wrong_call(session)
    for _ in range(5):
        answer = session.confirm(evidence, key("k1"))
        assert outcome(answer) == (Status.PENDING, Verdict.MISMATCH)
        assert answer.checks_left == 2
    assert world.server.failures() == 1


def test_a_repeated_right_confirm_gets_the_same_token(world: World) -> None:
    session = world.start(world.app())
    evidence = right_call(session)
    first = session.confirm(evidence, key("k1"))
    assert session.confirm(evidence, key("k1")).token == first.token


def test_a_repeated_wrong_confirm_stays_wrong_after_the_right_one(world: World) -> None:
    session = world.start(world.app())
    session.confirm(wrong_call(session), key("k1"))
    session.confirm(right_call(session), key("k2"))
    repeated = session.confirm(wrong_call(session), key("k1"))
    assert repeated.result is Verdict.MISMATCH
    assert repeated.token is None


def test_a_repeated_next_sends_once(world: World) -> None:
    session = world.start(world.app())
    for _ in range(3):
        session.advance(Channel.SMS, key("k1"))
    world.pass_time(3)
    assert len(world.messages_seen()) == 1


def test_a_refused_request_does_not_use_its_key_up(world: World) -> None:
    session = world.start(world.app(), channels=[Channel.SMS])
    with pytest.raises(Exception, match="a little later"):
        session.advance(Channel.SMS, key("k1"))
    world.clock.move(60)
    session.advance(Channel.SMS, key("k1"))
    assert len(session.attempts) == 2
