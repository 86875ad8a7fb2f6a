"""A world whose carriers obey the test: it decides what they answer, and what they say in which order."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ringproof_server.domain.attempt import Attempt, AttemptEvent
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.ports import Carrier
from ringproof_server.service.spoken import SpokenDocument
from tests.support import leaks
from tests.support.carriers import ObedientCarrier, Orders, callback
from tests.support.world import Process, Session, World

CHANNELS = frozenset({Channel.FLASHCALL, Channel.SMS, Channel.VOICE, Channel.KEYPAD})


class Switchboard:
    """The world, and the orders of each of its carriers by name; the first one is tried first."""

    def __init__(
        self,
        folder: Path,
        names: tuple[str, ...] = ("obedient",),
        *,
        channels: frozenset[Channel] | Mapping[str, frozenset[Channel]] = CHANNELS,
        serve_fictitious: frozenset[str] | None = None,
        **world: Any,
    ) -> None:
        """`channels` are those of every carrier, or of each by name; `serve_fictitious` are the carriers that
        take fictitious numbers, None for all of them."""
        self.orders = {name: Orders() for name in names}
        self.first = self.orders[names[0]]
        self._keys = itertools.count(1)

        def build(_storage: object, _clock: object, _random: object, seals: Any) -> dict[str, Carrier]:
            return {
                name: ObedientCarrier(
                    name,
                    orders,
                    seals,
                    channels=channels[name] if isinstance(channels, Mapping) else channels,
                    serves_fictitious=serve_fictitious is None or name in serve_fictitious,
                )
                for name, orders in self.orders.items()
            }

        self.world = World(folder, carriers=build, **world)

    def say(
        self,
        attempt: Attempt | str,
        kind: AttemptEvent,
        *,
        reason: Reason | None = None,
        ring_ms: int | None = None,
        key: str | None = None,
        remote_id: str | None = None,
        carrier: str | None = None,
        process: Process | None = None,
    ) -> None:
        """The carrier of this attempt says that this has happened; a new event unless its `key` is given."""
        process = process or self.world.server
        attempt_id = attempt if isinstance(attempt, str) else attempt.id
        reference = process.parts.seals.sign_reference(attempt_id)
        request = callback(
            reference,
            kind,
            key=key or f"event {next(self._keys)}",
            remote_id=remote_id,
            reason=reason,
            ring_ms=ring_ms,
        )
        process.events.receive(carrier or next(iter(self.orders)), request)

    def ringing(self, session: Session) -> Attempt:
        """Dispatch the queued call and let it ring; the attempt."""
        self.world.server.dispatch_all()
        attempt = session.attempts[-1]
        self.say(attempt, AttemptEvent.RING, carrier=attempt.carrier)
        return self.world.server.attempt(attempt.id)

    def reference(self, attempt: Attempt) -> str:
        """What the carrier knows the attempt by."""
        return self.world.server.parts.seals.sign_reference(attempt.id)

    def document(self, attempt: Attempt) -> SpokenDocument:
        """What the carrier is told to say to whoever answered."""
        found = self.world.server.events.document(self.reference(attempt))
        assert found is not None
        return found

    def press(self, attempt: Attempt, keys: str) -> SpokenDocument:
        """Tell which keys were pressed in the call; what is said then."""
        found = self.world.server.events.keys(self.reference(attempt), keys)
        assert found is not None
        if found.code:
            leaks.secret(found.code, "code")
        return found
