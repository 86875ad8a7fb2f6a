"""What an operator sets about a Restcomm account."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from ringproof_server.carriers.plugin import CarrierSettingsError

_KNOWN: Final = ("account_sid", "auth_token", "base_url", "sms_from")
_SID: Final = re.compile(r"[A-Za-z0-9]{2,64}")
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RestcommSettings:
    """`base_url` is the server without the path of its API and without a slash at its end.

    `sms_from` is the account's own number (E.164) that text messages come from, None if it sends none.
    """

    base_url: str
    account_sid: str
    auth_token: str = field(repr=False)
    sms_from: str | None = field(default=None, repr=False)


def read_settings(settings: Mapping[str, str]) -> RestcommSettings:
    """Raises `CarrierSettingsError` with every fault at once; no message repeats a value."""
    faults: list[str] = []

    def take(name: str, check: Callable[[str], str | None], *, required: bool = True) -> str:
        text = settings.get(name, "")
        fault = check(text) if text else ("must be set" if required else None)
        if fault is not None:
            faults.append(f"{name} {fault}")
        return text

    found = RestcommSettings(
        base_url=take("base_url", _base_url).rstrip("/"),
        account_sid=take("account_sid", _account_sid),
        auth_token=take("auth_token", _auth_token),
        sms_from=take("sms_from", _number, required=False) or None,
    )
    known = ", ".join(_KNOWN)
    faults += [f"{name} is unknown (known are: {known})" for name in sorted(set(settings) - set(_KNOWN))]
    if faults:
        raise CarrierSettingsError("restcomm", tuple(faults))
    return found


def _base_url(text: str) -> str | None:
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment:
        return "is not the http(s) URL of a server"
    if parts.username is not None or parts.password is not None:
        return "must hold no credentials; they have settings of their own"
    if parts.path.rstrip("/").endswith(("/restcomm", "/restcomm/2012-04-24")):
        return "must not hold the path of the API, which begins with /restcomm"
    if parts.scheme == "http" and not _is_loopback(host):
        return "must begin with https, since the token goes with every request"
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _account_sid(text: str) -> str | None:
    return None if _SID.fullmatch(text) else "is not an account's SID such as AC and 32 hexadecimal digits"


def _auth_token(text: str) -> str | None:
    fits = len(text) <= 256 and text.isascii() and text.isprintable() and " " not in text
    return None if fits else "is not a token of visible ASCII characters"


def _number(text: str) -> str | None:
    return None if _E164.fullmatch(text) else "is not a number with + and country code"
