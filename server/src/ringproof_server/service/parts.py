"""What the services are built from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from ringproof_server.domain.routing import Routes
from ringproof_server.ports import (
    Carrier,
    Clock,
    Metrics,
    Random,
    RateLimiter,
    Seals,
    Storage,
    Tokens,
    Webhooks,
)

Log = Callable[..., None]
"""Takes a constant event name and fields without numbers, codes or credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceConfig:
    """`fictitious_until` is the last day on which fictitious numbers are served, None if they never are.

    `claim_lease` is how many seconds an attempt may stay claimed before another process asks the carrier what
    became of it; it must be longer than a carrier may take to place it and to find it again, both. Waiting
    for a carrier is not part of it, since an attempt is claimed when its turn has come. `counts_loopback` is
    whether requests from this machine count against the limits per address. `queue_limit` bounds the attempts
    that wait. `routes` are the countries whose numbers go another way than `Parts.carriers` in their order.
    `private_webhooks` is whether the back ends of applications may have other than public addresses.
    """

    public_url: str
    fictitious_until: date | None = None
    claim_lease: float = 45.0
    counts_loopback: bool = True
    queue_limit: int = 10_000
    routes: Routes = field(default_factory=Routes)
    private_webhooks: bool = False


class Wakeup:
    """Tells this process's background threads that there is work; they find the work in the database."""

    def __init__(self) -> None:
        self._dispatch: Callable[[str], None] | None = None
        self._deadlines: Callable[[datetime], None] | None = None
        self._outbox: Callable[[], None] | None = None

    def connect(
        self,
        dispatch: Callable[[str], None],
        deadlines: Callable[[datetime], None],
        outbox: Callable[[], None] | None = None,
    ) -> None:
        self._dispatch = dispatch
        self._deadlines = deadlines
        self._outbox = outbox

    def attempt_queued(self, attempt_id: str) -> None:
        if self._dispatch is not None:
            self._dispatch(attempt_id)

    def deadline_set(self, at: datetime) -> None:
        if self._deadlines is not None:
            self._deadlines(at)

    def event_written(self) -> None:
        if self._outbox is not None:
            self._outbox()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """`carriers` are in the order in which they are tried where `config.routes` has no other."""

    storage: Storage
    clock: Clock
    random: Random
    seals: Seals
    tokens: Tokens
    limiter: RateLimiter
    carriers: Mapping[str, Carrier]
    metrics: Metrics
    webhooks: Webhooks
    config: ServiceConfig
    wakeup: Wakeup
