"""Permission dialogs: asked in context, both at once, believed only after a second look, never twice.

What the dialogs answer is not trusted. The build's module loses an answer that comes before its request has
returned, Android sends empty lists when a request was interrupted, and a person may simply leave. So the end
of the asking is taken from whatever comes first (the answer, the app back in front, no dialog at all, the
time), and what was granted is read from the phone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from ringproof._system import Clock

PREFIX = "android.permission."
READ_PHONE_STATE = PREFIX + "READ_PHONE_STATE"
READ_CALL_LOG = PREFIX + "READ_CALL_LOG"

NO_DIALOG_S = 5.0
"""A dialog puts the app behind it at once; if none did for so long, none will."""
LONGEST_S = 50.0
"""Nobody needs longer for two dialogs; the verification itself waits for 60 s."""


def short(names: Sequence[str]) -> tuple[str, ...]:
    """Permission names without their common beginning."""
    return tuple(name.removeprefix(PREFIX) for name in names)


class Dialogs(Protocol):
    """The phone's permissions. Callbacks come on any thread."""

    def held(self, name: str) -> bool:
        """Whether the app has a permission now."""
        ...

    def declared(self) -> frozenset[str]:
        """What the app's manifest names; nothing else can be asked for."""
        ...

    def explains(self, name: str) -> bool:
        """Android's shouldShowRequestPermissionRationale: after a refusal, whether it would ask again."""
        ...

    def ask(
        self, names: Sequence[str], *, requested: Callable[[], None], answered: Callable[[bool], None]
    ) -> None:
        """Show the dialogs. `requested` is called when Android has been asked.

        `answered` may be called, before that or later; with False when the request was interrupted.
        """
        ...

    def on_resumed(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call whenever the app is in front again; the answer ends that."""
        ...

    def on_paused(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call whenever another screen takes its place; the answer ends that."""
        ...

    def open_settings(self) -> bool:
        """Show the app's page in the phone's settings."""
        ...


class Refusals:
    """What the person has refused since the app was started: it is not asked for again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: set[str] = set()

    def add(self, names: Sequence[str]) -> None:
        with self._lock:
            self._names.update(names)

    def __contains__(self, name: str) -> bool:
        return name in self._names


PROCESS_REFUSALS = Refusals()


class Permissions:
    """Asks for permissions, at most once for each until the app is started anew."""

    def __init__(self, dialogs: Dialogs, refusals: Refusals, clock: Clock) -> None:
        self._dialogs = dialogs
        self._refusals = refusals
        self._clock = clock
        self._lock = threading.Lock()
        self._asking: _Asking | None = None

    def held(self, name: str) -> bool:
        """Whether the app has a permission now."""
        return self._dialogs.held(name)

    def declared(self) -> frozenset[str]:
        """What the manifest names."""
        return self._dialogs.declared()

    def refused(self, name: str) -> bool:
        """Whether the person has refused it since the app was started, and has not granted it elsewhere."""
        return name in self._refusals and not self._dialogs.held(name)

    def blocked(self, name: str) -> bool:
        """Whether it was refused for good: only the phone's settings can grant it."""
        return self.refused(name) and not self._dialogs.explains(name)

    def open(self, names: Sequence[str]) -> list[str]:
        """Those that the person can still be asked for."""
        declared = self._dialogs.declared()
        return [
            name
            for name in names
            if name in declared and name not in self._refusals and not self._dialogs.held(name)
        ]

    def open_settings(self) -> bool:
        """Show the app's page in the phone's settings; False when there is none."""
        return self._dialogs.open_settings()

    def request(self, names: Sequence[str], done: Callable[[], None]) -> None:
        """Ask for those that the app has not got; `done` is called once, when nothing more can come."""
        wanted = self.open(names)
        if not wanted:
            done()
            return
        with self._lock:
            if self._asking is not None and not self._asking.over:
                self._asking.also(done)
                return
            asking = self._asking = _Asking(self._dialogs, self._refusals, self._clock, wanted, done)
        asking.begin()


class _Asking:
    """One round of dialogs."""

    def __init__(
        self,
        dialogs: Dialogs,
        refusals: Refusals,
        clock: Clock,
        names: Sequence[str],
        done: Callable[[], None],
    ) -> None:
        self._dialogs = dialogs
        self._refusals = refusals
        self._clock = clock
        self._names = names
        self._done = [done]
        self._lock = threading.Lock()
        self._undo: list[Callable[[], None]] = []
        self._behind = False
        self.over = False

    def also(self, done: Callable[[], None]) -> None:
        """Somebody else waits for the same dialogs."""
        with self._lock:
            if not self.over:
                self._done.append(done)
                return
        done()

    def begin(self) -> None:
        clock = self._clock
        self._undo = [
            self._dialogs.on_paused(self._paused),
            self._dialogs.on_resumed(self._resumed),
            clock.later(NO_DIALOG_S, self._nothing_shown),
            clock.later(LONGEST_S, lambda: self._finish(asked=False)),
        ]
        self._dialogs.ask(
            self._names, requested=self._requested, answered=lambda asked: self._finish(asked=asked)
        )

    def _requested(self) -> None:
        if all(self._dialogs.held(name) for name in self._names):
            self._finish(asked=True)

    def _paused(self) -> None:
        self._behind = True

    def _resumed(self) -> None:
        if self._behind:
            self._finish(asked=True)

    def _nothing_shown(self) -> None:
        if not self._behind:
            # Whoever was shown nothing has refused nothing.
            self._finish(asked=False)

    def _finish(self, *, asked: bool) -> None:
        """`asked`: the person, or Android in the person's name, has said something."""
        with self._lock:
            if self.over:
                return
            self.over = True
            done = list(self._done)
        if asked:
            self._refusals.add([name for name in self._names if not self._dialogs.held(name)])
        self._clear()
        for call in done:
            call()

    def _clear(self) -> None:
        undo, self._undo = self._undo, []
        for each in undo:
            each()
