"""Keys to callers. Attached to a whole blueprint, so that no endpoint of it can be forgotten."""

from __future__ import annotations

import binascii
import ipaddress
from base64 import b64decode
from functools import lru_cache
from typing import Final, cast

from flask import Blueprint, g, request

from ringproof_server.domain.application import Caller
from ringproof_server.domain.errors import Unauthorized
from ringproof_server.service.access import AccessService

LONGEST_HEADER: Final = 512
_HOME_NETWORK: Final = 64


def require_key(blueprint: Blueprint, access: AccessService) -> None:
    """Let nothing of this blueprint run without the key of a caller."""

    def authenticate() -> None:
        caller = access.caller(
            _key(request.headers.get("Authorization")), client_address(request.remote_addr)
        )
        g.caller = caller
        g.application = caller.application.id

    blueprint.before_request(authenticate)


def current_caller() -> Caller:
    """Who makes the present request; only within blueprints that require a key."""
    return cast("Caller", g.caller)


@lru_cache(maxsize=10_000)
def client_address(text: str | None) -> str | None:
    """The network address that limits are counted by; None if `text` is none.

    Of an IPv6 address it is the /64 network: every subscriber has one at least (RFC 6177), so a single
    address would be no limit.
    """
    try:
        address = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    if address.is_loopback:
        return str(address)
    return str(ipaddress.ip_network((address.packed, _HOME_NETWORK), strict=False).network_address)


def _key(header: str | None) -> str:
    """The key of a Bearer header (RFC 6750), or the password, else the name, of a Basic one (RFC 7617)."""
    if header is None:
        raise Unauthorized("A key is needed: Authorization: Bearer rp_…")
    scheme, _, value = header.partition(" ")
    if len(header) > LONGEST_HEADER or not header.isascii():
        raise Unauthorized("The key is not one of this server")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        return _from_basic(value.strip())
    raise Unauthorized("A key is needed: Authorization: Bearer rp_…")


def _from_basic(value: str) -> str:
    try:
        name, _, password = b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Unauthorized("The key is not one of this server") from None
    return password or name
