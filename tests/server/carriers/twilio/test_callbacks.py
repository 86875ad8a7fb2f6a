"""What Twilio's callbacks say, and which of them are believed."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.request_validator import (  # type: ignore[import-untyped]
    HMAC_SHA1,
    HMAC_SHA256,
    RequestValidator,
)

from ringproof_server.carriers import AttemptEvent, CallbackRefused, CallbackRequest, CarrierEvent, Reason
from ringproof_server.carriers.twilio.callbacks import (
    LONGEST_BODY,
    LONGEST_URL,
    MOST_FIELDS,
    callback_url,
)
from tests.server.carriers.twilio.far_side import EVENTS_URL, SID, TOKEN, Bench, bench_with, signed
from tests.support import leaks
from tests.support.twilio_fake import Callback

CALL = "CA" + "4d" * 16
MESSAGE = "SM" + "4d" * 16
SHARED_SECRET = "the-secret-of-a-shared-key-for-tests"


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    leaks.secret(SHARED_SECRET, "password")
    with bench_with({"webhook_secret": SHARED_SECRET}) as made:
        yield made


def url_for(bench: Bench, attempt_id: str = "att_1") -> str:
    return callback_url(EVENTS_URL, bench.seals.sign_reference(attempt_id))


def call_says(bench: Bench, **fields: str) -> CarrierEvent | None:
    form = {"AccountSid": SID, "CallSid": CALL, "CallStatus": "ringing", "SequenceNumber": "1", **fields}
    return bench.carrier.parse_event(signed(Callback(url_for(bench), form)))


def message_says(bench: Bench, status: str, **fields: str) -> CarrierEvent | None:
    form = {"AccountSid": SID, "MessageSid": MESSAGE, "MessageStatus": status, **fields}
    return bench.carrier.parse_event(signed(Callback(url_for(bench), form)))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("queued", AttemptEvent.ACCEPT),
        ("initiated", AttemptEvent.ACCEPT),
        ("ringing", AttemptEvent.RING),
        ("in-progress", AttemptEvent.ANSWER),
        ("answered", AttemptEvent.ANSWER),
    ],
)
def test_the_progress_of_a_call(bench: Bench, status: str, kind: AttemptEvent) -> None:
    """It names the attempt by our reference and the call by Twilio's name."""
    event = call_says(bench, CallStatus=status, SequenceNumber="7")
    assert event == CarrierEvent(key=f"{CALL}:7", kind=kind, attempt_id="att_1", remote_id=CALL)


@pytest.mark.parametrize(
    ("status", "sip", "reason"),
    [
        ("completed", "200", Reason.ANSWERED),
        ("completed", "", Reason.ANSWERED),
        ("busy", "486", Reason.BUSY),
        ("busy", "603", Reason.REJECTED),
        ("busy", "", Reason.BUSY),
        ("no-answer", "487", Reason.NO_ANSWER),
        ("no-answer", "480", Reason.NO_ANSWER),
        ("canceled", "487", Reason.CANCELLED),
        ("canceled", "", Reason.CANCELLED),
        ("failed", "404", Reason.INVALID_NUMBER),
        ("failed", "480", Reason.UNREACHABLE),
        ("failed", "503", Reason.CARRIER_ERROR),
        ("failed", "608", Reason.REJECTED),
        ("failed", "999999999999", Reason.UNREACHABLE),
        ("failed", "", Reason.UNREACHABLE),
    ],
)
def test_the_end_of_a_call(bench: Bench, status: str, sip: str, reason: Reason) -> None:
    """Twilio's word, made more exact by what the network answered."""
    event = call_says(bench, CallStatus=status, **({"SipResponseCode": sip} if sip else {}))
    assert event is not None
    assert (event.kind, event.reason) == (AttemptEvent.END, reason)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("accepted", AttemptEvent.ACCEPT),
        ("queued", AttemptEvent.ACCEPT),
        ("sending", AttemptEvent.ACCEPT),
        ("sent", AttemptEvent.ACCEPT),
        ("delivered", AttemptEvent.DELIVER),
        ("read", AttemptEvent.READ),
    ],
)
def test_the_progress_of_a_message(bench: Bench, status: str, kind: AttemptEvent) -> None:
    event = message_says(bench, status)
    assert event == CarrierEvent(key=f"{MESSAGE}:{status}", kind=kind, attempt_id="att_1", remote_id=MESSAGE)


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        ("undelivered", "30003", Reason.UNREACHABLE),
        ("undelivered", "30005", Reason.INVALID_NUMBER),
        ("undelivered", "30007", Reason.REJECTED),
        ("failed", "30034", Reason.CONFIG_ERROR),
        ("failed", "30450", Reason.FRAUD_BLOCKED),
        ("failed", "63024", Reason.INVALID_NUMBER),
        ("failed", "12345", Reason.UNKNOWN),
        ("failed", "not a code", Reason.UNKNOWN),
        ("failed", "9" * 5000, Reason.UNKNOWN),
        ("failed", "", Reason.UNKNOWN),
        ("canceled", "", Reason.CANCELLED),
    ],
)
def test_the_failure_of_a_message(bench: Bench, status: str, code: str, reason: Reason) -> None:
    event = message_says(bench, status, ErrorCode=code)
    assert event is not None
    assert (event.kind, event.reason) == (AttemptEvent.FAIL, reason)


