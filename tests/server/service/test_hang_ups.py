"""How long a phone rings: a random time, ended once, and never for longer than the backstop."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ringproof_server.domain.attempt import Attempt, AttemptEvent, AttemptState
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import CarrierUnavailable
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Status
from tests.support.statistics import chi_square, chi_square_limit
from tests.support.switchboard import Switchboard
from tests.support.world import World, right_call, wrong_call

FLASH_ONLY = Policy(workflow=(Channel.FLASHCALL,))


def _rings_for(attempt: Attempt) -> float:
    assert attempt.hang_up_at is not None
    assert attempt.ringing_at is not None
    return (attempt.hang_up_at - attempt.ringing_at).total_seconds()


def test_the_hang_up_is_set_for_a_random_moment_within_the_policy_s_seconds(board: Switchboard) -> None:
    world = board.world
    app = world.app(Policy(ring_seconds=(4.0, 8.0)))
    times = []
    for index in range(200):
        session = world.start(app, f"+447700900{index:03}")
        times.append(_rings_for(board.ringing(session)))
    assert all(4.0 <= time <= 8.0 for time in times)
    counts = [sum(4 + part <= time < 5 + part for time in times) for part in range(4)]
    assert chi_square(counts) < chi_square_limit(3)


def test_the_hang_up_is_carried_out_once_at_its_moment(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    attempt = board.ringing(session)
    other = board.world.process()
    board.world.clock.move(_rings_for(attempt) - 0.001)
    board.world.server.due.run()
    assert board.first.hung_up == []
    board.world.clock.move(0.001)
    assert board.world.server.due.hang_up(attempt.id) + other.due.hang_up(attempt.id) == 1
    assert board.world.server.due.run() + other.due.run() == 0
    assert board.first.hung_up == [attempt.remote_id]


def test_nobody_hangs_up_a_call_whose_end_was_reported(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    attempt = board.ringing(session)
    board.say(attempt, AttemptEvent.END, reason=Reason.REJECTED)
    board.world.clock.move(20)
    board.world.server.due.run()
    assert board.first.hung_up == []


@pytest.mark.parametrize("fault", [None, CarrierUnavailable("away")])
def test_a_hang_up_is_repeated_when_the_end_is_not_reported_and_then_given_up(
    board: Switchboard, fault: CarrierUnavailable | None
) -> None:
    session = board.world.start(board.world.app())
    attempt = board.ringing(session)
    board.first.hang_up_fault = fault
    rings = _rings_for(attempt)
    for repeats, seconds in ((0, rings - 0.1), (1, 0.2), (1, 4.8), (2, 0.2), (2, 4.8), (3, 0.2), (3, 60)):
        board.world.clock.move(seconds)
        board.world.server.due.run()
        board.world.server.due.run()
        assert board.first.hung_up == [attempt.remote_id] * repeats
    ended = board.world.server.attempt(attempt.id)
    assert (ended.state, ended.reason) == (AttemptState.ENDED, Reason.RANG)
    assert "end_never_reported" in board.world.server.trace(session.id)


def test_a_call_that_never_says_anything_is_hung_up_after_the_dial_time(board: Switchboard) -> None:
    session = board.world.start(board.world.app(Policy(dial_timeout=20)))
    board.world.server.dispatch_all()
    board.world.clock.move(24.9)
    board.world.server.due.run()
    assert board.first.hung_up == []
    board.world.clock.move(0.1)
    board.world.server.due.run()
    assert board.first.hung_up == [session.attempts[0].remote_id]
    board.world.pass_time(15)
    assert session.attempts[0].reason is Reason.UNKNOWN


def test_an_acceptance_by_event_sets_the_backstop_too(board: Switchboard) -> None:
    """The process that asked may die before it records the answer."""
    session = board.world.start(board.world.app())
    attempt = session.attempts[0]
    board.first.meanwhile = lambda _item, _remote: board.say(attempt, AttemptEvent.ACCEPT)
    board.world.server.dispatch_all()
    accepted = board.world.server.attempt(attempt.id)
    assert accepted.state is AttemptState.ACCEPTED
    assert accepted.hang_up_at == board.world.clock.now() + timedelta(seconds=25)


@pytest.mark.parametrize("kind", [AttemptEvent.ACCEPT, AttemptEvent.RING])
def test_a_call_that_comes_up_after_a_cancel_is_hung_up_at_once(
    board: Switchboard, kind: AttemptEvent
) -> None:
    session = board.world.start(board.world.app())
    attempt = session.attempts[0]

    def meanwhile(_item: object, _remote: str) -> None:
        session.cancel()
        board.say(attempt, kind)

    board.first.meanwhile = meanwhile
    board.world.server.dispatch_all()
    board.world.server.due.run()
    assert board.first.hung_up == [board.world.server.attempt(attempt.id).remote_id]


def test_a_call_that_rings_after_a_hang_up_that_was_lost_stops_at_once_when_it_is_cancelled(
    board: Switchboard,
) -> None:
    """The backstop's hang-up got lost in the network, and the phone begins to ring after all."""
    session = board.world.start(board.world.app(FLASH_ONLY))
    board.world.server.dispatch_all()
    board.world.clock.move(25)
    board.world.server.due.run()
    assert len(board.first.hung_up) == 1
    board.say(session.attempts[0], AttemptEvent.RING)
    session.cancel()
    board.world.server.due.run()
    assert len(board.first.hung_up) == 2


