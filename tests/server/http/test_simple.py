"""The simple API: what a client of a one-time-code tutorial sends, and what it is told."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.test import TestResponse

from tests.server.http.conftest import Door
from tests.support import leaks
from tests.support.world import wrong_code

MESSENGER = "1234567890123456"
NUMBER = "+447700900410"


def post(door: Door, path: str, body: Any, **options: Any) -> TestResponse:
    return door.post(path, body, key=options.pop("key", door.secret), **options)


def check(door: Door, token: str, code: str, **options: Any) -> tuple[int, str]:
    answer = door.get(f"/otp/{token}/{quote(code)}", key=options.pop("key", door.secret))
    return answer.status_code, answer.text


def sent(door: Door, token: str = "signup-42", number: str = NUMBER) -> str:
    """Start under this name and wait for the message; the code."""
    answer = post(door, f"/otp/{token}", {"messengerId": MESSENGER, "phoneNumber": number})
    assert answer.status_code == 201, answer.text
    door.world.pass_time(10)
    code = door.world.code_seen(number)
    leaks.secret(code, "code")
    return code


# --- sending and checking under a name


def test_a_code_is_sent_to_messenger_and_checked_once(door: Door) -> None:
    """201, then 200 `OK` for the right code, and 409 from then on."""
    code = sent(door)
    assert [message.channel for message in door.world.messages_seen(NUMBER)] == ["messenger"]
    assert check(door, "signup-42", wrong_code(code)) == (404, "Wrong code")
    assert check(door, "signup-42", code) == (200, "OK")
    assert check(door, "signup-42", code) == (409, "Already verified")
    assert check(door, "signup-42", wrong_code(code)) == (409, "Already verified")


def test_who_does_not_read_it_on_messenger_gets_an_sms_with_the_same_code(door: Door) -> None:
    """After 120 seconds, by the server's own clock."""
    door.world.behave("unread", NUMBER)
    code = sent(door)
    door.world.pass_time(109.9)
    assert len(door.world.messages_seen(NUMBER)) == 1
    door.world.pass_time(5)
    assert [message.channel for message in door.world.messages_seen(NUMBER)] == ["messenger", "sms"]
    assert door.world.code_seen(NUMBER) == code
    assert check(door, "signup-42", code) == (200, "OK")


def test_who_reads_it_gets_no_sms(door: Door) -> None:
    sent(door)
    door.world.pass_time(250)
    assert [message.channel for message in door.world.messages_seen(NUMBER)] == ["messenger"]


def test_without_a_messenger_id_it_goes_by_sms(door: Door) -> None:
    assert post(door, "/otp/a", {"phoneNumber": NUMBER}).status_code == 201
    door.world.pass_time(5)
    assert [message.channel for message in door.world.messages_seen(NUMBER)] == ["sms"]


def test_an_expired_code_is_gone_even_when_it_is_right(door: Door) -> None:
    code = sent(door)
    door.world.pass_time(290)
    assert check(door, "signup-42", code) == (410, "Expired")


def test_the_waits_between_checks_hold_and_five_wrong_codes_use_it_up(door: Door) -> None:
    """429 with `Retry-After` counts for nothing; after the fifth wrong code the right one is gone too."""
    code = sent(door)
    for wait in (0, 0, 60, 120, 0):
        assert check(door, "signup-42", wrong_code(code))[0] == 404
        if wait:
            early = door.get(f"/otp/signup-42/{code}", key=door.secret)
            assert (early.status_code, early.headers["Retry-After"]) == (429, str(wait))
            assert early.get_json()["type"] == "/problems/rate-limited"
            door.world.clock.move(wait)
    assert check(door, "signup-42", code) == (410, "Expired")


def test_an_unknown_name_is_a_wrong_code_and_so_is_another_application_s(door: Door) -> None:
    """Nobody learns which names there are."""
    code = sent(door)
    made = door.world.server.administration.create_application("other", brand="Other")
    leaks.secrets((made.publishable_key, made.secret_key), "key")
    assert check(door, "nobody", code) == (404, "Wrong code")
    assert check(door, "signup-42", code, key=made.secret_key) == (404, "Wrong code")
    assert check(door, "signup-42", code) == (200, "OK")


def test_the_same_name_again_while_it_is_pending_is_refused(door: Door) -> None:
    """Whatever the number; after the end the name is free again."""
    code = sent(door)
    door.world.pass_time(60)
    for number in (NUMBER, "+447700900411"):
        again = post(door, "/otp/signup-42", {"phoneNumber": number})
        assert again.status_code == 409
        assert again.get_json()["type"] == "/problems/concurrent-verification"
        assert again.get_json()["verification"].startswith("vrf_")
    assert check(door, "signup-42", code) == (200, "OK")
    assert post(door, "/otp/signup-42", {"phoneNumber": NUMBER}).status_code == 201
    assert check(door, "signup-42", wrong_code(code))[0] == 404


