"""Devices over HTTP: enrolled once after a proof, proving later, listed and revoked by back ends."""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import jwt
import pytest
from werkzeug.test import TestResponse

from ringproof_server.domain import totp
from tests.server.http.conftest import Door, Started
from tests.support.world import NUMBER, OTHER_NUMBER


def verified(door: Door, number: str = NUMBER, *, key: str | None = None) -> Started:
    """A verification that was proved by a flash call."""
    started = door.start(number, key=key, channels=["flashcall"])
    door.world.pass_time(12)
    answer = door.confirm(started, door.seen_call(number))
    assert answer.get_json()["status"] == "verified", answer.text
    return started


def enrol(door: Door, started: Started, *, key: str | None = None, **fields: Any) -> TestResponse:
    body = {"kind": "totp", "challenge": started.challenge, "code_verifier": started.verifier, **fields}
    return door.post(f"/v1/verifications/{started.id}/devices", body, key=key)


def enrolled(door: Door, number: str = NUMBER) -> dict[str, Any]:
    answer = enrol(door, verified(door, number))
    assert answer.status_code == 201, answer.text
    view: dict[str, Any] = answer.get_json()
    return view


def shown(door: Door, secret: str, steps: int = 0) -> str:
    """What the app with this secret shows so many steps from now."""
    return totp.code_at(base64.b32decode(secret), totp.step_at(door.world.clock.now()) + steps)


def code(text: str) -> dict[str, str]:
    return {"channel": "totp", "code": text}


def revoke(door: Door, device_id: str, key: str) -> TestResponse:
    return door.client.delete(f"/v1/devices/{device_id}", headers={"Authorization": f"Bearer {key}"})


def test_an_authenticator_is_enrolled_after_a_proof_and_proves_the_number_later(door: Door) -> None:
    view = enrolled(door)
    assert re.fullmatch(r"dev_[\w-]+", view["id"])
    assert view["kind"] == "totp"
    door.world.pass_time(86_400)
    later = door.start(channels=["totp"])
    assert later.view["attempt"]["status"] == "accepted"
    assert later.view["code"] == {"length": 6}
    answer = door.confirm(later, code(shown(door, view["secret"]))).get_json()
    assert answer["status"] == "verified"
    claims = jwt.decode(answer["token"], options={"verify_signature": False})
    assert claims["amr"] == ["totp"]
    assert claims["guess_probability"] == pytest.approx(1.5e-5)


def test_the_secret_is_told_once_and_is_not_to_be_kept_on_the_way(door: Door) -> None:
    started = verified(door)
    answer = enrol(door, started, label="Phone")
    view = answer.get_json()
    assert answer.headers["Cache-Control"] == "no-store"
    assert view["otpauth_uri"].startswith("otpauth://totp/Shop:%2B44")
    assert f"secret={view['secret']}" in view["otpauth_uri"]
    assert NUMBER[1:] not in view["otpauth_uri"]
    for read in (
        door.get(f"/v1/verifications/{started.id}", key=door.secret),
        door.get("/v1/devices", key=door.secret),
        door.client.get(
            "/v1/devices",
            query_string={"phone_number": NUMBER},
            headers={"Authorization": f"Bearer {door.secret}"},
        ),
    ):
        assert view["secret"] not in read.text


def test_the_qr_code_is_a_picture_that_a_page_can_show(door: Door) -> None:
    view = enrolled(door)
    media_type, _, picture = view["qr_code"].partition(",")
    assert media_type.startswith("data:image/svg+xml")
    root = ElementTree.fromstring(unquote(picture))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"


def test_a_publishable_key_needs_challenge_and_verifier_to_enrol(door: Door) -> None:
    started = verified(door)
    other = door.start(OTHER_NUMBER)
    assert enrol(door, started, challenge=None).status_code == 400
    assert enrol(door, started, code_verifier=None).status_code == 400
    assert enrol(door, started, code_verifier=other.verifier).status_code == 403
    assert enrol(door, started, challenge=other.challenge).status_code == 403
    assert enrol(door, started).status_code == 201


def test_a_secret_key_enrols_without_them(door: Door) -> None:
    started = verified(door)
    answer = door.post(f"/v1/verifications/{started.id}/devices", {"kind": "totp"}, key=door.secret)
    assert answer.status_code == 201


@pytest.mark.parametrize(("seconds", "status"), [(299, 201), (300, 409)])
def test_a_device_is_enrolled_as_long_as_the_token_lives(door: Door, seconds: int, status: int) -> None:
    """That is longer than the challenge, which ended with the time for the proof."""
    started = door.start(channels=["sms"])
    door.world.pass_time(250)
    answer = door.confirm(started, {"channel": "sms", "code": door.world.code_seen()})
    assert answer.get_json()["status"] == "verified"
    door.world.clock.move(seconds)
    assert enrol(door, started).status_code == status