def test_statuses_that_nobody_knows_say_nothing(bench: Bench) -> None:
    """Twilio may add one any day, and has some that concern other uses."""
    assert call_says(bench, CallStatus="pondering") is None
    for status in ("scheduled", "partially_delivered", "receiving", "received", "pondering", ""):
        assert message_says(bench, status) is None


def test_more_fields_than_we_know_change_nothing(bench: Bench) -> None:
    """They are added without notice, and all of them are signed."""
    assert call_says(bench, StirVerstat="TN-Validation-Passed-A", ToCity="", Brücke="ü & = + %") is not None


def test_a_reference_that_is_not_ours_leaves_the_name_of_the_call(bench: Bench) -> None:
    """The call may still be known by its name; without either it could be anybody's."""
    form = {"AccountSid": SID, "CallSid": CALL, "CallStatus": "ringing", "SequenceNumber": "1"}
    for url in (
        EVENTS_URL,
        f"{EVENTS_URL}?attempt=",
        f"{EVENTS_URL}?attempt=made-up",
        f"{EVENTS_URL}?other=1",
    ):
        event = bench.carrier.parse_event(signed(Callback(url, form)))
        assert event is not None
        assert (event.attempt_id, event.remote_id) == (None, CALL)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"AccountSid": SID},
        {"AccountSid": SID, "CallSid": CALL, "CallStatus": "ringing"},
        {"AccountSid": SID, "CallSid": CALL, "CallStatus": "ringing", "SequenceNumber": "1.5"},
        {"AccountSid": SID, "CallSid": CALL, "CallStatus": "ringing", "SequenceNumber": "9" * 40},
        {"AccountSid": SID, "CallSid": "CA1", "CallStatus": "ringing", "SequenceNumber": "1"},
        {"AccountSid": SID, "MessageSid": "MM1", "MessageStatus": "sent"},
        {"AccountSid": SID, "MessageSid": CALL, "MessageStatus": "sent"},
        {"CallSid": CALL, "CallStatus": "ringing", "SequenceNumber": "1"},
        {"AccountSid": SID[:-1] + "0", "CallSid": CALL, "CallStatus": "ringing", "SequenceNumber": "1"},
        {"AccountSid": "ÄÖ", "CallSid": CALL, "CallStatus": "ringing", "SequenceNumber": "1"},
    ],
    ids=str,
)
def test_what_is_signed_and_makes_no_sense_is_refused(bench: Bench, form: dict[str, str]) -> None:
    """Among them another account that happens to share the key."""
    with pytest.raises(CallbackRefused):
        bench.carrier.parse_event(signed(Callback(url_for(bench), form)))


# --- the signature


def by_shared_key(request: CallbackRequest, form: dict[str, str], algorithm: str) -> CallbackRequest:
    signature = RequestValidator(SHARED_SECRET).compute_signature(request.url, form, algorithm)
    headers = {
        "x-twilio-signature": signature,
        "x-twilio-webhooks-signature-settings": f"key=webhooks_sharedkey_1,algorithm={algorithm}",
    }
    return dataclasses.replace(request, headers=headers)


FORM = {"AccountSid": SID, "CallSid": CALL, "CallStatus": "ringing", "SequenceNumber": "1"}


@pytest.mark.parametrize("algorithm", [HMAC_SHA1, HMAC_SHA256])
def test_a_shared_key_signs_as_well_as_the_auth_token(bench: Bench, algorithm: str) -> None:
    request = by_shared_key(signed(Callback(url_for(bench), FORM)), FORM, algorithm)
    assert bench.carrier.parse_event(request) is not None
    with pytest.raises(CallbackRefused):
        bench.carrier.parse_event(dataclasses.replace(request, body=request.body + b"1"))


