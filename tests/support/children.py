"""Python processes of a test's own, run as modules of the tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def child(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m module …`, which is gone at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def race(count: int, module: str, *arguments: str) -> list[str]:
    """What so many of them print that are begun at once: each says `ready`, and goes on at a line."""
    with ExitStack() as stack:
        children = [stack.enter_context(child(module, *arguments)) for _ in range(count)]
        for one in children:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        for one in children:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        return [one.communicate(timeout=60)[0] for one in children]
