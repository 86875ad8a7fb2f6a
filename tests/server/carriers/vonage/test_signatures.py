"""Webhooks: only what Vonage signed, for us, lately, over this very body, at the address that fits."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringproof_server.carriers.vonage.signatures import FAST_CLOCK_SECONDS, OLDEST_SECONDS
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import CallbackRefused
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import CallbackRequest
from ringproof_server.testing.carrier_contract import call_for, message_for
from tests.server.carriers.vonage.bench import Desk, callback, desk

OTHER_NUMBER = PhoneNumber.parse("+447400123457")


@pytest.fixture
def office() -> Iterator[Desk]:
    with desk() as found:
        yield found


def genuine(office: Desk, attempt_id: str = "att_1", to: PhoneNumber | None = None) -> CallbackRequest:
    """A `ringing` event about a call placed before."""
    bench = office.bench if to is None else dataclasses.replace(office.bench, number=to)
    placed = office.carrier.place_call(call_for(bench, Channel.FLASHCALL, attempt_id))
    (ringing,) = [one for one in office.fake.calls[placed.remote_id].webhooks if one.status == "ringing"]
    return callback(ringing)


def signed_again(office: Desk, request: CallbackRequest, **changes: Any) -> CallbackRequest:
    token = office.fake.signer.token(request.body, **changes)
    return dataclasses.replace(request, headers={"authorization": f"Bearer {token}"})


def refused(office: Desk, request: CallbackRequest) -> str:
    with pytest.raises(CallbackRefused) as caught:
        office.carrier.parse_event(request)
    return str(caught.value)


def test_a_genuine_webhook_is_believed(office: Desk) -> None:
    event = office.carrier.parse_event(genuine(office))
    assert event is not None
    assert event.attempt_id == "att_1"


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "another-secret-that-is-long-enough-for-hs256"},
        {"algorithm": "none"},
        {"algorithm": "HS512"},
        {"iss": "Nexmo"},
        {"iss": None},
        {"application_id": "aaaaaaaa-bbbb-cccc-dddd-0123456789ac"},
        {"application_id": None},
        {"application_id": 7},
        {"api_key": "dcba4321"},
        {"payload_hash": None},
        {"payload_hash": hashlib.sha256(b"").hexdigest()},
        {"payload_hash": "é" * 64},
        {"payload_hash": 7},
        {"jti": None},
        {"iat": None},
        {"iat": "now"},
        {"iat": True},
        {"iat": float("nan")},
        {"iat": 1e300},
    ],
)
def test_a_token_that_says_anything_else_is_refused(office: Desk, changes: dict[str, Any]) -> None:
    """Another key, algorithm, issuer, application, account or body; or something left out."""
    refused(office, signed_again(office, genuine(office), **changes))


def test_the_rights_of_a_token_end_after_minutes(office: Desk) -> None:
    """To the second, by our own clock; one from the future is as wrong, but for clocks that differ."""
    request = genuine(office)
    now = int(office.clock.now().timestamp())
    for age in (OLDEST_SECONDS, 0, -FAST_CLOCK_SECONDS):
        assert office.carrier.parse_event(signed_again(office, request, iat=now - age)) is not None
    for age in (OLDEST_SECONDS + 1, -FAST_CLOCK_SECONDS - 1):
        refused(office, signed_again(office, request, iat=now - age))
    office.clock.move(OLDEST_SECONDS + 1)
    refused(office, request)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c", "Bearer é.é.é"])
def test_what_is_no_token_is_refused(office: Desk, header: str) -> None:
    refused(office, dataclasses.replace(genuine(office), headers={"authorization": header}))


def test_a_signature_can_be_written_in_one_way_only(office: Desk) -> None:
    """The last character of its Base64 has two bits that mean nothing: they have to be zero."""
    request = genuine(office)
    token = request.headers["authorization"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [token[:-1] + letter for letter in alphabet if letter != token[-1]]
    for other in (*others, token + "=", token + "A"):
        refused(office, dataclasses.replace(request, headers={"authorization": other}))


def test_a_body_or_a_token_without_bounds_is_refused_unread(office: Desk) -> None:
    request = genuine(office)
    long_body = dataclasses.replace(request, body=b" " * 20_000)
    assert "long" in refused(office, signed_again(office, long_body))
    refused(office, signed_again(office, request, extra="x" * 5000))


def test_the_event_of_one_call_is_worth_nothing_at_the_address_of_another(office: Desk) -> None:
    """The signature does not cover the address, so address and body have to name the same person."""
    mine, other = genuine(office), genuine(office, "att_2", OTHER_NUMBER)
    assert "another call" in refused(office, dataclasses.replace(mine, url=other.url))
    assert "another call" in refused(office, dataclasses.replace(other, url=mine.url))
    for request, attempt_id in ((mine, "att_1"), (other, "att_2")):
        event = office.carrier.parse_event(request)
        assert event is not None
        assert event.attempt_id == attempt_id
        assert event.remote_id in office.fake.calls


def test_two_calls_to_one_person_keep_their_own_names(office: Desk) -> None:
    """What the address cannot tell apart, the name in the signed body does, where the names are known."""
    mine, other = genuine(office), genuine(office, "att_2")
    event = office.carrier.parse_event(dataclasses.replace(mine, url=other.url))
    assert event is not None
    assert event.attempt_id == "att_2"
    assert event.remote_id == json.loads(mine.body)["uuid"]


def test_every_part_of_the_address_is_checked(office: Desk) -> None:
    request = genuine(office)
    base, _, query = request.url.partition("?")
    reference, tie = query.split("&")
    for url in (
        base,
        f"{base}?{reference}",
        f"{base}?{tie}",
        f"{request.url}&{tie}",
        f"{request.url}&more=1",
        f"{base}?{reference}x&{tie}",
        f"https://evil.example/carriers/vonage/events?{query}",
        f"{base}/?{query}",
        f"{base}?{query}" + "&" * 500,
    ):
        refused(office, dataclasses.replace(request, url=url))
    refused(office, dataclasses.replace(request, path="events/more"))
    refused(office, dataclasses.replace(request, method="GET"))


def test_the_report_of_a_message_names_the_attempt_in_its_signed_body(office: Desk) -> None:
    """It comes to the address that all messages share, and to no other."""
    sent = office.carrier.send_message(message_for(office.bench, Channel.SMS))
    delivered = callback(office.fake.messages[sent.remote_id].webhooks[-1])
    event = office.carrier.parse_event(delivered)
    assert event is not None
    assert (event.attempt_id, event.remote_id) == ("att_1", sent.remote_id)
    call = genuine(office, "att_2")
    refused(office, dataclasses.replace(delivered, url=call.url))
    refused(office, dataclasses.replace(call, url=delivered.url))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(
    body=st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["uuid", "to", "status", "message_uuid", "client_ref", "error", "type", "detail"]
                )
                | st.text(max_size=5),
                inner,
                max_size=5,
            )
        ),
        max_leaves=10,
    ).map(lambda content: json.dumps(content).encode())
)
def test_a_signed_body_of_any_form_is_an_event_nothing_or_refused(office: Desk, body: bytes) -> None:
    """Whatever Vonage may sign one day, no other error comes of it."""
    url = "https://ringproof.example/carriers/vonage/events"
    request = CallbackRequest(path="events", url=url, method="POST", headers={}, body=body)
    try:
        event = office.carrier.parse_event(signed_again(office, request))
    except CallbackRefused:
        return
    assert event is None
