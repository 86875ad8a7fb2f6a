"""What a whole verification costs the server, as a multiple of Flask's hello on the same server.

One verification is a start, a signed callback (it rings) and a confirm; what the server does beside these
requests (claiming and placing the call, hanging up) is in the figure, the carrier itself is not.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.load import Timed, processor_seconds, request, run
from bench.silent import SIGNATURE, callback_key, installed, sign
from ringproof_server.tokens import SecretSeals
from tests.support.api import Json, call_evidence, pkce, start_body
from tests.support.ports import free_port
from tests.support.servers import GENEROUS, Server, Tenant, running

ROUNDS = 3
VERIFICATIONS = 400
HELLOS = 6000
CLIENTS = 16
SETTINGS = {
    **GENEROUS,
    "RINGPROOF_LOG_LEVEL": "warning",
    "RINGPROOF_WORKERS": "1",
    "RINGPROOF_THREADS": "16",
    "RINGPROOF_CARRIERS": "silent",
}


@dataclass
class Cost:
    """What a number of things cost the server: seconds on the clock and of its processors."""

    count: int = 0
    seconds: float = 0.0
    processor: float = 0.0
    rounds: list[float] = field(default_factory=list)

    def add(self, count: int, seconds: float, processor: float) -> None:
        self.count += count
        self.seconds += seconds
        self.processor += processor
        self.rounds.append(processor / count)

    @property
    def microseconds(self) -> float:
        return self.processor / self.count * 1e6

    @property
    def per_second(self) -> float:
        return self.count / self.seconds


def measure(folder: Path) -> tuple[Cost, Cost]:
    """The costs of verifications and of hellos; their rounds take turns."""
    verifications, hellos = Cost(), Cost()
    settings = {**SETTINGS, "PYTHONPATH": installed(folder / "plugins")}
    with (
        running(Server(folder / "cost", settings=settings, watched=False)) as server,
        _hello_server() as (pid, port),
    ):
        tenant = server.tenant()
        numbers = (f"+3363998{index:04}" for index in range(10_000))
        for position in range(ROUNDS + 1):
            count = VERIFICATIONS if position else 50
            spent = _verify(server, tenant, [next(numbers) for _ in range(count)])
            greeting = _greet(pid, port, HELLOS if position else 500)
            if position:  # The first round warms up.
                verifications.add(count, *spent)
                hellos.add(HELLOS, *greeting)
    return verifications, hellos


def _verify(server: Server, tenant: Tenant, numbers: Sequence[str]) -> tuple[float, float]:
    """Seconds on the clock and of the server's processors for verifying these numbers."""
    bearer = f"Bearer {tenant.publishable}"
    pairs = [pkce() for _ in numbers]
    starts = [
        request("POST", "/v1/verifications", start_body(number, made[1]), Authorization=bearer)
        for number, made in zip(numbers, pairs, strict=True)
    ]
    before = processor_seconds(server.pid)
    seconds, answers = _timed(server, starts, 201)
    views = [_json(answer) for answer in answers]
    callers = _placed(server, [view["attempt"]["id"] for view in views])
    rings = _ring_requests(server, list(callers))
    seconds += _timed(server, rings, 204)[0]
    confirms = [
        request(
            "POST",
            f"/v1/verifications/{view['id']}/confirm",
            {
                "challenge": view["challenge"],
                "code_verifier": made[0],
                "evidence": call_evidence(callers[view["attempt"]["id"]]),
            },
            Authorization=bearer,
        )
        for view, made in zip(views, pairs, strict=True)
    ]
    last, confirmed = _timed(server, confirms, 200)
    assert {_json(answer)["status"] for answer in confirmed} == {"verified"}
    time.sleep(0.5)  # The hang-ups that follow belong to the cost.
    return seconds + last, processor_seconds(server.pid) - before


def _timed(server: Server, requests: Sequence[bytes], status: int) -> tuple[float, list[Timed]]:
    began = time.perf_counter()
    answers = run(server.port, requests, clients=CLIENTS)
    seconds = time.perf_counter() - began
    assert {answer.status for answer in answers} == {status}
    return seconds, answers


def _json(answer: Timed) -> Json:
    found: Json = json.loads(answer.body)
    return found


def _placed(server: Server, attempts: Sequence[str]) -> dict[str, str]:
    """The caller ID of every attempt, once the carrier has taken all."""
    file = server.settings.database_url.reveal().removeprefix("sqlite:///")
    wanted, give_up = set(attempts), time.monotonic() + 30
    statement = "SELECT id, caller_id FROM attempts WHERE state = 'accepted'"
    with closing(sqlite3.connect(file)) as connection:
        while time.monotonic() < give_up:
            found = {row[0]: row[1] for row in connection.execute(statement) if row[0] in wanted}
            if len(found) == len(wanted):
                return found
            time.sleep(0.2)
    raise AssertionError("the calls are not placed")


def _ring_requests(server: Server, attempts: Sequence[str]) -> list[bytes]:
    """The callbacks that say that the phones ring, signed as the carrier does."""
    made = []
    seals = SecretSeals(server.settings.secret_key.reveal())
    key = callback_key(seals)
    for attempt_id in attempts:
        said = {"key": f"ring-{attempt_id}", "kind": "ring", "reference": seals.sign_reference(attempt_id)}
        body = json.dumps(said).encode()
        made.append(request("POST", "/carriers/silent/events", body, **{SIGNATURE: sign(key, body)}))
    return made


@contextmanager
def _hello_server() -> Iterator[tuple[int, int]]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.hello", str(port)], start_new_session=True)
    try:
        give_up = time.monotonic() + 30
        while time.monotonic() < give_up:
            try:
                run(port, [request("GET", "/")], clients=1)
                break
            except OSError:
                time.sleep(0.1)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(timeout=15)


def _greet(pid: int, port: int, count: int) -> tuple[float, float]:
    before, began = processor_seconds(pid), time.perf_counter()
    answers = run(port, [request("GET", "/")] * count, clients=CLIENTS)
    seconds = time.perf_counter() - began
    assert {answer.status for answer in answers} == {200}
    return seconds, processor_seconds(pid) - before


def report(verifications: Cost, hellos: Cost) -> None:
    print(f"\nOne worker, {CLIENTS} connections, {ROUNDS} rounds in turn; the clients share the processors")
    print(f"{'':<24}{'count':>8}{'per second':>12}{'server CPU us':>15}   CPU us of each round")
    for name, cost in (("verification, SQLite", verifications), ("Flask hello", hellos)):
        each = " ".join(f"{one * 1e6:7.0f}" for one in cost.rounds)
        print(f"{name:<24}{cost.count:8}{cost.per_second:12.0f}{cost.microseconds:15.0f}   {each}")
    dearer = verifications.microseconds / hellos.microseconds
    slower = verifications.per_second / hellos.per_second
    print(
        f"A verification costs the server as much as {dearer:.1f} hellos; {slower:.3f} × as many per second."
    )
