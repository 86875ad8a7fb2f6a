"""Keys pressed in a call, as carriers tell them over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from ringproof_rcml import Dialect, asked_keys, spoken_text
from ringproof_server.domain.attempt import AttemptState
from ringproof_server.service.spoken import DocumentKind, SpokenDocument
from tests.server.http.conftest import Door, MakeDoor
from tests.support import leaks
from tests.support.world import NUMBER

FORM = "application/x-www-form-urlencoded"


class Pressed:
    """Stands where the carrier events service stands, and keeps the keys it is told."""

    def __init__(self, dialect: Dialect = Dialect.TWIML) -> None:
        self.keys_told: list[tuple[str, str]] = []
        self._dialect = dialect

    def keys(self, reference: str, keys: str) -> SpokenDocument:
        self.keys_told.append((reference, keys))
        return SpokenDocument(DocumentKind.SPOKEN_CODE, self._dialect, "en", "ACME", code="471100")


@pytest.fixture
def pressed() -> Pressed:
    return Pressed()


def _post(door: Door, body: object, media_type: str = FORM, query: str = "") -> int:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = door.client.post(f"/rcml/att_1/keys{query}", data=data, content_type=media_type)
    return response.status_code


@pytest.mark.parametrize(
    ("body", "media_type", "keys"),
    [
        (b"Digits=1", FORM, "1"),
        (b"CallSid=CA1&Digits=482915&FinishedOnKey=", FORM, "482915"),
        (b"Digits=%2A%23", FORM, "*#"),
        (b"Digits=", FORM, ""),
        (b"CallSid=CA1", FORM, ""),
        (b"", FORM, ""),
        ({"dtmf": {"digits": "482915", "timed_out": False}, "uuid": "u"}, "application/json", "482915"),
        ({"dtmf": {"digits": "", "timed_out": True}}, "application/json", ""),
        ({"dtmf": {"digits": None, "timed_out": True}}, "application/json", ""),
        ({"dtmf": None}, "application/json", ""),
        ({}, "application/json", ""),
        ([], "application/json", ""),
    ],
)
def test_keys_are_read_as_each_carrier_names_them(
    make_door: MakeDoor, pressed: Pressed, body: object, media_type: str, keys: str
) -> None:
    assert _post(make_door(carrier_events=pressed), body, media_type) == 200
    assert pressed.keys_told == [("att_1", keys)]


def test_keys_may_come_in_a_query(make_door: MakeDoor, pressed: Pressed) -> None:
    door = make_door(carrier_events=pressed)
    assert door.client.get("/rcml/att_1/keys?CallSid=CA1&Digits=12%23").status_code == 200
    assert door.client.get("/rcml/att_1/keys").status_code == 200
    assert pressed.keys_told == [("att_1", "12#"), ("att_1", "")]


@pytest.mark.parametrize(
    ("body", "media_type", "query"),
    [
        (b"Digits=1&Digits=2", FORM, ""),
        (b"Digits=2", FORM, "?Digits=1"),
        (b"Digits=one", FORM, ""),
        (b"Digits=" + b"1" * 33, FORM, ""),
        ("Digits=\u0661".encode(), FORM, ""),
        (b"Digits=%D9%A1", FORM, ""),
        (b"Digits=1%0A", FORM, ""),
        (b"a=1&" * 101 + b"Digits=1", FORM, ""),
        (b"{", "application/json", ""),
        ({"dtmf": {"digits": 482915}}, "application/json", ""),
        ({"dtmf": {"digits": "48 29"}}, "application/json", ""),
        (b"[" * 5000, "application/json", ""),
    ],
)
def test_what_no_carrier_sends_is_refused(
    make_door: MakeDoor, pressed: Pressed, body: object, media_type: str, query: str
) -> None:
    assert _post(make_door(carrier_events=pressed), body, media_type, query) == 400
    assert pressed.keys_told == []


def test_a_body_without_end_is_refused(make_door: MakeDoor, pressed: Pressed) -> None:
    assert _post(make_door(carrier_events=pressed), b"Digits=1&a=" + b"1" * 70_000) == 413


@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_document_with_a_code_is_kept_by_nobody(make_door: MakeDoor, dialect: Dialect) -> None:
    """Neither by a proxy nor by a carrier that keeps what it has fetched."""
    leaks.secret("471100", "code")
    door = make_door(carrier_events=Pressed(dialect))
    response = door.client.post("/rcml/att_1/keys", data={"Digits": "1"})
    assert response.headers["Cache-Control"] == "no-store"
    assert "4 7 1 1 0 0" in spoken_text(response.text)


def _reference(door: Door, verification_id: str) -> str:
    attempt = door.world.server.attempts(verification_id)[-1]
    return door.world.server.parts.seals.sign_reference(attempt.id)


@pytest.mark.parametrize(
    "alter",
    [lambda secret: secret + "x", lambda secret: secret[:-1], lambda secret: secret.swapcase()],
)
def test_keys_need_the_secret_address(door: Door, alter: Callable[[str], str]) -> None:
    door.world.behave("answer")
    started = door.start(channels=["voice"])
    reference = _reference(door, started.id)
    for other in (alter(reference), "att_1", door.world.server.attempts(started.id)[-1].id):
        for answer in (
            door.client.post(f"/rcml/{other}/keys", data={"Digits": "1"}),
            door.client.get(f"/rcml/{other}/keys?Digits=1"),
        ):
            assert answer.status_code == 404


def test_a_voice_call_over_http_tells_its_code_after_the_key(door: Door) -> None:
    """The document is asked for, then the address that it names for the keys: the code, once, as text/xml."""
    door.world.behave("answer")
    started = door.start(channels=["voice"])
    door.world.server.dispatch_all()
    reference = _reference(door, started.id)
    document = door.client.post(f"/rcml/{reference}")
    asked = asked_keys(document.text)
    assert asked is not None
    assert asked.action.endswith(f"/rcml/{reference}/keys")
    told = door.client.post(f"/rcml/{reference}/keys", data={"Digits": "1"})
    assert told.content_type == "text/xml; charset=utf-8"
    assert told.headers["Cache-Control"] == "no-store"
    assert "Your code is: " in spoken_text(told.text)
    assert "Your code is: " not in spoken_text(document.text)


def test_the_digits_of_a_keypad_call_are_shown_to_its_client_and_judged(door: Door) -> None:
    door.world.behave("answer")
    started = door.start(channels=["keypad"])
    shown = started.view["keypad"]
    assert started.view["code"] is None
    assert shown["typed"] is False
    door.world.pass_time(6)
    assert door.world.server.attempts(started.id)[-1].state is AttemptState.ANSWERED
    door.world.press(shown["digits"], NUMBER)
    door.world.pass_time(2)
    seen = door.get(f"/v1/verifications/{started.id}", headers={"Ringproof-Challenge": started.challenge})
    assert seen.get_json()["keypad"] == {"digits": shown["digits"], "typed": True}
    assert door.confirm(started, {"channel": "keypad"}).get_json()["status"] == "verified"


def test_digits_are_no_evidence(door: Door) -> None:
    """Only the call can tell that they were typed: a client that sends them has misunderstood something."""
    started = door.start(channels=["keypad"])
    answer = door.confirm(started, {"channel": "keypad", "code": started.view["keypad"]["digits"]})
    assert answer.status_code == 400
