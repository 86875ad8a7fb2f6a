"""`python -m bench.zero_touch`: how long a person waits who has nothing to do.

From the tap (`verify` is called) to the first ring, and from there to the token, end to end: a server
process of its own, the SDK as the client, and a phone that is either a virtual handset of the simulated
network or a real SIP phone (baresip), called through the carrier `sip`. In the instant mode the server does
not look at the ring time, and a call is reported as it rings; in the ring-time mode the report comes with the
end of the ring, whose length the server draws uniformly from 4 to 8 s, as it does by default.

The first ring is when anybody first knew of it: the network, the SDK, over SIP the phone's own trace of its
180, which is read a little later. The virtual handset is asked for news every `LOOK` seconds, and its network
takes 0.3 to 1.5 s to reach it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from bench.load import in_parallel, percentile
from ringproof import Progress, Ringproof, SimulatedCallSource, SipPhoneCallSource, Verified
from tests.support.api import Api
from tests.support.baresip import Phone, running_phone
from tests.support.servers import GENEROUS, Server, Tenant, running
from tests.support.sip_site import site

Mode = Literal["instant", "ring-time"]
MODES: Final[dict[Mode, str]] = {"instant": "ignore", "ring-time": "check"}
RING_SECONDS: Final = "4.0,8.0"
LOOK: Final = 0.05
AT_ONCE: Final = 5
BARS: Final = 40
BINS: Final = 10
OWNER: Final = "+447400123456"
SETTINGS: Final = {
    **GENEROUS,
    "RINGPROOF_LOG_LEVEL": "warning",
    "RINGPROOF_RING_SECONDS": RING_SECONDS,
}


@dataclass(frozen=True, slots=True)
class Course:
    """The moments of one verification, in seconds of one clock: each is later than the one before."""

    tapped: float
    rang: float
    ended: float
    verified: float


@dataclass(frozen=True, slots=True)
class Measured:
    """All verifications over one network in one mode."""

    network: str
    mode: Mode
    at_once: int
    courses: tuple[Course, ...]


def simulated(folder: Path, *, count: int, at_once: int) -> list[Measured]:
    """That many verifications of virtual handsets in each mode, some of them at once."""
    found = []
    for mode, rule in MODES.items():
        with _server(folder / f"simulated-{mode}", rule) as (server, tenant):

            def one(number: str, server: Server = server, tenant: Tenant = tenant) -> Course:
                source = SimulatedCallSource(server.url, number, every=LOOK)
                return _course(server, tenant, number, source)

            numbers = [f"+3363998{index:04}" for index in range(count)]
            found.append(Measured("simulated", mode, at_once, _all(numbers, one, at_once)))
    return found


@contextmanager
def _server(folder: Path, rule: str) -> Iterator[tuple[Server, Tenant]]:
    settings = {**SETTINGS, "RINGPROOF_RING_TIME": rule}
    with running(Server(folder, settings=settings, watched=False)) as server:
        yield server, server.tenant()


def over_sip(folder: Path, *, count: int) -> list[Measured]:
    """That many verifications of a real SIP phone in each mode, one after another."""
    found = []
    for mode, rule in MODES.items():
        with (
            running_phone(folder / f"phone-{mode}", [OWNER], most_calls=1) as phone,
            site(
                folder / f"sip-{mode}",
                phone,
                phone.address,
                RINGPROOF_RING_TIME=rule,
                **{name: SETTINGS[name] for name in ("RINGPROOF_RING_SECONDS", "RINGPROOF_LOG_LEVEL")},
            ) as where,
        ):
            courses = []
            for _ in range(count):
                source = SipPhoneCallSource(phone.control_address)
                courses.append(_course(where.server, where.tenant, OWNER, source, phone))
            found.append(Measured("SIP", mode, 1, tuple(courses)))
    return found


def _all(numbers: Sequence[str], one: Callable[[str], Course], at_once: int) -> tuple[Course, ...]:
    """Every number's course, so many at a time."""
    waiting, lock, courses = iter(numbers), threading.Lock(), list[Course]()

    def work() -> None:
        while True:
            with lock:
                number = next(waiting, None)
            if number is None:
                return
            course = one(number)
            with lock:
                courses.append(course)

    in_parallel(work, at_once)
    return tuple(courses)


