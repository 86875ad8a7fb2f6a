"""What hears a source of calls in tests that wait for real time."""

from __future__ import annotations

import threading

from ringproof._calls import CallEvent


class Ear:
    """Takes what a source tells and lets a test wait for it."""

    def __init__(self) -> None:
        self.events: list[CallEvent] = []
        self._changed = threading.Condition()

    def __call__(self, event: CallEvent) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait_for(self, kind: str, *, how_many: int = 1) -> CallEvent:
        """The last of so many events of this kind."""

        def found() -> list[CallEvent]:
            return [event for event in self.events if event.kind == kind]

        with self._changed:
            assert self._changed.wait_for(lambda: len(found()) >= how_many, 15), f"only {self.events} came"
            return found()[how_many - 1]
