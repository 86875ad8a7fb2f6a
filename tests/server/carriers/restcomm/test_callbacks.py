"""What is believed of Restcomm's callbacks, which it neither signs nor repeats."""

from __future__ import annotations

import dataclasses
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.carriers import AttemptEvent, CallbackRefused, CallbackRequest, Reason
from ringproof_server.carriers.restcomm.callbacks import LONGEST_BODY, Addresses
from ringproof_server.carriers.restcomm.records import CALL_ENDS
from tests.server.carriers.restcomm.bench import (
    CALLER_ID,
    EVENTS_URL,
    NUMBER,
    OTHER_CALLER_ID,
    SEALS,
    restcomm,
)
from tests.support.restcomm_fake import ACCOUNT_SID, as_request, message_callback

ADDRESSES = Addresses(SEALS, ACCOUNT_SID)


def request(body: bytes, *, attempt_id: str = "att_1", path: str = "events") -> CallbackRequest:
    """A callback to the right address of an attempt."""
    reference = SEALS.sign_reference(attempt_id)
    url = ADDRESSES.make(EVENTS_URL, reference=reference, to=NUMBER.e164, sender=CALLER_ID)
    return CallbackRequest(path=path, url=url, method="POST", headers={}, body=body)


def with_fields(callback: CallbackRequest, **fields: str) -> CallbackRequest:
    said = dict(parse_qsl(callback.body.decode(), keep_blank_values=True)) | fields
    return dataclasses.replace(callback, body=urlencode(said).encode())


@pytest.mark.parametrize("status", sorted(CALL_ENDS))
def test_how_a_call_ended_is_fetched(status: str) -> None:
    """The callback says `completed` for every end; the account's list says which, and how long it rang."""
    with restcomm() as both:
        call = both.call()
        both.account.ring(call)
        both.clock.move(5.9)
        both.account.end(call, status)
        event = both.carrier.parse_event(both.last_callback())
    assert event is not None
    assert (event.kind, event.reason) == (AttemptEvent.END, CALL_ENDS[status])
    assert (event.attempt_id, event.remote_id, event.ring_ms) == ("att_1", call.sid, 5000)


@pytest.mark.parametrize(
    ("event", "kind"), [("ringing", AttemptEvent.RING), ("answered", AttemptEvent.ANSWER)]
)
def test_progress_needs_no_second_request(event: str, kind: AttemptEvent) -> None:
    """The hang-up is timed from when it rings, so nothing is waited for."""
    with restcomm() as both:
        call = both.call()
        both.account.ring(call)
        asked = len(both.server.requests)
        found = both.carrier.parse_event(with_fields(both.last_callback(), CallStatus=event))
        assert len(both.server.requests) == asked
    assert found is not None
    assert (found.kind, found.attempt_id, found.remote_id, found.reason) == (kind, "att_1", None, None)


def test_events_that_say_nothing_new_are_passed_over() -> None:
    """`initiated`, a message that was sent, and what a newer version may add."""
    with restcomm() as both:
        both.account.ring(both.call())
        ringing = both.last_callback()
        for status in ("initiated", "queued", "busy", "", "recording-completed"):
            assert both.carrier.parse_event(with_fields(ringing, CallStatus=status)) is None
        both.account.message_state(both.message(), "sent")
        assert both.carrier.parse_event(both.last_callback()) is None
        assert both.carrier.parse_event(request(b"")) is None


def test_a_list_that_lags_behind_is_asked_again() -> None:
    """A few times, a quarter of a second apart."""
    with restcomm() as both:
        call = both.call()
        both.account.ring(call)
        both.account.end(call, "busy")
        completed = both.last_callback()
        call.status = "ringing"
        before = both.clock.now()
        with pytest.raises(CallbackRefused):
            both.carrier.parse_event(completed)
        assert (both.clock.now() - before).total_seconds() == 0.75
        call.status = "busy"
        event = both.carrier.parse_event(completed)
    assert event is not None
    assert event.reason is Reason.BUSY


def test_a_made_up_end_of_a_ringing_call_is_not_believed() -> None:
    """Even by who knows the address: the call rings on, and so does its hang-up."""
    with restcomm() as both:
        both.account.ring(both.call())
        with pytest.raises(CallbackRefused):
            both.carrier.parse_event(with_fields(both.last_callback(), CallStatus="completed"))


def test_another_call_is_not_taken_for_the_one_that_ended() -> None:
    """The record must be between the attempt's own numbers, whatever SID the body names."""
    with restcomm() as both:
        mine, other = both.call(), both.call("att_2", caller_id=OTHER_CALLER_ID)
        both.account.ring(mine)
        ringing = both.last_callback()
        both.account.end(other, "failed")
        for sid in (other.sid, "CA" + "0" * 32, "", "../" + other.sid):
            with pytest.raises(CallbackRefused):
                both.carrier.parse_event(with_fields(ringing, CallStatus="completed", CallSid=sid))
        assert len([path for method, path, _ in both.server.requests if method == "GET"]) == 2


