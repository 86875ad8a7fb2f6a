"""What operators can count: requests to carriers, and the breakers around them, over all processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ringproof_server.http import FOLDER_VARIABLE, PrometheusMetrics

ROOT = Path(__file__).parents[3]


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Two processes that count in one folder; each line that one is given is the state of its breaker, and
    for an empty one it answers with what it shows of all breakers."""
    program = (
        "import sys\n"
        "from ringproof_server.http import PrometheusMetrics\n"
        "metrics = PrometheusMetrics(sys.argv[1])\n"
        "for line in sys.stdin:\n"
        "    if line.strip():\n"
        "        metrics.breaker('twilio', line.strip())\n"
        "        metrics.carrier_request('twilio', 'place_call', 'ok', 0.1)\n"
        "    print(metrics.render().decode().replace(chr(10), '|'), flush=True)\n"
    )
    with ExitStack() as stack:
        started = []
        for _ in range(2):
            worker = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", program, str(tmp_path)],
                    cwd=ROOT,
                    env={**os.environ, FOLDER_VARIABLE: str(tmp_path)},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(worker.kill)
            started.append(worker)
        yield started


def told(worker: subprocess.Popen[str], line: str = "") -> dict[str, float]:
    """What the worker shows after this line: by the name and labels of each figure."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(f"{line}\n")
    worker.stdin.flush()
    return figures(worker.stdout.readline().replace("|", "\n"))


def figures(text: str) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"^([^#\s]\S*) (\S+)$", text, re.MULTILINE)}


def breakers(shown: dict[str, float]) -> dict[str, float]:
    """How many processes' breakers are in which state."""
    states = {
        state: shown.get(f'ringproof_carrier_breakers{{carrier="twilio",state="{state}"}}', 0.0)
        for state in ("closed", "open", "half_open")
    }
    return {state: count for state, count in states.items() if count}


def test_breakers_are_counted_over_all_processes_that_live(workers: list[subprocess.Popen[str]]) -> None:
    """One scrape of any worker shows in how many the breaker is open, and a worker that died counts no more;
    what it has counted stays."""
    first, second = workers
    assert breakers(told(first, "closed")) == {"closed": 1}
    assert breakers(told(second, "closed")) == {"closed": 2}
    assert breakers(told(second, "open")) == {"closed": 1, "open": 1}
    assert breakers(told(first)) == {"closed": 1, "open": 1}
    second.kill()
    second.wait(30)
    shown = told(first)
    assert breakers(shown) == {"closed": 1}
    assert shown['ringproof_carrier_breaker_changes_total{carrier="twilio",state="open"}'] == 1
    counted = 'ringproof_carrier_request_seconds_count{carrier="twilio",operation="place_call",outcome="ok"}'
    assert shown[counted] == 3


def test_the_first_state_of_a_breaker_is_no_change() -> None:
    metrics = PrometheusMetrics()
    for state in ("closed", "closed", "open", "half_open", "closed"):
        metrics.breaker("twilio", state)
    shown = figures(metrics.render().decode())
    assert breakers(shown) == {"closed": 1}
    changes = {
        state: shown.get(f'ringproof_carrier_breaker_changes_total{{carrier="twilio",state="{state}"}}')
        for state in ("closed", "open", "half_open")
    }
    assert changes == {"closed": 1, "open": 1, "half_open": 1}


def test_requests_to_back_ends_are_counted_by_what_they_were_and_what_came_of_them() -> None:
    metrics = PrometheusMetrics()
    for outcome in ("delivered", "refused", "delivered"):
        metrics.webhook("verification.started", outcome, 0.1)
    metrics.webhook("verification.requested", "deny", 0.02)
    shown = figures(metrics.render().decode())
    name = "ringproof_webhook_request_seconds_count"
    assert shown[f'{name}{{kind="verification.started",outcome="delivered"}}'] == 2
    assert shown[f'{name}{{kind="verification.started",outcome="refused"}}'] == 1
    assert shown[f'{name}{{kind="verification.requested",outcome="deny"}}'] == 1
