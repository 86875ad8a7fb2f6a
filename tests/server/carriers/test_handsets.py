"""Virtual handsets as whoever holds them sees and handles them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.carriers.simulated import Behaviour, HandsetCall, Handsets
from ringproof_server.carriers.simulated.handsets import EVENTS_AT_ONCE
from ringproof_server.domain.errors import InvalidRequest, NotFound
from ringproof_server.domain.phone_number import PhoneNumber
from tests.server.carriers.network import CALLER_ID, CONFIRMING, NUMBER, OTHER, UNTIMED, Network

REAL = PhoneNumber("+4915112345678")
USES: list[Callable[[Handsets, PhoneNumber], object]] = [
    lambda handsets, number: handsets.events(number),
    lambda handsets, number: handsets.behave(number, "ring"),
    lambda handsets, number: handsets.behaviour(number),
    lambda handsets, number: handsets.press(number, "1"),
]


@pytest.mark.parametrize("use", USES)
def test_real_numbers_have_no_virtual_handset(use: Callable[[Handsets, PhoneNumber], object]) -> None:
    """Even where the network carries calls to them, nobody can look into or steer a real number."""
    network = Network()
    network.call(to=REAL)
    network.send(to=REAL)
    network.pass_time(3)
    with pytest.raises(NotFound):
        use(network.handsets, REAL)


def test_an_untouched_handset_rings_and_has_seen_nothing() -> None:
    """Looking at a handset does not bring it into being."""
    network = Network()
    assert network.handsets.events(NUMBER) == []
    assert network.handsets.behaviour(NUMBER) == (Behaviour.RING, 0)


@UNTIMED
@given(behaviour=st.sampled_from(Behaviour), delay_ms=st.integers(0, 600_000))
def test_a_behaviour_stays_until_another_is_set(behaviour: Behaviour, delay_ms: int) -> None:
    """It is kept in the database and holds for the next calls."""
    network = Network()
    network.handsets.behave(NUMBER, "busy", 7)
    network.handsets.behave(NUMBER, behaviour, delay_ms)
    assert network.handsets.behaviour(NUMBER) == (behaviour, delay_ms)
    assert network.handsets.behaviour(OTHER) == (Behaviour.RING, 0)


@pytest.mark.parametrize(("behaviour", "delay_ms"), [("dance", 0), ("", 0), ("ring", -1), ("ring", 600_001)])
def test_impossible_behaviours_are_refused(behaviour: str, delay_ms: int) -> None:
    """The answer names the field and what is possible."""
    with pytest.raises(InvalidRequest) as caught:
        Network().handsets.behave(NUMBER, behaviour, delay_ms)
    ((field, _),) = caught.value.faults
    assert field == ("delay_ms" if behaviour == "ring" else "behaviour")


def test_events_are_read_from_where_one_stopped() -> None:
    """Every event has its own number per handset, and is answered once to whoever asks after the last."""
    network = Network()
    network.send(text="first")
    network.send("att_3", text="second")
    network.send("att_4", to=OTHER, text="elsewhere")
    network.pass_time()
    events = network.handsets.events(NUMBER)
    assert [event.seq for event in events] == [1, 2]
    assert network.handsets.events(NUMBER, after=1) == events[1:]
    assert network.handsets.events(NUMBER, after=2) == []
    assert network.handsets.events(NUMBER, after=-5) == events
    assert network.handsets.events(NUMBER, after=10**30) == []


def test_a_long_story_is_told_in_parts() -> None:
    """No answer is longer than a hundred events; asking on gives the rest."""
    network = Network()
    for count in range(EVENTS_AT_ONCE + 1):
        network.send(f"att_{count}")
    network.pass_time()
    first = network.handsets.events(NUMBER)
    assert len(first) == EVENTS_AT_ONCE
    assert len(network.handsets.events(NUMBER, after=first[-1].seq)) == 1


def test_an_event_does_not_change_once_it_was_seen() -> None:
    """What was ringing stays an event of its own when the call has ended."""
    network = Network(ring_seconds=5)
    network.call()
    network.pass_time(3)
    before = network.handsets.events(NUMBER)
    network.pass_time()
    assert network.handsets.events(NUMBER)[: len(before)] == before
    assert before[0].kind == "call"


@pytest.mark.parametrize("digits", ["", "A", "1 2", "+", "١", "1" * 33, "1\n"])
def test_keys_that_a_phone_does_not_have_are_refused(digits: str) -> None:
    """Only digits, star and hash."""
    with pytest.raises(InvalidRequest) as caught:
        Network().handsets.press(NUMBER, digits)
    assert caught.value.faults[0][0] == "digits"


def test_keys_need_a_call() -> None:
    """Not while it rings, not after the end."""
    network = Network()
    network.handsets.behave(NUMBER, Behaviour.ANSWER)
    network.call()
    with pytest.raises(InvalidRequest, match="not in a call"):
        network.handsets.press(NUMBER, "1")
    network.pass_time(60)
    with pytest.raises(InvalidRequest, match="not in a call"):
        network.handsets.press(NUMBER, "1")


def test_keys_of_one_call_are_bounded() -> None:
    """Somebody who leans on the keyboard does not fill the database."""
    network = Network()
    network.handsets.behave(NUMBER, Behaviour.ANSWER)
    asks = '<Gather action="https://ringproof.example/keys" numDigits="99"><Say>'
    network.document = CONFIRMING.replace("<Say>", asks).replace("</Say>", "</Say></Gather>")
    network.call()
    network.pass_time(6)
    network.handsets.press(NUMBER, "1" * 32)
    network.handsets.press(NUMBER, "2" * 32)
    with pytest.raises(InvalidRequest):
        network.handsets.press(NUMBER, "3")


def test_nothing_of_a_handset_shows_in_a_log() -> None:
    """The text of a message, a caller ID and what was heard are not printed by accident."""
    network = Network()
    network.handsets.behave(NUMBER, Behaviour.ANSWER)
    network.call()
    network.send(text="493817 is your code")
    network.pass_time()
    shown = repr(
        [
            network.handsets.events(NUMBER),
            network.carrier.record.calls_of("att_1"),
            network.carrier.record.messages_of("att_2"),
            network.exchange.settings,
        ]
    )
    assert any(isinstance(event, HandsetCall) for event in network.handsets.events(NUMBER))
    for secret in (CALLER_ID[1:], NUMBER.e164[1:], "493817", "confirmed", "seed"):
        assert secret not in shown.replace("seed=", "")
