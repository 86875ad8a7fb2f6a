"""PSD2: amount and payee in challenge, code, text and token; five failures, five minutes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import jwt
import pytest

from ringproof_server.domain.channel import Channel, SkipReason
from ringproof_server.domain.code import spell
from ringproof_server.domain.errors import AlreadyFinished, InvalidRequest, RingproofError
from ringproof_server.domain.evidence import Verdict
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Status, Transaction
from tests.support.world import App, Session, World, code_report, outcome, wrong_call, wrong_code

PAYMENT = Transaction(amount="12.30", currency="EUR", payee="ACME")
CLAIM = {"amount": "12.30", "currency": "EUR", "payee": "ACME"}
LAX = Policy(
    workflow=(Channel.SMS,),
    ttl=3600,
    code_ttl=600,
    code_checks=10,
    check_delays=(0,),
    max_guess_probability=0.01,
    number_guess_budget=1.0,
)


def paid(
    world: World, app: App, number: str = "+447700900123", channels: Iterable[Channel] | None = None
) -> Session:
    return world.start(app, number, caller=app.back_end, transaction=PAYMENT, channels=channels)


def claims_of(text: str | None) -> dict[str, object]:
    assert text is not None
    found: dict[str, object] = jwt.decode(text, options={"verify_signature": False})
    return found


def test_amount_and_payee_stand_in_challenge_text_and_token(world: World) -> None:
    session = paid(world, world.app(LAX))
    assert claims_of(session.challenge)["transaction"] == CLAIM
    world.pass_time(3)
    text = world.messages_seen()[-1].text
    assert "12.30" in text
    assert "EUR" in text
    assert "ACME" in text
    done = session.confirm(code_report(world.code_seen()))
    assert claims_of(done.token)["transaction"] == CLAIM


@pytest.mark.parametrize("changed", [{"amount": "12.31"}, {"currency": "USD"}, {"payee": "ACMF"}])
def test_the_code_of_a_payment_belongs_to_no_other(world: World, changed: dict[str, str]) -> None:
    """Whoever altered the stored payment would have another code on the phone than the one that is right."""
    session = paid(world, world.app(LAX))
    world.pass_time(3)
    stored = session.stored
    other = replace(stored, transaction=replace(PAYMENT, **changed))
    without = replace(stored, transaction=None)
    key = world.server.parts.seals.code_key()
    codes = [spell(key, item.code_seed or b"", 10) for item in (stored, other, without)]
    assert len(set(codes)) == 3
    assert codes[0][-6:] == world.code_seen()


def test_without_a_payment_code_and_challenge_are_as_ever(world: World) -> None:
    session = world.start(world.app(LAX))
    assert "transaction" not in claims_of(session.challenge)
    assert session.stored.code_seed == session.stored.code_salt


def test_five_failures_end_it_whatever_the_policy_says(world: World) -> None:
    session = paid(world, world.app(LAX))
    assert session.started.checks_left == 5
    world.pass_time(3)
    code = world.code_seen()
    for left in (4, 3, 2, 1, 0):
        answer = session.confirm(code_report(wrong_code(code)))
        assert answer.checks_left == left
    assert outcome(answer) == (Status.FAILED, Verdict.MISMATCH)
    with pytest.raises(AlreadyFinished):
        session.confirm(code_report(code))


def test_wrong_calls_and_wrong_codes_are_counted_together(world: World) -> None:
    """Three reports on a call and two codes are five."""
    policy = replace(LAX, workflow=(Channel.FLASHCALL, Channel.SMS), shows_transaction=True)
    session = paid(world, world.app(policy))
    world.pass_time(2)
    for _ in range(3):
        answer = session.confirm(wrong_call(session))
    assert answer.verification.reports == 3
    world.pass_time(5)
    assert session.get().checks_left == 2
    code = world.code_seen()
    assert session.confirm(code_report(wrong_code(code))).status is Status.PENDING
    assert session.confirm(code_report(wrong_code(code))).status is Status.FAILED


def test_a_stricter_application_stays_stricter(world: World) -> None:
    policy = replace(LAX, ttl=120, code_checks=2)
    session = paid(world, world.app(policy))
    assert session.started.checks_left == 2
    assert session.stored.expires_at - session.stored.created_at == timedelta(seconds=120)


def test_five_minutes_end_it_whatever_the_policy_says(world: World) -> None:
    app = world.app(LAX)
    session = paid(world, app)
    assert session.stored.expires_at - session.stored.created_at == timedelta(seconds=300)
    world.pass_time(300)
    with pytest.raises(RingproofError):
        session.confirm(code_report(world.code_seen()))
    assert session.stored.status is Status.EXPIRED
    ordinary = world.start(app, "+447700900124")
    assert ordinary.stored.expires_at - ordinary.stored.created_at == timedelta(seconds=3600)


def test_a_channel_that_shows_no_text_is_skipped_unless_the_application_shows_it(world: World) -> None:
    every = [channel for channel in Channel if channel not in {Channel.PUSH, Channel.MESSENGER}]
    plain = paid(world, world.app(LAX), channels=every).stored.plan
    hidden = {skip.channel for skip in plain.skipped if skip.reason is SkipReason.TRANSACTION_NOT_SHOWN}
    assert {Channel.FLASHCALL, Channel.VOICE, Channel.KEYPAD, Channel.WHATSAPP} <= hidden
    assert {step.channel for step in plain.steps} == {Channel.SMS, Channel.VIBER}
    showing = world.app(replace(LAX, shows_transaction=True))
    shown = paid(world, showing, "+447700900124", channels=every).stored.plan
    still = {skip.channel for skip in shown.skipped if skip.reason is SkipReason.TRANSACTION_NOT_SHOWN}
    assert still == {Channel.TOTP}, "its code belongs to no payment"
    assert shown.steps[0].channel is Channel.FLASHCALL


def test_an_app_may_name_no_payment_unless_the_application_lets_it(world: World) -> None:
    """Else anybody with the publishable key could have us send a text with a payee of their own making."""
    with pytest.raises(InvalidRequest) as refused:
        world.start(world.app(LAX), transaction=PAYMENT)
    assert [name for name, _ in refused.value.faults] == ["transaction"]
    assert world.messages_seen() == []
    allowed = world.app(replace(LAX, transactions_from_apps=True))
    assert world.start(allowed, transaction=PAYMENT).stored.transaction == PAYMENT


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"currency": "ABC"}, "currency"), ({"amount": "1.234"}, "amount"), ({"amount": "0.00"}, "amount")],
)
def test_what_nobody_could_pay_is_refused(world: World, changed: dict[str, str], field: str) -> None:
    app = world.app(LAX)
    payment = replace(PAYMENT, **changed)
    with pytest.raises(InvalidRequest) as refused:
        world.start(app, caller=app.back_end, transaction=payment)
    assert [name for name, _ in refused.value.faults] == [f"transaction.{field}"]


def test_another_process_holds_it_to_the_same_rules(world: World) -> None:
    """The rules follow from what is stored, not from who started it."""
    session = paid(world, world.app(LAX))
    world.pass_time(3)
    code = world.code_seen()
    other = world.process()
    elsewhere = replace(session, process=other)
    for _ in range(5):
        answer = elsewhere.confirm(code_report(wrong_code(code)))
    assert answer.status is Status.FAILED