def test_where_the_list_cannot_be_asked_the_call_is_over_without_a_reason() -> None:
    """Restcomm does not report twice; without this the next step would wait for the deadlines."""
    with restcomm() as both:
        call = both.call()
        both.account.end(call, "busy")
        both.server.fails_to_look = True
        event = both.carrier.parse_event(both.last_callback())
    assert event is not None
    assert (event.kind, event.reason, event.ring_ms) == (AttemptEvent.END, None, None)
    assert (event.attempt_id, event.remote_id) == ("att_1", None)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("30003", Reason.UNREACHABLE),
        ("30004", Reason.REJECTED),
        ("30005", Reason.INVALID_NUMBER),
        ("30008", Reason.UNKNOWN),
        ("99999", Reason.UNKNOWN),
        (None, Reason.UNKNOWN),
    ],
)
def test_why_a_message_failed_is_fetched(code: str | None, reason: Reason) -> None:
    """By the error code of the account's list, not of the callback."""
    with restcomm() as both:
        both.account.message_state(both.message(), "undelivered", code)
        event = both.carrier.parse_event(with_fields(both.last_callback(), ErrorCode="30002"))
    assert event is not None
    assert (event.kind, event.reason, event.attempt_id) == (AttemptEvent.FAIL, reason, "att_1")


def test_a_state_of_a_message_is_believed_when_the_list_has_it() -> None:
    """A delivery that did not happen is not reported, and none that cannot be confirmed."""
    with restcomm() as both:
        message = both.message()
        both.account.message_state(message, "delivered")
        delivered = both.last_callback()
        event = both.carrier.parse_event(delivered)
        assert event is not None
        assert (event.kind, event.remote_id) == (AttemptEvent.DELIVER, message.sid)
        message.status = "sent"
        with pytest.raises(CallbackRefused):
            both.carrier.parse_event(delivered)
        message.status = "failed"
        failed = both.carrier.parse_event(delivered)
        assert failed is not None
        assert failed.kind is AttemptEvent.FAIL
        both.server.fails_to_look = True
        with pytest.raises(CallbackRefused):
            both.carrier.parse_event(delivered)


def test_callbacks_about_another_account_are_refused() -> None:
    """Whatever else is right about them."""
    with restcomm() as both:
        both.account.ring(both.call())
        with pytest.raises(CallbackRefused):
            both.carrier.parse_event(with_fields(both.last_callback(), AccountSid="AC" + "f" * 32))


def test_the_proof_is_for_this_use_and_these_numbers_only() -> None:
    """Another secret key, another account's other carrier, a caller ID that was swapped: all are refused."""
    reference = SEALS.sign_reference("att_1")
    url = ADDRESSES.make(EVENTS_URL, reference=reference, to=NUMBER.e164, sender=CALLER_ID)
    query = dict(parse_qsl(urlsplit(url).query))
    other = ADDRESSES.parties(NUMBER.e164, OTHER_CALLER_ID)
    assert other != query["parties"]
    assert NUMBER.e164[1:] not in url
    assert CALLER_ID[1:] not in url
    with restcomm() as both:
        forged = dataclasses.replace(
            request(b""), url=f"{EVENTS_URL}?{urlencode({**query, 'parties': other})}"
        )
        with pytest.raises(CallbackRefused):
            both.carrier.parse_event(forged)


@pytest.mark.parametrize(
    "query",
    ["", "?", "?reference=a", "?a=b&a=b&a=b", "?" + "&".join(f"a{i}=1" for i in range(50)), "?reference"],
)
def test_addresses_without_the_whole_secret_are_refused(query: str) -> None:
    """Also ones that a parser stumbles over."""
    with restcomm() as both, pytest.raises(CallbackRefused):
        both.carrier.parse_event(dataclasses.replace(request(b""), url=EVENTS_URL + query))


def test_a_secret_given_twice_is_refused() -> None:
    """Which of two would count is nobody's guess."""
    good = request(b"")
    with restcomm() as both:
        for extra in ("&proof=x", "&other=1", "&" + urlsplit(good.url).query.partition("&")[2]):
            with pytest.raises(CallbackRefused):
                both.carrier.parse_event(dataclasses.replace(good, url=good.url + extra))
        with pytest.raises(CallbackRefused):
            both.carrier.parse_event(request(b"", path="elsewhere"))


@given(body=st.binary(max_size=200))
def test_any_body_is_refused_or_says_something_about_its_own_attempt(body: bytes) -> None:
    """Whoever learnt an address can write what they like."""
    try:
        opened = ADDRESSES.open(request(body))
    except CallbackRefused:
        return
    assert opened.attempt_id == "att_1"


@pytest.mark.parametrize("body", [b"x" * (LONGEST_BODY + 1), b"&".join([b"a=b"] * 101), b"CallSid=\xff"])
def test_bodies_beyond_the_bounds_are_refused(body: bytes) -> None:
    """Their size, their fields, their characters."""
    with pytest.raises(CallbackRefused):
        ADDRESSES.open(request(body))


def test_the_body_of_a_message_may_be_there_twice() -> None:
    """As Restcomm sends it."""
    with restcomm() as both:
        message = both.message()
        message.status = "delivered"
        callback = as_request(message.form["StatusCallback"], message_callback(message))
        assert callback.body.count(b"Body=") == 2
        event = both.carrier.parse_event(callback)
    assert event is not None
    assert event.kind is AttemptEvent.DELIVER
