"""The public contract, as a client sees it."""

from __future__ import annotations

import jwt
import pytest

from ringproof_server.domain.errors import CLIENT_ERRORS
from ringproof_server.http import PROBLEM_STATUS
from tests.server.http.conftest import Door
from tests.support.world import NUMBER, OTHER_NUMBER, PUBLIC_URL

VIEW_FIELDS = {
    "id",
    "status",
    "reason",
    "phone_number",
    "reference",
    "expires_in",
    "attempt",
    "flashcall",
    "code",
    "skipped",
    "next",
    "checks_left",
    "assurance_bits",
}


def test_a_flash_call_verifies_a_number(door: Door) -> None:
    """Start, ring, confirm: the answer carries a token that the published key checks."""
    started = door.start(reference="signup-42")
    door.world.pass_time(20)
    confirmed = door.confirm(started, door.seen_call())
    assert confirmed.status_code == 200
    view = confirmed.get_json()
    assert view["status"] == "verified"
    assert view.keys() == VIEW_FIELDS | {"token"}
    keys = jwt.PyJWKSet.from_dict(door.client.get("/.well-known/jwks.json").get_json())
    header = jwt.get_unverified_header(view["token"])
    claims = jwt.decode(
        view["token"],
        keys[header["kid"]],
        algorithms=["EdDSA"],
        audience=door.application_id,
        issuer=PUBLIC_URL,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert header["typ"] == "phone-verification+jwt"
    assert claims["phone_number"] == NUMBER
    assert claims["sub"] == started.id
    assert claims["reference"] == "signup-42"


def test_the_start_answers_the_whole_view(door: Door) -> None:
    """201, Location, the fields of the contract, the challenge, and a masked number."""
    verifier, challenge = door.world.pkce()
    response = door.post("/v1/verifications", {"phone_number": NUMBER, "code_challenge": challenge})
    assert response.status_code == 201
    view = response.get_json()
    assert response.headers["Location"] == f"/v1/verifications/{view['id']}"
    assert view.keys() == VIEW_FIELDS | {"challenge"}
    assert view["phone_number"] == "+44••••••0123"
    assert view["status"] == "pending"
    assert view["expires_in"] == 300
    assert view["attempt"].keys() == {"id", "channel", "status", "reason"}
    assert view["attempt"]["channel"] == "flashcall"
    assert view["attempt"]["status"] == "queued"
    assert view["flashcall"] == {
        "caller_id_pattern": {"prefix": "+44207946", "length": 13},
        "digits_to_type": 4,
        "calls": 1,
        "call": 1,
        "interception_timeout": 45,
        "report_timeout": 75,
        "ring_time": "check",
    }
    assert view["code"] is None
    assert view["next"]["check_in"] == 0
    assert view["next"]["automatic"] == {"channel": "sms", "in": 45}
    assert verifier not in response.text
    assert 'caller_id"' not in response.text


def test_a_wrong_answer_is_no_error(door: Door) -> None:
    """A mismatch is a 200 that says what is left."""
    started = door.start()
    door.world.pass_time(20)
    right = door.seen_call()["caller_id"]
    wrong = right[:-1] + str((int(right[-1]) + 1) % 10)
    response = door.confirm(started, {"channel": "flashcall", "caller_id": wrong})
    view = response.get_json()
    assert response.status_code == 200
    assert (view["status"], view["result"]) == ("pending", "mismatch")
    assert view["checks_left"] < started.view["checks_left"]
    assert "token" not in view


def test_the_sms_step_has_a_code_and_no_flash_call(door: Door) -> None:
    """After `next`, `code` tells the length and the code of the message verifies."""
    started = door.start()
    response = door.post(
        f"/v1/verifications/{started.id}/next",
        {"channel": "sms"},
        headers={"Ringproof-Challenge": started.challenge},
    )
    view = response.get_json()
    assert response.status_code == 200
    assert view["attempt"]["channel"] == "sms"
    assert view["flashcall"] is None
    assert view["code"] == {"length": 6}
    door.world.pass_time(5)
    evidence = {"channel": "sms", "code": door.world.code_seen(), "source": "manual"}
    assert door.confirm(started, evidence).get_json()["status"] == "verified"


def test_next_without_a_body_starts_the_next_step(door: Door) -> None:
    started = door.start()
    response = door.post(
        f"/v1/verifications/{started.id}/next", headers={"Ringproof-Challenge": started.challenge}
    )
    assert response.get_json()["attempt"]["channel"] == "sms"


def test_reports_are_taken_and_verify_nothing(door: Door) -> None:
    started = door.start()
    response = door.post(
        f"/v1/verifications/{started.id}/reports",
        {
            "kind": "seen",
            "caller_id": "+442079460018",
            "ring_ms": 5000,
            "basis": "call_log",
            "quality": "late",
        },
        headers={"Ringproof-Challenge": started.challenge},
    )
    assert response.status_code == 200
    assert response.get_json()["status"] == "pending"


def test_delete_cancels(door: Door) -> None:
    """DELETE answers the view, and nothing is offered any more."""
    started = door.start()
    response = door.client.delete(
        f"/v1/verifications/{started.id}",
        headers={"Authorization": f"Bearer {door.publishable}", "Ringproof-Challenge": started.challenge},
    )
    view = response.get_json()
    assert response.status_code == 200
    assert view["status"] == "cancelled"
    assert view["expires_in"] == 0
    assert view["next"] == {"check_in": None, "channels": {}, "automatic": None}


def test_only_a_secret_key_sees_attempts_and_trace(door: Door) -> None:
    """The back end sees what was decided, and still no caller ID, code or full number."""
    started = door.start()
    door.world.pass_time(20)
    mine = door.get(f"/v1/verifications/{started.id}", headers={"Ringproof-Challenge": started.challenge})
    theirs = door.get(f"/v1/verifications/{started.id}", key=door.secret)
    assert mine.get_json().keys() == VIEW_FIELDS
    view = theirs.get_json()
    assert view.keys() == VIEW_FIELDS | {"attempts", "trace"}
    assert view["attempts"][0]["carrier"] == "simulated"
    assert view["trace"]
    caller_id = door.seen_call()["caller_id"]
    for response in (mine, theirs):
        assert caller_id not in response.text
        assert NUMBER not in response.text


def test_a_reference_finds_verifications_for_a_secret_key_only(door: Door) -> None:
    started = door.start(reference="signup-42")
    found = door.get("/v1/verifications?reference=signup-42", key=door.secret)
    assert [view["id"] for view in found.get_json()["verifications"]] == [started.id]
    assert door.get("/v1/verifications?reference=signup-42").status_code == 403
    assert door.get("/v1/verifications", key=door.secret).status_code == 400
    assert door.get("/v1/verifications?reference=a&reference=b", key=door.secret).status_code == 400
    assert door.get("/v1/verifications?reference=%00", key=door.secret).status_code == 400


def test_an_idempotency_key_makes_a_repeat_harmless(door: Door) -> None:
    """The same key and body start one verification; another body is a conflict."""
    _, challenge = door.world.pkce()
    body = {"phone_number": NUMBER, "code_challenge": challenge}
    headers = {"Idempotency-Key": "k-1"}
    first = door.post("/v1/verifications", body, headers=headers).get_json()
    second = door.post("/v1/verifications", body, headers=headers).get_json()
    assert first["id"] == second["id"]
    assert first["challenge"] == second["challenge"]
    other = door.post("/v1/verifications", {**body, "phone_number": OTHER_NUMBER}, headers=headers)
    assert other.status_code == 409
    assert other.get_json()["type"] == "/problems/idempotency-conflict"


@pytest.mark.parametrize("key", ["", " ", "a b", "a" * 256, "ü", "tab\tinside"])
def test_an_idempotency_key_is_visible_ascii(door: Door, key: str) -> None:
    _, challenge = door.world.pkce()
    response = door.post(
        "/v1/verifications",
        {"phone_number": NUMBER, "code_challenge": challenge},
        headers={"Idempotency-Key": key},
    )
    assert response.status_code == 400
    assert response.get_json()["errors"][0]["field"] == "Idempotency-Key"


def test_a_publishable_key_needs_the_challenge(door: Door) -> None:
    """Without it, with another one's, or with an altered one nothing is told."""
    mine, other = door.start(), door.start(OTHER_NUMBER)
    path = f"/v1/verifications/{mine.id}"
    assert door.get(path).status_code == 400
    stolen = door.get(path, headers={"Ringproof-Challenge": other.challenge})
    assert stolen.status_code == 403
    assert stolen.get_json()["type"] == "/problems/challenge-invalid"
    altered = door.get(path, headers={"Ringproof-Challenge": mine.challenge[:-1] + "A"})
    assert altered.get_json()["type"] == "/problems/challenge-invalid"
    long = door.get(path, headers={"Ringproof-Challenge": "a" * 2049})
    assert long.status_code == 400


def test_a_verifier_of_another_start_is_refused(door: Door) -> None:
    mine, other = door.start(), door.start(OTHER_NUMBER)
    door.world.pass_time(20)
    response = door.confirm(mine, door.seen_call(), code_verifier=other.verifier)
    assert response.status_code == 403
    assert response.get_json()["type"] == "/problems/verifier-mismatch"


def test_an_expired_challenge_is_gone(door: Door) -> None:
    started = door.start()
    door.world.pass_time(301)
    response = door.confirm(started, {"channel": "sms", "code": "123456"})
    assert response.status_code == 410
    assert response.get_json()["type"] == "/problems/challenge-expired"


def test_the_same_reference_again_names_the_one_under_way(door: Door) -> None:
    started = door.start(reference="signup-42")
    _, challenge = door.world.pkce()
    response = door.post(
        "/v1/verifications",
        {"phone_number": NUMBER, "code_challenge": challenge, "reference": "signup-42"},
    )
    assert response.status_code == 409
    problem = response.get_json()
    assert problem["type"] == "/problems/concurrent-verification"
    assert problem["verification"] == started.id


def test_too_early_says_how_long_in_body_and_header(door: Door) -> None:
    """`Retry-After` is the same number of seconds as `retry_after`."""
    started = door.start()
    challenge = {"Ringproof-Challenge": started.challenge}
    door.post(f"/v1/verifications/{started.id}/next", {"channel": "sms"}, headers=challenge)
    response = door.post(f"/v1/verifications/{started.id}/next", {"channel": "sms"}, headers=challenge)
    assert response.status_code == 409
    problem = response.get_json()
    assert problem["type"] == "/problems/too-early"
    assert problem["retry_after"] > 0
    assert response.headers["Retry-After"] == str(problem["retry_after"])


def test_a_verification_of_another_application_is_not_found(door: Door) -> None:
    """Equal to one that does not exist."""
    started = door.start()
    made = door.world.server.administration.create_application("other", brand="Other")
    known = door.get(f"/v1/verifications/{started.id}", key=made.secret_key)
    unknown = door.get("/v1/verifications/vrf_00000000000000000000000000", key=made.secret_key)
    assert known.status_code == unknown.status_code == 404
    assert {**known.get_json(), "instance": ""} == {**unknown.get_json(), "instance": ""}


def test_every_error_of_the_domain_has_one_status() -> None:
    """The table of problems and the closed list of the domain are the same set."""
    assert PROBLEM_STATUS.keys() == {error.slug for error in CLIENT_ERRORS}
