"""Keys in a call of the simulated network: what it listens for, what it tells, and what is heard then."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_rcml import Dialect, goodbye, keypad, press_to_hear, spoken_code
from ringproof_server.carriers.simulated.behaviour import Behaviour
from ringproof_server.carriers.simulated.handsets import HandsetCall
from ringproof_server.carriers.simulated.listening import Listening, read, written
from ringproof_server.domain.errors import InvalidRequest
from tests.server.carriers.network import NUMBER, Network

ACTION = "https://ringproof.example/rcml/att_1/keys"
ASKS = keypad(Dialect.RCML, "en", brand="ACME", action=ACTION, digits=4)
ASKS_FOR_ONE = press_to_hear(Dialect.RCML, "en", brand="ACME", action=ACTION)
SPEAKS = spoken_code(Dialect.RCML, "en", code="4711")
GOODBYE = goodbye(Dialect.RCML, "en")


def answered(document: str, *after: str) -> Network:
    """A network in which somebody has answered and heard the beginning of the document."""
    network = Network()
    network.handsets.behave(NUMBER, Behaviour.ANSWER)
    network.document = document
    network.after_keys = list(after)
    network.call()
    network.pass_time(6)
    return network


def heard(network: Network) -> str:
    call = network.handsets.events(NUMBER)[-1]
    assert isinstance(call, HandsetCall)
    assert call.state == "ended"
    return call.heard or ""


def test_a_key_is_told_and_what_follows_is_heard() -> None:
    network = answered(ASKS_FOR_ONE, SPEAKS)
    network.handsets.press(NUMBER, "1")
    network.pass_time()
    assert network.told == [(ACTION, "1")]
    text = heard(network)
    assert text.startswith("Hello, this is ACME.")
    assert "4 7 1 1" in text
    assert "No key was pressed" not in text


def test_without_a_key_the_document_is_heard_to_its_end() -> None:
    network = answered(ASKS_FOR_ONE)
    network.pass_time()
    assert network.told == []
    assert heard(network).endswith("No key was pressed. Goodbye.")


def test_keys_are_told_once_all_of_them_are_there() -> None:
    network = answered(ASKS, GOODBYE)
    network.handsets.press(NUMBER, "47")
    network.pass_time(1)
    assert network.told == []
    network.handsets.press(NUMBER, "1")
    network.handsets.press(NUMBER, "1")
    network.pass_time()
    assert network.told == [(ACTION, "4711")]


def test_the_hash_key_ends_what_is_typed() -> None:
    network = answered(ASKS, GOODBYE)
    network.handsets.press(NUMBER, "47#")
    network.pass_time()
    assert network.told == [(ACTION, "47")]


def test_whoever_is_asked_again_may_type_again() -> None:
    """Keys pressed ahead are kept for the next question, those that were told are not told again."""
    network = answered(ASKS, ASKS, SPEAKS)
    network.handsets.press(NUMBER, "123456")
    network.pass_time(2)
    assert network.told == [(ACTION, "1234")]
    network.handsets.press(NUMBER, "78")
    network.pass_time()
    assert network.told == [(ACTION, "1234"), (ACTION, "5678")]
    assert heard(network).count("type the code on your screen") == 4


def test_keys_after_the_last_question_are_told_to_nobody() -> None:
    network = answered(ASKS_FOR_ONE, GOODBYE)
    network.handsets.press(NUMBER, "1")
    network.pass_time(0.1)
    network.handsets.press(NUMBER, "1")
    network.pass_time()
    assert network.told == [(ACTION, "1")]


def test_a_machine_presses_nothing() -> None:
    network = Network()
    network.handsets.behave(NUMBER, Behaviour.VOICEMAIL)
    network.document = ASKS_FOR_ONE
    network.call()
    network.pass_time(6)
    with pytest.raises(InvalidRequest, match="not in a call"):
        network.handsets.press(NUMBER, "1")
    network.pass_time()
    assert network.told == []


def test_a_server_that_has_no_answer_to_keys_ends_the_call() -> None:
    network = answered(ASKS_FOR_ONE)
    network.handsets.press(NUMBER, "1")
    network.pass_time()
    assert network.told == [(ACTION, "1")]
    assert heard(network)


def test_two_processes_tell_keys_once() -> None:
    """Both see the call as due; only one of them asks for what follows."""
    network = answered(ASKS_FOR_ONE, SPEAKS, SPEAKS)
    network.handsets.press(NUMBER, "1")
    other = network.carrier.exchange(network._deliver, network._answer)
    network.exchange.step()
    other.step()
    network.pass_time()
    assert network.told == [(ACTION, "1")]


@given(
    st.builds(
        Listening,
        url=st.from_regex(r"https://[a-z]{1,20}/[a-z0-9_.-]{1,80}", fullmatch=True),
        start=st.integers(0, 64),
        count=st.integers(1, 10),
        heard=st.integers(0, 9999),
    ),
    st.text("0123456789*#", max_size=64),
)
def test_what_is_awaited_survives_the_table_and_never_tells_too_much(awaited: Listening, keys: str) -> None:
    assert read(written(awaited)) == awaited
    told = awaited.pressed(keys)
    if told is None:
        return
    assert 1 <= len(told) <= awaited.count
    assert "#" not in told
    assert awaited.start < awaited.after(keys) <= len(keys)


@pytest.mark.parametrize(
    "url", ["", "https://ringproof.example/rcml/a", "https://a#b", "#0.1.2", "https://a#1.2"]
)
def test_an_address_without_what_is_awaited_awaits_nothing(url: str) -> None:
    assert read(url) is None
