"""What Restcomm is asked for, word for word, and what its answers mean."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from ringproof_rcml import Dialect
from ringproof_server.carriers import (
    CarrierError,
    CarrierMisconfigured,
    CarrierThrottled,
    CarrierUnavailable,
    Channel,
    NumberRefused,
    OutcomeUnknown,
)
from tests.server.carriers.restcomm.bench import (
    CALLER_ID,
    EVENTS_URL,
    NUMBER,
    call,
    carrier_at,
    message,
    restcomm,
)
from tests.support.raw_http import answering, raw_server
from tests.support.restcomm_fake import SMS_FROM, Refused
from tests.support.restcomm_fake_http import ACCOUNT_PATH, Fault


def test_a_call_is_asked_for_as_restcomm_wants_it() -> None:
    """Path with `.json`, numbers with `+`, events in one parameter with commas, a whole number of seconds."""
    with restcomm() as both:
        both.call()
        (method, path, form), *others = both.server.requests
    assert not others
    assert (method, path) == ("POST", f"{ACCOUNT_PATH}/Calls.json")
    address = form.pop("StatusCallback")
    assert form == {
        "From": CALLER_ID,
        "To": NUMBER.e164,
        "Url": "https://ringproof.example/rcml/document",
        "Method": "POST",
        "Timeout": "20",
        "StatusCallbackMethod": "POST",
        "StatusCallbackEvent": "initiated,ringing,answered,completed",
    }
    assert address.startswith(f"{EVENTS_URL}?")
    assert set(dict(parse_qsl(urlsplit(address).query))) == {"reference", "parties", "proof"}


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("Your code is 493817.", "GSM"), ("Ваш код: 493817. Никому его не говорите.", "UCS-2")],
)
def test_a_message_is_asked_for_as_restcomm_wants_it(text: str, encoding: str) -> None:
    """Under `/SMS/Messages`, from the account's own number, in the alphabet that the text needs."""
    with restcomm() as both:
        sent = both.message(text=text)
        method, path, form = both.server.requests[0]
    assert (method, path) == ("POST", f"{ACCOUNT_PATH}/SMS/Messages.json")
    del form["StatusCallback"]
    assert form == {"From": SMS_FROM, "To": NUMBER.e164, "Body": text, "Encoding": encoding}
    assert sent.body == text


def test_a_text_that_restcomm_would_cut_is_not_sent() -> None:
    """Its last line may be the one that apps read the code from."""
    with restcomm() as both:
        both.message(text="я" * 80)
        with pytest.raises(CarrierMisconfigured):
            both.carrier.send_message(message(text="я" * 80 + "!"))
        assert len(both.server.requests) == 1


def test_without_a_number_of_its_own_the_account_sends_no_messages() -> None:
    """Restcomm cannot send from a name."""
    with restcomm(sms_from=None) as both:
        assert both.carrier.capabilities.channels == {Channel.FLASHCALL, Channel.VOICE, Channel.KEYPAD}
        assert both.carrier.capabilities.dialect is Dialect.RCML
        with pytest.raises(NumberRefused):
            both.carrier.send_message(message())
        assert not both.server.requests


def test_sids_of_any_length_are_taken_as_they_are() -> None:
    """Newer versions put the server's own before the call's."""
    with restcomm() as both:
        sid = both.carrier.place_call(call()).remote_id
        assert len(sid) == 69
        both.carrier.hang_up(sid)
        assert both.account.calls[sid].is_over


@pytest.mark.parametrize(
    ("status_line", "body", "error"),
    [
        ("301 Moved Permanently", b"", CarrierMisconfigured),
        ("400 Bad Request", b"Url can not be null.", CarrierMisconfigured),
        ("400 Bad Request", b"The string supplied did not seem to be a phone number.", NumberRefused),
        ("400 Bad Request", b"INVALID_COUNTRY_CODE", NumberRefused),
        ("403 Forbidden", b"", CarrierMisconfigured),
        ("404 Not Found", b"", CarrierMisconfigured),
        ("408 Request Timeout", b"", OutcomeUnknown),
        ("500 Internal Server Error", b"akka.pattern.AskTimeoutException", OutcomeUnknown),
        ("502 Bad Gateway", b"", OutcomeUnknown),
        ("503 Service Unavailable", b"", CarrierUnavailable),
        ("504 Gateway Timeout", b"", OutcomeUnknown),
        ("200 OK", b"<Call><Sid>CA1</Sid></Call>", OutcomeUnknown),
        ("200 OK", b'{"status": "queued"}', OutcomeUnknown),
        ("200 OK", b'[{"sid": "CA1", "status": "queued"}]', OutcomeUnknown),
        ("204 No Content", b"", OutcomeUnknown),
    ],
)
def test_every_answer_leads_to_the_reaction_it_needs(
    status_line: str, body: bytes, error: type[CarrierError]
) -> None:
    """One request, one error of exactly the class that decides what happens next."""
    with raw_server(answering(status_line, body)) as server:
        with pytest.raises(CarrierError) as caught:
            carrier_at(server.url).place_call(call())
        assert type(caught.value) is error
        assert len(server.requests) == 1


def test_a_limit_of_the_account_is_no_fault_of_its_configuration() -> None:
    """Extensions answer 403 with a text that says so."""
    limit = answering("403 Forbidden", b'{"message": "SMS_LIMIT_EXCEEDED"}')
    with raw_server(limit) as server, pytest.raises(CarrierThrottled):
        carrier_at(server.url).send_message(message())


def test_a_broken_server_is_asked_and_not_told_again() -> None:
    """500 is also its answer to what it took too long to say."""
    with restcomm() as both:
        both.server.fault = Fault.BROKEN
        with pytest.raises(OutcomeUnknown):
            both.carrier.place_call(call())
        assert len(both.server.requests) == 1


def test_an_account_that_is_suspended_fails_the_ping() -> None:
    """Before anyone is told that calls can be placed."""
    with restcomm() as both:
        both.carrier.ping()
        both.account.status = "suspended"
        with pytest.raises(CarrierMisconfigured):
            both.carrier.ping()


def test_the_fake_takes_numbers_without_a_plus_for_american_ones() -> None:
    """The trap is there: whoever forgets the plus calls somebody else, or nobody."""
    with restcomm() as both:
        forgotten = {"From": CALLER_ID, "To": "2025550143", "Url": "https://ringproof.example/rcml/d"}
        assert both.account.place_call(forgotten).to == "+12025550143"
        with pytest.raises(Refused):
            both.account.place_call({**forgotten, "StatusCallbackEvent": "ringing completed"})
