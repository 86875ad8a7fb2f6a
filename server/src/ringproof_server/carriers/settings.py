"""Reading what an operator set for a carrier: one setting after the other, and every fault told at once.

A reader of one text returns its value or raises `ValueError` with the rest of a sentence that begins with the
setting's name and does not repeat the text: it may be a secret in the wrong place.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeVar
from urllib.parse import SplitResult, urlsplit

from ringproof_server.carriers.plugin import CarrierSettingsError

T = TypeVar("T")
D = TypeVar("D")

LONGEST_URL: Final = 2048
_VISIBLE: Final = re.compile(rf"[!-~]{{1,{LONGEST_URL}}}")


class SettingsReader:
    """Takes settings one by one, and remembers every fault and at last what nobody took.

    An empty text counts as not set.
    """

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._given = {name: text.strip() for name, text in settings.items()}
        self._known: set[str] = set()
        self.faults: list[str] = []

    def take(self, name: str, read: Callable[[str], T], default: D) -> T | D:
        """The value; the default where it is not set, and with a fault."""
        self._known.add(name)
        text = self._given.get(name)
        if not text:
            return default
        try:
            return read(text)
        except ValueError as fault:
            self.faults.append(f"{name} {fault}")
            return default

    def need(self, name: str, read: Callable[[str], T]) -> T | None:
        """The value; None with a fault, so that `finish` raises."""
        if not self._given.get(name):
            self.faults.append(f"{name} must be set")
        return self.take(name, read, None)

    def rest(self) -> dict[str, str]:
        """What nobody has taken."""
        return {name: text for name, text in self._given.items() if name not in self._known}

    def finish(self, carrier: str) -> None:
        """Raises `CarrierSettingsError` with every fault, names among them that the carrier does not know."""
        known = ", ".join(sorted(self._known))
        unknown = [f"{name} is unknown (known are: {known})" for name in sorted(self.rest())]
        if self.faults or unknown:
            raise CarrierSettingsError(carrier, (*self.faults, *unknown))


def matching(pattern: str, what: str) -> Callable[[str], str]:
    """Reads a text that is all as the pattern says, which is `what`."""
    compiled = re.compile(pattern)

    def read(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"is not {what}")
        return text

    return read


def switch(text: str) -> bool:
    if text.lower() in {"on", "true", "yes", "1"}:
        return True
    if text.lower() in {"off", "false", "no", "0"}:
        return False
    raise ValueError("must be on or off")


def address_for_secrets(text: str) -> SplitResult:
    """The parts of an address that credentials, numbers and codes may go to: by https, or on this machine."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if parts.scheme not in {"http", "https"} or not host or parts.fragment or not _VISIBLE.fullmatch(text):
        raise ValueError("is not an http(s) URL")
    if "@" in parts.netloc:
        raise ValueError("must hold no credentials")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError("must begin with https unless it leads to this machine, since secrets go there")
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
