"""The sealed connection between servers and agents."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringproof_server.carriers.sip.protocol import HangUp, hear_answer, hear_request, say
from ringproof_server.carriers.sip.wire import LONGEST_FRAME, WireBroken, WireTimeout, accept, call

KEY = b"k" * 32


class Pair:
    """Both ends of a connection, and the raw sockets under them."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        with ThreadPoolExecutor(1) as pool:
            accepted = pool.submit(accept, self.far, KEY, b"a" * 32, 2)
            self.server = call(self.near, KEY, b"s" * 32, 2)
            self.agent = accepted.result()

    def close(self) -> None:
        self.server.close()
        self.agent.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(messages=st.lists(st.binary(max_size=2_000), max_size=5))
def test_what_is_sent_arrives_in_order(pair: Pair, messages: list[bytes]) -> None:
    for message in messages:
        pair.server.send(message)
    assert [pair.agent.receive(2) for _ in messages] == messages
    pair.agent.send(b"thanks")
    assert pair.server.receive(2) == b"thanks"


def test_nothing_of_a_message_can_be_read_on_the_way() -> None:
    pair = Pair()
    pair.server.send(b"+447400123456")
    assert b"447400123456" not in pair.far.recv(1_000)
    pair.close()


def test_who_does_not_know_the_key_is_not_let_in() -> None:
    """The agent finds out from the caller's first frame, before it says anything itself."""
    near, far = socket.socketpair()
    with near, far, ThreadPoolExecutor(1) as pool:
        accepted = pool.submit(accept, far, KEY, b"a" * 32, 2)
        call(near, b"x" * 32, b"s" * 32, 2)
        with pytest.raises(WireBroken):
            accepted.result()


def test_who_proves_nothing_is_not_waited_for() -> None:
    """A nonce alone, such as anybody can send, keeps the agent no longer than its handshake may take."""
    near, far = socket.socketpair()
    with near, far:
        near.sendall((32).to_bytes(4) + b"n" * 32)
        with pytest.raises(WireTimeout):
            accept(far, KEY, b"a" * 32, 0.01)


@pytest.mark.parametrize("spoil", ["change", "repeat", "reflect", "leave out"])
def test_frames_cannot_be_changed_repeated_sent_back_or_left_out(pair: Pair, spoil: str) -> None:
    pair.server.send(b"first")
    first = pair.far.recv(1_000)
    pair.server.send(b"second")
    second = pair.far.recv(1_000)
    if spoil == "reflect":
        pair.far.sendall(first)
        with pytest.raises(WireBroken):
            pair.server.receive(2)
        return
    changed = first[:-1] + bytes([first[-1] ^ 1])
    sent = {"change": changed, "repeat": first + first, "leave out": second}[spoil]
    pair.near.sendall(sent)
    if spoil == "repeat":
        assert pair.agent.receive(2) == b"first"
    with pytest.raises(WireBroken):
        pair.agent.receive(2)


def test_a_frame_that_claims_to_be_huge_is_not_waited_for(pair: Pair) -> None:
    pair.near.sendall((LONGEST_FRAME + 1).to_bytes(4))
    with pytest.raises(WireBroken, match="too long"):
        pair.agent.receive(2)
    with pytest.raises(WireBroken, match="too long"):
        pair.server.send(b"x" * (LONGEST_FRAME + 1))


def test_silence_and_an_end_are_told_apart(pair: Pair) -> None:
    with pytest.raises(WireTimeout):
        pair.agent.receive(0.01)
    pair.server.close()
    with pytest.raises(WireBroken) as caught:
        pair.agent.receive(2)
    assert not isinstance(caught.value, WireTimeout)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(nonsense=st.binary(max_size=200))
def test_a_message_that_makes_no_sense_breaks_the_connection(pair: Pair, nonsense: bytes) -> None:
    pair.server.send(nonsense)
    with pytest.raises(WireBroken, match="not understood"):
        hear_request(pair.agent, 2)


def test_requests_are_not_answers(pair: Pair) -> None:
    say(pair.server, HangUp("call"))
    assert hear_request(pair.agent, 2) == HangUp("call")
    say(pair.agent, HangUp("call"))
    with pytest.raises(WireBroken, match="not understood"):
        hear_answer(pair.server, 2)
