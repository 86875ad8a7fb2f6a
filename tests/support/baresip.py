"""A real SIP telephone for tests: baresip without sound hardware, on the loopback interface.

What it did is read from the messages that it received and sent, each with the moment; what it is doing is
asked from its list of calls. Its `ctrl_tcp` port is left to whoever listens at the phone, since baresip
serves one connection there and drops the one before. Without the program tests are skipped, but never in CI
(environment variable `CI`): there it is a failure.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, Literal
from urllib.parse import quote

import pytest

from tests.support.ports import free_phone_port

START_TIMEOUT: Final = 20.0
WITHHELD: Final = "sip:anonymous@anonymous.invalid"
"""The address of a caller who keeps the number back (RFC 3323, section 4.1.1.3)."""

Behaviour = Literal["ring", "answer", "reject"]

_MODULES: Final = ("/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules")
# `net_interface lo` is left out on purpose: with it baresip finds no address of its own and ends.
_CONFIG: Final = """\
poll_method epoll
call_max_calls {most_calls}
sip_listen 127.0.0.1:{sip}
audio_player aubridge,dev0
audio_source aubridge,dev0
audio_alert aubridge,dev0
module_path {modules}
module g711.so
module auloop.so
module aubridge.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
module_app httpd.so
ctrl_tcp_listen 127.0.0.1:{control}
http_listen 127.0.0.1:{http}
"""
_ROUTE: Final = re.compile(r"UDP (\S+) -> (\S+)$")
_START: Final = re.compile(r"(?:[A-Z]+ \S+ SIP/2\.0|SIP/2\.0 \d{3} .*)$")
_ACTIVE: Final = re.compile(r"Active calls \((\d+)\)")


@dataclass(frozen=True, slots=True)
class Packet:
    """A SIP message as the phone had it, at this moment of `time.monotonic`."""

    at: float
    received: bool
    start: str
    headers: str = field(repr=False)

    @property
    def is_request(self) -> bool:
        return not self.start.startswith("SIP/2.0 ")

    @property
    def method(self) -> str:
        """The method of the request, or of the request that is answered."""
        return self._cseq[1]

    @property
    def cseq(self) -> int:
        """The number of the request in its call, or of the request that is answered."""
        return int(self._cseq[0])

    @property
    def _cseq(self) -> tuple[str, str]:
        found = re.search(r"^CSeq:\s*(\d+)\s+(\w+)", self.headers, re.MULTILINE | re.IGNORECASE)
        return (found[1], found[2]) if found else ("0", "")

    @property
    def code(self) -> int:
        """The status of an answer; 0 for a request."""
        return 0 if self.is_request else int(self.start.split()[1])

    @property
    def call_id(self) -> str:
        found = re.search(r"^(?:Call-ID|i):\s*(\S+)", self.headers, re.MULTILINE | re.IGNORECASE)
        return found[1] if found else ""

    @property
    def branch(self) -> str:
        """The transaction that it belongs to (RFC 3261 section 17), the same in repeats."""
        found = re.search(r"^(?:Via|v):.*?;branch=([^;,\s]+)", self.headers, re.MULTILINE | re.IGNORECASE)
        return found[1] if found else ""

    @property
    def called(self) -> str:
        """The user part of the address that a request is for."""
        found = re.match(r"[A-Z]+ sips?:([^@>;]+)@", self.start)
        return found[1] if found else ""

    @property
    def sender(self) -> str:
        """The user part of the From."""
        found = re.search(r"^(?:From|f):.*?sips?:([^@>;]+)@", self.headers, re.MULTILINE | re.IGNORECASE)
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class PhoneCall:
    """One incoming call as the phone saw it; moments are seconds of `time.monotonic`.

    It rings from its first 180 to the caller's CANCEL, or to its own final answer.
    """

    call_id: str
    caller: str = field(repr=False)
    called: str = field(repr=False)
    rang_at: float | None
    settled_at: float | None
    answered: bool
    ended_at: float | None

    @property
    def ring_ms(self) -> int | None:
        """How long it rang; None while it does, and when it never did."""
        if self.rang_at is None or self.settled_at is None:
            return None
        return round((self.settled_at - self.rang_at) * 1000)


class Phone:
    """A baresip process with an account for each of its numbers, registered nowhere."""

    def __init__(
        self, program: str, folder: Path, addresses: Sequence[str], *, port: int, most_calls: int = 20
    ) -> None:
        """`addresses` are numbers or whole SIP addresses; the first one calls unless another is named."""
        self.port = port
        self.control = free_phone_port()
        self._http = free_phone_port()
        self._program = program
        self._folder = folder
        self._uris = [each if ":" in each else f"sip:{each}@127.0.0.1:{port}" for each in addresses]
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._changed = threading.Condition()
        self._packets: list[Packet] = []
        self._said: list[str] = []
        self._behaviour: tuple[Behaviour, float] = ("ring", 0.0)
        self._switched_on = 0
        folder.mkdir(parents=True, exist_ok=True)
        modules = next((path for path in _MODULES if Path(path).is_dir()), _MODULES[0])
        config = _CONFIG.format(
            sip=port, control=self.control, http=self._http, modules=modules, most_calls=most_calls
        )
        (folder / "config").write_text(config)
        (folder / "contacts").touch()
        accounts = "".join(f"<{uri}>;regint=0;answermode=manual\n" for uri in self._uris)
        (folder / "accounts").write_text(accounts)

    @property
    def address(self) -> str:
        """Where it listens for SIP over UDP."""
        return f"127.0.0.1:{self.port}"

    @property
    def control_address(self) -> str:
        """Where whoever listens at the phone connects to its `ctrl_tcp`."""
        return f"127.0.0.1:{self.control}"

    # --- life

    def start(self) -> None:
        """Switch it on and wait until it can be called."""
        assert self._process is None, "the phone is on already"
        self._said.clear()
        self._switched_on = len(self.packets())
        self._process = process = subprocess.Popen(
            [self._program, "-f", str(self._folder), "-s"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        self._reader.start()
        if not self.wait_until(lambda: self._is_ready() or process.poll() is not None, START_TIMEOUT) or (
            process.poll() is not None
        ):
            said = "".join(self._said)
            self.off()
            raise RuntimeError(f"baresip did not start:\n{said[-2000:]}")

    def off(self) -> None:
        """The process is gone at once, without a word to anybody; harmless when it is off."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=START_TIMEOUT)
        if self._reader is not None:
            self._reader.join(timeout=START_TIMEOUT)
        assert process.stdout is not None
        process.stdout.close()

    # --- what it does

    def behave(self, behaviour: Behaviour, *, after: float = 0.0) -> None:
        """From the next call on: ring until the caller gives up; answer or reject after so many seconds."""
        self._behaviour = (behaviour, after)

    def dial(self, uri: str, *, sender: str | None = None) -> None:
        """Call somebody, from one of its own addresses."""
        if sender is not None:
            uris = [own for own in self._uris if own == sender or own.startswith(f"sip:{sender}@")]
            self.command(f"/uafind {uris[0]}")
        self.command(f"/dial {uri}")

    def hang_up(self) -> None:
        """End the current call, or give it up, or reject it (486)."""
        self.command("/hangup")

    def command(self, words: str) -> str:
        """What the phone answers to a command of its menu."""
        connection = http.client.HTTPConnection("127.0.0.1", self._http, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", "/?" + quote(words))
            page = connection.getresponse().read().decode(errors="replace")
        return page.partition("<pre>")[2].partition("</pre>")[0]

    # --- what it saw

    def active_calls(self) -> int:
        """How many calls ring or are up, by the phone's own list."""
        return sum(int(count) for count in _ACTIVE.findall(self.command("/listcalls")))

    def packets(self) -> list[Packet]:
        """Every SIP message so far, in order, over all its lives."""
        with self._changed:
            return list(self._packets)

    def calls(self) -> list[PhoneCall]:
        """The incoming calls so far, in order."""
        return _calls(self.packets())

    def _calls_of_this_life(self) -> list[PhoneCall]:
        return _calls(self.packets()[self._switched_on :])

    def wait_for_call(self, which: Callable[[PhoneCall], bool], *, seconds: float = 15.0) -> PhoneCall:
        """The first incoming call that is so, as soon as there is one."""
        found: list[PhoneCall] = []

        def look() -> bool:
            found[:] = [call for call in self.calls() if which(call)]
            return bool(found)

        assert self.wait_until(look, seconds), f"no such call was seen, but {self.calls()}"
        return found[0]

    def wait_until_idle(self, *, seconds: float = 10.0) -> None:
        """Return when nothing rings and nothing is up, and all that led there has been read."""
        give_up = time.monotonic() + seconds
        while self.active_calls():
            assert time.monotonic() < give_up, "the phone is not left in peace"
            time.sleep(0.05)
        ended = self.wait_until(lambda: all(call.ended_at is not None for call in self._calls_of_this_life()))
        assert ended, "".join(self._said[-40:]) + "\n".join(packet.start for packet in self._packets[-20:])

    def wait_until(self, is_so: Callable[[], bool], seconds: float = 15.0) -> bool:
        """Look again whenever something happens at the phone; False when it was not so in time."""
        give_up = time.monotonic() + seconds
        with self._changed:
            while not is_so():
                if time.monotonic() > give_up:
                    return False
                self._changed.wait(0.1)
        return True

    # --- inside

    def _is_ready(self) -> bool:
        return any("baresip is ready" in line for line in self._said)

    def _read(self, output: IO[bytes]) -> None:
        """Make packets of the trace: a line with both addresses, then the message up to its empty line.

        While a call is up the phone writes its state before either of them, without ending the line.
        """
        route, lines = None, list[str]()
        for raw in output:
            line = re.sub(r"\x1b\[[0-9;]*m", "", raw.decode(errors="replace")).rstrip("\r\n")
            begins = _START.search(line)
            if route is not None and line and (lines or begins is not None):
                lines.append(line if begins is None or lines else begins[0])
            elif route is not None and lines:
                received = route[2] == self.address
                packet = Packet(time.monotonic(), received, lines[0], "\n".join(lines[1:]))
                route, lines = None, []
                self._keep(packet)
            else:
                route = _ROUTE.search(line) or (route if line else None)
                with self._changed:
                    self._said.append(line + "\n")
                    self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def _keep(self, packet: Packet) -> None:
        with self._changed:
            self._packets.append(packet)
            self._changed.notify_all()
        behaviour, after = self._behaviour
        if not packet.received and packet.code == 180 and behaviour != "ring":
            timer = threading.Timer(after, self._react, args=(behaviour,))
            timer.daemon = True
            timer.start()

    def _react(self, behaviour: Behaviour) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            self.command("/accept" if behaviour == "answer" else "/hangup")


def _calls(packets: Sequence[Packet]) -> list[PhoneCall]:
    invited = [packet for packet in packets if packet.received and packet.start.startswith("INVITE ")]
    return [_call(call_id, packets) for call_id in dict.fromkeys(each.call_id for each in invited)]


def _call(call_id: str, packets: Sequence[Packet]) -> PhoneCall:
    own = [packet for packet in packets if packet.call_id == call_id]

    def first(is_so: Callable[[Packet], bool]) -> float | None:
        return next((packet.at for packet in own if is_so(packet)), None)

    def is_final(packet: Packet) -> bool:
        return not packet.received and packet.method == "INVITE" and packet.code >= 200

    settled = first(lambda packet: packet.start.startswith("CANCEL ") or is_final(packet))
    answered = first(lambda packet: is_final(packet) and packet.code < 300)
    return PhoneCall(
        call_id=call_id,
        caller=own[0].sender,
        called=own[0].called,
        rang_at=first(lambda packet: not packet.received and packet.code == 180),
        settled_at=settled,
        answered=answered is not None,
        ended_at=settled if answered is None else first(lambda packet: packet.start.startswith("BYE ")),
    )


@contextlib.contextmanager
def running_phone(
    folder: Path, addresses: Sequence[str], *, port: int | None = None, most_calls: int = 20
) -> Iterator[Phone]:
    """A phone that is on, and gone at the end whatever happens."""
    program = shutil.which("baresip")
    if program is None:
        reason = "baresip is not installed; on Debian: apt-get install baresip-core"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    phone = Phone(program, folder, addresses, port=port or free_phone_port(), most_calls=most_calls)
    try:
        phone.start()
        yield phone
    finally:
        phone.off()
