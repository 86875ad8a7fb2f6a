"""The mailbox of a verification: other threads leave messages, one thread reads them and waits for them."""

from __future__ import annotations

import queue
from dataclasses import dataclass
from typing import TypeAlias

from ringproof._calls import TypedCode
from ringproof._ear import Awake, Heard, Prepared
from ringproof._system import Clock, Mailbox


@dataclass(frozen=True)
class Wanted:
    """Somebody wants the next step, or a channel by name."""

    channel: str | None


@dataclass(frozen=True)
class Stop:
    """Somebody has had enough."""


Message: TypeAlias = "Prepared | Heard | TypedCode | Wanted | Awake | Stop"


class StoppedError(Exception):
    """A Stop was read. Never leaves the flow."""


class Post:
    """Messages in the order of their arrival. `put` may be called by any thread, the rest by the reader."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._mailbox: Mailbox[Message] = queue.SimpleQueue()
        self._kept: list[Message] = []

    def put(self, message: Message) -> None:
        """Leave a message."""
        self._mailbox.put(message)

    def take(self, seconds: float) -> list[Message]:
        """The messages that are there, or after so long the first one that comes.

        Raises StoppedError when one of them is a Stop.
        """
        messages, self._kept = self._kept, []
        wait = 0.0 if messages else seconds
        while (message := self._clock.receive(self._mailbox, wait)) is not None:
            messages.append(message)
            wait = 0.0
        if any(isinstance(message, Stop) for message in messages):
            raise StoppedError
        return messages

    def pause(self, seconds: float) -> None:
        """Just wait; messages are kept for later.

        Raises StoppedError at once when a Stop comes.
        """
        deadline = self._clock.monotonic() + seconds
        while (left := deadline - self._clock.monotonic()) > 0:
            message = self._clock.receive(self._mailbox, left)
            if isinstance(message, Stop):
                raise StoppedError
            if message is not None:
                self._kept.append(message)