def test_a_device_is_enrolled_once_for_each_verification(door: Door) -> None:
    started = verified(door)
    first = enrol(door, started, label="one")
    again = enrol(door, started, label="two")
    assert (first.status_code, again.status_code) == (201, 409)
    assert again.get_json()["type"] == "/problems/already-finished"


def test_a_repeat_with_its_idempotency_key_gets_the_same_answer(door: Door) -> None:
    """The first one may have been lost, and with it the secret."""
    started = verified(door)
    answers = [enrol_with_key(door, started, "k-1") for _ in range(2)]
    assert answers[0].status_code == answers[1].status_code == 201
    assert answers[0].get_json() == answers[1].get_json()
    assert enrol_with_key(door, started, "k-2").status_code == 409


def enrol_with_key(door: Door, started: Started, key: str) -> TestResponse:
    body = {"kind": "totp", "challenge": started.challenge, "code_verifier": started.verifier}
    return door.post(f"/v1/verifications/{started.id}/devices", body, headers={"Idempotency-Key": key})


def test_nothing_is_enrolled_before_the_proof_nor_without_one(door: Door) -> None:
    started = door.start(channels=["sms"])
    pending = enrol(door, started)
    assert (pending.status_code, pending.get_json()["type"]) == (409, "/problems/too-early")
    door.world.clock.move(301)
    assert enrol(door, started).get_json()["type"] == "/problems/already-finished"


def test_a_proof_by_a_device_enrols_no_other(door: Door) -> None:
    """Else whoever had the number once could go on for ever."""
    view = enrolled(door)
    later = door.start(channels=["totp"])
    assert door.confirm(later, code(shown(door, view["secret"]))).get_json()["status"] == "verified"
    assert enrol(door, later).get_json()["type"] == "/problems/already-finished"


def test_back_ends_list_the_devices_of_a_number_and_revoke_them(door: Door) -> None:
    view = enrolled(door)
    for query in ({"phone_number": NUMBER}, f"phone_number={NUMBER}"):
        listed = door.client.get(
            "/v1/devices", query_string=query, headers={"Authorization": f"Bearer {door.secret}"}
        )
        [device] = listed.get_json()["devices"]
        assert device["id"] == view["id"]
        assert device.keys() == {"id", "kind", "label", "created_at", "used_at"}
    assert revoke(door, view["id"], door.secret).get_json() == device
    assert revoke(door, view["id"], door.secret).status_code == 404
    later = door.start(channels=["totp"])
    assert door.confirm(later, code(shown(door, view["secret"]))).get_json()["result"] == "mismatch"


def test_a_publishable_key_neither_lists_nor_revokes(door: Door) -> None:
    view = enrolled(door)
    assert door.get("/v1/devices?phone_number=%2B447700900123").status_code == 403
    assert revoke(door, view["id"], door.publishable).status_code == 403
    assert revoke(door, "dev_unknown", door.publishable).status_code == 403


# --- push


SUBSCRIPTION = {
    "endpoint": "https://push.example/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
    "expirationTime": None,
    "keys": {
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    },
}


def test_a_browser_is_enrolled_by_what_its_push_manager_gives(door: Door) -> None:
    answer = enrol(door, verified(door), kind="push", subscription=SUBSCRIPTION, label="Laptop")
    assert answer.status_code == 201
    assert answer.get_json().keys() == {"id", "kind", "label"}
    listed = door.client.get(
        "/v1/devices",
        query_string={"phone_number": NUMBER},
        headers={"Authorization": f"Bearer {door.secret}"},
    )
    assert [device["label"] for device in listed.get_json()["devices"]] == ["Laptop"]
    assert "push.example" not in listed.text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"endpoint": "http://push.example/"}, "subscription.endpoint"),
        ({"endpoint": "https://user:pw@push.example/"}, "subscription.endpoint"),
        ({"endpoint": "ftp://push.example/"}, "subscription.endpoint"),
        ({"keys": {**SUBSCRIPTION["keys"], "p256dh": "BCVx"}}, "subscription.keys.p256dh"),  # type: ignore[dict-item]
        ({"keys": {**SUBSCRIPTION["keys"], "auth": "BTBZ"}}, "subscription.keys.auth"),  # type: ignore[dict-item]
        ({"keys": {**SUBSCRIPTION["keys"], "auth": "B"}}, "subscription.keys"),  # type: ignore[dict-item]
    ],
)
def test_what_is_no_subscription_is_refused_with_the_field_at_fault(
    door: Door, changes: dict[str, Any], field: str
) -> None:
    answer = enrol(door, verified(door), kind="push", subscription={**SUBSCRIPTION, **changes})
    assert answer.status_code == 400
    assert [fault["field"] for fault in answer.get_json()["errors"]] == [field]


def test_there_is_no_push_key_where_no_push_messages_are_sent(door: Door) -> None:
    assert door.get("/v1/push-key").status_code == 404
