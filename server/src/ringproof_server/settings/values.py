"""How the text of one variable becomes a value; each raises ValueError with the rest of a sentence."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import date
from typing import Final, Literal, TypeVar
from urllib.parse import urlsplit

import phonenumbers

from ringproof_server.settings.secret import Secret

SHORTEST_KEY: Final = 32
FEWEST_DIFFERENT_CHARACTERS: Final = 8
KEY_COMMAND: Final = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"

T = TypeVar("T")
LogFormat = Literal["console", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]


def parts(text: str) -> list[str]:
    found = [part.strip() for part in text.split(",")]
    if not all(found):
        raise ValueError("must be a list of values with commas between them")
    return found


def one_of(known: tuple[T, ...]) -> Callable[[str], T]:
    def read(text: str) -> T:
        for value in known:
            if text.lower() == str(value):
                return value
        raise ValueError(f"must be one of {', '.join(str(value) for value in known)}")

    return read


_LOG_LEVELS: Final[tuple[LogLevel, ...]] = ("debug", "info", "warning", "error")
_LOG_FORMATS: Final[tuple[LogFormat, ...]] = ("console", "json")
log_level = one_of(_LOG_LEVELS)
log_format = one_of(_LOG_FORMATS)


def integer(text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 12:
        raise ValueError("must be a whole number")
    return int(text)


def real(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("must be a number") from None


def whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = integer(text)
        if not low <= value <= high:
            raise ValueError(f"must be a whole number between {low} and {high}")
        return value

    return read


def publishable_key(text: str) -> Secret:
    if not text.startswith("rp_pk_"):
        raise ValueError("must be a publishable key, which begins with rp_pk_")
    return Secret(text)


def switch(text: str) -> bool:
    if text.lower() in {"on", "true", "yes", "1"}:
        return True
    if text.lower() in {"off", "false", "no", "0"}:
        return False
    raise ValueError("must be on or off")


def secret_key(text: str) -> Secret:
    if len(text) < SHORTEST_KEY:
        raise ValueError(f"must have at least {SHORTEST_KEY} characters; make one with: {KEY_COMMAND}")
    if len(set(text)) < FEWEST_DIFFERENT_CHARACTERS:
        raise ValueError(f"must be random; make one with: {KEY_COMMAND}")
    return Secret(text)


def url(*schemes: str) -> Callable[[str], Secret]:
    """A URL that may hold a password, so neither it nor its parts appear in a message."""

    def read(text: str) -> Secret:
        scheme, separator, rest = text.partition("://")
        if not separator or not rest or scheme.split("+", 1)[0] not in schemes:
            raise ValueError(f"must be a URL that starts with {' or '.join(f'{s}://' for s in schemes)}")
        return Secret(text)

    return read


def public_url(text: str) -> str:
    try:
        address = urlsplit(text)
    except ValueError:
        address = urlsplit("")
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise ValueError("must be a URL such as https://verify.example.com")
    if address.username or address.password or address.query or address.fragment:
        raise ValueError("must have neither credentials nor query nor fragment")
    if address.scheme == "http" and not is_loopback(address.hostname):
        raise ValueError("must start with https:// unless its host is a loopback address")
    try:
        _ = address.port
    except ValueError:
        raise ValueError("must have a port between 0 and 65535") from None
    return text.rstrip("/")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host(text: str) -> str:
    if any(character.isspace() or character in "/:@" for character in text.strip("[]").replace(":", "")):
        raise ValueError("must be a host name or an IP address")
    return text


def carriers(text: str) -> tuple[str, ...]:
    names = tuple(name.lower() for name in parts(text))
    if len(set(names)) != len(names):
        raise ValueError("must name each carrier once")
    if not all(name.isidentifier() and name.isascii() for name in names):
        raise ValueError("must be a list of carrier names with commas between them")
    return names


def countries(text: str) -> tuple[str, ...]:
    if text == "*":
        return ("*",)
    regions = tuple(part.upper() for part in parts(text))
    unknown = [region[:8] for region in regions if region not in phonenumbers.SUPPORTED_REGIONS]
    if unknown:
        raise ValueError(f"must be * or two-letter country codes; unknown: {', '.join(unknown)}")
    return regions


def fictitious(text: str) -> date | None:
    if text.lower() == "off":
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("must be off or the last day on which they are served, such as 2027-01-31") from None
