"""Codes through the service: the same one again, checks with delays, failures that stay."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.code import spell
from ringproof_server.domain.errors import AlreadyFinished, GuessBudgetExhausted, TooEarly
from ringproof_server.domain.evidence import Verdict
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Status
from ringproof_server.ports import OutgoingMessage
from ringproof_server.storage.tables import metadata
from tests.support import leaks
from tests.support.switchboard import Switchboard
from tests.support.world import (
    NUMBER,
    OTHER_NUMBER,
    Session,
    World,
    code_report,
    outcome,
    wrong_call,
    wrong_code,
)

SMS_ONLY = Policy(workflow=(Channel.SMS,))


def _started(world: World, policy: Policy = SMS_ONLY, number: str = NUMBER) -> tuple[Session, str]:
    session = world.start(world.app(policy), number)
    world.pass_time(2)
    return session, world.code_seen(number)


def test_the_code_that_was_sent_verifies_in_any_script(world: World) -> None:
    session, code = _started(world)
    arabic = "".join(chr(0x660 + int(digit)) for digit in code)
    assert session.confirm(code_report(f" {arabic[:3]} {arabic[3:]} ")).status is Status.VERIFIED


def test_a_resend_within_its_life_sends_the_same_code(world: World) -> None:
    session, code = _started(world)
    world.pass_time(60)
    session.advance(Channel.SMS)
    world.pass_time(2)
    assert len(world.messages_seen()) == 2
    assert world.code_seen() == code


def test_a_resend_after_its_life_sends_another_one_and_the_old_one_is_void(world: World) -> None:
    session, old = _started(world, Policy(workflow=(Channel.SMS,), ttl=900, code_ttl=300))
    world.pass_time(298.5)
    assert outcome(session.confirm(code_report(old))) == (Status.PENDING, Verdict.MISMATCH)
    session.advance(Channel.SMS)
    world.pass_time(2)
    new = world.code_seen()
    assert new != old
    assert session.confirm(code_report(old)).result is Verdict.MISMATCH
    assert session.confirm(code_report(new)).status is Status.VERIFIED


def test_every_verification_has_a_code_of_its_own(world: World) -> None:
    codes = {_started(world, number=f"+4477009005{index:02}")[1] for index in range(20)}
    assert len(codes) == 20


def test_checks_are_allowed_at_once_twice_then_after_one_and_two_minutes(world: World) -> None:
    session, code = _started(world, Policy(workflow=(Channel.SMS,), ttl=600, code_ttl=600))
    wrong = code_report(wrong_code(code))
    for left, wait in ((4, 0), (3, 0), (2, 60), (1, 120)):
        answer = session.confirm(wrong)
        assert outcome(answer) == (Status.PENDING, Verdict.MISMATCH)
        assert (answer.checks_left, answer.next.check_in) == (left, wait)
        if wait:
            world.clock.move(wait - 1)
            with pytest.raises(TooEarly) as refused:
                session.confirm(code_report(code))
            assert refused.value.retry_after == pytest.approx(1)
            world.clock.move(1)
    last = session.confirm(wrong)
    assert outcome(last) == (Status.FAILED, Verdict.MISMATCH)
    assert (last.checks_left, last.next.check_in, dict(last.next.channels)) == (0, None, {})
    with pytest.raises(AlreadyFinished):
        session.confirm(code_report(code))


def test_a_check_that_comes_too_early_costs_nothing(world: World) -> None:
    session, code = _started(world)
    wrong = code_report(wrong_code(code))
    for _ in range(3):
        session.confirm(wrong)
    for _ in range(5):
        with pytest.raises(TooEarly):
            session.confirm(wrong)
    assert session.stored.checks == 3
    world.clock.move(60)
    assert session.confirm(code_report(code)).status is Status.VERIFIED


def test_neither_a_resend_nor_another_channel_gives_more_checks(world: World) -> None:
    session, code = _started(world, Policy(workflow=(Channel.SMS,), check_delays=(0,)))
    wrong = code_report(wrong_code(code))
    session.confirm(wrong)
    session.confirm(wrong)
    world.clock.move(60)
    answer = session.advance(Channel.SMS)
    assert answer.checks_left == 3


@pytest.mark.parametrize("checks", [1, 3, 10])
def test_the_number_of_checks_is_the_policy_s(world: World, checks: int) -> None:
    policy = Policy(workflow=(Channel.SMS,), code_checks=checks, check_delays=(0,))
    session, code = _started(world, policy)
    for number in range(1, checks + 1):
        answer = session.confirm(code_report(wrong_code(code)))
        assert answer.status is (Status.FAILED if number == checks else Status.PENDING)


def test_failures_of_a_number_survive_new_attempts_and_new_verifications(world: World) -> None:
    session, code = _started(world)
    session.confirm(code_report(wrong_code(code)))
    session.confirm(code_report(wrong_code(code)))
    assert world.server.failures() == 2
    session.cancel()
    other = world.start(world.app())
    assert world.server.failures() == 2
    other.confirm(wrong_call(other))
    assert world.server.failures() == 3
    assert world.process().failures() == 3
    assert world.server.failures(OTHER_NUMBER) == 0


def test_a_success_ends_the_row_of_failures(world: World) -> None:
    session, code = _started(world)
    session.confirm(code_report(wrong_code(code)))
    session.confirm(code_report(code))
    assert world.server.failures() == 0


def test_after_a_hundred_wrong_answers_in_a_row_the_number_is_closed_for_every_application(
    world: World,
) -> None:
    """NIST SP 800-63B: no more than a hundred consecutive failures, whoever caused them."""
    policy = Policy(workflow=(Channel.SMS,), max_failures_in_a_row=4, check_delays=(0,))
    session, code = _started(world, policy)
    for _ in range(3):
        assert session.confirm(code_report(wrong_code(code))).status is Status.PENDING
    assert session.confirm(code_report(wrong_code(code))).status is Status.FAILED
    with pytest.raises(GuessBudgetExhausted):
        world.start(world.app(policy))
    world.clock.move(30 * 86_400)
    with pytest.raises(GuessBudgetExhausted):
        world.start(world.app(policy))
    world.start(world.app(policy), OTHER_NUMBER)


def test_the_hard_stop_holds_across_verifications(world: World) -> None:
    policy = Policy(workflow=(Channel.SMS,), max_failures_in_a_row=7, check_delays=(0,), send_spacing=(60,))
    app = world.app(policy)
    wrong = 0
    for _ in range(2):
        session = world.start(app)
        world.pass_time(2)
        code = world.code_seen()
        while session.get().status is Status.PENDING:
            session.confirm(code_report(wrong_code(code)))
            wrong += 1
        world.clock.move(601)
    assert wrong == 7
    assert world.server.failures() == 7


def test_what_was_under_way_at_the_hard_stop_gives_no_further_guess(world: World) -> None:
    """Whoever opened several before it could else go on guessing in the others, a right guess included."""
    policy = Policy(
        workflow=(Channel.SMS,),
        max_failures_in_a_row=4,
        check_delays=(0,),
        send_spacing=(0,),
        sends_per_day=20,
    )
    app = world.app(policy)
    guessed, kept = world.start(app), world.start(app)
    world.pass_time(2)
    codes = [_code_of(world, session) for session in (guessed, kept)]
    for _ in range(4):
        answer = guessed.confirm(code_report(wrong_code(codes[0])))
    assert answer.status is Status.FAILED
    assert outcome(kept.confirm(code_report(codes[1]))) == (Status.FAILED, Verdict.MISMATCH)
    assert world.server.failures() == 4
    assert "number_closed" in world.server.trace(kept.id)


def test_no_code_stands_in_the_database(board: Switchboard) -> None:
    """Nor the digits of a call that asks for them: what they are made with is the server's secret alone."""
    policy = Policy(workflow=(Channel.SMS, Channel.VOICE, Channel.KEYPAD), send_spacing=(0,), voice_after=0)
    world = board.world
    session = world.start(world.app(policy))
    world.server.dispatch_all()
    (message,) = board.first.taken.values()
    assert isinstance(message, OutgoingMessage)
    session.advance(Channel.KEYPAD)
    board.say(board.ringing(session), AttemptEvent.ANSWER)
    keypad = session.get().keypad
    assert keypad is not None
    board.press(session.attempts[-1], "1" * 6)
    kept = world.server.storage.look(
        lambda connection: [
            str(value)
            for table in metadata.tables.values()
            for row in connection.execute(select(table)).all()
            for value in row
        ]
    )
    assert any(session.id == value for value in kept)
    for secret in (message.code, keypad.digits):
        leaks.secret(secret, "code")
        assert not [value for value in kept if secret in value]


def _code_of(world: World, session: Session) -> str:
    stored = session.stored
    assert stored.code_seed is not None
    code = spell(world.server.parts.seals.code_key(), stored.code_seed, 6)
    leaks.secret(code, "code")
    return code
