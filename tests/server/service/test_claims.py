"""An attempt is placed once: claims, crashes between them and the answer, and cancels in every state."""

from __future__ import annotations

import pytest

from ringproof_server.domain.attempt import AttemptEvent, AttemptState
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import CarrierUnavailable
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Status
from tests.support.switchboard import Switchboard
from tests.support.world import Session, World, right_call


class Crash(BaseException):
    """The process dies where this is raised."""


def _crash_while_placing(board: Switchboard, *, is_taken: bool) -> Session:
    """A verification whose call was claimed by a process that died while it asked the carrier."""
    session = board.world.start(board.world.app())

    def die(_item: object, remote_id: str) -> None:
        if not is_taken:
            del board.first.taken[remote_id]
        raise Crash

    board.first.meanwhile = die
    with pytest.raises(Crash):
        board.world.server.dispatching.dispatch(session.attempts[0].id)
    board.first.meanwhile = None
    board.world.server.storage.close()
    session.process = board.world.process()
    return session


def test_two_dispatches_of_one_attempt_place_it_once(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    attempt_id = session.attempts[0].id
    other = board.world.process()
    placed = [
        board.world.server.dispatching.dispatch(attempt_id),
        other.dispatching.dispatch(attempt_id),
        board.world.server.dispatching.dispatch(attempt_id),
    ]
    assert placed == [True, False, False]
    assert board.first.asked == [attempt_id]


def test_another_process_that_looks_while_the_carrier_is_asked_does_not_ask_again(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    other = board.world.process()
    looked: list[int] = []
    board.first.meanwhile = lambda _item, _remote: looked.append(other.dispatch_all() + other.due.run())
    board.world.server.dispatch_all()
    assert looked == [0]
    assert board.first.asked == [session.attempts[0].id]


def test_a_call_that_exists_although_its_claimer_died_is_found_and_goes_on(board: Switchboard) -> None:
    session = _crash_while_placing(board, is_taken=True)
    process = session.process
    assert session.attempts[0].state is AttemptState.DIALING
    board.world.clock.move(30)
    assert process.due.run() == 0
    board.world.clock.move(0.001)
    assert process.due.run() == 1
    found = session.attempts[0]
    assert (found.state, found.remote_id) == (AttemptState.ACCEPTED, board.first.taken_for(found.id)[0])
    assert process.dispatch_all() == 0
    assert len(board.first.asked) == 1
    assert session.confirm(right_call(session)).status is Status.VERIFIED


def test_a_call_of_which_the_carrier_knows_nothing_is_never_placed_again(board: Switchboard) -> None:
    session = _crash_while_placing(board, is_taken=False)
    board.world.clock.move(31)
    session.process.due.run()
    lost = session.attempts[0]
    assert (lost.state, lost.reason) == (AttemptState.ENDED, Reason.UNKNOWN)
    assert [item.channel for item in session.attempts] == [Channel.FLASHCALL, Channel.SMS]
    session.process.dispatch_all()
    assert board.first.asked == [lost.id, session.attempts[1].id]


def test_a_carrier_that_cannot_be_asked_leaves_the_attempt_unknown(board: Switchboard) -> None:
    session = _crash_while_placing(board, is_taken=True)
    board.first.find_fault = CarrierUnavailable("away")
    board.world.clock.move(31)
    session.process.due.run()
    lost = session.attempts[0]
    assert lost.reason is Reason.UNKNOWN
    assert session.attempts[1].channel is Channel.SMS
    assert len(board.first.asked) == 1
    board.say(lost, AttemptEvent.RING, process=session.process)
    session.process.due.run()


def test_only_one_process_reconciles(board: Switchboard) -> None:
    session = _crash_while_placing(board, is_taken=True)
    other = board.world.process()
    board.world.clock.move(31)
    attempt_id = session.attempts[0].id
    assert [
        session.process.dispatching.reconcile(attempt_id),
        other.dispatching.reconcile(attempt_id),
    ] == [True, False]


def test_a_claim_whose_holder_still_asks_the_carrier_is_nobody_else_s(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    other = board.world.process()
    answers: list[bool] = []
    attempt_id = session.attempts[0].id
    board.first.meanwhile = lambda _item, _remote: answers.append(other.dispatching.reconcile(attempt_id))
    board.world.server.dispatch_all()
    assert answers == [False]
    assert [item.state for item in session.attempts] == [AttemptState.ACCEPTED]
    assert board.first.looked_for == []


def test_while_one_process_asks_what_became_of_an_attempt_no_other_does(board: Switchboard) -> None:
    session = _crash_while_placing(board, is_taken=True)
    other = board.world.process()
    attempt_id = session.attempts[0].id
    answers: list[bool] = []
    board.world.clock.move(31)
    board.first.meanwhile_found = lambda: answers.append(other.dispatching.reconcile(attempt_id))
    assert session.process.dispatching.reconcile(attempt_id)
    assert answers == [False]
    assert board.first.looked_for == [attempt_id]


@pytest.mark.parametrize("is_taken", [True, False])
def test_a_look_up_that_takes_longer_than_the_lease_is_repeated_but_the_call_is_not(
    board: Switchboard, is_taken: bool
) -> None:
    """The carrier answers after a minute; meanwhile another process asks as well, and is answered at once."""
    session = _crash_while_placing(board, is_taken=is_taken)
    other = board.world.process()
    attempt_id = session.attempts[0].id
    board.world.clock.move(31)

    def hang() -> None:
        board.first.meanwhile_found = None
        board.world.clock.move(31)
        assert other.dispatching.reconcile(attempt_id)

    board.first.meanwhile_found = hang
    assert session.process.dispatching.reconcile(attempt_id)
    assert board.first.looked_for == [attempt_id] * 2
    assert board.first.asked == [attempt_id]
    call = session.attempts[0]
    assert call.state is (AttemptState.ACCEPTED if is_taken else AttemptState.ENDED)
    assert len(session.attempts) == (1 if is_taken else 2)


def test_a_look_up_that_is_answered_after_the_verification_has_ended_hangs_the_call_up(
    board: Switchboard,
) -> None:
    session = _crash_while_placing(board, is_taken=True)
    board.world.clock.move(31)
    board.first.meanwhile_found = lambda: ended.append(session.cancel().status)
    ended: list[Status] = []
    assert session.process.dispatching.reconcile(session.attempts[0].id)
    session.process.due.run()
    assert ended == [Status.CANCELLED]
    assert board.first.hung_up == board.first.taken_for(session.attempts[0].id)


def test_an_attempt_of_a_carrier_that_is_not_configured_any_more_is_unknown(
    two_carriers: Switchboard,
) -> None:
    """The operator took the carrier out before the server was started again."""
    session = _crash_while_placing(two_carriers, is_taken=True)
    restarted = session.process
    del restarted.parts.carriers["first"]  # type: ignore[attr-defined]  # The switchboard's is a dict.
    two_carriers.world.clock.move(31)
    assert restarted.dispatching.reconcile(session.attempts[0].id)
    assert session.attempts[0].reason is Reason.UNKNOWN
    assert session.attempts[1].channel is Channel.SMS
    assert two_carriers.first.looked_for == []


def test_an_event_settles_a_claim_without_anybody_asking(board: Switchboard) -> None:
    session = _crash_while_placing(board, is_taken=True)
    board.say(session.attempts[0], AttemptEvent.RING, process=session.process)
    board.world.clock.move(31)
    stale = session.process.storage.read(
        lambda storage: storage.verifications.stale_claims(board.world.clock.now(), 10)
    )
    assert stale == []


def test_an_attempt_that_was_queued_when_the_process_died_is_placed_by_another(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    board.world.server.storage.close()
    other = board.world.process()
    assert other.dispatch_all() == 1
    assert other.attempt(other.attempts(session.id)[0].id).state is AttemptState.ACCEPTED


# --- cancel


def test_a_cancel_while_queued_places_nothing(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    attempt_id = session.attempts[0].id
    assert session.cancel().status is Status.CANCELLED
    assert board.world.server.dispatching.dispatch(attempt_id) is False
    assert board.first.asked == []
    closed = session.attempts[0]
    assert (closed.state, closed.reason) == (AttemptState.ENDED, Reason.CANCELLED)


def test_a_cancel_while_it_is_dialled_hangs_up_as_soon_as_there_is_something_to_hang_up(
    board: Switchboard,
) -> None:
    session = board.world.start(board.world.app())
    board.first.meanwhile = lambda _item, _remote: cancelled.append(session.cancel().status)
    cancelled: list[Status] = []
    board.world.server.dispatch_all()
    board.world.server.due.run()
    assert cancelled == [Status.CANCELLED]
    assert board.first.hung_up == [session.attempts[0].remote_id]


def test_a_cancel_while_it_rings_hangs_up_at_once(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    attempt = board.ringing(session)
    session.cancel()
    board.world.server.due.run()
    assert board.first.hung_up == [attempt.remote_id]


def test_a_phone_stops_ringing_when_its_verification_is_cancelled(world: World) -> None:
    session = world.start(world.app())
    world.pass_time(2)
    assert [event.state for event in world.calls_seen()] == ["ringing"]
    session.cancel()
    world.pass_time(0.1)
    assert [event.state for event in world.calls_seen()] == ["ringing", "ended"]
    world.pass_time(400)
    assert len(world.calls_seen()) == 2
    assert world.messages_seen() == []


def test_a_cancel_of_what_has_ended_changes_nothing(world: World) -> None:
    session = world.start(world.app())
    session.confirm(right_call(session))
    assert session.cancel().status is Status.VERIFIED
    other = world.start(world.app(), "+447700900124")
    other.cancel()
    assert other.cancel().status is Status.CANCELLED


def test_a_message_that_waits_is_not_sent_after_a_cancel(board: Switchboard) -> None:
    session = board.world.start(board.world.app(), channels=[Channel.SMS])
    session.cancel()
    board.world.pass_time(60)
    assert board.first.asked == []
    assert session.attempts[0].state is AttemptState.FAILED


# --- expiry


def test_a_verification_that_nobody_ends_expires_once(world: World) -> None:
    session = world.start(world.app())
    other = world.process()
    world.pass_time(299.999)
    assert session.get().status is Status.PENDING
    world.clock.move(0.001)
    assert world.server.due._wake(session.id) + other.due._wake(session.id) == 1
    assert world.server.due.run() + other.due.run() == 0
    assert session.stored.status is Status.EXPIRED
    assert world.server.trace(session.id).count("finished") == 1
    finished = [
        count
        for process in (world.server, other)
        for (what, *_), count in process.metrics.counts.items()
        if what == "finished"
    ]
    assert finished == [1]


def test_expiry_is_computed_when_read_before_anybody_has_written_it_down(world: World) -> None:
    app = world.app()
    session = world.start(app)
    world.clock.move(300)
    seen = world.server.service.get(app.back_end, session.id, challenge=None)
    assert seen.status is Status.EXPIRED
    assert seen.verification.finished_at == seen.verification.expires_at
    assert (seen.next.check_in, dict(seen.next.channels), seen.next.automatic) == (None, {}, None)
    assert session.stored.status is Status.PENDING


def test_nothing_is_pending_after_its_expiry_once_a_restarted_server_has_looked(board: Switchboard) -> None:
    world = board.world
    app = world.app(Policy(pending_per_number=100, flash_starts=100))
    sessions = [world.start(app, f"+447700900{index:03}") for index in range(30)]
    for session in sessions[::3]:
        world.server.dispatching.dispatch(session.attempts[0].id)
    world.server.storage.close()
    world.clock.move(3600)
    restarted = world.process()
    for _ in range(3):
        restarted.due.run()
        restarted.dispatch_all()
    assert {restarted.verification(session.id).status for session in sessions} == {Status.EXPIRED}
    assert len(board.first.asked) == 10
    open_calls = [item for session in sessions for item in restarted.attempts(session.id)]
    assert {item.state for item in open_calls} <= {AttemptState.ENDED, AttemptState.ACCEPTED}
    assert sorted(board.first.hung_up) == sorted(board.first.taken)


def test_a_call_that_was_queued_too_long_is_not_placed(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    board.world.clock.move(300)
    assert board.world.server.dispatch_all() == 0
    assert board.first.asked == []
    assert session.attempts[0].reason is Reason.CANCELLED
