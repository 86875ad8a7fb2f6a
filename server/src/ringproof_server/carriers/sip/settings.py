"""What an operator sets for the carrier `sip`, read all at once."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ringproof_server.carriers.plugin import CarrierSettingsError
from ringproof_server.carriers.sip.address import AgentAddress, read_agent_address
from ringproof_server.carriers.sip.trunk import (
    DEFAULT_PORT,
    Accounts,
    Trunk,
    is_host,
    is_username,
    read_address,
    read_trunks,
)

Network = ipaddress.IPv4Network

PASSWORD_OF: Final = "password_"  # noqa: S105  (a name)
KEYS: Final = ("agent", "domain", "local_address", "password", "sources", "trunk", "username")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalAddress:
    """Where the agent sends from and listens: an IPv4 address; None: the one that leads to the trunk."""

    host: str | None = None
    port: int = DEFAULT_PORT


@dataclass(frozen=True, slots=True, kw_only=True)
class SipSettings:
    """`trunks` are tried in order. `agents` are those that the operator runs; without any the server starts
    its own. `sources` are networks that are listened to besides the trunks' own addresses."""

    trunks: tuple[Trunk, ...] = ()
    local: LocalAddress = LocalAddress()
    agents: tuple[AgentAddress, ...] = ()
    sources: tuple[Network, ...] = ()


def read_settings(settings: Mapping[str, str], *, for_agent: bool = False) -> SipSettings:
    """The settings of this carrier, by their names in lower case without prefix.

    An empty value counts as not set. `for_agent` says that they are read for an agent itself, which needs
    trunks in any case. Raises `CarrierSettingsError` with every fault at once; no fault repeats a value.
    """
    settings = {name: value for name, value in settings.items() if value}
    faults = [
        f"{name} is unknown (known are: {', '.join(KEYS)})"
        for name in sorted(settings)
        if not _is_known(name)
    ]
    accounts = _accounts(settings, faults)
    agents = _agents(settings.get("agent"), faults)
    trunks: tuple[Trunk, ...] = ()
    if "trunk" in settings:
        trunks = read_trunks(settings["trunk"], accounts, faults)
    elif for_agent or not agents:
        faults.append("trunk must be set, such as sip.example.net or 192.0.2.10:5060;identity=asserted")
    local = _local_address(settings.get("local_address"), faults)
    sources = _sources(settings.get("sources"), faults)
    if faults:
        raise CarrierSettingsError("sip", tuple(faults))
    return SipSettings(trunks=trunks, local=local, agents=agents, sources=sources)


def _is_known(name: str) -> bool:
    return name in KEYS or (name.startswith(PASSWORD_OF) and len(name) > len(PASSWORD_OF))


def _accounts(settings: Mapping[str, str], faults: list[str]) -> Accounts:
    username, domain = settings.get("username"), settings.get("domain")
    if username is not None and not is_username(username):
        faults.append("username holds characters that cannot stand in a SIP account")
    if domain is not None and not is_host(domain):
        faults.append("domain is not a host name")
    passwords = {
        name.removeprefix(PASSWORD_OF): value
        for name, value in settings.items()
        if name.startswith(PASSWORD_OF)
    }
    faults.extend(
        f"{name} holds characters that cannot be typed"
        for name, value in settings.items()
        if (name == "password" or name.startswith(PASSWORD_OF)) and not value.isprintable()
    )
    return Accounts(username=username, domain=domain, password=settings.get("password"), passwords=passwords)


def _agents(text: str | None, faults: list[str]) -> tuple[AgentAddress, ...]:
    if text is None:
        return ()
    found = [read_agent_address(part.strip()) for part in text.split(",")]
    if None in found or any(address is not None and address.path is not None for address in found):
        faults.append("agent is not a comma list of addresses such as tcp://10.0.0.5:7070")
    return tuple(address for address in found if address is not None)


def _local_address(text: str | None, faults: list[str]) -> LocalAddress:
    if text is None:
        return LocalAddress()
    found = read_address(text)
    if found is None or not _is_own_address(found[0]):
        faults.append(
            "local_address is not one IPv4 address of this machine, such as 192.0.2.7 or 192.0.2.7:5060"
        )
        return LocalAddress()
    return LocalAddress(host=found[0], port=DEFAULT_PORT if found[1] is None else found[1])


def _is_own_address(text: str) -> bool:
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return not (address.is_unspecified or address.is_multicast)


def _sources(text: str | None, faults: list[str]) -> tuple[Network, ...]:
    if text is None:
        return ()
    try:
        return tuple(ipaddress.IPv4Network(part.strip()) for part in text.split(","))
    except ValueError:
        faults.append("sources is not a comma list of IPv4 networks such as 192.0.2.0/24")
        return ()
