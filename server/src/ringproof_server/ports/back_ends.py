"""The back ends of applications, which hear of verifications and may decide about their starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ringproof_server.domain.channel import Channel
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports.storage import OutboxItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Where a request to an application's back end goes; it is signed with every one of the secrets."""

    url: str = field(repr=False)
    secrets: Sequence[str] = field(repr=False)


class Delivery(StrEnum):
    """What came of sending an event. `gone` means that the receiver wants no more, ever."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    BLOCKED = "blocked"
    """Not sent, because the receiver's address is one that nothing is sent to."""
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Receipt:
    """`status` is the receiver's HTTP status where it gave one."""

    delivery: Delivery
    status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartQuestion:
    """What an application is asked before a verification starts. `address` is the client's, where it counts.

    `channels` are those that would be tried, in this order.
    """

    id: str
    at: datetime
    number: PhoneNumber = field(repr=False)
    channels: Sequence[Channel]
    reference: str | None
    language: str | None
    address: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartDecision:
    """What an application decided: nothing else than to `allow` a start, on these `channels` if it names any,
    with these `limits` by the names of `Policy`."""

    allow: bool
    channels: Sequence[Channel] | None = None
    limits: Mapping[str, float] = field(default_factory=dict)


class Undecided(Exception):
    """An application gave no answer in time, or none that can be used; the message is one of a few words."""


class Webhooks(Protocol):
    """Sends to the back ends of applications. Waits, but never for longer than it was told."""

    def deliver(self, receiver: Receiver, item: OutboxItem, now: datetime) -> Receipt:
        """Send an event once."""
        ...

    def ask(self, receiver: Receiver, question: StartQuestion, timeout: float) -> StartDecision:
        """Ask about a start; the whole of it takes at most `timeout` seconds. Raises `Undecided`."""
        ...
