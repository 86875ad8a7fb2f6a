"""What the operator's sender is asked, and what its answers mean."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from ringproof_rcml import Dialect
from ringproof_server.carriers import (
    CarrierError,
    CarrierMisconfigured,
    CarrierThrottled,
    CarrierUnavailable,
    Channel,
    FraudSuspected,
    NumberRefused,
    NumberUnreachable,
    OutcomeUnknown,
)
from ringproof_server.domain.attempt import Attempt
from tests.server.carriers.webhook.bench import (
    CALLER_ID,
    EVENTS_URL,
    NUMBER,
    SEALS,
    call,
    message,
    webhook,
)
from tests.support.raw_http import answering, raw_server

ATTEMPT = Attempt(
    id="att_1",
    verification_id="vrf_1",
    channel=Channel.FLASHCALL,
    step=0,
    caller_id=CALLER_ID,
    queued_at=datetime(2026, 11, 20, tzinfo=UTC),
)


def test_a_call_is_asked_for_with_all_that_a_sender_needs() -> None:
    """Under the attempt's id, so that a receiver recognises a repeat by itself."""
    with webhook() as both:
        both.call()
        ((headers, said),) = both.sender.requests
        assert said["timestamp"] == both.clock.now().isoformat().replace("+00:00", "Z")
    assert headers["webhook-id"] == "att_1"
    assert headers["content-type"] == "application/json"
    assert said["type"] == "call.requested"
    assert said["data"] == {
        "attempt": "att_1",
        "reference": SEALS.sign_reference("att_1"),
        "channel": "flashcall",
        "to": NUMBER.e164,
        "caller_id": CALLER_ID,
        "dial_timeout": 20,
        "document_url": "https://ringproof.example/rcml/document",
        "events_url": EVENTS_URL,
    }


def test_a_message_is_asked_for_with_text_and_code() -> None:
    """The code stands by itself too, for channels that allow nothing but templates of their own."""
    with webhook() as both:
        both.carrier.send_message(message(channel=Channel.WHATSAPP))
        ((headers, said),) = both.sender.requests
    assert (headers["webhook-id"], said["type"]) == ("att_1", "message.requested")
    assert said["data"] == {
        "attempt": "att_1",
        "reference": SEALS.sign_reference("att_1"),
        "channel": "whatsapp",
        "to": NUMBER.e164,
        "sender": "Ringproof",
        "text": "493817 ist Ihr Code für Ringproof.",
        "code": "493817",
        "language": "de",
        "events_url": EVENTS_URL,
    }


def test_a_hang_up_names_the_call_as_the_sender_does() -> None:
    """Each one under an id of its own, since a repeated hang-up is meant as one."""
    with webhook() as both:
        taken = both.call()
        both.carrier.hang_up(taken.id)
        both.carrier.hang_up(taken.id)
        asked = both.sender.requests[1:]
    assert [(said["type"], said["data"]) for _, said in asked] == [("call.hang_up", {"id": taken.id})] * 2
    assert len({headers["webhook-id"] for headers, _ in asked}) == 2
    assert not taken.up


@pytest.mark.parametrize(
    ("status", "body", "remote_id"),
    [
        (200, b'{"id": "own-7"}', "own-7"),
        (202, b'{"id": "own-7", "more": [1]}', "own-7"),
        (204, b"", "att_1"),
        (200, b"", "att_1"),
        (201, b"{}", "att_1"),
        (409, b'{"id": "own-7"}', "own-7"),
        (409, b"", "att_1"),
        (409, b"already there", "att_1"),
    ],
)
def test_what_was_taken_has_the_senders_name_or_the_attempts(
    status: int, body: bytes, remote_id: str
) -> None:
    """A name of its own is optional, and a duplicate was taken before."""
    with webhook() as both:
        both.sender.answers["call.requested"] = (status, body, {})
        assert both.carrier.place_call(call()).remote_id == remote_id


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b"<html>Please log in</html>", OutcomeUnknown),
        (200, b'["own-7"]', OutcomeUnknown),
        (200, b'{"id": 7}', OutcomeUnknown),
        (200, b'{"id": "two words"}', OutcomeUnknown),
        (200, b'{"id": ""}', OutcomeUnknown),
        (307, b"", CarrierMisconfigured),
        (400, b"", CarrierMisconfigured),
        (401, b"", CarrierMisconfigured),
        (403, b"", CarrierMisconfigured),
        (404, b"", CarrierMisconfigured),
        (408, b"", OutcomeUnknown),
        (413, b"", CarrierMisconfigured),
        (422, b"", NumberRefused),
        (422, b'{"reason": "invalid_number"}', NumberRefused),
        (422, b'{"reason": "unreachable"}', NumberUnreachable),
        (422, b'{"reason": "fraud_blocked"}', FraudSuspected),
        (422, b'{"reason": ["unreachable"]}', NumberRefused),
        (429, b"", CarrierThrottled),
        (500, b"", OutcomeUnknown),
        (502, b"", OutcomeUnknown),
        (503, b"", CarrierUnavailable),
        (504, b"", OutcomeUnknown),
    ],
)
def test_every_answer_leads_to_the_reaction_it_needs(
    status: int, body: bytes, error: type[CarrierError]
) -> None:
    """One request, one error of exactly the class that decides what happens next, for both kinds."""
    with webhook() as both:
        both.sender.answers |= dict.fromkeys(("call.requested", "message.requested"), (status, body, {}))
        with pytest.raises(CarrierError) as caught:
            both.carrier.place_call(call())
        assert type(caught.value) is error
        with pytest.raises(CarrierError) as caught:
            both.carrier.send_message(message())
        assert type(caught.value) is error
        assert len(both.sender.requests) == 2


