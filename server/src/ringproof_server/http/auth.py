"""Keys to callers. A blueprint of this kind hands every view its caller, so that none can do without."""

from __future__ import annotations

import binascii
import ipaddress
import re
from base64 import b64decode
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Final

from flask import Blueprint, Response, request

from ringproof_server.domain.errors import Unauthorized
from ringproof_server.http.cors import Cors
from ringproof_server.http.exchange import exchange_of
from ringproof_server.service.access import AccessService

LONGEST_HEADER: Final = 512
UNTOLD: Final = "unknown"
"""The one address of all clients whose own cannot be read, so that hiding it lifts no limit."""

_HOME_NETWORK: Final = 64
_WITH_PORT: Final = re.compile(r"\[([^\[\]]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")


class KeyedBlueprint(Blueprint):
    """Routes that nobody reaches without a key, nor from a web page of a stranger's.

    Every view gets the `Caller` as its first argument.
    """

    def __init__(self, name: str, import_name: str, access: AccessService, cors: Cors) -> None:
        super().__init__(name, import_name)
        self._access = access
        self._cors = cors

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        """Like Flask's; the view is wrapped."""
        assert view_func is not None
        guarded = self._guarded(view_func)
        super().add_url_rule(rule, endpoint, guarded, provide_automatic_options, **options)

    def _guarded(self, view: Callable[..., Response]) -> Callable[..., Response]:
        access, cors = self._access, self._cors

        @wraps(view)
        def guarded(**arguments: Any) -> Response:
            environ = request.environ
            key = _key(environ.get("HTTP_AUTHORIZATION"))
            caller = access.caller(key, client_address(environ.get("REMOTE_ADDR")) or UNTOLD)
            exchange_of(environ).caller = caller
            origin = environ.get("HTTP_ORIGIN")
            if origin is not None:
                cors.check(origin, caller)
            return view(caller, **arguments)

        return guarded


@lru_cache(maxsize=10_000)
def client_address(text: str | None) -> str | None:
    """The network address that limits are counted by; None if `text` is none.

    Of an IPv6 address it is the /64 network: every subscriber has one at least (RFC 6177), so a single
    address would be no limit. Some proxies write the port behind it, which is left out.
    """
    found = _WITH_PORT.fullmatch(text or "")
    try:
        address = ipaddress.ip_address((found[1] or found[2]) if found else (text or ""))
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
