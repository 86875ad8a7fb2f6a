"""The guard in a real server: what hangs is given up, what fails is left alone, what is fast is paced."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.api import Api, Started
from tests.support.servers import GENEROUS, Server, running
from tests.support.waiting import wait_until

HANGING = {
    **GENEROUS,
    "RINGPROOF_SIMULATED_HANG_SHARE": "1",
    "RINGPROOF_SIMULATED_HANG_SECONDS": "300",
    "RINGPROOF_SIMULATED_TIMEOUT": "0.5",
}
PACED = {**GENEROUS, "RINGPROOF_WORKERS": "2", "RINGPROOF_SIMULATED_CALLS_PER_SECOND": "5"}
OPEN = 'ringproof_carrier_breakers{carrier="simulated",state="open"} 1.0'


def requests_in(log: str) -> list[dict[str, object]]:
    """The guard's lines about placements."""
    lines = (json.loads(line) for line in log.splitlines() if line.startswith("{"))
    return [
        line for line in lines if line.get("event") == "carrier_request" and line["operation"] == "place_call"
    ]


def test_a_carrier_that_hangs_is_given_up_and_then_left_alone(tmp_path: Path) -> None:
    """Every attempt comes to its end long before the requests do; the breaker opens, operators see it, and
    what comes then is not even given to the carrier. The server stops when it is told to."""
    with running(Server(tmp_path, settings=HANGING)) as server:
        api = Api(server.url, server.tenant().publishable)
        numbers = (f"+447700900{index:03}" for index in range(1000))

        def start() -> Started:
            return api.start(next(numbers), channels=["flashcall"])

        first = [start() for _ in range(8)]
        wait_until(lambda: all(api.read(one).json()["attempt"]["status"] == "ended" for one in first))
        wait_until(lambda: OPEN in api.get("/metrics").body.decode())

        def is_left_alone() -> bool:
            start()
            return any(line["stage"] == "breaker" for line in requests_in(server.log))

        wait_until(is_left_alone)
        lines = requests_in(server.log)
    by_stage = {stage: [line for line in lines if line["stage"] == stage] for stage in ("timeout", "breaker")}
    assert {line["outcome"] for line in by_stage["timeout"]} <= {"OutcomeUnknown"}
    assert {line["outcome"] for line in by_stage["breaker"]} == {"CarrierUnavailable"}
    assert {line["attempts"] for line in by_stage["breaker"]} == {0}


def test_two_workers_share_the_pace_of_one_account(tmp_path: Path) -> None:
    """Twelve calls at once reach the network one after another, five in a second, whoever places them."""
    with running(Server(tmp_path, settings=PACED)) as server:
        api = Api(server.url, server.tenant().publishable)
        for index in range(12):
            api.start(f"+447700900{index:03}", channels=["flashcall"])
        wait_until(lambda: len(requests_in(server.log)) >= 12)
        lines = requests_in(server.log)
    assert {line["outcome"] for line in lines} == {"ok"}
    ends = sorted(datetime.fromisoformat(str(line["timestamp"])) for line in lines)
    # A busy machine may make the first one late, never the others early.
    assert (ends[-1] - ends[0]).total_seconds() > 11 / 5 / 2


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("TIMEOUT", "soon", "timeout is not a number of seconds"),
        ("TIMEOUT", "60", "it must stay below the 45 s of RINGPROOF_CLAIM_LEASE"),
        ("CALLS_PER_SECOND", "0", "calls_per_second is neither a number from 0.001"),
    ],
)
def test_a_limit_that_cannot_be_used_is_refused_in_one_line(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    server = Server(tmp_path, settings={f"RINGPROOF_SIMULATED_{name}": text})
    server.prepare()
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("RINGPROOF_")}
    ended = subprocess.run(
        [sys.executable, "-m", "ringproof_server", "carriers", "list"],
        env={**inherited, **server.environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert said in re.sub(r"\s+", " ", ended.stderr)
