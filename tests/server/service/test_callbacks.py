"""What carriers send: signature first, each event once, nothing of strangers."""

from __future__ import annotations

import dataclasses

import pytest

from ringproof_server.carriers.simulated.callbacks import NetworkEvent, encode, signed
from ringproof_server.carriers.simulated.moments import moment
from ringproof_server.domain.attempt import AttemptEvent, AttemptState
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import CallbackRefused, NotFound
from ringproof_server.domain.verification import Status
from ringproof_server.ports import CallbackRequest
from tests.support.carriers import callback
from tests.support.switchboard import Switchboard
from tests.support.world import OTHER_NUMBER, PUBLIC_URL, Session, World


def _ring(board: Switchboard, session: Session, **changes: str) -> CallbackRequest:
    reference = board.reference(session.attempts[0])
    return callback(reference, AttemptEvent.RING, key="k", **changes)  # type: ignore[arg-type]  # All texts.


def test_a_callback_that_is_not_rightly_signed_changes_nothing(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    board.world.server.dispatch_all()
    before = session.attempts
    right = _ring(board, session)
    for request in (
        _ring(board, session, signature=""),
        _ring(board, session, signature="0" * 64),
        dataclasses.replace(right, body=right.body.replace(b"ring", b"end")),
        dataclasses.replace(right, headers={}),
    ):
        with pytest.raises(CallbackRefused):
            board.world.server.events.receive("obedient", request)
    assert session.attempts == before
    board.world.server.events.receive("obedient", right)
    assert session.attempts[0].state is AttemptState.RINGING


def test_a_carrier_that_does_not_exist_is_not_found(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    with pytest.raises(NotFound):
        board.world.server.events.receive("nobody", _ring(board, session))


def test_a_carrier_says_nothing_about_another_carrier_s_attempt(two_carriers: Switchboard) -> None:
    session = two_carriers.world.start(two_carriers.world.app())
    with pytest.raises(CallbackRefused):
        two_carriers.say(session.attempts[0], AttemptEvent.END, carrier="second")
    two_carriers.world.server.dispatch_all()
    with pytest.raises(CallbackRefused):
        two_carriers.say(session.attempts[0], AttemptEvent.END, carrier="second")
    assert session.attempts[0].state is AttemptState.ACCEPTED


def test_what_was_said_about_one_call_is_not_believed_of_another(board: Switchboard) -> None:
    """Rightly signed, but sent to the address of another attempt: whether that one's call has a name yet or
    not. The genuine event is believed afterwards all the same."""
    app = board.world.app()
    first = board.world.start(app)
    board.world.server.dispatch_all()
    named, (name, other_name) = first.attempts[0], (first.attempts[0].remote_id, "another-call")
    second = board.world.start(app, number=OTHER_NUMBER)
    unnamed = second.attempts[0]
    sign = board.world.server.parts.seals.sign_reference
    receive = board.world.server.events.receive

    refused: list[CallbackRefused] = []

    def while_it_is_placed(_item: object, _remote_id: str) -> None:
        with pytest.raises(CallbackRefused) as caught:
            receive("obedient", callback(sign(unnamed.id), AttemptEvent.RING, key="k", remote_id=name))
        refused.append(caught.value)

    board.first.meanwhile = while_it_is_placed
    board.world.server.dispatch_all()
    assert len(refused) == 1
    with pytest.raises(CallbackRefused):
        receive("obedient", callback(sign(named.id), AttemptEvent.RING, key="l", remote_id=other_name))
    assert [session.attempts[0].state for session in (first, second)] == [AttemptState.ACCEPTED] * 2
    receive("obedient", callback(sign(named.id), AttemptEvent.RING, key="k", remote_id=name))
    assert first.attempts[0].state is AttemptState.RINGING


def test_an_event_about_an_attempt_that_is_not_known_is_no_error(board: Switchboard) -> None:
    board.say("att_unknown", AttemptEvent.RING)
    request = callback(None, AttemptEvent.RING, key="k", remote_id="nobody-1")
    board.world.server.events.receive("obedient", request)


def test_an_event_finds_its_attempt_by_the_carrier_s_own_name(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    board.world.server.dispatch_all()
    request = callback(None, AttemptEvent.RING, key="k", remote_id=session.attempts[0].remote_id)
    board.world.server.events.receive("obedient", request)
    assert session.attempts[0].state is AttemptState.RINGING


def test_an_event_counts_once_however_often_and_wherever_it_comes_in(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    attempt = board.ringing(session)
    first = board.world.server.attempt(attempt.id)
    board.world.clock.move(2)
    for process in (board.world.server, board.world.process()):
        board.say(attempt, AttemptEvent.END, key="end", reason=Reason.RANG, process=process)
        board.say(attempt, AttemptEvent.END, key="end", reason=Reason.BUSY, process=process)
        board.world.clock.move(1)
    ended = board.world.server.attempt(attempt.id)
    assert (ended.reason, ended.ring_ms, ended.ringing_at) == (Reason.RANG, 2000, first.ringing_at)
    trace = board.world.server.trace(session.id)
    assert trace.count("attempt_moved") == 2
    assert "odd_event" not in trace


def test_an_event_that_cannot_be_is_noted_and_dropped(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    attempt = board.ringing(session)
    board.say(attempt, AttemptEvent.READ)
    board.say(attempt, AttemptEvent.CLAIM)
    assert board.world.server.attempt(attempt.id) == attempt
    assert board.world.server.trace(session.id).count("event_ignored") == 2


def test_an_event_after_the_verdict_is_telemetry(board: Switchboard) -> None:
    session = board.world.start(board.world.app(), channels=[Channel.SMS])
    board.world.server.dispatch_all()
    session.cancel()
    board.say(session.attempts[0], AttemptEvent.DELIVER)
    assert session.attempts[0].state is AttemptState.DELIVERED
    assert session.get().status is Status.CANCELLED


def test_the_simulated_network_s_callbacks_are_taken_only_as_it_signed_them(world: World) -> None:
    session = world.start(world.app())
    world.server.dispatch_all()
    attempt = session.attempts[0]
    assert attempt.remote_id is not None
    said = encode(
        NetworkEvent(
            key="k1",
            kind=AttemptEvent.RING,
            reference=world.server.parts.seals.sign_reference(attempt.id),
            remote_id=attempt.remote_id,
        )
    )
    url = f"{PUBLIC_URL}/carriers/simulated/events"
    now = moment(world.clock.now())
    secret = world.server.parts.seals.digest("simulated-carrier", "callbacks")
    forged = [
        signed(b"another key", url, said, now),
        signed(secret, url + "/elsewhere", said, now),
        signed(secret, url, said, now - 301_000_000),
    ]
    forged[1] = dataclasses.replace(forged[1], url=url)
    for request in forged:
        with pytest.raises(CallbackRefused):
            world.server.events.receive("simulated", request)
    assert session.attempts == [attempt]
    world.server.events.receive("simulated", signed(secret, url, said, now))
    assert session.attempts[0].state is AttemptState.RINGING
