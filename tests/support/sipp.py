"""sipp as a SIP trunk for tests: a scenario of ours, judged by the messages that it saw.

sipp ends with 0 when it is told to end, whatever became of its calls, so its exit code says nothing. Without
the program tests are skipped, but never in CI (environment variable `CI`): there it is a failure.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from tests.support.ports import free_phone_port

LIFE_SECONDS: Final = 120
"""sipp does not always end by itself: whatever happens, it does not outlive this."""
START_SECONDS: Final = 10.0

_ENTRY: Final = re.compile(
    r"^-{20,}[^\n]*\n(?=UDP message (?:received|sent))(.*?)(?=^-{20,}|\Z)", re.MULTILINE | re.DOTALL
)
# Several messages of one moment may share an entry.
_MESSAGE: Final = re.compile(
    r"^((?:SIP/2\.0 [0-9]{3} |[A-Z]+ sips?:)[^\n]*\n.*?)(?=^(?:SIP/2\.0 [0-9]{3} |[A-Z]+ sips?:)|\Z)",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Message:
    """A SIP message as sipp had it."""

    start: str
    text: str = field(repr=False)

    @property
    def received(self) -> bool:
        """Whether it came: the called side gets requests and sends responses."""
        return not self.start.startswith("SIP/2.0")

    @property
    def word(self) -> str:
        """The method of a request, the code of a response."""
        return self.start.split()[0 if self.received else 1]

    @property
    def call_id(self) -> str:
        return self.header("Call-ID") or ""

    def header(self, name: str) -> str | None:
        """The value of the first header of this name."""
        found = re.search(rf"^{name}:\s*(.*?)\s*$", self.text, re.MULTILINE | re.IGNORECASE)
        return None if found is None else found[1]


class Sipp:
    """A running sipp that plays the called side of one scenario, for any number of calls."""

    def __init__(self, scenario: Path, folder: Path, port: int, keys: dict[str, str]) -> None:
        program = shutil.which("sipp")
        if program is None:
            reason = "sipp is not installed; on Debian: apt-get install sip-tester"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        folder.mkdir(parents=True, exist_ok=True)
        self.port = port
        self._trace = folder / f"messages-{port}.log"
        # sipp's own `-key` comes too late for the code of a response.
        text = scenario.read_text()
        for name, value in keys.items():
            text = text.replace(f"[{name}]", value)
        played = folder / scenario.name
        played.write_text(text)
        command = [program, "-sf", str(played), "-i", "127.0.0.1", "-p", str(port), "-nostdin"]
        self._process = subprocess.Popen(
            ["timeout", str(LIFE_SECONDS), *command, "-trace_msg", "-message_file", str(self._trace)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def messages(self) -> list[Message]:
        """Everything so far, in order."""
        text = self._trace.read_text(errors="replace") if self._trace.exists() else ""
        entries = _ENTRY.findall(text.replace("\r\n", "\n"))
        found = [message for entry in entries for message in _MESSAGE.findall(entry)]
        return [Message(text.splitlines()[0], text) for text in found]

    def received(self) -> list[str]:
        """The methods of the requests that came, in order.

        One that was sent again because its answer was slow (RFC 3261 section 17.1), as on a busy machine, is
        one request.
        """
        came = [(message.word, message.header("Via")) for message in self.messages() if message.received]
        return [word for word, _ in dict.fromkeys(came)]

    def wait_until(self, is_so: Callable[[], bool], seconds: float = 15.0) -> bool:
        """Look again until it is so; False when it was not so in time."""
        give_up = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > give_up:
                return False
            time.sleep(0.02)
        return True

    def wait_for(self, *methods: str, seconds: float = 15.0) -> None:
        """Return when all these have come."""
        came = self.wait_until(lambda: set(methods) <= set(self.received()), seconds)
        assert came, f"not all of {methods} came: {self.received()}"

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=START_SECONDS)

    def wait_until_listening(self) -> None:
        place = f":{self.port:04X} "
        self.wait_until(
            lambda: place in Path("/proc/net/udp").read_text() or self._process.poll() is not None,
            START_SECONDS,
        )
        assert place in Path("/proc/net/udp").read_text(), "sipp does not like its scenario, or the port"


@contextlib.contextmanager
def running_sipp(scenario: Path, folder: Path, *, port: int | None = None, **keys: str) -> Iterator[Sipp]:
    """sipp with this scenario; `keys` stand in it as `[name]`. Gone at the end whatever happens."""
    sipp = Sipp(scenario, folder, port or free_phone_port(), keys)
    try:
        sipp.wait_until_listening()
        yield sipp
    finally:
        sipp.close()
