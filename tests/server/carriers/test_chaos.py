"""Events that go wrong on their way to the server, and only there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.carriers.simulated.chaos import HELD_AT_MOST, Chaos, Delivery, deliveries
from ringproof_server.carriers.simulated.dice import Dice
from ringproof_server.carriers.simulated.moments import MILLISECOND
from tests.server.carriers.network import NUMBER, UNTIMED, Network

AT = 1_000_000
seeds = st.binary(max_size=16).map(Dice)


@UNTIMED
@given(dice=seeds, last=st.booleans())
def test_a_calm_network_delivers_once_and_at_once(dice: Dice, *, last: bool) -> None:
    """Without chaos nothing is late, doubled or lost."""
    assert deliveries(AT, last=last, chaos=Chaos(), dice=dice) == (Delivery(AT),)


@UNTIMED
@given(dice=seeds, last=st.booleans())
def test_lost_events_are_not_delivered(dice: Dice, *, last: bool) -> None:
    """A share of one loses every event, whatever else is wrong."""
    assert deliveries(AT, last=last, chaos=Chaos(lost=1, doubled=1, late=1), dice=dice) == ()


@UNTIMED
@given(dice=seeds)
def test_late_and_doubled_events_come_late_and_twice(dice: Dice) -> None:
    """One to eight seconds late, the second at most three after the first."""
    first, second = deliveries(AT, last=False, chaos=Chaos(late=1, doubled=1), dice=dice)
    assert 1_000 <= (first.due_at - AT) / MILLISECOND <= 8_000
    assert 0 <= (second.due_at - first.due_at) / MILLISECOND <= 3_000


@UNTIMED
@given(dice=seeds)
def test_only_events_that_something_can_follow_are_held_back(dice: Dice) -> None:
    """The end of a call cannot be overtaken by anything."""
    chaos = Chaos(reordered=1)
    assert deliveries(AT, last=False, chaos=chaos, dice=dice) == (Delivery(AT + HELD_AT_MOST, held=True),)
    assert deliveries(AT, last=True, chaos=chaos, dice=dice) == (Delivery(AT),)


def test_a_held_event_arrives_right_after_the_one_that_overtook_it() -> None:
    """The server is told of the end before the ring."""
    network = Network(chaos=Chaos(reordered=1))
    network.call(dial_timeout=5)
    network.pass_time()
    assert [event.kind for event in network.events] == ["end", "ring"]
    ended = network.carrier.record.calls_of("att_1")[0].ended_at
    assert ended is not None
    assert network.arrivals == [ended, ended + MILLISECOND]


def test_a_held_event_that_nothing_follows_arrives_at_last() -> None:
    """A server that waits for the ring before it does anything gets it after half a minute."""
    network = Network(chaos=Chaos(reordered=1))
    network.call(dial_timeout=60)
    network.pass_time(45)
    assert [event.kind for event in network.events] == ["ring"]


def test_doubled_events_share_their_key() -> None:
    """A repeat is recognised as one."""
    network = Network(chaos=Chaos(doubled=1))
    network.call()
    network.pass_time()
    keys = [event.key for event in network.events]
    assert len(keys) == 4
    assert len(set(keys)) == 2


@pytest.mark.parametrize("chaos", [Chaos(late=1), Chaos(doubled=1), Chaos(reordered=1), Chaos(lost=1)])
def test_the_phone_does_not_notice_what_happens_to_events(chaos: Chaos) -> None:
    """Chaos is between network and server; what the handset sees and when stays the same."""
    calm, wild = Network(), Network(chaos=chaos)
    for network in (calm, wild):
        network.call()
        network.pass_time()
    seen = [
        [(event.seq, event.kind) for event in network.handsets.events(NUMBER)] for network in (calm, wild)
    ]
    assert seen[0] == seen[1]
    calm_call, wild_call = (network.carrier.record.calls_of("att_1")[0] for network in (calm, wild))
    assert (calm_call.rang_at, calm_call.ended_at) == (wild_call.rang_at, wild_call.ended_at)
