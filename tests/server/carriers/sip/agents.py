"""The carrier `sip` with a real agent in a process of its own, for tests."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from ringproof_server.carriers.plugin import Timeouts
from ringproof_server.carriers.sip import SipCarrier, build
from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Channel
from ringproof_server.ports import CallbackRequest, CarrierEvent, OutgoingCall
from ringproof_server.system import SystemClock
from ringproof_server.testing.options import carrier_options
from ringproof_server.tokens import SecretSeals
from tests.support import leaks
from tests.support.ports import free_phone_port

NUMBER: Final = "+447400123456"
CALLER_ID: Final = "+442079460018"
EVENTS_URL: Final = "https://ringproof.example/carriers/sip/events"
SECRET: Final = "a secret key for tests, which nobody else has"
PATIENT: Final = Timeouts(connect=3.0, total=15.0)
PATIENCE_SECONDS: Final = 20.0


def say_nothing(_document_url: str, /, keys: str | None = None) -> str:
    """Nobody who answers is told anything."""
    return keys or ""


class Caller:
    """A carrier that listens to its agent, and everything it has heard."""

    def __init__(self, folder: Path, settings: Mapping[str, str], timeouts: Timeouts = PATIENT) -> None:
        leaks.secrets([NUMBER, CALLER_ID], "number")
        self.folder = folder
        self.settings = dict(settings)
        self.seals = SecretSeals(SECRET)
        self.requests: list[CallbackRequest] = []
        self.heard: list[tuple[float, CarrierEvent]] = []
        self.is_away = False
        self.attempt = ""
        self._attempts = itertools.count(1)
        self._timeouts = timeouts
        self._changed = threading.Condition()
        self.carrier = self.another_carrier()

    @property
    def log(self) -> str:
        """What the agent has written."""
        file = self.folder / "sip-agent.log"
        return file.read_text() if file.exists() else ""

    @property
    def agent_pid(self) -> int:
        """The agent's process."""
        return int((self.folder / "sip-agent.lock").read_text())

    def another_carrier(self, settings: Mapping[str, str] | None = None) -> SipCarrier:
        """The carrier of another process on the same machine, not started."""
        options = carrier_options(
            settings or self.settings, timeouts=self._timeouts, clock=SystemClock(), data_dir=self.folder
        )
        return build(options)

    def start(self) -> None:
        self.carrier.start(self.deliver, say_nothing)

    def deliver(self, request: CallbackRequest) -> None:
        if self.is_away:
            raise ConnectionError("the database is away")
        event = self.carrier.parse_event(request)
        assert event is not None
        with self._changed:
            self.requests.append(request)
            self.heard.append((time.monotonic(), event))
            self._changed.notify_all()

    def call(self, attempt: str | None = None, *, number: str = NUMBER, dial_timeout: int = 20) -> str:
        """Place a call, of a new attempt unless one is named; its name."""
        self.attempt = attempt or f"att_{next(self._attempts)}"
        order = self.order(self.attempt, number=number, dial_timeout=dial_timeout)
        return self.carrier.place_call(order).remote_id

    def order(self, attempt: str, *, number: str = NUMBER, dial_timeout: int = 20) -> OutgoingCall:
        return OutgoingCall(
            attempt_id=attempt,
            reference=self.seals.sign_reference(attempt),
            channel=Channel.FLASHCALL,
            to=number,
            caller_id=CALLER_ID,
            dial_timeout=dial_timeout,
            document_url=f"https://ringproof.example/rcml/{attempt}",
            events_url=EVENTS_URL,
        )

    def events(self, attempt: str | None = None) -> list[CarrierEvent]:
        """What was reported of an attempt, of the last one unless it is named, each event once."""
        attempt = attempt or self.attempt
        with self._changed:
            found = [event for _, event in self.heard if event.attempt_id == attempt]
        return list({event.key: event for event in found}.values())

    def wait(
        self, kind: AttemptEvent, attempt: str | None = None, seconds: float = PATIENCE_SECONDS
    ) -> CarrierEvent:
        """The event of this kind, as soon as it is reported."""

        def found() -> CarrierEvent | None:
            return next((event for event in self.events(attempt) if event.kind is kind), None)

        self.wait_until(lambda: found() is not None, seconds)
        event = found()
        assert event is not None, f"no {kind} was reported: {self.events(attempt)}\n{self.log}"
        return event

    def wait_until(self, is_so: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
        give_up = time.monotonic() + seconds
        with self._changed:
            while not is_so():
                if time.monotonic() > give_up:
                    return False
                self._changed.wait(0.1)
        return True

    def end_agent(self, signum: signal.Signals = signal.SIGTERM) -> None:
        """End the agent and wait until its process has gone; harmless when there is none."""
        with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
            end_process(self.agent_pid, signum)


def end_process(pid: int, signum: signal.Signals, seconds: float = PATIENCE_SECONDS) -> None:
    """Send a signal and wait until the process has gone."""
    os.kill(pid, signum)
    give_up = time.monotonic() + seconds
    while is_running(pid):
        assert time.monotonic() < give_up, "the process does not end"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """Whether any thread of the process works; what nobody has collected yet does not."""
    states = []
    for status in Path(f"/proc/{pid}/task").glob("*/stat"):
        with contextlib.suppress(OSError):
            states.append(status.read_text().rpartition(")")[2].split()[0])
    return any(state not in {"Z", "X"} for state in states)


@contextlib.contextmanager
def calling(
    folder: Path, settings: Mapping[str, str], *, timeouts: Timeouts = PATIENT, starts: bool = True
) -> Iterator[Caller]:
    """A caller whose agent is gone at the end whatever happens."""
    caller = Caller(folder, {"local_address": "127.0.0.1:0", **settings}, timeouts)
    try:
        if starts:
            caller.start()
        yield caller
    finally:
        caller.carrier.stop()
        with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
            os.kill(caller.agent_pid, signal.SIGCONT)
        caller.end_agent()
        if (folder / "sip-agent.log").exists():
            leaks.watch_file(folder / "sip-agent.log", "the SIP agent's log")


@contextlib.contextmanager
def operators_agent(folder: Path, trunk: str) -> Iterator[str]:
    """An agent that an operator runs; its address."""
    address = f"tcp://127.0.0.1:{free_phone_port()}"
    environment = {
        **os.environ,
        "RINGPROOF_SECRET_KEY": SECRET,
        "RINGPROOF_DATA_DIR": str(folder),
        "RINGPROOF_SIP_TRUNK": trunk,
        "RINGPROOF_SIP_LOCAL_ADDRESS": "127.0.0.1:0",
        "RINGPROOF_SIP_CALLS_PER_SECOND": "5",
        "RINGPROOF_LOG_FORMAT": "json",
    }
    command = [sys.executable, "-m", "ringproof_server", "sip-agent", "--listen", address]
    folder.mkdir()
    log = folder / "agent.log"
    with log.open("wb") as output, subprocess.Popen(command, env=environment, stderr=output) as process:
        try:
            give_up = time.monotonic() + PATIENCE_SECONDS
            while "The SIP agent listens" not in log.read_text():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < give_up, log.read_text()
                time.sleep(0.05)
            yield address
        finally:
            process.terminate()
            assert process.wait(PATIENCE_SECONDS) == 0
            leaks.watch_file(log, "the SIP agent's log")
