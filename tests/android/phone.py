"""The phone of the stand-ins in Python's words. Only for processes that `on_phone` has prepared."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal

import jnius

READ_PHONE_STATE = "android.permission.READ_PHONE_STATE"
READ_CALL_LOG = "android.permission.READ_CALL_LOG"
BOTH = (READ_PHONE_STATE, READ_CALL_LOG)

INCOMING, OUTGOING, MISSED, VOICEMAIL, REJECTED, BLOCKED, ANSWERED_ELSEWHERE = range(1, 8)
ALLOWED, RESTRICTED, UNKNOWN, PAYPHONE, UNAVAILABLE = range(1, 6)

Answers = Literal["later", "at once", "interrupted", "never"]


class Phone:
    """What a test does to the phone and what it asks of it."""

    def __init__(self) -> None:
        hooks = "org.ringproof.standin."
        self.java: Any = jnius.autoclass(hooks + "Phone")
        self.permissions: Any = jnius.autoclass(hooks + "Permissions")
        self.broadcasts: Any = jnius.autoclass(hooks + "Receivers")
        self.call_log: Any = jnius.autoclass(hooks + "CallLogTable")
        self.screens: Any = jnius.autoclass(hooks + "Screens")
        self._rows = 0

    # --- itself

    def reset(self) -> None:
        """A new phone: Android 15, the manifest names both permissions, neither is granted."""
        self.settle()
        self.java.reset()
        self._rows = 0

    def settle(self, *, main: bool = True) -> None:
        """Return when every thread with a looper has done what it had been given, and what came of it.

        Without `main` Android's main thread is left out, which may be stuck.
        """
        for _ in range(4):
            self.java.settle(main)

    def wait_for(self, is_so: Callable[[], bool], otherwise: str, seconds: float = 20.0) -> None:
        """For what other threads do in their own time."""
        give_up = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < give_up, otherwise
            time.sleep(0.005)

    def crashes(self) -> list[str]:
        """Exceptions that left a callback, each of which would have ended the app."""
        return list(self.java.crashes())

    def receivers(self, action: str | None = None) -> int:
        """How many receivers are registered, for one action or at all."""
        found = self.broadcasts.count() if action is None else self.broadcasts.count(action)
        return int(found)

    def open_cursors(self) -> int:
        return int(self.call_log.openCursors())

    def looper_threads(self) -> int:
        """Threads that wait for work, without the main one."""
        return int(self.java.looperCount())

    def set_clock(self, elapsed_ms: int) -> None:
        """The clock since the phone's start stands still from now on, here."""
        self.java.setClock(elapsed_ms)

    def move_clock(self, ms: int) -> None:
        """It stands still from now on, so much later than now."""
        self.java.moveClock(ms)

    # --- permissions

    def grant(self, *names: str) -> None:
        for name in names or BOTH:
            self.permissions.grant(name)

    def revoke(self, *names: str) -> None:
        for name in names or BOTH:
            self.permissions.revoke(name)

    def person_grants(self, *names: str) -> None:
        """The person will say yes in the dialogs of these, and no in all others."""
        for name in names or BOTH:
            self.permissions.person(name, True)

    def answers(self, how: Answers) -> None:
        """When and how the dialogs end."""
        self.permissions.answers(how)

    def dialogs(self) -> list[str]:
        """The permissions whose dialogs were shown, in order."""
        return list(self.permissions.shown())

    def requests(self) -> int:
        """How often the app asked."""
        return int(self.permissions.requests())

    # --- calls

    def broadcast(self, state: str, number: str | None = None) -> None:
        """One copy of a change of state; without number the one that has no such extra."""
        self.broadcasts.phoneState(state, number)

    def change(self, state: str, number: str) -> None:
        """Both copies of a change, handed over completely before this returns."""
        self.broadcast(state)
        self.broadcast(state, number)
        self.settle()

    def log_call(
        self,
        number: str | None,
        *,
        kind: int = MISSED,
        date: int = 1_700_000_010_000,
        ring_ms: int = 5_000,
        talk_s: int = 0,
        presentation: int = ALLOWED,
        row: int | None = None,
    ) -> int:
        """Write a row of the call log; its number."""
        self._rows = row if row is not None else self._rows + 1
        written = date + ring_ms + talk_s * 1000
        self.call_log.add(self._rows, number, presentation, kind, date, talk_s, written)
        return self._rows
