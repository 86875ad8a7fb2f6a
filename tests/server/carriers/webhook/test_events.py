"""Events of the operator's sender: signed, of the present, about an attempt of ours, and understood."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from ringproof_server.carriers import AttemptEvent, CallbackRefused, CallbackRequest, CarrierEvent, Reason
from ringproof_server.carriers.webhook.events import KINDS, LONGEST_BODY, read_event
from ringproof_server.carriers.webhook.signing import MOST_SIGNATURES, TOLERANCE_SECONDS, Signatures
from ringproof_server.testing.clock import FakeClock
from ringproof_server.tokens import SecretSeals
from tests.server.carriers.webhook.bench import EVENTS_URL, SEALS, carrier_for, settings
from tests.support.webhook_sender import SECRET, signed_event

OTHER = "whsec_QW5vdGhlciBzZWNyZXQgZm9yIHRlc3RzIG9ubHkhISE="
CLOCK = FakeClock()
CARRIER = carrier_for(settings("http://127.0.0.1:9/"), CLOCK)


def event(kind: str = "ringing", *, secret: str = SECRET, **fields: Any) -> CallbackRequest:
    """An event such as the documentation shows; fields that are None are left out."""
    said = {"type": kind, "reference": SEALS.sign_reference("att_1"), **fields}
    return raw(json.dumps({name: value for name, value in said.items() if value is not None}), secret=secret)


def raw(body: str, *, message_id: str = "evt_1", secret: str = SECRET, age: int = 0) -> CallbackRequest:
    clock = FakeClock()
    at = clock.now().fromtimestamp(clock.now().timestamp() - age, clock.now().tzinfo)
    return signed_event(Webhook(secret), EVENTS_URL, message_id, at, body)


def parsed(request: CallbackRequest) -> CarrierEvent:
    found = CARRIER.parse_event(request)
    assert found is not None
    return found


def is_refused(request: CallbackRequest) -> bool:
    try:
        CARRIER.parse_event(request)
    except CallbackRefused:
        return True
    return False


@pytest.mark.parametrize("kind", KINDS)
def test_every_type_of_event_is_one_of_ours(kind: str) -> None:
    """It names its attempt by the reference, and repeats of it share their key."""
    found = parsed(event(kind))
    assert (found.kind, found.attempt_id, found.key) == (KINDS[kind], "att_1", f"{kind}:evt_1")
    assert found.remote_id is None


@pytest.mark.parametrize(
    ("kind", "reason", "expected"),
    [
        ("ended", "busy", Reason.BUSY),
        ("ended", "cancelled", Reason.CANCELLED),
        ("failed", "unreachable", Reason.UNREACHABLE),
        ("ended", None, None),
        ("ringing", "busy", None),
        ("delivered", "busy", None),
    ],
)
def test_ends_and_failures_have_a_reason(kind: str, reason: str | None, expected: Reason | None) -> None:
    """Other events have none, whatever they say."""
    assert parsed(event(kind, reason=reason)).reason is expected


def test_the_ring_time_is_in_milliseconds_and_unknown_fields_are_passed_over() -> None:
    """A later version of a sender may say more."""
    found = parsed(event("ended", reason="no_answer", ring_ms=5120, cost="0.01"))
    assert (found.kind, found.ring_ms) == (AttemptEvent.END, 5120)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "exploded"},
        {"reason": "rang"},
        {"reason": "late"},
        {"reason": 7},
        {"ring_ms": -1},
        {"ring_ms": 600_000},
        {"ring_ms": 1.5},
        {"ring_ms": "5120"},
        {"reference": 7},
        {"reference": "x" * 201},
    ],
)
def test_what_is_not_in_the_closed_lists_is_refused(fields: dict[str, Any]) -> None:
    """Its author learns that at once, by the status."""
    assert is_refused(event(**{"kind": "ended", **fields}))


def test_a_reference_of_another_server_is_refused() -> None:
    """Signed or not: references are sealed with our own key."""
    strange = SecretSeals("another-secret-that-is-long-enough-for-anyone-too").sign_reference("att_1")
    for reference in (strange, "att_1", "", strange[:-1]):
        assert is_refused(event("ended", reference=reference))


def test_our_own_request_sent_back_to_us_is_no_event() -> None:
    """It is signed with the same secret, but says something else."""
    body = json.dumps({"type": "call.requested", "timestamp": "now", "data": {"attempt": "att_1"}})
    assert is_refused(raw(body, message_id="att_1"))


@pytest.mark.parametrize("age", [TOLERANCE_SECONDS, -TOLERANCE_SECONDS, 0])
def test_events_of_the_last_minutes_are_believed(age: int) -> None:
    """Clocks differ, and senders try again."""
    body = event().body.decode()
    assert not is_refused(raw(body, age=age))


@pytest.mark.parametrize("age", [TOLERANCE_SECONDS + 1, -TOLERANCE_SECONDS - 1, 10**9])
def test_events_of_another_time_are_refused(age: int) -> None:
    """A captured event is worth nothing after five minutes; within them it is a repeat."""
    assert is_refused(raw(event().body.decode(), age=age))


@pytest.mark.parametrize("url", [EVENTS_URL + "?a=b", EVENTS_URL + "/", "https://other.example/carriers/webhook/events"])  # fmt: skip  # noqa: E501
def test_an_event_for_another_address_is_refused(url: str) -> None:
    """There is one address for all events."""
    assert is_refused(dataclasses.replace(event(), url=url))


def test_a_secret_can_be_changed_without_a_gap() -> None:
    """While both are set, both are believed, and requests are signed with both."""
    both = carrier_for(settings("http://127.0.0.1:9/", secrets=(OTHER, SECRET)), FakeClock())
    assert both.parse_event(event(secret=SECRET)) is not None
    assert both.parse_event(event(secret=OTHER)) is not None
    assert is_refused(event(secret=OTHER))
    headers = Signatures((OTHER, SECRET)).headers("msg_1", CLOCK.now(), "body")
    single = [Signatures((one,)).headers("msg_1", CLOCK.now(), "body") for one in (OTHER, SECRET)]
    assert headers["webhook-signature"].split(" ") == [one["webhook-signature"] for one in single]


def test_one_right_signature_among_others_is_enough() -> None:
    """That is how a sender changes its own, but not for more than a few."""
    genuine = event()
    right = genuine.headers["webhook-signature"]
    for offered, believed in [
        (f"v1,d3Jvbmc= {right}", True),
        (f"v2,unknown {right}", True),
        (" ".join(["v1,d3Jvbmc="] * (MOST_SIGNATURES - 1) + [right]), True),
        (" ".join(["v1,d3Jvbmc="] * MOST_SIGNATURES + [right]), False),
        (right.removeprefix("v1,"), False),
        (right.replace("v1", "v2"), False),
        ("", False),
        ("v1,", False),
        ("v1,é", False),
    ]:
        headers = {**genuine.headers, "webhook-signature": offered}
        assert is_refused(dataclasses.replace(genuine, headers=headers)) is not believed


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("webhook-id", ""),
        ("webhook-id", "a.b"),
        ("webhook-id", "a b"),
        ("webhook-id", "x" * 129),
        ("webhook-timestamp", ""),
        ("webhook-timestamp", "-1"),
        ("webhook-timestamp", "1e9"),
        ("webhook-timestamp", "9" * 11),
        ("webhook-timestamp", "٣"),
    ],
)
def test_headers_beyond_their_bounds_are_refused(header: str, text: str) -> None:
    """Also where the signature covers them: a full stop in an id could be read as the end of it."""
    genuine = event()
    assert is_refused(dataclasses.replace(genuine, headers={**genuine.headers, header: text}))


def test_a_full_stop_cannot_move_from_the_id_into_the_body() -> None:
    """Two readings of one signed text would be two messages with one signature."""
    body = event().body.decode()
    signed = raw(body, message_id="a.b")
    assert is_refused(signed)


@given(body=st.text(max_size=200))
def test_any_signed_text_is_refused_or_an_event(body: str) -> None:
    """Whoever has the secret can still write nonsense."""
    assert is_refused(raw(body))


@given(body=st.binary(max_size=100), header=st.text(max_size=60))
def test_any_unsigned_bytes_are_refused(body: bytes, header: str) -> None:
    """Without an exception of another kind."""
    headers = {"webhook-id": header, "webhook-timestamp": header, "webhook-signature": header}
    assert is_refused(
        CallbackRequest(path="events", url=EVENTS_URL, method="POST", headers=headers, body=body)
    )


@pytest.mark.parametrize("body", [event().body + b" " * LONGEST_BODY, b"[" * 5000, b'"\xff"', b""])
def test_bodies_beyond_the_bounds_are_no_events(body: bytes) -> None:
    """Their size, their depth, their characters."""
    with pytest.raises(CallbackRefused):
        read_event(body)
