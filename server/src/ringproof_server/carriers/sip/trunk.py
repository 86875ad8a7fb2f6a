"""SIP trunks: who takes our calls, and how they want to see them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

DEFAULT_PORT: Final = 5060

_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_]{0,29}")
_USERNAME: Final = re.compile(r"[A-Za-z0-9._+@~!*-]{1,64}")
_PREFIX: Final = re.compile(r"[0-9+*#]{0,10}")


class Identity(StrEnum):
    """Where a trunk wants the caller ID: in `From`, in `P-Asserted-Identity` (RFC 3325), or in both."""

    FROM = "from"
    ASSERTED = "asserted"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """One gateway, by UDP. `domain` is what stands behind the `@` of the caller; our own address without it.

    `prefix` and `caller_prefix` stand before the digits of a number instead of its `+`. With `pings` the
    trunk is asked by OPTIONS whether it is there.
    """

    name: str
    host: str
    port: int = DEFAULT_PORT
    domain: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    identity: Identity = Identity.FROM
    prefix: str = "+"
    caller_prefix: str = "+"
    pings: bool = True

    def called(self, number: str) -> str:
        """The user part of the address that is called, from an E.164 number."""
        return self.prefix + number.removeprefix("+")

    def caller(self, number: str) -> str:
        """The user part of the caller ID, from an E.164 number."""
        return self.caller_prefix + number.removeprefix("+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Credentials: those of one trunk by its name, and those that serve for all others."""

    username: str | None = None
    domain: str | None = None
    password: str | None = field(default=None, repr=False)
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)


def read_trunks(text: str, accounts: Accounts, faults: list[str]) -> tuple[Trunk, ...]:
    """The trunks in a comma list, in the order in which they are tried.

    Each is `host[:port]` with options `;key=value`. What is wrong is added to `faults`, and no fault repeats
    a value.
    """
    reader = _TrunkReader(accounts, faults)
    trunks = [reader.read(part.strip(), place) for place, part in enumerate(text.split(","), 1)]
    found = tuple(trunk for trunk in trunks if trunk is not None)
    names = [trunk.name for trunk in found]
    faults.extend(
        f"trunk: the name {name} is given twice" for name in sorted(set(names)) if names.count(name) > 1
    )
    faults.extend(
        f"password_{name}: there is no trunk of this name"
        for name in sorted(accounts.passwords)
        if name not in names
    )
    return found


class _TrunkReader:
    def __init__(self, accounts: Accounts, faults: list[str]) -> None:
        self._accounts = accounts
        self._faults = faults

    def read(self, text: str, place: int) -> Trunk | None:
        where = f"trunk: number {place}"
        address, *options = text.split(";")
        found = self._options(options, where)
        server = read_address(address)
        if server is None:
            self._faults.append(f"{where} does not begin with a host or host:port")
            return None
        name = found.get("name", f"trunk{place}")
        username = found.get("username", self._accounts.username)
        password = self._accounts.passwords.get(name, self._accounts.password)
        if username is not None and password is None:
            self._faults.append(f"{where} has a username but no password (password_{name} or password)")
        if username is None and name in self._accounts.passwords:
            self._faults.append(f"{where} has a password but no username")
        return Trunk(
            name=name,
            host=server[0],
            port=server[1] or DEFAULT_PORT,
            domain=found.get("domain", self._accounts.domain),
            username=username,
            password=None if username is None else password,
            identity=Identity(found.get("identity", Identity.FROM)),
            prefix=found.get("prefix", "+"),
            caller_prefix=found.get("caller_prefix", "+"),
            pings=found.get("ping", "on") == "on",
        )

    def _options(self, options: list[str], where: str) -> dict[str, str]:
        """Those that can be used; the others become faults."""
        found: dict[str, str] = {}
        for option in options:
            name, equals, value = option.strip().partition("=")
            form = _OPTIONS.get(name)
            if not equals or form is None:
                self._faults.append(
                    f"{where} has an option that is not one of: {', '.join(sorted(_OPTIONS))}"
                )
            elif name in found:
                self._faults.append(f"{where} has the option {name} twice")
            elif form.fullmatch(value) is None:
                self._faults.append(f"{where} has a value of {name} that cannot be used")
            else:
                found[name] = value
        return found


_OPTIONS: Final[dict[str, re.Pattern[str]]] = {
    "name": _NAME,
    "domain": _HOST,
    "username": _USERNAME,
    "identity": re.compile("|".join(Identity)),
    "prefix": _PREFIX,
    "caller_prefix": _PREFIX,
    "ping": re.compile("on|off"),
}


def read_address(text: str) -> tuple[str, int | None] | None:
    """`host` or `host:port` taken apart; None if it is neither."""
    host, colon, port = text.partition(":")
    if _HOST.fullmatch(host) is None or (colon and re.fullmatch(r"[0-9]{1,5}", port) is None):
        return None
    number = int(port) if colon else None
    return None if number is not None and number > 65535 else (host, number)


def is_username(text: str) -> bool:
    """Whether this may stand in a digest and in an address without being escaped."""
    return _USERNAME.fullmatch(text) is not None


def is_host(text: str) -> bool:
    return _HOST.fullmatch(text) is not None
