"""The state machines are tables, and every odd row in them says why it is right."""

from __future__ import annotations

from itertools import pairwise, product
from typing import TypeAlias

import pytest

from ringproof_server.domain import attempt, verification
from ringproof_server.domain.attempt import (
    CALL_TRANSITIONS,
    MESSAGE_TRANSITIONS,
    AttemptEvent,
    AttemptState,
    Row,
)
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import ImpossibleTransition
from ringproof_server.domain.verification import TRANSITIONS, Ending, Status

S: TypeAlias = AttemptState
E: TypeAlias = AttemptEvent
CALL_ORDER = [S.QUEUED, S.DIALING, S.ACCEPTED, S.RINGING, S.ANSWERED, S.ENDED]
MESSAGE_ORDER = [S.QUEUED, S.SENDING, S.ACCEPTED, S.DELIVERED, S.READ]
STRAIGHT_CALL = {(S.RINGING, E.END), (S.ACCEPTED, E.END), (S.ANSWERED, E.END)}
STRAIGHT_MESSAGE = {(S.SENDING, E.FAIL), (S.ACCEPTED, E.FAIL)}


def test_every_pair_of_status_and_ending_has_a_row() -> None:
    assert set(TRANSITIONS) == set(product(Status, Ending))


def test_a_verification_that_has_ended_stays_as_it_is_and_the_row_says_why() -> None:
    for (status, ending), (after, note) in TRANSITIONS.items():
        if status is Status.PENDING:
            assert after is not Status.PENDING
        else:
            assert after is status
            assert note, (status, ending)


@pytest.mark.parametrize("table", [CALL_TRANSITIONS, MESSAGE_TRANSITIONS], ids=["calls", "messages"])
def test_a_row_that_changes_nothing_says_why(table: dict[tuple[S, E], Row]) -> None:
    assert not [pair for pair, row in table.items() if row.state is pair[0] and not row.note]


@pytest.mark.parametrize("table", [CALL_TRANSITIONS, MESSAGE_TRANSITIONS], ids=["calls", "messages"])
def test_what_has_ended_never_moves_again(table: dict[tuple[S, E], Row]) -> None:
    assert not [pair for pair, row in table.items() if pair[0].is_final and row.state is not pair[0]]


@pytest.mark.parametrize(
    ("table", "order", "straight"),
    [
        (CALL_TRANSITIONS, CALL_ORDER, STRAIGHT_CALL),
        (MESSAGE_TRANSITIONS, MESSAGE_ORDER, STRAIGHT_MESSAGE),
    ],
    ids=["calls", "messages"],
)
def test_a_row_that_leaves_out_a_state_says_why(
    table: dict[tuple[S, E], Row], order: list[S], straight: set[tuple[S, E]]
) -> None:
    """The straight way goes from one state to the next; a call may also end from anywhere on it."""
    steps = set(pairwise(order))
    odd = {pair: row for pair, row in table.items() if (pair[0], row.state) not in steps}
    assert not [pair for pair, row in odd.items() if pair not in straight and not row.note]


def test_no_event_leads_backwards() -> None:
    for table, order in ((CALL_TRANSITIONS, CALL_ORDER), (MESSAGE_TRANSITIONS, [*MESSAGE_ORDER, S.FAILED])):
        for (state, _), row in table.items():
            assert order.index(row.state) >= order.index(state)


def test_a_pair_without_a_row_is_refused_aloud() -> None:
    for channel, table in ((Channel.FLASHCALL, CALL_TRANSITIONS), (Channel.SMS, MESSAGE_TRANSITIONS)):
        for state, event in product(AttemptState, AttemptEvent):
            if (state, event) in table:
                assert attempt.follow(channel, state, event) == table[state, event]
            else:
                with pytest.raises(ImpossibleTransition):
                    attempt.follow(channel, state, event)
    with pytest.raises(ImpossibleTransition):
        verification.follow(Status.PENDING, "vanish")  # type: ignore[arg-type]  # A caller's mistake.
