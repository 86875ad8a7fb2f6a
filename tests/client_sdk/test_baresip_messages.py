"""What a SIP phone's control port says, made into messages, numbers and calls."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof._baresip import (
    LONGEST_MESSAGE,
    MOST_CALLS,
    GarbledError,
    Netstrings,
    PhoneCalls,
    caller,
    encode,
)
from ringproof._calls import CallEvent
from tests.client_sdk.phones import CALLER


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("sip:+442079460018@trunk.example", CALLER),
        ("sip:%2B442079460018@trunk.example:5060;transport=udp", CALLER),
        ("<sips:+442079460018;phone-context=+44:secret@[2001:db8::1]>", CALLER),
        ("tel:+442079460018;phone-context=example", CALLER),
        ("SIP:02079460018@10.0.0.1", "02079460018"),
        ("sip:alice@example", "alice"),
        ("sip:" + "9" * 500 + "@example", "9" * 65),
    ],
)
def test_the_number_is_the_user_part(uri: str, number: str) -> None:
    """As the network wrote it, without what else an address may hold."""
    assert caller(uri) == (number, False)


@pytest.mark.parametrize(
    "uri",
    [
        "sip:anonymous@anonymous.invalid",
        "sip:+442079460018@anonymous.invalid",
        "sip:Anonymous@10.0.0.1",
        "sip:10.0.0.1",
        "sip:@10.0.0.1",
        "sip:restricted@trunk.example;user=phone",
    ],
)
def test_an_anonymous_address_is_withheld(uri: str) -> None:
    """RFC 3323's address, its usual variants, and one without a user."""
    assert caller(uri) == (None, True)


@pytest.mark.parametrize("uri", [None, 7, "", "  ", "nonsense", "http://+442079460018@example"])
def test_no_address_is_not_withheld(uri: object) -> None:
    """Nothing is known, which is something else than a number kept back."""
    assert caller(uri) == (None, False)


@given(st.lists(st.binary(max_size=300), max_size=20), st.lists(st.integers(1, 50), min_size=1, max_size=10))
def test_netstrings_survive_any_division(messages: list[bytes], sizes: list[int]) -> None:
    """Whatever the pieces, the messages come out whole and in order."""
    stream, reader, out = b"".join(map(encode, messages)), Netstrings(), list[bytes]()
    for size in itertools.cycle(sizes):
        if not stream:
            break
        out += reader.feed(stream[:size])
        stream = stream[size:]
    assert out == messages


@given(st.binary(max_size=400))
def test_any_bytes_are_messages_or_garbage(data: bytes) -> None:
    """Never another exception, and never more messages than there were bytes for."""
    try:
        messages = Netstrings().feed(data)
    except GarbledError:
        return
    assert sum(len(encode(message)) for message in messages) <= len(data) * 2


def test_a_message_that_is_too_long_is_refused_before_it_is_read() -> None:
    """Nobody can fill this program's memory."""
    Netstrings().feed(b"%d:" % LONGEST_MESSAGE)
    with pytest.raises(GarbledError):
        Netstrings().feed(b"%d:" % (LONGEST_MESSAGE + 1))
    with pytest.raises(GarbledError):
        Netstrings().feed(b"0" * 10)


def test_of_too_many_calls_the_oldest_is_taken_for_ended() -> None:
    """It has no ring time, and what happens to it later is not told again."""
    calls, events = PhoneCalls(), list[CallEvent]()
    for number in range(MOST_CALLS + 2):
        said = {"type": "CALL_INCOMING", "id": f"c{number}", "direction": "incoming"}
        events += calls.observe(said, number, number)
    ends = [(event.call, event.ring_ms, event.quality) for event in events if event.kind == "ended"]
    assert ends == [(1, None, "late"), (2, None, "late")]
    assert calls.observe({"type": "CALL_CLOSED", "id": "c0", "direction": "incoming"}, 9000, 9000) == []


KINDS = ("CALL_INCOMING", "CALL_ESTABLISHED", "CALL_CLOSED", "lost", "idle")


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 40), st.integers(0, 5000)), max_size=120))
def test_every_call_rings_once_and_ends_at_most_once(steps: list[tuple[str, int, int]]) -> None:
    """In whatever order a phone tells things; no more than so many calls are kept."""
    calls, events, now = PhoneCalls(), list[CallEvent](), 0
    for kind, number, pause in steps:
        now += pause
        if kind == "lost":
            calls.look_away()
        elif kind == "idle":
            events += calls.nothing_rings(now, now)
        else:
            said = {"type": kind, "id": f"c{number}", "direction": "incoming", "peeruri": f"sip:{CALLER}@x"}
            events += calls.observe(said, now, now)
    for one in {event.call for event in events}:
        kinds = [event.kind for event in events if event.call == one]
        assert kinds in (["ringing"], ["ringing", "ended"])
    kinds = [event.kind for event in events]
    assert kinds.count("ringing") - kinds.count("ended") <= MOST_CALLS
    ends = [event for event in events if event.kind == "ended"]
    assert all((event.ring_ms is not None) == (event.quality in {"live", "estimated"}) for event in ends)
    assert all(event.number not in repr(event) for event in events if event.number)
