"""Keys and addresses."""

from __future__ import annotations

from base64 import b64encode

import pytest
from flask import Flask

from ringproof_server.http.auth import client_address
from tests.server.http.conftest import Door, MakeDoor

ONE = "/v1/verifications/vrf_1"


def basic(name: str, password: str) -> str:
    return f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer rp_sk_",
        "Bearer rp_sk_" + "a" * 43,
        "Bearer rp_xx_" + "a" * 43,
        "Token rp_sk_" + "a" * 43,
        "Basic",
        "Basic !!!!",
        "Basic /////w==",
        "Bearer " + "a" * 10_000,
        "Bearer rp_sk_\xe9\xe9\xe9",
    ],
)
def test_without_a_known_key_nothing_is_answered(common_door: Door, header: str | None) -> None:
    """401 on every route of the contract, alike for every wrong key, and with the way to do it right."""
    headers = {} if header is None else {"Authorization": header}
    for method, path in _routes(common_door.app):
        response = common_door.client.open(path, method=method, headers=headers)
        assert response.status_code == 401, (method, path)
        assert response.get_json()["type"] == "/problems/unauthorized"
        assert response.headers["WWW-Authenticate"] == "Bearer"


def _routes(app: Flask) -> list[tuple[str, str]]:
    """Every method and path of the contract, taken from the routes themselves."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/v1/"):
            path = rule.rule.replace("<verification:verification_id>", "vrf_1")
            path = path.replace("<device:device_id>", "dev_1")
            found += [(method, path) for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}]
    assert len(found) == 11
    return found


def test_a_known_key_opens(common_door: Door) -> None:
    """As a Bearer token in any case of the word, or as name or password of Basic."""
    key = common_door.secret
    for header in (f"Bearer {key}", f"bearer  {key}", basic(key, ""), basic("anyone", key)):
        response = common_door.client.get(ONE, headers={"Authorization": header})
        assert response.status_code == 404


def test_a_revoked_key_is_unknown_within_seconds(door: Door) -> None:
    assert door.get(ONE, key=door.secret).status_code == 404
    administration = door.world.server.administration
    for key in administration.keys(door.application_id):
        administration.revoke_key(key.id)
    door.world.clock.move(6)
    assert door.get(ONE, key=door.secret).status_code == 401


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::1", "::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("192.0.2.7 5060", None),
        ("unknown", None),
        ("<script>", None),
        ("", None),
        (None, None),
    ],
)
def test_limits_count_by_a_network_that_one_subscriber_has(text: str | None, address: str | None) -> None:
    assert client_address(text) == address


def test_a_client_cannot_invent_its_address(door: Door) -> None:
    """Without a trusted proxy `X-Forwarded-For` is not looked at: the limit per address holds."""
    numbers = [f"+4477009001{number:02}" for number in range(12)]
    seen = []
    for position, number in enumerate(numbers):
        _, challenge = door.world.pkce()
        body = {"phone_number": number, "code_challenge": challenge}
        headers = {"X-Forwarded-For": f"192.0.2.{position}"}
        seen.append(door.post("/v1/verifications", body, headers=headers).status_code)
    assert seen == [201] * 10 + [429] * 2


def test_behind_a_trusted_proxy_its_word_counts_and_nobody_elses(make_door: MakeDoor) -> None:
    """The last entry is the proxy's own; what a client wrote before it changes nothing."""
    door = make_door(trusted_proxies=1)
    seen = []
    for position in range(12):
        _, challenge = door.world.pkce()
        body = {"phone_number": f"+4477009001{position:02}", "code_challenge": challenge}
        headers = {"X-Forwarded-For": f"192.0.2.{position}, 198.51.100.1"}
        seen.append(door.post("/v1/verifications", body, headers=headers).status_code)
    assert seen == [201] * 10 + [429] * 2
    _, challenge = door.world.pkce()
    body = {"phone_number": "+447700900199", "code_challenge": challenge}
    other = door.post("/v1/verifications", body, headers={"X-Forwarded-For": "198.51.100.2"})
    assert other.status_code == 201
