"""A process of its own that counts in a Redis: python -m tests.server.http.limiter_child URL

It says `ready`, waits for a line, lets its threads race and prints how many events fitted.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from ringproof_server.http import create_limiter
from ringproof_server.system import SystemClock
from tests.support.databases import hasher

LIMIT = 50
THREADS = 8
EACH = 20


def main(url: str) -> None:
    limiter = create_limiter(url, SystemClock(), hasher, patience=20)
    limiter.ping()
    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(THREADS) as pool:
        waits = pool.map(lambda _: limiter.hit("race", "192.0.2.7", LIMIT, 600), range(THREADS * EACH))
        print(sum(wait is None for wait in waits))


if __name__ == "__main__":
    main(sys.argv[1])
