"""What a verification tells while it runs, and how another thread ends it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ringproof._calls import Way
from ringproof._models import Verification

ProgressKind: TypeAlias = Literal[
    "preparing", "starting", "calling", "ringing", "checking", "wrong", "code", "keypad", "waiting",
    "offline", "refused", "verified",
]  # fmt: skip


@dataclass(frozen=True)
class Progress:
    """What a screen should show now. `seconds`, when given, is how long to wait before asking again.

    `automatic` is whether a call will be noticed without the person's help; `ways` are those in which one can
    be noticed here, and those that are closed, with the reason. Both are known once the dialogs are over, and
    may change when a source is ready late.

    preparing: permission dialogs · starting · calling: a call is on its way · ringing: it rings ·
    checking: evidence was sent · wrong: it did not fit · code: a code is on its way · keypad: a call asks for
    the digits in `verification.keypad`, which the screen must show · waiting: the server notices the proof by
    itself · offline: no network, trying on · refused: a switch is not possible (yet) ·
    verified.
    """

    kind: ProgressKind
    verification: Verification | None = None
    seconds: float | None = None
    automatic: bool = False
    ways: tuple[Way, ...] = ()


@dataclass(frozen=True)
class StartOptions:
    """What is sent with the start, apart from the number and the phone's capabilities."""

    channels: tuple[str | Mapping[str, object], ...] | None = None
    language: str | None = None
    reference: str | None = None
    nonce: str | None = None
    sms_app_hash: str | None = None
    transaction: Mapping[str, str] | None = None


class Cancellation:
    """Lets any thread end a `verify` that another thread is in. May be cancelled before it begins."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._calls: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled

    def cancel(self) -> None:
        """End it; the verification is cancelled at the server too."""
        with self._lock:
            self._cancelled = True
            calls, self._calls = self._calls, []
        for call in calls:
            call()

    def attach(self, call: Callable[[], None]) -> None:
        """Have something called at `cancel`; at once when that has been."""
        with self._lock:
            if not self._cancelled:
                self._calls.append(call)
                return
        call()
