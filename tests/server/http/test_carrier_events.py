"""The carriers' side."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from ringproof_rcml import Dialect, asked_keys, spoken_text
from ringproof_server.domain.errors import CallbackRefused, NotFound
from ringproof_server.http import voice_document
from ringproof_server.ports import CallbackRequest
from ringproof_server.service.spoken import DocumentKind, SpokenDocument
from tests.server.http.conftest import Door, MakeDoor
from tests.support.world import NUMBER, PUBLIC_URL


class Received:
    """Stands where the carrier events service stands, and keeps what it is handed."""

    def __init__(self, fault: Exception | None = None, document: SpokenDocument | None = None) -> None:
        self.requests: list[tuple[str, CallbackRequest]] = []
        self._fault = fault
        self._document = document

    def receive(self, carrier: str, request: CallbackRequest) -> None:
        self.requests.append((carrier, request))
        if self._fault is not None:
            raise self._fault

    def document(self, reference: str) -> SpokenDocument | None:
        return self._document


def test_a_callback_is_handed_over_as_it_came(make_door: MakeDoor) -> None:
    """With the public URL the carrier signed, header names in lower case and the body untouched."""
    received = Received()
    door = make_door(carrier_events=received)
    response = door.client.post(
        "/carriers/twilio/events/status?a=%2B1&b=2",
        data=b"CallSid=1&To=%2B1",
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": "abc"},
    )
    assert response.status_code == 204
    ((carrier, request),) = received.requests
    assert carrier == "twilio"
    assert request.path == "events/status"
    assert request.url == f"{PUBLIC_URL}/carriers/twilio/events/status?a=%2B1&b=2"
    assert request.method == "POST"
    assert request.headers["x-twilio-signature"] == "abc"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.body == b"CallSid=1&To=%2B1"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-Prefix": "/x"},
        {"Forwarded": "host=evil.example"},
    ],
)
@pytest.mark.parametrize("proxies", [0, 1])
def test_no_header_changes_the_signed_url(make_door: MakeDoor, headers: dict[str, str], proxies: int) -> None:
    """Else whoever sends the request would choose what the signature is checked against."""
    received = Received()
    make_door(carrier_events=received, trusted_proxies=proxies).client.post(
        "/carriers/twilio/events", headers=headers
    )
    assert received.requests[0][1].url == f"{PUBLIC_URL}/carriers/twilio/events"


@pytest.mark.parametrize(
    ("fault", "status", "slug"),
    [
        (CallbackRefused("the signature abc is wrong"), 403, "forbidden"),
        (NotFound("there is no such carrier"), 404, "not-found"),
        (RuntimeError("boom"), 500, "internal"),
    ],
)
def test_what_a_carrier_is_told_of_a_fault(
    make_door: MakeDoor, fault: Exception, status: int, slug: str
) -> None:
    """A forged callback learns nothing of why it was refused."""
    response = make_door(carrier_events=Received(fault)).client.post("/carriers/twilio/events")
    assert response.status_code == status
    assert response.get_json()["type"] == f"/problems/{slug}"
    assert "abc" not in response.text


def test_an_unsigned_callback_changes_nothing(door: Door) -> None:
    """Through to the real service and the simulated carrier."""
    started = door.start()
    before = door.get(f"/v1/verifications/{started.id}", key=door.secret).get_json()
    body = {"key": "1", "kind": "answer", "reference": "x", "remote_id": "y", "reason": None, "ring_ms": None}
    assert door.client.post("/carriers/simulated/events", json=body).status_code == 403
    after = door.get(f"/v1/verifications/{started.id}", key=door.secret).get_json()
    assert after == before
    assert door.client.post("/carriers/nobody/events", json=body).status_code == 404


def test_whoever_answers_is_told_the_truth(door: Door) -> None:
    """Before the proof that the number is being confirmed, after it that it has been, then nothing."""
    started = door.start(language="de")
    door.world.pass_time(20)
    attempt = door.world.server.attempts(started.id)[-1]
    reference = door.world.server.parts.seals.sign_reference(attempt.id)
    before = door.client.get(f"/rcml/{reference}")
    assert before.status_code == 200
    assert before.content_type == "text/xml; charset=utf-8"
    assert before.headers["Cache-Control"] == "no-store"
    door.confirm(started, door.seen_call())
    after = door.client.post(f"/rcml/{reference}", data={"CallSid": "1"})
    assert after.status_code == 200
    assert before.text != after.text
    for response in (before, after):
        assert "<Say" in response.text
        assert NUMBER not in response.text
        assert attempt.caller_id is not None
        assert attempt.caller_id not in response.text


@pytest.mark.parametrize(
    "alter",
    [
        lambda reference: reference[:-1] + ("A" if reference[-1] != "A" else "B"),
        lambda reference: reference.partition(".")[0],
        lambda reference: reference + "A",
        lambda _reference: "att_1." + "A" * 22,
        lambda _reference: "a" * 128,
        lambda _reference: "a" * 129,
        lambda _reference: "%00",
    ],
)
def test_a_document_needs_its_secret_address(door: Door, alter: Callable[[str], str]) -> None:
    started = door.start()
    attempt = door.world.server.attempts(started.id)[-1]
    reference = door.world.server.parts.seals.sign_reference(attempt.id)
    assert door.client.get(f"/rcml/{alter(reference)}").status_code == 404


@pytest.mark.parametrize("kind", list(DocumentKind))
@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("language", ["en", "de-AT", "xx-unknown"])
def test_every_document_can_be_spoken(kind: DocumentKind, dialect: Dialect, language: str) -> None:
    action = f"{PUBLIC_URL}/rcml/att_1/keys"
    text = voice_document(SpokenDocument(kind, dialect, language, "ACME", action, "471100", 6))
    assert (spoken_text(text) != "") == (kind is not DocumentKind.HANG_UP)
    asks = kind in {DocumentKind.PRESS_TO_HEAR, DocumentKind.KEYPAD}
    asked = asked_keys(text)
    assert (asked is not None) == asks
    assert asked is None or asked.action == action
    assert ("4 7 1 1 0 0" in text) == (kind is DocumentKind.SPOKEN_CODE)
    if dialect is Dialect.NCCO:
        assert {action["action"] for action in json.loads(text)} <= {"talk", "wait", "input"}
    else:
        assert text.startswith("<?xml")
        assert "<Hangup" in text


@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_document_says_what_it_is(make_door: MakeDoor, dialect: Dialect) -> None:
    """XML for the carriers that read XML, JSON for the one that reads JSON."""
    document = SpokenDocument(DocumentKind.CONFIRMED, dialect, "en", "ACME")
    received = Received(document=document)
    response = make_door(carrier_events=received).client.post("/rcml/att_1", json={"uuid": "1"})
    expected = "application/json" if dialect is Dialect.NCCO else "text/xml"
    assert response.content_type == f"{expected}; charset=utf-8"
    assert response.text == voice_document(document)
