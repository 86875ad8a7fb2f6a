"""Web pages of other origins."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from ringproof_server.service.access import KEPT_FOR
from tests.server.http.conftest import ORIGIN, Door, MakeDoor
from tests.support.world import NUMBER, PUBLIC_URL

START = "/v1/verifications"
STRANGER = "https://evil.example"


def preflight(door: Door, origin: str, path: str = START) -> TestResponse:
    return door.client.options(
        path,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type",
        },
    )


def start(door: Door, origin: str, key: str | None = None) -> TestResponse:
    _, challenge = door.world.pkce()
    body = {"phone_number": NUMBER, "code_challenge": challenge}
    return door.post(START, body, key=key, headers={"Origin": origin})


def test_an_origin_of_the_application_may_call(door: Door) -> None:
    """Preflight without a key, then the request; both name that origin only, and no credentials."""
    asked = preflight(door, ORIGIN)
    assert asked.status_code == 204
    assert asked.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]
    for header in ("Authorization", "Content-Type", "Idempotency-Key", "Ringproof-Challenge"):
        assert header in asked.headers["Access-Control-Allow-Headers"]
    started = start(door, ORIGIN)
    assert started.status_code == 201
    assert started.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Origin" in started.headers["Vary"]
    assert "Location" in started.headers["Access-Control-Expose-Headers"]
    for response in (asked, started):
        assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize(
    "origin",
    [
        STRANGER,
        "null",
        "",
        "*",
        ORIGIN + ".evil.example",
        ORIGIN.upper(),
        "http://shop.example",
        "https://" + "a" * 999,
    ],
)
def test_any_other_origin_is_refused(door: Door, origin: str) -> None:
    """Neither the preflight nor the request is granted, and nothing is started."""
    asked = preflight(door, origin)
    assert "Access-Control-Allow-Origin" not in asked.headers
    refused = start(door, origin)
    assert refused.status_code == 403
    assert refused.get_json()["type"] == "/problems/forbidden"
    assert "Access-Control-Allow-Origin" not in refused.headers


def test_an_origin_of_another_application_passes_the_preflight_only(door: Door) -> None:
    door.world.server.administration.create_application("other", brand="Other", allowed_origins=[STRANGER])
    assert preflight(door, STRANGER).headers["Access-Control-Allow-Origin"] == STRANGER
    refused = start(door, STRANGER)
    assert refused.status_code == 403
    assert "Access-Control-Allow-Origin" not in refused.headers


def test_a_refusal_can_be_read_by_the_page_that_caused_it(door: Door) -> None:
    """A wrong key is told to a page of a known origin as a problem, not as a network error."""
    response = start(door, ORIGIN, key="rp_pk_" + "a" * 43)
    assert response.status_code == 401
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN


def test_our_own_pages_may_call(door: Door) -> None:
    assert start(door, PUBLIC_URL).status_code == 201


def test_on_loopback_every_name_of_it_is_our_own(make_door: MakeDoor) -> None:
    door = make_door(public_url="http://127.0.0.1:8000")
    for origin in ("http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"):
        assert preflight(door, origin).headers["Access-Control-Allow-Origin"] == origin
    assert start(door, "http://localhost:8000").status_code == 201
    assert start(door, "http://localhost:9000").status_code == 403


def test_an_application_that_has_just_been_made_is_known_within_seconds(door: Door) -> None:
    assert "Access-Control-Allow-Origin" not in preflight(door, STRANGER).headers
    door.world.server.administration.create_application("other", brand="Other", allowed_origins=[STRANGER])
    door.world.clock.move(KEPT_FOR.total_seconds() + 0.001)
    assert preflight(door, STRANGER).headers["Access-Control-Allow-Origin"] == STRANGER


def test_a_changed_origin_counts_as_soon_as_a_revoked_key(door: Door) -> None:
    """For the preflight and for the request: what is added within seconds, what is removed as well."""
    administration = door.world.server.administration
    found = administration.application("shop")
    assert "Access-Control-Allow-Origin" not in preflight(door, STRANGER).headers
    assert start(door, STRANGER).status_code == 403
    administration.add_origins(found.id, [STRANGER])
    door.world.clock.move(KEPT_FOR.total_seconds() + 0.001)
    for origin in (STRANGER, ORIGIN):
        assert preflight(door, origin).headers["Access-Control-Allow-Origin"] == origin
    assert start(door, STRANGER).headers["Access-Control-Allow-Origin"] == STRANGER
    administration.remove_origins(found.id, [STRANGER])
    door.world.clock.move(KEPT_FOR.total_seconds() + 0.001)
    assert "Access-Control-Allow-Origin" not in preflight(door, STRANGER).headers
    refused = start(door, STRANGER)
    assert refused.status_code == 403
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert preflight(door, ORIGIN).headers["Access-Control-Allow-Origin"] == ORIGIN


def test_preflights_are_for_the_contract_only(door: Door) -> None:
    """Handsets, carriers and health are not for pages of other origins."""
    for path in ("/livez", f"/handset/{NUMBER}/behaviour", "/carriers/simulated/events"):
        answer = preflight(door, ORIGIN, path)
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


def test_keys_are_for_every_page(door: Door) -> None:
    response = door.client.get("/.well-known/jwks.json", headers={"Origin": STRANGER})
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cache-Control"] == "public, max-age=300"
