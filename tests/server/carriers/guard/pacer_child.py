"""A process of its own that paces: python -m tests.server.carriers.guard.pacer_child FOLDER [REDIS URL]

It says `ready`, waits for a line, lets its threads race and prints the waits of the moments that were taken.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ringproof_server.carriers.guard import FilePacer, RedisPacer
from ringproof_server.ports import Pacer
from ringproof_server.system import SystemClock
from ringproof_server.testing.options import LogLines
from tests.support.databases import hasher

RATE = 0.01
REACH = 2950.0
"""Seconds: thirty moments and no more are as near."""
MOMENTS = 30
THREADS = 8
EACH = 5


def main(folder: str, url: str | None) -> None:
    log = LogLines()
    file = FilePacer(Path(folder), SystemClock(), hasher, log, lock_patience=30)
    pacer: Pacer = file if url is None else RedisPacer(url, file, hasher, log, patience=20)
    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(THREADS) as pool:
        waits = pool.map(lambda _: pacer.reserve("race", RATE, REACH), range(THREADS * EACH))
        print(json.dumps([wait for wait in waits if wait <= REACH]))
    assert not log.lines


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