def test_a_repeat_with_the_same_idempotency_key_is_answered_alike(door: Door) -> None:
    headers = {"Idempotency-Key": "once"}
    answers = [post(door, "/otp/a", {"phoneNumber": NUMBER}, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].get_json()["id"] == answers[1].get_json()["id"]
    codes = [post(door, "/otp", {"number": "447700900412"}, headers={"Idempotency-Key": "two"}) for _ in "ab"]
    assert len({answer.get_json()["passcode"] for answer in codes}) == 1


def test_looking_with_head_uses_up_no_check(door: Door) -> None:
    code = sent(door)
    headers = {"Authorization": f"Bearer {door.secret}"}
    answer = door.client.head(f"/otp/signup-42/{wrong_code(code)}", headers=headers)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
    assert door.world.server.failures() == 0
    assert check(door, "signup-42", code) == (200, "OK")


def test_a_code_is_read_as_people_type_it(door: Door) -> None:
    code = sent(door)
    assert check(door, "signup-42", f"{code[:3]} {code[3:]}") == (200, "OK")


# --- being told the code


def test_a_passcode_is_sent_by_sms_in_the_language_asked_for_and_told(door: Door) -> None:
    answer = post(door, "/otp", {"number": "12025550143", "language": "fr"})
    assert answer.status_code == 200
    code = answer.get_json()["passcode"]
    assert answer.get_json() == {"passcode": code}
    leaks.secret(code, "code")
    door.world.pass_time(5)
    (message,) = door.world.messages_seen("+12025550143")
    assert code in message.text
    assert "votre" in message.text
    assert message.channel == "sms"


def test_the_limits_of_a_number_hold_for_both_endpoints(door: Door) -> None:
    assert post(door, "/otp", {"number": "447700900410"}).status_code == 200
    for path, body in (("/otp", {"number": "447700900410"}), ("/otp/b", {"phoneNumber": NUMBER})):
        refused = post(door, path, body)
        assert refused.status_code == 429
        assert refused.headers["Retry-After"] == "60"


@pytest.mark.parametrize("answer_of", ["send", "check", "passcode"])
def test_nothing_of_it_may_be_kept_by_a_cache(door: Door, answer_of: str) -> None:
    code = sent(door)
    answers = {
        "send": lambda: post(door, "/otp/c", {"phoneNumber": "+447700900413"}),
        "check": lambda: door.get(f"/otp/signup-42/{code}", key=door.secret),
        "passcode": lambda: post(door, "/otp", {"number": "447700900414"}),
    }
    assert answers[answer_of]().headers["Cache-Control"] == "no-store"


# --- keys, bodies


def test_a_publishable_key_may_do_none_of_it(door: Door) -> None:
    code = sent(door)
    answers = [
        post(door, "/otp/d", {"phoneNumber": NUMBER}, key=door.publishable),
        post(door, "/otp", {"number": "447700900410"}, key=door.publishable),
        door.get(f"/otp/signup-42/{code}", key=door.publishable),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert check(door, "signup-42", code) == (200, "OK")


@pytest.mark.parametrize("pair", ["anybody:{key}", "{key}:"])
def test_the_key_may_come_as_basic_credentials(door: Door, pair: str) -> None:
    credentials = base64.b64encode(pair.format(key=door.secret).encode()).decode()
    headers = {"Authorization": f"Basic {credentials}"}
    answer = door.client.post("/otp/e", json={"phoneNumber": NUMBER}, headers=headers)
    assert answer.status_code == 201


def test_without_a_key_nothing_is_done(door: Door) -> None:
    assert door.client.post("/otp/e", json={"phoneNumber": NUMBER}).status_code == 401
    assert door.client.get("/otp/e/123456").status_code == 401


def test_a_form_is_as_good_as_json(door: Door) -> None:
    headers = {"Authorization": f"Bearer {door.secret}"}
    form = {"phoneNumber": NUMBER, "messengerId": ""}
    assert door.client.post("/otp/f", data=form, headers=headers).status_code == 201
    form = {"number": "447700900415", "language": "de"}
    answer = door.client.post("/otp", data=form, headers=headers)
    assert answer.status_code == 200
    door.world.pass_time(5)
    assert answer.get_json()["passcode"] in door.world.messages_seen("+447700900415")[0].text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"phoneNumber=%2B447700900410&phoneNumber=1", "body"),
        (b"phoneNumber=%2B447700900410&to=1", "to"),
        (b"messengerId=1", "phoneNumber"),
        (b"phoneNumber=%2B447700900410&messengerId=a+b", "messengerId"),
        (b"phoneNumber=%FF", None),
        (b"phoneNumber=\xff", None),
        (b"&".join(b"a%d=1" % number for number in range(30)), None),
    ],
)
def test_a_form_that_does_not_fit_is_refused(common_door: Door, body: bytes, field: str | None) -> None:
    headers = {
        "Authorization": f"Bearer {common_door.secret}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = common_door.client.post("/otp/g", data=body, headers=headers)
    assert answer.status_code == 400
    if field is not None:
        assert answer.get_json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/otp/g", {"phoneNumber": "12"}, 422),
        ("/otp/g", {"phoneNumber": "07700900410"}, 422),
        ("/otp/g", {}, 400),
        ("/otp/g", {"phoneNumber": NUMBER, "messengerId": "x" * 129}, 400),
        ("/otp", {"number": NUMBER, "language": "x"}, 400),
        ("/otp", {"number": 12125551212}, 400),
        ("/otp/" + "x" * 129, {"phoneNumber": NUMBER}, 404),
        ("/otp/a b", {"phoneNumber": NUMBER}, 404),
    ],
)
def test_what_does_not_fit_is_refused(common_door: Door, path: str, body: Any, status: int) -> None:
    assert post(common_door, path, body).status_code == status


def test_forms_are_taken_nowhere_else(common_door: Door) -> None:
    headers = {"Authorization": f"Bearer {common_door.secret}"}
    answer = common_door.client.post("/v1/verifications", data={"phone_number": NUMBER}, headers=headers)
    assert answer.status_code == 415
