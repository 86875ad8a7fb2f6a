"""What responses mean, and what becomes of events that nobody takes."""

from __future__ import annotations

import dataclasses
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.carriers.sip.agent.outbox import MOST_EVENTS, OLDEST_SECONDS, Outbox, Posted
from ringproof_server.carriers.sip.callbacks import (
    EVENTS_PATH,
    SIGNATURE_HEADER,
    SipEvent,
    encode,
    opened,
    signature,
)
from ringproof_server.carriers.sip.callbacks import (
    OLDEST_SECONDS as OLDEST_SIGNATURE,
)
from ringproof_server.carriers.sip.outcomes import Reaction, verdict
from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Reason
from ringproof_server.domain.errors import CallbackRefused
from ringproof_server.ports import CallbackRequest

KEY = b"k" * 32
URL = "https://ringproof.example/carriers/sip/events"


@given(st.integers(300, 699), st.booleans())
def test_every_response_has_a_meaning(code: int, rang: bool) -> None:
    """And once it rang, none leads to another trunk."""
    found = verdict(code, rang=rang)
    assert isinstance(found.reason, Reason)
    if rang:
        assert found.reaction is Reaction.END
    if 500 <= code < 600:
        assert found.reason is Reason.CARRIER_ERROR


@pytest.mark.parametrize(
    ("code", "reaction", "reason"),
    [
        (401, Reaction.CREDENTIALS, Reason.CONFIG_ERROR),
        (403, Reaction.END, Reason.REJECTED),
        (404, Reaction.END, Reason.INVALID_NUMBER),
        (407, Reaction.CREDENTIALS, Reason.CONFIG_ERROR),
        (408, Reaction.NEXT_TRUNK, Reason.CARRIER_ERROR),
        (480, Reaction.END, Reason.UNREACHABLE),
        (486, Reaction.END, Reason.BUSY),
        (503, Reaction.NEXT_TRUNK, Reason.CARRIER_ERROR),
        (603, Reaction.END, Reason.REJECTED),
    ],
)
def test_what_a_refusal_leads_to(code: int, reaction: Reaction, reason: Reason) -> None:
    found = verdict(code, rang=False)
    assert (found.reaction, found.reason) == (reaction, reason)


def _request(event: SipEvent, seconds: int = 1_000) -> CallbackRequest:
    body = encode(event)
    headers = {SIGNATURE_HEADER: signature(KEY, URL, body, seconds)}
    return CallbackRequest(path=EVENTS_PATH, url=URL, method="POST", headers=headers, body=body)


_events = st.builds(
    SipEvent,
    key=st.text(max_size=40),
    kind=st.sampled_from([AttemptEvent.RING, AttemptEvent.ANSWER, AttemptEvent.END]),
    reference=st.text(max_size=40),
    remote_id=st.text(max_size=40),
    reason=st.none() | st.sampled_from(Reason),
    ring_ms=st.none() | st.integers(0, 600_000),
    basis=st.none() | st.sampled_from([180, 183]),
)


@given(_events)
def test_an_event_is_read_as_it_was_written(event: SipEvent) -> None:
    assert opened(KEY, _request(event), 1_000) == event


@pytest.mark.parametrize("age", [-61, OLDEST_SIGNATURE + 1])
def test_a_captured_event_is_worth_nothing_later(age: int) -> None:
    event = SipEvent(key="k", kind=AttemptEvent.RING, reference="r", remote_id="i")
    with pytest.raises(CallbackRefused):
        opened(KEY, _request(event), 1_000 + age)


@pytest.mark.parametrize("change", [{"kind": AttemptEvent.DELIVER}, {"ring_ms": -1}, {"ring_ms": 600_001}])
def test_an_event_that_cannot_be_is_refused(change: dict[str, object]) -> None:
    """Even if it is signed."""
    given_event = {"key": "k", "kind": AttemptEvent.END, "reference": "r", "remote_id": "i", **change}
    with pytest.raises(CallbackRefused):
        opened(KEY, _request(SipEvent(**given_event)), 1_000)  # type: ignore[arg-type]


def test_a_body_that_grew_after_signing_is_refused() -> None:
    request = _request(SipEvent(key="k", kind=AttemptEvent.RING, reference="r", remote_id="i"))
    with pytest.raises(CallbackRefused):
        opened(KEY, dataclasses.replace(request, body=request.body + b" "), 1_000)


def test_what_could_not_be_delivered_comes_first_again() -> None:
    outbox = Outbox(lambda: 0.0)
    outbox.post("call", URL, b"first")
    outbox.post("call", URL, b"second")
    first = outbox.take(0)
    assert first is not None
    outbox.give_back(first)
    assert _delivered(outbox) == [b"first", b"second"]


def _delivered(outbox: Outbox) -> list[bytes]:
    """Take everything that may leave, one after the other."""
    bodies = []
    while (event := outbox.take(0)) is not None:
        outbox.done(event)
        bodies.append(event.body)
    return bodies


@pytest.mark.parametrize("is_delivered", [True, False])
def test_the_events_of_a_call_leave_one_after_the_other(*, is_delivered: bool) -> None:
    """Whoever else takes events meanwhile gets those of other calls, so that no end overtakes its answer."""
    outbox = Outbox(lambda: 0.0)
    for body in (b"answer", b"end"):
        outbox.post("slow", URL, body)
    outbox.post("other", URL, b"ring")
    answer, ring = outbox.take(0), outbox.take(0)
    assert answer is not None
    assert ring is not None
    assert (answer.body, ring.body, outbox.take(0)) == (b"answer", b"ring", None)
    if is_delivered:
        outbox.done(answer)
        assert _delivered(outbox) == [b"end"]
    else:
        outbox.give_back(answer)
        assert _delivered(outbox) == [b"answer", b"end"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=40), st.randoms())
def test_no_order_of_deliveries_and_failures_mixes_up_a_call(
    posted: list[tuple[str, bool]], dice: random.Random
) -> None:
    """Of several takers each may fail; every event is delivered in the end, each call's in their order."""
    outbox = Outbox(lambda: 0.0)
    fails = {}
    for number, (call, fails_once) in enumerate(posted):
        outbox.post(call, URL, b"%d" % number)
        fails[b"%d" % number] = fails_once
    held: list[Posted] = []
    delivered: list[Posted] = []
    while held or len(outbox):
        event = outbox.take(0) if dice.random() < 0.5 else None
        if event is not None:
            held.append(event)
        elif held:
            settled = held.pop(dice.randrange(len(held)))
            if fails.pop(settled.body, False):
                outbox.give_back(settled)
            else:
                outbox.done(settled)
                delivered.append(settled)
    for name in "abc":
        assert [int(item.body) for item in delivered if item.call == name] == [
            number for number, (call, _) in enumerate(posted) if call == name
        ]


def test_events_that_nobody_took_in_time_are_dropped() -> None:
    now = [0.0]
    outbox = Outbox(lambda: now[0])
    outbox.post("call", URL, b"old")
    now[0] = OLDEST_SECONDS + 1
    outbox.post("other", URL, b"new")
    found = outbox.take(0)
    assert found is not None
    assert found.body == b"new"


def test_the_oldest_events_give_way() -> None:
    """However long no server listens, the agent's memory has an end."""
    outbox = Outbox(lambda: 0.0)
    for number in range(MOST_EVENTS + 1):
        outbox.post(f"call-{number}", URL, str(number).encode())
    assert len(outbox) == MOST_EVENTS
    found = outbox.take(0)
    assert found is not None
    assert found.body == b"1"
