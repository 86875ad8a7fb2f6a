"""One verification while it runs: the SDK's flow on a thread of its own, and what it means for the screen.

The thread is not the screen's, so a report leaves also while a call has put the app to sleep.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Event, RLock
from typing import Any, Literal

from ringproof import ManualCallSource, Progress, Ringproof, TypedCodes, Verification, Verified
from ringproof.calls import CallSource, Ready
from ringproof_demo.listening import FilledCodes, WatchedCalls
from ringproof_demo.machine import Clock
from ringproof_demo.numbers import digits_of
from ringproof_demo.phone import Phone

OFFLINE_SHOWN = 20.0
"""Seconds after the last failure for which the screen says that there is no connection."""
DIGITS = 4
"""How many last digits are asked for until the server has said it."""


@dataclass(frozen=True)
class Times:
    """How long it took, in seconds; `from_ring` is None when no ring was heard."""

    total: float
    from_ring: float | None


Wrong = Literal["entry", "call", "moved"]


@dataclass(frozen=True)
class State:
    """Where the verification is. `kind` is that of the SDK's last Progress that changed the screen.

    Moments are seconds of the clock: `told_at` is when the server said what is in `told`, `until` when the
    step is over. `hears` is whether calls are noticed without the person; `refused` that the device said no.
    `wrong` names what did not fit: what the person entered, or a call that was heard; `moved`: the server
    goes on because of it. `too_early` are seconds to wait before another way.
    """

    kind: str = "preparing"
    told: Verification | None = None
    told_at: float = 0.0
    until: float | None = None
    hears: bool = False
    refused: bool = False
    checking: bool = False
    wrong: Wrong | None = None
    filled: str | None = field(default=None, repr=False)
    offline: bool = False
    too_early: float | None = None


class Verifying:
    """`begin` once, the rest from any thread. `changed` and `ended` are called with the lock held."""

    def __init__(
        self,
        client: Ringproof,
        phone: Phone,
        number: str,
        server: str,
        *,
        clock: Clock,
        lock: RLock,
        permitted: bool,
        screening: bool,
        channels: tuple[str, ...] | None,
        changed: Callable[[Verifying], None],
        ended: Callable[[Verifying, Verified | Exception], None],
    ) -> None:
        self._clock = clock
        self._lock = lock
        self._changed = changed
        self._ended = ended
        self.state = State()
        self._started: float | None = None
        self._rang: float | None = None
        self._over: float | None = None
        self._left = Event()
        self._failures = 0
        self._step = self._evidence_step = 0
        self._entered = False
        self._digits = ManualCallSource()
        self._codes = TypedCodes()
        automatic = phone.calls(server, number, screening=screening) if permitted else None
        sources: list[CallSource] = [self._digits]
        if automatic is not None:
            sources.insert(0, WatchedCalls(automatic, ready=self._permitted, rang=self._first_ring))
        self._run = client.begin(
            number,
            sources,
            FilledCodes(self._codes, phone.codes(server, number), self._fill),
            on_progress=self._progress,
            channels=channels,
            sms_app_hash=phone.app_hash(),
        )

    def begin(self) -> None:
        """Let it run beside the screen."""
        self._clock.spawn(self._work)

    def enter_digits(self, text: str) -> bool:
        """Last digits of the number that called; False when they are too few to be sent."""
        flash = self.state.told.flashcall if self.state.told else None
        if flash is None or len(digits_of(text)) < flash.digits_to_type:
            return False
        self._entered = True
        self._set(wrong=None)
        return self._digits.enter(text)

    def enter_code(self, text: str) -> bool:
        """A code; False when it has not the length that the server said."""
        told = self.state.told
        length = told.code.length if told and told.code else None
        digits = digits_of(text)
        if not digits or (length is not None and len(digits) != length):
            return False
        self._entered = True
        self._set(wrong=None)
        self._codes.enter(digits)
        return True

    def switch(self, channel: str) -> None:
        """Ask for another channel."""
        self._run.switch(channel)

    def cancel(self) -> None:
        """End it, at the server too."""
        self._run.cancel()

    def wait(self, seconds: float) -> bool:
        """Wait until its thread has told the server everything; False when that takes longer."""
        return self._left.wait(seconds)

    def wake(self) -> None:
        """The app is in front again."""
        self._run.wake()

    def times(self) -> Times:
        """How long it took, or has taken so far."""
        now = self._over if self._over is not None else self._clock.monotonic()
        total = 0.0 if self._started is None else now - self._started
        return Times(total, None if self._rang is None else now - self._rang)

    def _work(self) -> None:
        outcome: Verified | Exception
        try:
            outcome = self._run.result()
        except Exception as error:  # noqa: BLE001 - whatever it is, the person must not be left waiting
            outcome = error
        self._over = self._clock.monotonic()
        self._left.set()
        with self._lock:
            self._ended(self, outcome)

    def _set(self, **changes: Any) -> None:
        with self._lock:
            self.state = replace(self.state, **changes)
            self._changed(self)

    def _permitted(self, ready: Ready) -> None:
        self._set(hears=ready.usable, refused=not ready.usable)

    def _first_ring(self) -> None:
        if self._rang is None:
            self._rang = self._clock.monotonic()

    def _fill(self, code: str) -> None:
        self._set(filled=code, wrong=None)

    def _progress(self, progress: Progress) -> None:
        now = self._clock.monotonic()
        if progress.kind == "starting":
            self._started = now
        with self._lock:
            if progress.kind == "offline":
                self._lost_connection()
                return
            seen = {"told": progress.verification, "told_at": now} if progress.verification else {}
            self._set(**seen, **self._meaning(progress, now), offline=False)

    def _meaning(self, progress: Progress, now: float) -> dict[str, Any]:
        """What a progress changes, as arguments of State."""
        if progress.kind in {"checking", "verified"}:
            self._evidence_step = self._step
            return {"checking": True, "too_early": None}
        if progress.kind == "refused":
            return {"too_early": progress.seconds or 0.0}
        if progress.kind == "ringing":
            return {"kind": "ringing"}
        by_person, self._entered = self._entered, False
        if progress.kind == "wrong":
            # The flow enters a next step before it says that the evidence for the last one was wrong.
            moved = self._evidence_step != self._step
            wrong: Wrong = "moved" if moved else "entry" if by_person or self.state.filled else "call"
            return {"checking": False, "filled": None, "wrong": wrong, **self._still_calling()}
        self._step += 1
        flash = progress.verification.flashcall if progress.verification else None
        fresh = {"checking": False, "wrong": None, "too_early": None}
        if flash is not None:
            # Only now is it known whether the call can be told from others.
            fresh["hears"] = progress.automatic
        return {**fresh, "kind": progress.kind, "until": now + flash.interception_timeout if flash else None}

    def _still_calling(self) -> dict[str, Any]:
        return {"kind": "calling"} if self.state.kind == "ringing" else {}

    def _lost_connection(self) -> None:
        """Say so until it has been quiet for a while: the flow tells failures, and no end of them."""
        self._failures += 1
        failure = self._failures
        self._set(offline=True)

        def over() -> None:
            with self._lock:
                if failure == self._failures and self.state.offline:
                    self._set(offline=False)

        self._clock.later(OFFLINE_SHOWN, over)