def test_a_late_acceptance_of_a_call_that_was_given_up_is_hung_up_once(board: Switchboard) -> None:
    """It was claimed by a process that hung for longer than its lease, and was given up meanwhile."""
    session = board.world.start(board.world.app())
    attempt = session.attempts[0]
    rescuer = board.world.process()

    def meanwhile(_item: object, _remote: str) -> None:
        found = board.first.taken.popitem()
        board.world.clock.move(31)
        assert rescuer.dispatching.reconcile(attempt.id)
        board.first.taken.update([found])

    board.first.meanwhile = meanwhile
    board.world.server.dispatching.dispatch(attempt.id)
    late = rescuer.attempt(attempt.id)
    assert (late.state, late.reason) == (AttemptState.ENDED, Reason.UNKNOWN)
    for _ in range(3):
        rescuer.due.run()
        board.world.server.due.run()
    assert board.first.hung_up == [late.remote_id]
    board.world.clock.move(60)
    rescuer.due.run()
    assert board.first.hung_up == [late.remote_id]


def test_a_call_that_was_given_up_and_rings_after_all_is_hung_up(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    attempt = session.attempts[0]
    board.first.faults = [CarrierUnavailable("timeout")]
    board.first.loses_answer = True
    board.world.server.dispatch_all()
    assert board.world.server.attempt(attempt.id).state is AttemptState.ENDED
    board.say(attempt, AttemptEvent.RING)
    named = board.world.server.attempt(attempt.id)
    assert named.state is AttemptState.ENDED
    assert named.hang_up_at is not None


def test_a_hang_up_of_a_call_that_was_given_up_is_tried_again_when_it_fails(board: Switchboard) -> None:
    """Its verification is cancelled and its record closed, and yet the phone rings."""
    session = board.world.start(board.world.app())
    attempt = session.attempts[0]
    board.first.faults = [CarrierUnavailable("timeout")]
    board.first.loses_answer = True
    board.world.server.dispatching.dispatch(attempt.id)
    session.cancel()
    board.say(attempt, AttemptEvent.RING, remote_id="obedient-1")
    board.first.hang_up_fault = CarrierUnavailable("away")
    board.world.server.due.run()
    board.first.hang_up_fault = None
    for seconds in (4.9, 0.1, 60):
        board.world.clock.move(seconds)
        board.world.server.due.run()
    assert board.first.hung_up == ["obedient-1"] * 2


def test_a_hang_up_that_always_fails_is_not_tried_for_ever(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    attempt = session.attempts[0]
    board.first.faults = [CarrierUnavailable("timeout")]
    board.first.loses_answer = True
    board.world.server.dispatching.dispatch(attempt.id)
    board.say(attempt, AttemptEvent.RING, remote_id="obedient-1")
    board.first.hang_up_fault = CarrierUnavailable("away")
    for _ in range(20):
        board.world.server.due.run()
        board.world.clock.move(5)
    assert board.first.hung_up == ["obedient-1"] * 3
    assert board.world.server.attempt(attempt.id).hang_up_at is None


def test_a_late_ring_of_a_call_that_ended_by_itself_is_telemetry_only(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    board.world.server.dispatch_all()
    attempt = session.attempts[0]
    board.say(attempt, AttemptEvent.END, reason=Reason.RANG, ring_ms=4000)
    board.say(attempt, AttemptEvent.RING)
    board.world.server.due.run()
    assert board.first.hung_up == []
    assert "odd_event" in board.world.server.trace(session.id)


def test_a_wrong_report_before_it_rings_does_not_cut_the_ringing_short(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    session.confirm(wrong_call(session))
    assert _rings_for(board.ringing(session)) >= 4.0


def test_an_answered_call_may_talk_for_a_sentence_and_no_longer(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    attempt = board.ringing(session)
    board.world.clock.move(2)
    board.say(attempt, AttemptEvent.ANSWER)
    board.world.clock.move(14.9)
    board.world.server.due.run()
    assert board.first.hung_up == []
    board.world.clock.move(0.1)
    board.world.server.due.run()
    assert board.first.hung_up == [attempt.remote_id]
    board.say(attempt, AttemptEvent.END, reason=Reason.CANCELLED)
    ended = board.world.server.attempt(attempt.id)
    assert (ended.reason, ended.ring_ms) == (Reason.ANSWERED, 2000)
    assert session.get().status is Status.PENDING


def test_whoever_answered_hears_the_sentence_to_its_end_although_the_number_is_verified(
    board: Switchboard,
) -> None:
    session = board.world.start(board.world.app())
    attempt = board.ringing(session)
    board.say(attempt, AttemptEvent.ANSWER)
    board.world.clock.move(1)
    assert session.confirm(right_call(session)).status is Status.VERIFIED
    board.world.server.due.run()
    assert board.first.hung_up == []
    board.world.clock.move(14)
    board.world.server.due.run()
    assert board.first.hung_up == [attempt.remote_id]


def test_a_cancel_ends_a_call_that_was_answered(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    attempt = board.ringing(session)
    board.say(attempt, AttemptEvent.ANSWER)
    session.cancel()
    board.world.server.due.run()
    assert board.first.hung_up == [attempt.remote_id]


def test_a_real_phone_rings_for_as_long_as_it_should(world: World) -> None:
    session = world.start(world.app(Policy(ring_seconds=(5.0, 5.0))))
    world.pass_time(20)
    ended = world.calls_seen()[-1]
    assert ended.ring_ms == 5000
    assert session.attempts[0].ring_ms == 5000
    assert session.attempts[0].hang_ups == 1
