"""Callbacks of the simulated network: nothing is believed that it has not signed."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.carriers.simulated.callbacks import (
    FAST_CLOCK_SECONDS,
    LONGEST_BODY,
    OLDEST_SECONDS,
    SIGNATURE_HEADER,
    NetworkEvent,
    encode,
    opened,
    signed,
)
from ringproof_server.carriers.simulated.moments import SECOND
from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Reason
from ringproof_server.domain.errors import CallbackRefused
from ringproof_server.ports import CallbackRequest
from tests.server.carriers.network import EVENTS_URL, UNTIMED, Network

NEVER_TOLD = {AttemptEvent.CLAIM, AttemptEvent.ACCEPT}
"""What the server does itself."""

KEY = b"k" * 32
NOW = 1_800_000_000 * SECOND
EVENT = NetworkEvent(
    key="call_1.2",
    kind=AttemptEvent.END,
    reference="reference",
    remote_id="call_1",
    reason=Reason.RANG,
    ring_ms=5120,
)

events = st.builds(
    NetworkEvent,
    key=st.text(min_size=1, max_size=40),
    kind=st.sampled_from([event for event in AttemptEvent if event not in NEVER_TOLD]),
    reference=st.text(min_size=1, max_size=80),
    remote_id=st.text(min_size=1, max_size=40),
    reason=st.none() | st.sampled_from(Reason),
    ring_ms=st.none() | st.integers(0, 600_000),
)


def request(body: str | None = None, *, url: str = EVENTS_URL) -> CallbackRequest:
    return signed(KEY, url, encode(EVENT) if body is None else body, NOW)


@UNTIMED
@given(event=events)
def test_what_is_signed_is_understood(event: NetworkEvent) -> None:
    """Every event comes out as it went in."""
    assert opened(KEY, signed(KEY, EVENTS_URL, encode(event), NOW), NOW) == event


def test_a_callback_looks_like_one_that_came_by_http() -> None:
    """The request of the network has the path, address and headers that the HTTP layer hands on."""
    made = request()
    assert (made.path, made.url, made.method) == ("events", EVENTS_URL, "POST")
    assert set(made.headers) == {"content-type", SIGNATURE_HEADER}


@pytest.mark.parametrize("age", [OLDEST_SECONDS, 0, -FAST_CLOCK_SECONDS])
def test_a_callback_may_take_some_time(age: int) -> None:
    """Slow ways and clocks that differ a little do no harm."""
    assert opened(KEY, request(), NOW + age * SECOND) == EVENT


@pytest.mark.parametrize("age", [OLDEST_SECONDS + 1, -FAST_CLOCK_SECONDS - 1])
def test_a_stale_callback_is_refused(age: int) -> None:
    """A captured callback cannot be used later, nor one be made for later."""
    with pytest.raises(CallbackRefused, match="too old"):
        opened(KEY, request(), NOW + age * SECOND)


def test_another_key_is_refused() -> None:
    """Another installation's network is a stranger."""
    with pytest.raises(CallbackRefused, match="wrong"):
        opened(b"o" * 32, request(), NOW)


def test_the_time_is_signed_too() -> None:
    """A captured callback cannot be made young."""
    headers = dict(request().headers)
    headers[SIGNATURE_HEADER] = headers[SIGNATURE_HEADER].replace("t=18", "t=19")
    with pytest.raises(CallbackRefused, match="wrong"):
        opened(KEY, dataclasses.replace(request(), headers=headers), NOW + 100_000_000 * SECOND)


def test_address_and_body_cannot_run_together() -> None:
    """No part of the address can be passed off as a part of the body."""
    honest = request(f"x\n{encode(EVENT)}", url="https://a.example/")
    moved = dataclasses.replace(honest, url="https://a.example/\nx", body=encode(EVENT).encode())
    with pytest.raises(CallbackRefused, match="not signed"):
        opened(KEY, moved, NOW)


@UNTIMED
@given(header=st.text(alphabet="t=,v10123456789abcdefABCDEF \n", max_size=100))
def test_any_other_header_is_refused(header: str) -> None:
    """Nothing but the right signature opens a callback."""
    with pytest.raises(CallbackRefused):
        opened(KEY, dataclasses.replace(request(), headers={SIGNATURE_HEADER: header}), NOW)


@UNTIMED
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    ).map(repr)
    | st.text(max_size=200)
)
def test_signed_nonsense_is_refused(body: str) -> None:
    """Even what is signed is only taken if it is understood."""
    with pytest.raises(CallbackRefused):
        opened(KEY, request(body), NOW)


@pytest.mark.parametrize(
    "change",
    [
        ('"end"', '"claim"'),
        ('"rang"', '"rung"'),
        ("5120", "-1"),
        ("5120", "600001"),
        ("5120", "true"),
        ('"call_1.2"', '""'),
        ('"reference":"reference"', '"reference":7'),
    ],
)
def test_values_outside_the_closed_lists_are_refused(change: tuple[str, str]) -> None:
    """A kind, a reason or a ring time that cannot be is no event."""
    assert change[0] in encode(EVENT)
    with pytest.raises(CallbackRefused, match="not understood"):
        opened(KEY, request(encode(EVENT).replace(*change)), NOW)


def test_deeply_nested_and_oversized_bodies_are_refused() -> None:
    """No body costs more than its few bytes."""
    with pytest.raises(CallbackRefused):
        opened(KEY, request("[" * LONGEST_BODY), NOW)
    with pytest.raises(CallbackRefused, match="not signed"):
        opened(KEY, request(" " * (LONGEST_BODY + 1)), NOW)


def test_another_path_says_nothing_of_interest() -> None:
    """A genuine callback to a path that the network does not use is no event, and no error."""
    network = Network()
    network.call()
    network.pass_time(2)
    genuine = network.requests[0]
    assert network.carrier.parse_event(genuine) is not None
    assert network.carrier.parse_event(dataclasses.replace(genuine, path="status")) is None


def test_a_reference_that_is_not_ours_names_no_attempt() -> None:
    """The attempt is named by its sealed reference only, never by what a callback claims."""
    network = Network()
    network.call()
    network.pass_time(2)
    assert network.events[0].attempt_id == "att_1"
    stranger = Network()
    body = network.requests[0].body.decode()
    tampered = body.replace('"reference":"', '"reference":"x')
    key = network.exchange.key
    event = stranger.carrier.parse_event(signed(key, EVENTS_URL, tampered, stranger.clock.moment))
    assert event is not None
    assert event.attempt_id is None
