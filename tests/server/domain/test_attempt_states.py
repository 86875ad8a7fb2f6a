"""The states of attempts, walked over the whole product of states and events."""

from __future__ import annotations

import itertools

import pytest

from ringproof_server.domain.attempt import AttemptEvent, AttemptState, follow
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import ImpossibleTransition

CALLS = [Channel.FLASHCALL, Channel.VOICE, Channel.KEYPAD]
MESSAGES = [channel for channel in Channel if channel not in CALLS]

# Each line: a state, then where each event leads; "!" marks an odd row, which has to say why it is right.
CALL_ROWS = """
queued    claim>dialing end>!ended
dialing   accept>accepted ring>!ringing answer>!answered end>!ended
accepted  accept>!accepted ring>ringing answer>!answered end>ended
ringing   accept>!ringing ring>!ringing answer>answered end>ended
answered  accept>!answered ring>!answered answer>!answered end>ended
ended     accept>!ended ring>!ended answer>!ended end>!ended
"""
MESSAGE_ROWS = """
queued    claim>sending fail>!failed
sending   accept>accepted deliver>!delivered read>!read fail>failed
accepted  accept>!accepted deliver>delivered read>!read fail>failed
delivered accept>!delivered deliver>!delivered read>read fail>!delivered
read      accept>!read deliver>!read read>!read fail>!read
failed    accept>!failed deliver>!failed read>!failed fail>!failed
"""

Expected = dict[tuple[AttemptState, AttemptEvent], tuple[AttemptState, bool]]


def _expected(rows: str) -> Expected:
    expected: Expected = {}
    for line in rows.strip().splitlines():
        state, *moves = line.split()
        for move in moves:
            event, target = move.split(">")
            odd = target.startswith("!")
            expected[AttemptState(state), AttemptEvent(event)] = (AttemptState(target.lstrip("!")), odd)
    return expected


EXPECTED = {
    **{(channel, *pair): row for channel in CALLS for pair, row in _expected(CALL_ROWS).items()},
    **{(channel, *pair): row for channel in MESSAGES for pair, row in _expected(MESSAGE_ROWS).items()},
}


@pytest.mark.parametrize("channel", Channel)
def test_every_pair_leads_where_the_table_says_or_raises(channel: Channel) -> None:
    for state, event in itertools.product(AttemptState, AttemptEvent):
        expected = EXPECTED.get((channel, state, event))
        if expected is None:
            with pytest.raises(ImpossibleTransition):
                follow(channel, state, event)
            continue
        row = follow(channel, state, event)
        assert (row.state, bool(row.note)) == expected, (state, event)


def test_an_event_that_changes_nothing_says_why() -> None:
    for channel, state, event in EXPECTED:
        row = follow(channel, state, event)
        assert row.state is not state or row.note


def test_a_final_state_is_never_left() -> None:
    finals = {state for state in AttemptState if state.is_final}
    assert finals == {AttemptState.ENDED, AttemptState.READ, AttemptState.FAILED}
    for channel, state, event in EXPECTED:
        if state in finals:
            assert follow(channel, state, event).state is state


@pytest.mark.parametrize("channel", Channel)
def test_every_state_can_be_reached_and_left_for_a_final_one(channel: Channel) -> None:
    starts = {state for owner, state, _ in EXPECTED if owner is channel}
    assert _closure(channel, AttemptState.QUEUED) == starts
    for state in starts:
        assert any(found.is_final for found in _closure(channel, state))


def _closure(channel: Channel, state: AttemptState) -> set[AttemptState]:
    seen = {state}
    while True:
        more = {
            target
            for (owner, start, _), (target, _) in EXPECTED.items()
            if owner is channel and start in seen
        }
        if more <= seen:
            return seen
        seen |= more


def test_the_message_of_an_impossible_pair_names_channel_state_and_event() -> None:
    with pytest.raises(ImpossibleTransition, match="a sms attempt that is queued cannot read"):
        follow(Channel.SMS, AttemptState.QUEUED, AttemptEvent.READ)
