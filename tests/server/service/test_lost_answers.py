"""Requests whose outcome nobody knows: the carrier is asked once, and nothing is ever sent a second time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ringproof_server.domain.attempt import AttemptEvent, AttemptState
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import CarrierMisconfigured, CarrierUnavailable, OutcomeUnknown
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Status
from tests.support.switchboard import Switchboard
from tests.support.world import Session, right_call

REAL_NUMBER = "+447400123456"
LOST: list[Exception] = [
    OutcomeUnknown("the answer did not come"),
    RuntimeError("a plug-in's own fault"),
    TimeoutError("a socket's fault that the plug-in did not sort"),
]
CANNOT_FIND: list[Exception] = [
    CarrierUnavailable("away"),
    CarrierMisconfigured("this key may not list calls"),
    OutcomeUnknown("again"),
    ValueError("a plug-in's own fault"),
]


def _lose_answer(board: Switchboard, fault: Exception, *, is_taken: bool) -> Session:
    """A verification whose first request was lost, with its carrier knowing of it or not."""
    session = board.world.start(board.world.app(), REAL_NUMBER)
    board.first.faults = [fault]
    board.first.loses_answer = is_taken
    board.world.server.dispatch_all()
    return session


@pytest.mark.parametrize("fault", LOST, ids=repr)
def test_a_call_that_its_carrier_has_after_all_goes_on(two_carriers: Switchboard, fault: Exception) -> None:
    session = _lose_answer(two_carriers, fault, is_taken=True)
    (call,) = session.attempts
    assert (call.state, call.reason) == (AttemptState.ACCEPTED, None)
    assert [call.remote_id] == two_carriers.first.taken_for(call.id)
    assert two_carriers.first.looked_for == [call.id]
    assert call.hang_up_at == two_carriers.world.clock.now() + timedelta(seconds=25)
    assert session.confirm(right_call(session)).status is Status.VERIFIED


@pytest.mark.parametrize("fault", LOST, ids=repr)
def test_what_its_carrier_does_not_know_is_given_to_nobody_and_the_next_step_starts(
    two_carriers: Switchboard, fault: Exception
) -> None:
    """It may still come, so neither the same carrier nor another one makes a second call of it."""
    session = _lose_answer(two_carriers, fault, is_taken=False)
    call, message = session.attempts
    assert (call.state, call.reason) == (AttemptState.ENDED, Reason.UNKNOWN)
    assert (message.channel, message.state) == (Channel.SMS, AttemptState.QUEUED)
    assert two_carriers.first.asked == two_carriers.first.looked_for == [call.id]
    assert two_carriers.orders["second"].asked == []


@pytest.mark.parametrize("fault", CANNOT_FIND, ids=repr)
def test_a_carrier_that_cannot_say_is_asked_once(two_carriers: Switchboard, fault: Exception) -> None:
    two_carriers.first.find_fault = fault
    session = _lose_answer(two_carriers, OutcomeUnknown("lost"), is_taken=True)
    two_carriers.world.clock.move(31)
    two_carriers.world.server.due.run()
    call, message = session.attempts
    assert (call.reason, message.channel) == (Reason.UNKNOWN, Channel.SMS)
    assert two_carriers.first.looked_for == [call.id]
    assert two_carriers.first.asked.count(call.id) == 1


def test_the_next_step_after_a_lost_answer_prefers_another_carrier(two_carriers: Switchboard) -> None:
    session = _lose_answer(two_carriers, OutcomeUnknown("lost"), is_taken=False)
    two_carriers.world.server.dispatch_all()
    assert [item.carrier for item in session.attempts] == ["first", "second"]


def test_a_lost_call_that_rings_after_all_is_hung_up(two_carriers: Switchboard) -> None:
    session = _lose_answer(two_carriers, OutcomeUnknown("lost"), is_taken=False)
    call = session.attempts[0]
    two_carriers.say(call, AttemptEvent.RING, remote_id="it came up")
    two_carriers.world.server.due.run()
    assert two_carriers.first.hung_up == ["it came up"]
    assert session.attempts[0].reason is Reason.UNKNOWN


def test_an_event_of_a_lost_call_decides_before_the_carrier_is_asked(two_carriers: Switchboard) -> None:
    """It rings while nobody knows whether it was placed, and what the look-up does not find is no matter."""
    world = two_carriers.world
    session = world.start(world.app(), REAL_NUMBER)
    two_carriers.first.faults = [OutcomeUnknown("lost")]
    two_carriers.first.meanwhile_found = lambda: two_carriers.say(session.attempts[0], AttemptEvent.RING)
    world.server.dispatch_all()
    assert [item.state for item in session.attempts] == [AttemptState.RINGING]
    assert session.confirm(right_call(session)).status is Status.VERIFIED


def test_a_lost_message_is_not_sent_again_before_somebody_asks_for_it(two_carriers: Switchboard) -> None:
    world = two_carriers.world
    session = world.start(world.app(Policy(workflow=(Channel.SMS,))), REAL_NUMBER)
    two_carriers.first.faults = [OutcomeUnknown("lost")]
    world.server.dispatch_all()
    world.pass_time(60)
    assert [(item.state, item.reason) for item in session.attempts] == [(AttemptState.FAILED, Reason.UNKNOWN)]
    assert session.get().status is Status.PENDING
    session.advance(Channel.SMS)
    world.server.dispatch_all()
    assert session.attempts[-1].carrier == "second"


def test_a_lost_answer_stands_in_the_trace_with_what_became_of_it(two_carriers: Switchboard) -> None:
    session = _lose_answer(two_carriers, OutcomeUnknown("lost"), is_taken=False)
    server = two_carriers.world.server
    assert server.notes(session.id, "carrier_failed") == [{"carrier": "first", "fault": "OutcomeUnknown"}]
    moved = server.notes(session.id, "attempt_moved")
    assert [item["reason"] for item in moved] == [Reason.UNKNOWN]
