"""Attempts that waited too long: what nobody waits for any more is not sent."""

from __future__ import annotations

import pytest

from ringproof_server.domain.attempt import AttemptState
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import CarrierUnavailable, FraudSuspected
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Status
from tests.support.switchboard import Switchboard

FLASH_ONLY = Policy(workflow=(Channel.FLASHCALL,))
SMS_ONLY = Policy(workflow=(Channel.SMS,), message_timeout=120)


def test_a_phone_does_not_ring_minutes_after_somebody_asked_for_it(board: Switchboard) -> None:
    """The carriers hung, or the server was down, for longer than a call is waited for."""
    session = board.world.start(board.world.app(FLASH_ONLY))
    board.world.clock.move(45)
    board.world.server.dispatch_all()
    assert board.first.asked == []
    assert (session.attempts[0].state, session.attempts[0].reason) == (AttemptState.ENDED, Reason.LATE)
    assert session.get().status is Status.FAILED


def test_a_restarted_server_does_not_place_an_old_call_before_it_looks_at_the_deadlines(
    board: Switchboard,
) -> None:
    session = board.world.start(board.world.app())
    board.world.server.storage.close()
    board.world.clock.move(100)
    restarted = board.world.process()
    restarted.dispatch_all()
    restarted.due.run()
    restarted.dispatch_all()
    assert [item.channel for item in board.first.taken.values()] == [Channel.SMS]
    assert [(item.channel, item.state) for item in restarted.attempts(session.id)] == [
        (Channel.FLASHCALL, AttemptState.ENDED),
        (Channel.SMS, AttemptState.ACCEPTED),
    ]


def test_a_call_that_waited_for_less_than_its_step_takes_is_placed(board: Switchboard) -> None:
    board.world.start(board.world.app(FLASH_ONLY))
    board.world.clock.move(44)
    board.world.server.dispatch_all()
    assert len(board.first.asked) == 1


def test_a_code_that_waited_for_longer_than_its_step_takes_is_not_sent(board: Switchboard) -> None:
    session = board.world.start(board.world.app(SMS_ONLY))
    board.world.clock.move(120)
    board.world.server.dispatch_all()
    assert board.first.asked == []
    assert session.get().verification.reason is Reason.LATE


def test_a_send_that_fails_after_a_newer_one_was_asked_for_is_not_repeated(two_carriers: Switchboard) -> None:
    """The carrier hung for so long that the person has asked for the code again meanwhile."""
    world = two_carriers.world
    session = world.start(world.app(SMS_ONLY))

    def meanwhile(_item: object, _remote: str) -> None:
        two_carriers.first.meanwhile = None
        world.clock.move(61)
        session.advance(Channel.SMS)

    two_carriers.first.meanwhile = meanwhile
    two_carriers.first.loses_answer = True
    two_carriers.first.faults = [CarrierUnavailable("timeout")]
    world.server.dispatch_all()
    world.server.dispatch_all()
    assert [(item.carrier, item.state) for item in session.attempts] == [
        ("first", AttemptState.FAILED),
        ("second", AttemptState.ACCEPTED),
    ]


@pytest.mark.parametrize("channel", [Channel.SMS, None])
def test_fraud_that_is_suspected_late_stops_everything_too(
    two_carriers: Switchboard, channel: Channel | None
) -> None:
    """The carrier says so only after the next step has started."""
    world = two_carriers.world
    session = world.start(world.app())

    def meanwhile(_item: object, _remote: str) -> None:
        session.advance(channel)

    two_carriers.first.meanwhile = meanwhile
    two_carriers.first.loses_answer = True
    two_carriers.first.faults = [FraudSuspected("pumping")]
    world.server.dispatch_all()
    world.server.dispatch_all()
    seen = session.get()
    assert (seen.status, seen.verification.reason) == (Status.FAILED, Reason.FRAUD_BLOCKED)
    assert two_carriers.orders["second"].asked == []
    assert [item.state for item in session.attempts] == [AttemptState.ENDED, AttemptState.FAILED]


def test_a_plug_in_that_breaks_when_it_is_asked_leaves_no_attempt_behind(board: Switchboard) -> None:
    """Whatever it raises, the attempt is unknown and the next step starts."""
    session = board.world.start(board.world.app())
    board.first.meanwhile = _die
    with pytest.raises(SystemExit):
        board.world.server.dispatching.dispatch(session.attempts[0].id)
    board.first.taken.clear()
    board.first.meanwhile_found = _break
    board.world.clock.move(board.world.server.parts.config.claim_lease + 1)
    board.world.server.due.run()
    assert session.attempts[0].reason is Reason.UNKNOWN
    assert session.attempts[1].channel is Channel.SMS


def _die(_item: object, _remote: str) -> None:
    raise SystemExit("killed")


def _break() -> None:
    raise RuntimeError("a plug-in's own fault")
