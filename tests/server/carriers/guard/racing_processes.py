"""Processes that reserve moments of one key at the same time."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.server.carriers.guard.pacer_child import EACH, MOMENTS, THREADS

ROOT = Path(__file__).parents[4]
PROCESSES = 3


def race(*arguments: str) -> list[float]:
    """The waits, in their order, of all moments that the processes got; they are begun at once."""
    with ExitStack() as stack:
        children = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.server.carriers.guard.pacer_child", *arguments],
                    cwd=ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(PROCESSES)
        ]
        for child in children:
            stack.callback(child.kill)
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        taken = [json.loads(child.communicate(timeout=60)[0]) for child in children]
    assert PROCESSES * THREADS * EACH > MOMENTS
    return sorted(wait for waits in taken for wait in waits)