def test_a_header_cannot_choose_a_key_or_an_algorithm_that_is_not_set_up(bench: Bench) -> None:
    """Neither an unknown algorithm, nor the shared key's secret in place of the token or the other way."""
    genuine = signed(Callback(url_for(bench), FORM))
    named = {**genuine.headers, "x-twilio-webhooks-signature-settings": "key=k,algorithm=HMAC_SHA1"}
    odd = {**genuine.headers, "x-twilio-webhooks-signature-settings": "key=k,algorithm=NONE"}
    bare = {"x-twilio-signature": RequestValidator(SHARED_SECRET).compute_signature(genuine.url, FORM)}
    for headers in (named, odd, bare):
        with pytest.raises(CallbackRefused):
            bench.carrier.parse_event(dataclasses.replace(genuine, headers=headers))


def test_without_a_shared_key_its_signatures_are_refused() -> None:
    with bench_with() as bench:
        request = by_shared_key(signed(Callback(url_for(bench), FORM)), FORM, HMAC_SHA256)
        with pytest.raises(CallbackRefused, match="not set up"):
            bench.carrier.parse_event(request)


@pytest.mark.parametrize("port", ["", ":443"])
def test_twilio_may_sign_the_address_with_or_without_its_port(bench: Bench, port: str) -> None:
    """Its own validator accepts both, and so do we."""
    url = url_for(bench)
    spelt = url.replace("ringproof.example", f"ringproof.example{port}")
    request = signed(Callback(spelt, FORM))
    assert bench.carrier.parse_event(dataclasses.replace(request, url=url)) is not None


@pytest.mark.parametrize(
    "body",
    [
        b"AccountSid",
        b"AccountSid=1&",
        b"&&&",
        b"AccountSid=%ff",
        "AccountSid=ü".encode(),
        b"\x00",
        b"a=1&" * 500 + b"a=1",
        b"a=" + b"1" * LONGEST_BODY,
    ],
)
def test_a_body_that_is_no_form_of_twilios_is_refused(bench: Bench, body: bytes) -> None:
    """Before anything is computed over it, and whatever its length."""
    request = dataclasses.replace(signed(Callback(url_for(bench), FORM)), body=body)
    with pytest.raises(CallbackRefused):
        bench.carrier.parse_event(request)


def test_what_is_too_long_is_refused_though_it_is_signed(bench: Bench) -> None:
    """A body, an address, a number of fields: there is a bound to what one callback costs us."""
    url = url_for(bench)
    for callback in (
        Callback(url, {**FORM, "Extra": "1" * LONGEST_BODY}),
        Callback(url + "&more=" + "1" * LONGEST_URL, FORM),
        Callback(url, {**FORM, **{f"Field{count}": "1" for count in range(MOST_FIELDS)}}),
    ):
        with pytest.raises(CallbackRefused):
            bench.carrier.parse_event(signed(callback))


def test_the_body_is_what_was_signed_to_the_last_sign(bench: Bench) -> None:
    """A field without a value is written with its `=`, as Twilio writes it."""
    genuine = signed(Callback(url_for(bench), {**FORM, "ToCity": ""}))
    assert bench.carrier.parse_event(genuine) is not None
    with pytest.raises(CallbackRefused):
        bench.carrier.parse_event(dataclasses.replace(genuine, body=genuine.body.removesuffix(b"=")))


def test_only_posts_are_read(bench: Bench) -> None:
    """A signature over an address alone would serve any GET."""
    request = dataclasses.replace(signed(Callback(url_for(bench), FORM)), method="GET")
    with pytest.raises(CallbackRefused):
        bench.carrier.parse_event(request)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    form=st.dictionaries(
        st.sampled_from(
            ["AccountSid", "CallSid", "CallStatus", "SequenceNumber", "MessageSid", "MessageStatus"]
        )
        | st.text(min_size=1, max_size=8),
        st.sampled_from([SID, CALL, MESSAGE, "ringing", "failed", "1"]) | st.text(max_size=12),
        max_size=8,
    ),
    query=st.text(max_size=20),
)
def test_no_signed_form_is_more_than_refused(bench: Bench, form: dict[str, str], query: str) -> None:
    """Whatever is in it, the answer is an event, nothing, or a refusal."""
    callback = Callback(f"{EVENTS_URL}?attempt={query}", form)
    with contextlib.suppress(CallbackRefused, UnicodeEncodeError):
        event = bench.carrier.parse_event(signed(callback, token=TOKEN))
        assert event is None or event.key
