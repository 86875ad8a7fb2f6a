"""What becomes of each status that Vonage reports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ringproof_server.domain.attempt import CALL_TRANSITIONS, MESSAGE_TRANSITIONS, AttemptEvent, AttemptState
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import CallbackRefused
from ringproof_server.ports import CarrierEvent
from ringproof_server.testing.carrier_contract import call_for, message_for
from tests.server.carriers.vonage.bench import Desk, callback, desk
from tests.support.vonage_fake import Phone


@pytest.fixture
def office() -> Iterator[Desk]:
    with desk() as found:
        yield found


def call_event(office: Desk, **content: Any) -> CarrierEvent | None:
    """The event in a genuine webhook about a call that says this."""
    placed = office.carrier.place_call(call_for(office.bench, Channel.FLASHCALL))
    call = office.fake.calls[placed.remote_id]
    said = {"from": call.caller, "to": call.to, "uuid": call.uuid, **content}
    kept = {name: value for name, value in said.items() if value is not None}
    return office.carrier.parse_event(callback(office.fake.signer.webhook(call.said["event_url"][0], kept)))


def message_event(office: Desk, **content: Any) -> CarrierEvent | None:
    sent = office.carrier.send_message(message_for(office.bench, Channel.WHATSAPP))
    said = office.fake.messages[sent.remote_id].said
    body = {"message_uuid": sent.remote_id, "to": said["to"], "client_ref": said["client_ref"], **content}
    kept = {name: value for name, value in body.items() if value is not None}
    return office.carrier.parse_event(callback(office.fake.signer.webhook(said["webhook_url"], kept)))


@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        ({"status": "started"}, AttemptEvent.ACCEPT, None),
        ({"status": "ringing"}, AttemptEvent.RING, None),
        ({"status": "answered"}, AttemptEvent.ANSWER, None),
        ({"status": "human"}, AttemptEvent.ANSWER, None),
        ({"status": "machine", "sub_state": "beep_start"}, AttemptEvent.ANSWER, None),
        ({"status": "busy", "sip_code": 486}, AttemptEvent.END, Reason.BUSY),
        ({"status": "cancelled"}, AttemptEvent.END, Reason.CANCELLED),
        ({"status": "unanswered"}, AttemptEvent.END, Reason.NO_ANSWER),
        ({"status": "unanswered", "detail": "unavailable"}, AttemptEvent.END, Reason.UNREACHABLE),
        ({"status": "unanswered", "detail": "timeout"}, AttemptEvent.END, Reason.NO_ANSWER),
        ({"status": "timeout"}, AttemptEvent.END, Reason.NO_ANSWER),
        ({"status": "rejected"}, AttemptEvent.END, Reason.REJECTED),
        ({"status": "rejected", "detail": "declined"}, AttemptEvent.END, Reason.REJECTED),
        ({"status": "rejected", "detail": "invalid_number"}, AttemptEvent.END, Reason.INVALID_NUMBER),
        ({"status": "rejected", "detail": "restricted"}, AttemptEvent.END, Reason.UNREACHABLE),
        ({"status": "rejected", "sip_code": 604}, AttemptEvent.END, Reason.INVALID_NUMBER),
        ({"status": "rejected", "sip_code": "486"}, AttemptEvent.END, Reason.BUSY),
        ({"status": "rejected", "detail": "a_new_one", "sip_code": 999}, AttemptEvent.END, Reason.REJECTED),
        ({"status": "failed"}, AttemptEvent.END, Reason.CARRIER_ERROR),
        ({"status": "failed", "detail": "cannot_route"}, AttemptEvent.END, Reason.UNREACHABLE),
        ({"status": "failed", "detail": "number_out_of_service"}, AttemptEvent.END, Reason.INVALID_NUMBER),
        ({"status": "failed", "detail": "internal_error"}, AttemptEvent.END, Reason.CARRIER_ERROR),
        ({"status": "completed", "duration": "4"}, AttemptEvent.END, Reason.ANSWERED),
        ({"status": "completed", "duration": "0"}, AttemptEvent.END, Reason.CANCELLED),
        ({"status": "completed", "duration": 0}, AttemptEvent.END, Reason.CANCELLED),
        ({"status": "completed"}, AttemptEvent.END, Reason.CANCELLED),
    ],
)
def test_every_status_of_a_call_has_a_word_of_ours(
    office: Desk, content: dict[str, Any], kind: AttemptEvent, reason: Reason | None
) -> None:
    event = call_event(office, **content)
    assert event is not None
    assert (event.kind, event.reason, event.attempt_id) == (kind, reason, "att_1")
    assert event.key == f"{event.remote_id}:{content['status']}"
    assert (AttemptState.ACCEPTED, event.kind) in CALL_TRANSITIONS


@pytest.mark.parametrize("status", ["transfer", "recording", "disconnected", "", None, 7, ["ringing"]])
def test_what_changes_nothing_is_no_event(office: Desk, status: object) -> None:
    """Such as an error in a document, or a status that Vonage adds one day; but it has to be signed."""
    assert call_event(office, status=status, reason="Syntax error") is None


def test_the_machine_detection_has_its_own_name_for_the_call(office: Desk) -> None:
    """And what it believes goes into the log, not into the attempt."""
    name = "63f61863-4a51-4f6b-86e1-46edebcf9356"
    event = call_event(office, status="machine", uuid=None, call_uuid=name)
    assert event is not None
    assert (event.remote_id, event.reason) == (name, None)
    assert office.log.lines[-1] == ("vonage_call_answered", {"by": "machine"})


@pytest.mark.parametrize(
    "content",
    [{"uuid": None}, {"uuid": 7}, {"uuid": "../calls"}, {"uuid": "a" * 65}, {"to": None}, {"to": "unknown"}],
)
def test_an_event_that_names_no_call_or_no_number_is_refused(office: Desk, content: dict[str, Any]) -> None:
    with pytest.raises(CallbackRefused):
        call_event(office, status="ringing", **content)


@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        ({"status": "submitted"}, AttemptEvent.ACCEPT, None),
        ({"status": "delivered"}, AttemptEvent.DELIVER, None),
        ({"status": "read"}, AttemptEvent.READ, None),
        ({"status": "rejected"}, AttemptEvent.FAIL, Reason.UNREACHABLE),
        ({"status": "undeliverable"}, AttemptEvent.FAIL, Reason.CARRIER_ERROR),
        ({"status": "rejected", "error": {"title": 1120}}, AttemptEvent.FAIL, Reason.CONFIG_ERROR),
        ({"status": "rejected", "error": {"type": "x#1170"}}, AttemptEvent.FAIL, Reason.INVALID_NUMBER),
        ({"status": "rejected", "error": {"type": "x#1240"}}, AttemptEvent.FAIL, Reason.INVALID_NUMBER),
        ({"status": "rejected", "error": {"title": "1300"}}, AttemptEvent.FAIL, Reason.UNREACHABLE),
        ({"status": "rejected", "error": {"type": "x#1340"}}, AttemptEvent.FAIL, Reason.CONFIG_ERROR),
        ({"status": "rejected", "error": {"type": "x#1470"}}, AttemptEvent.FAIL, Reason.FRAUD_BLOCKED),
        ({"status": "undeliverable", "error": {"code": 1100}}, AttemptEvent.FAIL, Reason.CARRIER_ERROR),
        ({"status": "rejected", "error": {"type": "x#9999"}}, AttemptEvent.FAIL, Reason.UNREACHABLE),
        ({"status": "rejected", "error": "1120"}, AttemptEvent.FAIL, Reason.UNREACHABLE),
    ],
)
def test_every_status_of_a_message_has_a_word_of_ours(
    office: Desk, content: dict[str, Any], kind: AttemptEvent, reason: Reason | None
) -> None:
    event = message_event(office, **content)
    assert event is not None
    assert (event.kind, event.reason, event.attempt_id) == (kind, reason, "att_1")
    assert (AttemptState.ACCEPTED, event.kind) in MESSAGE_TRANSITIONS


def test_a_message_in_another_status_is_no_event(office: Desk) -> None:
    assert message_event(office, status="clicked") is None


@pytest.mark.parametrize("reference", [None, 7, "att_1", "att_1." + "A" * 22])
def test_a_report_that_does_not_name_a_message_of_ours_is_refused(office: Desk, reference: object) -> None:
    with pytest.raises(CallbackRefused):
        message_event(office, status="delivered", client_ref=reference)


@pytest.mark.parametrize(
    ("phone", "kinds"),
    [
        (Phone.RINGS, ["accept", "ring"]),
        (Phone.ANSWERS, ["accept", "ring", "answer", "answer"]),
        (Phone.VOICEMAIL, ["accept", "ring", "answer", "answer"]),
        (Phone.BUSY, ["accept", "end"]),
        (Phone.DECLINES, ["accept", "ring", "end"]),
        (Phone.NOBODY, ["accept", "ring", "end"]),
        (Phone.OFF, ["accept", "end"]),
    ],
)
def test_what_each_phone_does_comes_in(office: Desk, phone: Phone, kinds: list[str]) -> None:
    office.fake.phones[office.bench.number.e164.lstrip("+")] = phone
    placed = office.carrier.place_call(call_for(office.bench, Channel.FLASHCALL))
    webhooks = office.fake.calls[placed.remote_id].webhooks
    events = [office.carrier.parse_event(callback(webhook)) for webhook in webhooks]
    assert [None if event is None else event.kind.value for event in events] == kinds
