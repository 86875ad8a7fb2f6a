"""By which address a client is counted, whatever stands in front of the server."""

from __future__ import annotations

import pytest

from ringproof_server.http.auth import client_address
from tests.server.http.conftest import MakeDoor


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.7:5060", "192.0.2.7"),
        ("[2001:db8:1:2::7]", "2001:db8:1:2::"),
        ("[2001:db8:1:2::7]:443", "2001:db8:1:2::"),
        ("[::1]:443", "::1"),
        ("192.0.2.7:x", None),
        ("[192.0.2.7", None),
        ("[]", None),
    ],
)
def test_a_port_that_a_proxy_adds_does_not_hide_the_address(text: str, address: str | None) -> None:
    assert client_address(text) == address


@pytest.mark.parametrize("named", ["unknown", "_hidden-{}", "203.0.113.{}:99999999999"])
def test_who_cannot_be_told_apart_is_counted_together(make_door: MakeDoor, named: str) -> None:
    """A proxy that hides addresses must not switch the limits per address off."""
    door = make_door(trusted_proxies=1)
    seen = []
    for position in range(12):
        _, challenge = door.world.pkce()
        body = {"phone_number": f"+4477009001{position:02}", "code_challenge": challenge}
        headers = {"X-Forwarded-For": named.format(position)}
        seen.append(door.post("/v1/verifications", body, headers=headers).status_code)
    assert seen == [201] * 10 + [429] * 2
