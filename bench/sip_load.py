"""`python -m bench.sip_load`: calls over SIP at a steady pace, each hung up while it rings.

The agent has one processor to itself; sipp, as the trunk, and the server's side of the control connections
share another one. Every call must have rung and ended by our CANCEL, as the agent reports it and as sipp
counts it.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.load import TICKS_PER_SECOND, in_parallel, percentile
from ringproof_server.carriers.plugin import Timeouts
from ringproof_server.carriers.sip import build
from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import CarrierError
from ringproof_server.ports import CallbackRequest, Carrier, CarrierEvent, OutgoingCall
from ringproof_server.system import SystemClock
from ringproof_server.testing.options import carrier_options
from tests.server.carriers.sip.agents import say_nothing
from tests.support.ports import free_phone_port

AGENTS_PROCESSOR: Final = 0
OTHERS_PROCESSOR: Final = 1
SCENARIO: Final = Path(__file__).parents[1] / "tests/server/carriers/sip/scenarios/ring.xml"
SECRET: Final = "a secret key for tests, which nobody else has"  # noqa: S105
PLACERS: Final = 24
HANGERS: Final = 12
DRAIN_SECONDS: Final = 40.0


@dataclass(slots=True)
class Course:
    """What has happened so far."""

    events: dict[str, list[CarrierEvent]] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    ended: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, event: CarrierEvent) -> None:
        with self.lock:
            known = self.events.setdefault(event.remote_id or "", [])
            if all(other.key != event.key for other in known):
                known.append(event)
                self.ended += event.kind is AttemptEvent.END


@contextmanager
def agent(folder: Path, trunk: str) -> Iterator[tuple[str, int]]:
    """An agent with a processor of its own; its address and its process."""
    address = f"tcp://127.0.0.1:{free_phone_port()}"
    environment = {
        **os.environ,
        "RINGPROOF_SECRET_KEY": SECRET,
        "RINGPROOF_DATA_DIR": str(folder),
        "RINGPROOF_SIP_TRUNK": trunk,
        "RINGPROOF_SIP_LOCAL_ADDRESS": "127.0.0.1:0",
    }
    command = ["taskset", "-c", str(AGENTS_PROCESSOR), sys.executable, "-m", "ringproof_server", "sip-agent"]
    log = folder / "agent.log"
    with (
        log.open("wb") as output,
        subprocess.Popen([*command, "--listen", address], env=environment, stderr=output) as process,
    ):
        try:
            while "The SIP agent listens" not in log.read_text():
                if process.poll() is not None:
                    raise RuntimeError(log.read_text())
                time.sleep(0.05)
            yield address, process.pid
        finally:
            process.terminate()


@contextmanager
def sipp(folder: Path) -> Iterator[tuple[str, Path]]:
    """sipp as a trunk; its address, and the file of its counts."""
    port = free_phone_port()
    counts = folder / "counts.csv"
    command = [
        shutil.which("sipp") or "sipp",
        "-sf",
        str(SCENARIO),
        "-i",
        "127.0.0.1",
        "-p",
        str(port),
        "-nostdin",
    ]
    statistics = ["-trace_stat", "-fd", "1", "-stf", str(counts), "-buff_size", "8388608"]
    process = subprocess.Popen(
        ["/usr/bin/env", "taskset", "-c", str(OTHERS_PROCESSOR), "timeout", "300", *command, *statistics],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(1)
        yield f"127.0.0.1:{port}", counts
    finally:
        process.terminate()
        process.wait()


def processor_seconds(pid: int) -> float:
    """What this process has used so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def peak_mib(pid: int) -> float:
    """The most memory that this process has had (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def measure(folder: Path, *, per_second: float, seconds: float, ring: float) -> None:
    """Place calls at this pace for so long, hang each up after it rang for `ring` seconds, and print."""
    with sipp(folder) as (trunk, counts), agent(folder, trunk) as (address, pid):
        os.sched_setaffinity(0, {OTHERS_PROCESSOR})
        carrier = build(
            carrier_options(
                {"agent": address},
                timeouts=Timeouts(connect=5.0, total=15.0),
                clock=SystemClock(),
                data_dir=folder,
            )
        )
        course = Course()

        def deliver(request: CallbackRequest) -> None:
            event = carrier.parse_event(request)
            if event is not None:
                course.note(event)

        carrier.start(deliver, say_nothing)
        time.sleep(1)
        began, used = time.monotonic(), processor_seconds(pid)
        placed = _call(carrier, course, per_second=per_second, calls=int(per_second * seconds), ring=ring)
        while course.ended < len(placed) and time.monotonic() - began < seconds + ring + DRAIN_SECONDS:
            time.sleep(0.1)
        whole, spent = time.monotonic() - began, processor_seconds(pid) - used
        time.sleep(2)
        carrier.stop()
        _report(course, placed, whole=whole, spent=spent, peak=peak_mib(pid), counts=counts)


def _call(
    carrier: Carrier, course: Course, *, per_second: float, calls: int, ring: float
) -> dict[str, float]:
    """Place and hang up; the calls that were taken, and how long placing each took (ms)."""
    placed: dict[str, float] = {}
    due: list[tuple[float, str]] = []
    turns = iter(range(calls))
    placing = [True]
    began = time.monotonic()

    def place() -> None:
        while True:
            with course.lock:
                turn = next(turns, None)
            if turn is None:
                return
            time.sleep(max(0.0, began + turn / per_second - time.monotonic()))
            sent = time.monotonic()
            try:
                name = carrier.place_call(_order(turn)).remote_id
            except CarrierError as fault:
                with course.lock:
                    course.faults[type(fault).__name__] += 1
                continue
            with course.lock:
                placed[name] = (time.monotonic() - sent) * 1000
                due.append((time.monotonic() + ring, name))

    def hang_up() -> None:
        while True:
            with course.lock:
                at, name = due.pop(0) if due else (0.0, "")
            if not name:
                if not placing[0]:
                    return
                time.sleep(0.01)
                continue
            time.sleep(max(0.0, at - time.monotonic()))
            carrier.hang_up(name)

    hangers = threading.Thread(target=in_parallel, args=(hang_up, HANGERS))
    hangers.start()
    in_parallel(place, PLACERS)
    placing[0] = False
    print(f"placed {len(placed)} calls in {time.monotonic() - began:.1f} s")
    hangers.join()
    return placed


def _order(turn: int) -> OutgoingCall:
    return OutgoingCall(
        attempt_id=f"att_{turn}",
        reference=f"reference-{turn}",
        channel=Channel.FLASHCALL,
        to=f"+4474{turn:08}",
        caller_id=f"+4420{turn:08}",
        dial_timeout=30,
        document_url="https://ringproof.example/rcml/document",
        events_url="https://ringproof.example/carriers/sip/events",
    )


def _report(
    course: Course, placed: dict[str, float], *, whole: float, spent: float, peak: float, counts: Path
) -> None:
    ends = [event for known in course.events.values() for event in known if event.kind is AttemptEvent.END]
    rang = [event.ring_ms for event in ends if event.reason is Reason.RANG and event.ring_ms is not None]
    reasons = Counter(event.reason.value if event.reason else "none" for event in ends)
    with counts.open(newline="") as file:
        *_, last = csv.DictReader(file, delimiter=";")
    print(f"taken {len(placed)}, refused {dict(course.faults)}, ended {len(ends)}: {dict(reasons)}")
    print(f"sipp: {last['SuccessfulCall(C)']} calls right, {last['FailedCall(C)']} wrong")
    if rang:
        print(
            f"ring ms p50 {percentile(rang, 0.5)}  p99 {percentile(rang, 0.99)}  max {max(rang)};"
            f" placing ms p50 {percentile(list(placed.values()), 0.5):.1f}"
            f"  p99 {percentile(list(placed.values()), 0.99):.1f}"
        )
    print(
        f"agent: {spent:.2f} s of processor {AGENTS_PROCESSOR} in {whole:.1f} s = {spent / whole:.0%},"
        f" {spent / max(1, len(placed)) * 1000:.2f} ms a call, {peak:.0f} MiB at most"
    )


def main() -> None:
    """Read how much is asked for, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-second", type=float, default=300.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--ring", type=float, default=4.0)
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    print(f"load {os.getloadavg()[0]:.1f} before; {asked.per_second:g} calls/s for {asked.seconds:g} s")
    with tempfile.TemporaryDirectory(prefix="ringproof-sip-load-") as folder:
        measure(Path(folder), per_second=asked.per_second, seconds=asked.seconds, ring=asked.ring)
    print(f"load {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
