"""What an application's own back end is told and asked, and where it listens."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from ringproof_server.domain.attempt import AttemptState
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.verification import Status

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

LONGEST_URL: Final = 2000
LONGEST_HOOK_TIMEOUT: Final = 2.0
"""Seconds for which a start may wait for an application's own decision."""

_AZURE_HOST: Final = ipaddress.ip_address("168.63.129.16")
"""A public address that leads to the machine's own host inside Azure (learn.microsoft.com: "What is IP
address 168.63.129.16?")."""
_UNICAST: Final = ipaddress.ip_network("2000::/3")
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses as a network without IPv4 sees them (RFC 6052)."""


class EventKind(StrEnum):
    """What can have happened, by the name that it goes out under."""

    STARTED = "verification.started"
    VERIFIED = "verification.verified"
    FAILED = "verification.failed"
    EXPIRED = "verification.expired"
    CANCELLED = "verification.cancelled"
    ATTEMPT_UPDATED = "attempt.updated"


ENDINGS: Final[dict[Status, EventKind]] = {
    Status.VERIFIED: EventKind.VERIFIED,
    Status.FAILED: EventKind.FAILED,
    Status.EXPIRED: EventKind.EXPIRED,
    Status.CANCELLED: EventKind.CANCELLED,
}


class OnTimeout(StrEnum):
    """What happens to a start for which the application does not decide in time."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSecret:
    """A signing secret, encrypted by the server's own; it signs until `retires_at`, None for ever."""

    sealed: str = field(repr=False)
    retires_at: datetime | None = None

    def signs_at(self, now: datetime) -> bool:
        return self.retires_at is None or now < self.retires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where events go. `disabled_at` is when the receiver said that it is gone for good."""

    url: str = field(repr=False)
    secrets: tuple[SealedSecret, ...]
    disabled_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.disabled_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """Where the application decides about each start, within `timeout` seconds."""

    url: str = field(repr=False)
    secrets: tuple[SealedSecret, ...]
    timeout: float = 1.0
    on_timeout: OnTimeout = OnTimeout.ALLOW

    def __post_init__(self) -> None:
        if not 0.1 <= self.timeout <= LONGEST_HOOK_TIMEOUT:
            raise ValueError(f"the timeout must be between 0.1 and {LONGEST_HOOK_TIMEOUT:g} seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFacts:
    """An attempt as it stood when something happened; without the caller ID, which is evidence."""

    id: str
    channel: Channel
    status: AttemptState
    reason: Reason | None
    step: int
    call: int
    carrier: str | None
    queued_at: datetime
    accepted_at: datetime | None
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    ring_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A verification as it stood when something happened, without its number: that is kept in one place.

    `channel`, `guess_probability` and `token_id` say how it was proved, None unless it was. `attempt` is the
    one that the event is about, for events of a verification the latest.
    """

    at: datetime
    status: Status
    reason: Reason | None
    reference: str | None
    created_at: datetime
    expires_at: datetime
    finished_at: datetime | None
    channel: Channel | None
    guess_probability: float | None
    token_id: str | None
    attempt: AttemptFacts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a verification and that its application wants to know."""

    application_id: str
    verification_id: str
    kind: EventKind
    facts: Facts


def check_url(url: str, *, private: bool) -> str:
    """The URL if requests may go there.

    Without `private` it must begin with https and must not name an address that is not of the public
    Internet; with it, loopback may do without https. What a name resolves to is judged when it is used.
    Raises `ValueError` with the rest of a sentence.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    whole = url.isascii() and url.isprintable() and " " not in url and len(url) <= LONGEST_URL
    if parts.scheme not in {"http", "https"} or not host or parts.fragment or not whole:
        raise ValueError("is not an http(s) URL")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must hold no credentials; requests are signed")
    address = literal_address(host)
    is_loopback = host == "localhost" or (address is not None and address.is_loopback)
    if parts.scheme == "http" and not is_loopback:
        raise ValueError("must begin with https, since phone numbers go there")
    if not private and (is_loopback or (address is not None and not is_public(address))):
        raise ValueError("must not lead to a private address; the operator may allow that")
    return url


def literal_address(host: str) -> IpAddress | None:
    """The address that a host is when it is no name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_public(address: IpAddress) -> bool:
    """Whether an address belongs to the public Internet, whatever notation it hides in."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _inner(address)
        if inner is not None:
            return is_public(inner)
        return address in _UNICAST and address.is_global
    return address.is_global and not address.is_multicast and address != _AZURE_HOST


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a packet to this one ends up at: mapped, 6to4, Teredo or NAT64."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
