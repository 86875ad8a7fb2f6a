"""Every order and duplication of a call's events ends in a right state."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringproof_server.domain.attempt import Attempt, AttemptEvent, AttemptState
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Status
from tests.support.switchboard import Switchboard
from tests.support.world import App, Session, right_call

ACCEPT, RING, ANSWER, END = AttemptEvent.ACCEPT, AttemptEvent.RING, AttemptEvent.ANSWER, AttemptEvent.END
DELIVER, READ, FAIL = AttemptEvent.DELIVER, AttemptEvent.READ, AttemptEvent.FAIL
ENDS = [Reason.RANG, Reason.BUSY, Reason.REJECTED, Reason.NO_ANSWER, Reason.UNREACHABLE, Reason.CANCELLED]
UNSEEN = {Reason.BUSY, Reason.UNREACHABLE}
POLICY = Policy(
    workflow=(Channel.FLASHCALL, Channel.SMS),
    max_guess_probability=1e-2,
    pending_per_number=100,
    flash_starts=1000,
    number_guess_budget=1.0,
    sends_per_day=1000,
    send_spacing=(),
)

Order = tuple[AttemptEvent, ...]


def orders(kinds: Order, longest: int) -> Iterator[Order]:
    """Every sequence of these kinds, repeats included, in which each kind occurs at least once."""
    for length in range(len(kinds), longest + 1):
        for order in itertools.product(kinds, repeat=length):
            if set(order) == set(kinds):
                yield order


@pytest.fixture
def app(board: Switchboard) -> App:
    """One application for all orders, each with a verification of its own."""
    return board.world.app(POLICY, pool=["+442079460000-+442079460999"])


class Call:
    """One attempt whose events come in the given order. `ACCEPT` is the carrier's own answer, which the
    dispatcher records; a second one comes as an event. What precedes it overtakes the answer."""

    def __init__(self, board: Switchboard, app: App, number: str, reason: Reason, channel: Channel) -> None:
        self._board = board
        self._reason = reason
        channels = [Channel.FLASHCALL, Channel.SMS] if channel.is_call else [Channel.SMS]
        self.session: Session = board.world.start(app, number, channels=channels)
        self.id = self.session.attempts[0].id

    @property
    def attempt(self) -> Attempt:
        return self._board.world.server.attempt(self.id)

    def play(self, order: Order) -> None:
        before = order[: order.index(ACCEPT)] if ACCEPT in order else order
        after = order[len(before) + 1 :]
        board = self._board
        board.first.meanwhile = lambda _item, _remote: self._say(before)
        board.world.server.dispatching.dispatch(self.id)
        board.first.meanwhile = None
        self._say(after)

    def _say(self, kinds: Order) -> None:
        for kind in kinds:
            self._board.world.clock.move(1)
            self._board.say(self.id, kind, reason=self._reason if kind in {END, FAIL} else None)


def _right_reason(order: Order, reported: Reason) -> Reason:
    """The first end counts, with what was known by then."""
    known = order[: order.index(END)]
    if ANSWER in known:
        return Reason.ANSWERED
    if reported is Reason.CANCELLED and RING in known:
        return Reason.RANG
    return reported


@pytest.mark.parametrize("reason", ENDS)
def test_every_order_of_accept_ring_and_end_ends_right(board: Switchboard, app: App, reason: Reason) -> None:
    for index, order in enumerate(orders((ACCEPT, RING, END), 4)):
        call = Call(board, app, f"+447700900{index:03}", reason, Channel.FLASHCALL)
        call.play(order)
        _check_call(call, order, reason)
        board.world.clock.move(700)
        board.world.server.due.run()


@pytest.mark.parametrize(
    ("reason", "longest"), [(Reason.CANCELLED, 5), (Reason.RANG, 4), (Reason.BUSY, 4), (Reason.REJECTED, 4)]
)
def test_every_order_with_an_answer_ends_right(
    board: Switchboard, app: App, reason: Reason, longest: int
) -> None:
    for index, order in enumerate(orders((ACCEPT, RING, ANSWER, END), longest)):
        call = Call(board, app, f"+447700900{index:03}", reason, Channel.FLASHCALL)
        call.play(order)
        _check_call(call, order, reason)
        board.world.clock.move(700)
        board.world.server.due.run()


def _check_call(call: Call, order: Order, reason: Reason) -> None:
    attempt, session = call.attempt, call.session
    right = _right_reason(order, reason)
    assert (attempt.state, attempt.reason) == (AttemptState.ENDED, right), order
    channels = [item.channel for item in session.attempts]
    moved_on = right in UNSEEN
    assert channels == [Channel.FLASHCALL] + [Channel.SMS] * moved_on, order
    assert session.stored.status is Status.PENDING
    assert attempt.remote_id is not None
    # No event, however late, touches the verdict.
    done = session.confirm(right_call(session))
    assert done.status is Status.VERIFIED, order
    stored = session.stored
    for kind in (RING, ANSWER, END):
        call._say((kind,))
    assert session.stored == stored
    assert (call.attempt.state, call.attempt.reason) == (AttemptState.ENDED, right)


def test_a_confirm_at_any_point_of_any_order_gives_the_same_verdict(board: Switchboard, app: App) -> None:
    for index, order in enumerate(orders((RING, END), 3)):
        for place in range(len(order) + 1):
            call = Call(board, app, f"+4477009008{index:02}", Reason.RANG, Channel.FLASHCALL)
            call.play((ACCEPT, *order[:place]))
            assert call.session.confirm(right_call(call.session)).status is Status.VERIFIED
            stored = call.session.stored
            call._say(order[place:])
            assert call.session.stored == stored, (order, place)
            assert (call.attempt.state, call.attempt.reason) == (AttemptState.ENDED, Reason.RANG)
            board.world.clock.move(700)
            board.world.server.due.run()


def test_every_order_of_a_message_s_events_ends_right(board: Switchboard, app: App) -> None:
    for kinds in ((ACCEPT, DELIVER), (ACCEPT, DELIVER, READ), (ACCEPT, FAIL), (ACCEPT, DELIVER, FAIL)):
        for index, order in enumerate(orders(kinds, len(kinds) + 1)):
            call = Call(board, app, f"+447700900{index:03}", Reason.UNREACHABLE, Channel.SMS)
            call.play(order)
            _check_message(call, order)
            board.world.clock.move(700)
            board.world.server.due.run()


def _check_message(call: Call, order: Order) -> None:
    """What is delivered did not fail, and what failed stays failed."""
    first = next((kind for kind in order if kind in {DELIVER, READ, FAIL}), None)
    if first is FAIL:
        expected, status = AttemptState.FAILED, Status.FAILED
    else:
        expected = AttemptState.READ if READ in order else AttemptState.DELIVERED
        status = Status.PENDING
    assert call.attempt.state is expected, order
    assert call.session.stored.status is status, order


def test_the_orders_are_all_there() -> None:
    """So that a fault in the list of orders cannot make the tests above pass."""
    assert set(itertools.permutations((ACCEPT, RING, END))) <= set(orders((ACCEPT, RING, END), 3))
    assert len(list(orders((ACCEPT, RING, END), 4))) == 6 + 36
    assert len(list(orders((ACCEPT, RING, ANSWER, END), 5))) == 24 + 240


def test_the_events_of_serial_calls_in_any_order_lead_to_exactly_one_next_call(tmp_path: Path) -> None:
    policy = Policy(
        workflow=(Channel.FLASHCALL,),
        max_guess_probability=1e-2,
        number_guess_budget=1.0,
        flash_starts=1000,
        pending_per_number=100,
    )
    board = Switchboard(tmp_path)
    app = board.world.app(policy, pool=["+442079460000-+442079460019"])
    steps = ("accept", "ring", "end", "report")
    for index, order in enumerate(itertools.permutations(steps)):
        session = board.world.start(app, f"+447700900{index:03}")
        attempt = session.attempts[0]
        taken = order.index("accept")

        def do(names: tuple[str, ...], session: Session = session, attempt: Attempt = attempt) -> None:
            for name in names:
                if name == "report":
                    session.confirm(right_call(session))
                else:
                    reason = Reason.RANG if name == "end" else None
                    board.say(attempt, AttemptEvent(name), reason=reason)

        board.first.meanwhile = lambda _item, _remote, names=order[:taken], do=do: do(names)
        board.world.server.dispatching.dispatch(attempt.id)
        board.first.meanwhile = None
        do(order[taken + 1 :])
        assert [item.call for item in session.attempts] == [1, 2], order
        session.cancel()
    board.world.close()