def test_channels_that_the_sender_does_not_have_are_not_asked_for() -> None:
    """Neither a message as a call nor what its operator left out."""
    with webhook(channels=frozenset({Channel.SMS}), dialect=Dialect.RCML) as both:
        assert both.carrier.capabilities.channels == {Channel.SMS}
        assert both.carrier.capabilities.dialect is Dialect.RCML
        requests: tuple[Callable[[], object], ...] = (
            lambda: both.carrier.place_call(call()),
            lambda: both.carrier.place_call(call(channel=Channel.SMS)),
            lambda: both.carrier.send_message(message(channel=Channel.VIBER)),
        )
        for act in requests:
            with pytest.raises(NumberRefused):
                act()
        assert not both.sender.requests


@pytest.mark.parametrize("status", [400, 404, 405, 410, 422, 501])
def test_a_sender_that_cannot_be_asked_knows_nothing(status: int) -> None:
    """The attempt is then of unknown outcome, and the next step runs; it is never repeated."""
    with webhook() as both:
        both.call()
        both.sender.answers["call.find"] = (status, b"", {})
        assert both.carrier.find(ATTEMPT, NUMBER) is None


def test_a_sender_that_has_the_attempt_says_under_which_name() -> None:
    """An empty name is none."""
    with webhook() as both:
        taken = both.call()
        found = both.carrier.find(ATTEMPT, NUMBER)
        assert found is not None
        assert found.remote_id == taken.id
        data = both.sender.requests[-1][1]["data"]
        assert data == {"attempt": "att_1", "channel": "flashcall", "to": NUMBER.e164}
        for body in (b'{"id": null}', b"{}", b""):
            both.sender.answers["call.find"] = (200, body, {})
            assert both.carrier.find(ATTEMPT, NUMBER) is None


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, CarrierUnavailable),
        (503, CarrierUnavailable),
        (401, CarrierMisconfigured),
        (429, CarrierThrottled),
    ],
)
def test_questions_that_fail_are_no_unknown_outcomes(status: int, error: type[CarrierError]) -> None:
    """They change nothing, so it does not matter whether they arrived."""
    with webhook() as both:
        both.sender.answers |= dict.fromkeys(("ping", "call.find"), (status, b"", {}))
        questions: tuple[Callable[[], object], ...] = (
            both.carrier.ping,
            lambda: both.carrier.find(ATTEMPT, NUMBER),
        )
        for act in questions:
            with pytest.raises(CarrierError) as caught:
                act()
            assert type(caught.value) is error


@pytest.mark.parametrize("status", [200, 204, 404, 409, 410])
def test_a_call_that_is_over_already_is_hung_up(status: int) -> None:
    """The sender may forget what has ended."""
    with webhook() as both:
        both.sender.answers["call.hang_up"] = (status, b"", {})
        both.carrier.hang_up("own-7")


@pytest.mark.parametrize("status", [400, 401, 500, 503])
def test_a_hang_up_that_failed_is_known_as_such(status: int) -> None:
    """It is tried again."""
    with webhook() as both:
        both.sender.answers["call.hang_up"] = (status, b"", {})
        with pytest.raises(CarrierError):
            both.carrier.hang_up("own-7")


def test_a_sender_with_another_secret_refuses_everything() -> None:
    """The signature is what the official library checks."""
    other = "whsec_" + "QW5vdGhlciBzZWNyZXQgZm9yIHRlc3RzIG9ubHkhISE="
    with webhook(secrets=(other,)) as both:
        requests: tuple[Callable[[], object], ...] = (
            both.carrier.ping,
            lambda: both.carrier.place_call(call()),
        )
        for act in requests:
            with pytest.raises(CarrierMisconfigured):
                act()
        assert both.sender.refused == 2


def test_a_redirect_is_not_followed() -> None:
    """Numbers and codes go to the configured address and to no other."""
    with webhook() as both, raw_server(answering("200 OK", b"{}")) as elsewhere:
        both.sender.answers["call.requested"] = (307, b"", {"Location": elsewhere.url})
        with pytest.raises(CarrierMisconfigured):
            both.carrier.place_call(call())
        assert not elsewhere.requests
