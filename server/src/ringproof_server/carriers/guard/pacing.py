"""Pacing between the processes of one machine, by files that they lock in turn.

The rule is the generic cell rate algorithm (ITU-T I.371) without a burst: every moment is given once, and two
moments are never closer together than the rate allows.
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringproof_server.carriers.plugin import Log
from ringproof_server.ports import Clock

Hasher = Callable[[str], bytes]
"""A keyed digest, the same in every process that paces together."""

LOCK_PATIENCE: Final = 2.0
"""Seconds a request waits for a process that holds the file's lock, which normally takes microseconds."""
LONGEST_AHEAD: Final = 3600.0
"""Seconds; a file that says more does not come from here."""
MOST_KEYS: Final = 1000

_RECORD: Final = struct.Struct("<dd")
_LOOK_AGAIN: Final = 0.0005


@dataclass(frozen=True, slots=True)
class Pace:
    """At the moment `at` (seconds since 1970) the next free moment was `ahead` seconds off."""

    at: float
    ahead: float


def take(before: Pace | None, now: float, interval: float, patience: float) -> tuple[float, Pace | None]:
    """The wait for the next free moment, and what to remember from now on; None for no change.

    A clock that was turned back is taken to have stood still, so that nobody waits for it to catch up.
    """
    ahead = 0.0
    if before is not None:
        ahead = max(0.0, before.ahead - max(0.0, now - before.at))
    if ahead <= patience:
        return ahead, Pace(now, ahead + interval)
    turned_back = before is not None and now < before.at
    return ahead, Pace(now, ahead) if turned_back else None


class FilePacer:
    """`ports.Pacer` for all processes of this machine; what it knows outlives them.

    Where its files cannot be used it paces within this process only and says so in the log.
    """

    def __init__(
        self, folder: Path, clock: Clock, hasher: Hasher, log: Log, *, lock_patience: float = LOCK_PATIENCE
    ) -> None:
        """`folder` is made when it is first needed; it holds one file of 16 bytes for each key."""
        self._folder = folder
        self._clock = clock
        self._hasher = hasher
        self._log = log
        self._lock_patience = lock_patience
        self._alone_lock = threading.Lock()
        self._alone: dict[str, Pace] = {}
        self._is_alone = False

    def reserve(self, key: str, per_second: float, patience: float) -> float:
        """Take the next free moment of `key`; the seconds until then. Never raises.

        When that would be more than `patience` nothing is taken, and the answer is still the wait.
        """
        name = self._hasher(key).hex()
        interval = 1 / per_second
        try:
            wait = self._reserve_together(name, interval, patience)
        except OSError as fault:
            if not self._is_alone:
                self._log.warning("pacing_within_this_process_only", fault=type(fault).__name__)
            self._is_alone = True
            return self._reserve_alone(name, interval, patience)
        if self._is_alone:
            self._log.info("pacing_with_all_processes_again")
            self._is_alone = False
        return wait

    def _reserve_together(self, name: str, interval: float, patience: float) -> float:
        with self._locked(self._folder / name) as file:
            wait, kept = take(_read(file), self._now(), interval, patience)
            if kept is not None:
                os.pwrite(file, _RECORD.pack(kept.at, kept.ahead), 0)
            return wait

    def _reserve_alone(self, name: str, interval: float, patience: float) -> float:
        with self._alone_lock:
            wait, kept = take(self._alone.get(name), self._now(), interval, patience)
            if kept is not None:
                if len(self._alone) >= MOST_KEYS:
                    self._alone.clear()
                self._alone[name] = kept
            return wait

    @contextlib.contextmanager
    def _locked(self, path: Path) -> Iterator[int]:
        """The file, which nobody else reads or writes meanwhile.

        It is opened each time: a lock belongs to the opened file, which a fork or another thread would share.
        Raises `OSError`, also when the lock cannot be had in time.
        """
        file = self._open(path)
        try:
            self._lock(file)
            yield file
        finally:
            os.close(file)

    def _open(self, path: Path) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            return os.open(path, flags, 0o600)
        except FileNotFoundError:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(path, flags, 0o600)

    def _lock(self, file: int) -> None:
        give_up = time.monotonic() + self._lock_patience
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= give_up:
                    raise
                time.sleep(_LOOK_AGAIN)
            else:
                return

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _read(file: int) -> Pace | None:
    """What the file says; None for a new one and for nonsense."""
    raw = os.pread(file, _RECORD.size, 0)
    if len(raw) != _RECORD.size:
        return None
    at, ahead = _RECORD.unpack(raw)
    if not (math.isfinite(at) and 0 <= ahead <= LONGEST_AHEAD):
        return None
    return Pace(at, ahead)
