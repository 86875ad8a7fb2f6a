"""Starts the agent of this machine, once, whoever of the server's processes needs it first."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from ringproof_server.carriers.plugin import Log
from ringproof_server.carriers.sip.line import AgentAway, AgentLine, AnswerLost
from ringproof_server.carriers.sip.protocol import Retire

IDLE_SECONDS: Final = 30.0
START_SECONDS: Final = 20.0
PAUSE_SECONDS: Final = 2.0
"""An agent that could not be started is not started again before that."""
READY: Final = "ready"
VERSION: Final = "1"
"""Raised when an agent of an older version must not serve a newer server."""


class StartOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent is told through a pipe, where nobody else of the machine can read it."""

    address: str
    settings: dict[str, str]
    fingerprint: str
    key: str
    events_key: str
    log_file: str
    idle_seconds: float

    def __repr__(self) -> str:
        return "StartOrder()"


class LaunchFault(Exception):
    """The agent does not start; the message is its own and tells the operator why."""


def fingerprint(key: bytes, settings: Mapping[str, str]) -> str:
    """A digest of what an agent was set to, from which nothing can be learnt."""
    content = msgspec.json.encode([VERSION, sorted(settings.items())])
    return hmac.digest(key, content, hashlib.sha256).hex()[:16]


class Launcher:
    """Makes sure that an agent runs."""

    def __init__(self, line: AgentLine, order: StartOrder, log: Log) -> None:
        self._line = line
        self._order = order
        self._log = log
        self._lock = threading.Lock()
        self._fault: LaunchFault | None = None
        self._failed_at = float("-inf")

    def ensure(self, *, replace: bool = False) -> None:
        """Start an agent unless one runs, or, with `replace`, unless one with these settings runs.

        Raises `LaunchFault`, and `AgentAway` when there is one that does not answer.
        """
        with self._lock, self._alone_on_this_machine():
            if self._is_there(replace=replace):
                return
            if self._fault is not None and time.monotonic() - self._failed_at < PAUSE_SECONDS:
                raise self._fault
            try:
                self._start()
            except LaunchFault as fault:
                self._fault, self._failed_at = fault, time.monotonic()
                self._log.error("sip_agent_not_started", why=str(fault))
                raise

    def _is_there(self, *, replace: bool) -> bool:
        try:
            greeting = self._line.greeting()
        except AgentAway as fault:
            if fault.is_absent:
                return False
            raise
        if not replace or greeting.fingerprint == self._order.fingerprint:
            return True
        try:
            self._line.ask(Retire(), START_SECONDS)
        except AnswerLost:
            self._log.info("sip_agent_left_at_once")
        return False

    def _start(self) -> None:
        command = [sys.executable, "-m", "ringproof_server.sip_agent"]
        try:
            done = subprocess.run(  # noqa: S603  (our own command)
                command,
                input=msgspec.json.encode(self._order),
                capture_output=True,
                timeout=START_SECONDS,
                check=False,
                # So that an end of the server, by a signal to its group, is not the agent's.
                start_new_session=True,
            )
        except (OSError, subprocess.TimeoutExpired) as fault:
            raise LaunchFault(f"the SIP agent does not start ({type(fault).__name__})") from None
        answer = done.stdout.decode(errors="replace").strip()
        if done.returncode != 0 or answer != READY:
            raise LaunchFault(answer or f"the SIP agent does not start (exit code {done.returncode})")

    @contextmanager
    def _alone_on_this_machine(self) -> Iterator[None]:
        """Only one process at a time starts agents; waits no longer than a start may take."""
        assert self._line.address.path is not None
        place = Path(f"{self._line.address.path}.start")
        deadline = time.monotonic() + START_SECONDS
        try:
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as fault:
            raise LaunchFault(f"the data folder cannot be used ({fault.strerror})") from None
        try:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    if time.monotonic() > deadline:
                        raise LaunchFault(
                            "another process has been starting the SIP agent for long"
                        ) from None
                    time.sleep(0.05)
            yield
        finally:
            os.close(file)
