"""Several calls in a row, for pools in which one call could be guessed."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from ringproof_server.domain.attempt import AttemptEvent, AttemptState
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import AlreadyFinished
from ringproof_server.domain.evidence import Verdict
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Status
from tests.support.switchboard import Switchboard
from tests.support.world import Session, World, call_report, outcome, right_call, wrong_call

FLASH_ONLY = Policy(workflow=(Channel.FLASHCALL,), max_guess_probability=1e-2, number_guess_budget=1.0)
POOL = ["+442079460000-+442079460019"]


def _started(world: World) -> Session:
    session = world.start(world.app(FLASH_ONLY, pool=POOL))
    flash = session.stored.current.flash
    assert flash is not None
    assert (flash.calls, flash.reports) == (2, 1)
    return session


def test_two_calls_from_different_numbers_verify_when_both_are_reported_right(world: World) -> None:
    session = _started(world)
    world.pass_time(3)
    first = session.caller_id
    assert outcome(session.confirm(right_call(session))) == (Status.PENDING, Verdict.MORE_EVIDENCE)
    world.pass_time(3)
    assert session.caller_id != first
    assert [item.call for item in session.attempts] == [1, 2]
    done = session.confirm(right_call(session))
    assert outcome(done) == (Status.VERIFIED, None)
    assert done.verification.guess_probability == pytest.approx(1 / (20 * 19))


@pytest.mark.parametrize("answers", list(itertools.product([True, False], repeat=2)))
def test_only_the_last_answer_tells_and_only_whether_all_were_right(
    world: World, answers: tuple[bool, bool]
) -> None:
    session = _started(world)
    world.pass_time(3)
    first = session.confirm(right_call(session) if answers[0] else wrong_call(session))
    assert outcome(first) == (Status.PENDING, Verdict.MORE_EVIDENCE)
    assert first.checks_left == 1
    world.pass_time(10)
    last = session.confirm(right_call(session) if answers[1] else wrong_call(session))
    if all(answers):
        assert outcome(last) == (Status.VERIFIED, None)
    else:
        assert outcome(last) == (Status.FAILED, Verdict.MISMATCH)


def test_what_a_client_sees_after_the_first_report_does_not_tell_whether_it_was_right(tmp_path: Path) -> None:
    """Two worlds with the same chance and clock: in one the report was right, in the other it was wrong."""
    views = []
    for name, report in (("right", right_call), ("wrong", wrong_call)):
        world = World(tmp_path / name, seed="same")
        session = _started(world)
        world.pass_time(3)
        answer = session.confirm(report(session))
        world.pass_time(8)
        later = session.get()
        views.append(
            [
                (view.status, view.result, view.checks_left, view.next, view.verification.reports)
                for view in (answer, later)
            ]
            + [
                (item.state, item.reason, item.call, item.ringing_at, item.ring_ms)
                for item in session.attempts
            ]
        )
        world.close()
    assert views[0] == views[1]


def test_the_next_call_is_placed_only_after_the_first_one_has_ended(board: Switchboard) -> None:
    session = board.world.start(board.world.app(FLASH_ONLY, pool=POOL))
    first = board.ringing(session)
    session.confirm(right_call(session))
    board.world.server.due.run()
    board.world.server.dispatch_all()
    assert len(session.attempts) == 1
    assert board.first.hung_up == [first.remote_id]
    board.say(first, AttemptEvent.END, reason=Reason.CANCELLED)
    assert [item.state for item in session.attempts] == [AttemptState.ENDED, AttemptState.QUEUED]


def test_a_report_between_two_calls_is_not_judged(board: Switchboard) -> None:
    session = board.world.start(board.world.app(FLASH_ONLY, pool=POOL))
    board.ringing(session)
    session.confirm(wrong_call(session))
    for evidence in (wrong_call(session), right_call(session)):
        assert outcome(session.confirm(evidence)) == (Status.PENDING, Verdict.MORE_EVIDENCE)
    assert session.attempts[0].reported is False


def test_a_reported_call_that_begins_to_ring_is_hung_up_at_once(board: Switchboard) -> None:
    session = board.world.start(board.world.app(FLASH_ONLY, pool=POOL))
    session.confirm(right_call(session))
    attempt = board.ringing(session)
    board.world.server.due.run()
    assert board.first.hung_up == [attempt.remote_id]


def test_a_first_call_whose_end_is_never_reported_does_not_stop_the_second(board: Switchboard) -> None:
    session = board.world.start(board.world.app(FLASH_ONLY, pool=POOL))
    board.ringing(session)
    session.confirm(right_call(session))
    board.world.pass_time(16)
    assert [item.call for item in session.attempts] == [1, 2]


def test_a_call_that_is_not_reported_ends_the_row(world: World) -> None:
    policy = Policy(workflow=(Channel.FLASHCALL, Channel.SMS), max_guess_probability=1e-2)
    session = world.start(world.app(policy, pool=POOL))
    world.pass_time(50)
    assert [item.channel for item in session.attempts] == [Channel.FLASHCALL, Channel.SMS]


def test_every_call_has_the_whole_interception_time(world: World) -> None:
    policy = Policy(workflow=(Channel.FLASHCALL, Channel.SMS), max_guess_probability=1e-2)
    session = world.start(world.app(policy, pool=POOL))
    world.pass_time(40)
    session.confirm(right_call(session))
    world.pass_time(40)
    assert [item.channel for item in session.attempts] == [Channel.FLASHCALL, Channel.FLASHCALL]
    assert session.confirm(right_call(session)).status is Status.VERIFIED


def test_a_repeat_of_the_last_report_gets_the_token_and_one_of_the_first_does_not(world: World) -> None:
    session = _started(world)
    world.pass_time(3)
    first = session.caller_id
    session.confirm(right_call(session))
    world.pass_time(3)
    done = session.confirm(right_call(session))
    assert session.confirm(right_call(session)).token == done.token
    with pytest.raises(AlreadyFinished):
        session.confirm(call_report(first))