def _course(
    server: Server,
    tenant: Tenant,
    number: str,
    source: SimulatedCallSource | SipPhoneCallSource,
    phone: Phone | None = None,
) -> Course:
    """Verify once, and take the moments of the call from all who know of it."""
    client, rings = Ringproof(server.url, tenant.publishable), list[float]()

    def note(progress: Progress) -> None:
        if progress.kind == "ringing":
            rings.append(time.monotonic())

    tapped = time.monotonic()
    verified = client.verify(number, source, on_progress=note)
    done = time.monotonic()
    assert verified.channel == "flashcall"
    attempt = _attempt(server, tenant, verified)
    rings.append(_moment(attempt["ringing_at"]))
    ended = _moment(attempt["ended_at"])
    if phone is not None:
        phone.wait_until_idle()
        call = phone.calls()[-1]
        assert call.rang_at is not None
        assert call.settled_at is not None
        rings.append(call.rang_at)
        ended = min(ended, call.settled_at)
    return Course(tapped, min(rings), ended, done)


def _attempt(server: Server, tenant: Tenant, verified: Verified) -> dict[str, Any]:
    """What the back end is told of the call, once it is over."""
    api, give_up = Api(server.url, tenant.secret), time.monotonic() + 20
    while time.monotonic() < give_up:
        (attempt,) = api.get(f"/v1/verifications/{verified.verification.id}").json()["attempts"]
        if attempt["ended_at"] is not None:
            return dict(attempt)
        time.sleep(0.05)
    raise AssertionError("the call does not end")


def _moment(written: str) -> float:
    """A moment of the wall clock in seconds of `time.monotonic`."""
    ago = datetime.now().astimezone() - datetime.fromisoformat(written)
    return time.monotonic() - ago.total_seconds()


def report(found: Sequence[Measured]) -> None:
    """Tables and pictures of everything."""
    print("\nZero touch, in seconds: the SDK, a server process and a phone, end to end")
    print(f"{'':<38}{'count':>6}{'p50':>8}{'p90':>8}{'p99':>8}{'max':>8}")
    for one in found:
        print(f"{one.network}, {one.mode} mode, {one.at_once} at once")
        for name, values in _spans(one).items():
            figures = "".join(f"{percentile(values, share):8.3f}" for share in (0.5, 0.9, 0.99))
            print(f"  {name:<36}{len(values):6}{figures}{max(values):8.3f}")
    for one in found:
        values = _spans(one)["first ring to verified"]
        print(f"\nFirst ring to verified, {one.network}, {one.mode} mode")
        for line in histogram(values):
            print(f"  {line}")


def _spans(one: Measured) -> dict[str, list[float]]:
    spans = {
        "tap to first ring": [each.rang - each.tapped for each in one.courses],
        "first ring to verified": [each.verified - each.rang for each in one.courses],
        "tap to verified": [each.verified - each.tapped for each in one.courses],
    }
    if one.mode == "ring-time":
        spans["end of the ring to verified"] = [each.verified - each.ended for each in one.courses]
    return spans


def histogram(values: Sequence[float]) -> Iterator[str]:
    """A line for each of some equal spans from the smallest to the largest value."""
    low, high = min(values), max(values)
    width = (high - low) / BINS or 1.0
    counts = [0] * BINS
    for value in values:
        counts[min(int((value - low) / width), BINS - 1)] += 1
    for index, count in enumerate(counts):
        bar = "#" * round(count / max(counts) * BARS)
        begin = low + index * width
        yield f"{begin:7.3f} to {begin + width:7.3f} s {count:4} {bar}"


def measure(folder: Path, *, count: int = 20, sip: int = 3, at_once: int = 10) -> list[Measured]:
    """Over both networks; without baresip, over the simulated one only."""
    found = simulated(folder, count=count, at_once=at_once) if count else []
    if sip and shutil.which("baresip") is None:
        print("baresip is not installed: nothing is measured over SIP")
    elif sip:
        found += over_sip(folder, count=sip)
    return found


def main() -> None:
    """Read how much is asked for, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--simulated", type=int, default=100, help="verifications in each mode")
    parser.add_argument("--sip", type=int, default=30, help="verifications in each mode")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="of the simulated ones")
    asked = parser.parse_args()
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before")
    with tempfile.TemporaryDirectory(prefix="ringproof-bench-") as folder:
        found = measure(Path(folder), count=asked.simulated, sip=asked.sip, at_once=asked.at_once)
    report(found)
    print(f"load {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
