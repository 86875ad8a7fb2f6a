"""Rate limits that several processes count together, on a real Redis that the tests start themselves."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisAway

from ringproof_server.http import create_limiter
from ringproof_server.system import SystemClock

START_TIMEOUT = 20.0


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an empty Redis that is gone after this module; skipped where there is none, never in CI."""
    program = shutil.which("redis-server")
    if program is None:
        reason = "Redis is not installed; on Debian: apt-get install redis-server"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    folder: Path = tmp_path_factory.mktemp("redis")
    process = subprocess.Popen([program, *options], cwd=folder, stdout=subprocess.DEVNULL)
    try:
        _wait_until_ready(process, port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(timeout=START_TIMEOUT)


def test_two_processes_hold_one_limit_together(redis_url: str) -> None:
    """What the one has counted the other knows, and both say how long to wait."""
    one, other = (create_limiter(redis_url, SystemClock()) for _ in range(2))
    assert [limiter.hit("starts", "192.0.2.7", 3, 600) for limiter in (one, other, one)] == [None] * 3
    for limiter in (one, other):
        wait = limiter.hit("starts", "192.0.2.7", 3, 600)
        assert wait is not None
        assert 0 < wait <= 600


def test_addresses_and_rules_are_counted_apart(redis_url: str) -> None:
    limiter = create_limiter(redis_url, SystemClock())
    assert limiter.hit("one rule", "192.0.2.8", 1, 600) is None
    assert limiter.hit("one rule", "192.0.2.8", 1, 600) is not None
    assert limiter.hit("one rule", "192.0.2.9", 1, 600) is None
    assert limiter.hit("another rule", "192.0.2.8", 1, 600) is None


def test_the_counts_end_with_their_window(redis_url: str) -> None:
    """Nothing is kept for ever: Redis forgets a key when nothing in its window is left."""
    limiter = create_limiter(redis_url, SystemClock())
    limiter.hit("starts", "192.0.2.10", 3, 600)
    with closing(Redis.from_url(redis_url)) as client:
        kept = list(client.scan_iter("*192.0.2.10*"))
        assert kept
        assert all(0 < client.ttl(name) <= 600 for name in kept)


def test_a_ping_says_that_redis_is_there(redis_url: str) -> None:
    create_limiter(redis_url, SystemClock()).ping()


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    give_up = time.monotonic() + START_TIMEOUT
    with closing(Redis(port=port)) as client:
        while True:
            try:
                client.ping()
            except RedisAway:
                if process.poll() is not None or time.monotonic() > give_up:
                    raise
                time.sleep(0.02)
            else:
                return


def test_a_look_counts_nothing(redis_url: str) -> None:
    limiter = create_limiter(redis_url, SystemClock())
    for _ in range(5):
        assert limiter.look("looked at", "192.0.2.9", 1, 600) is None
    assert limiter.hit("looked at", "192.0.2.9", 1, 600) is None
    wait = limiter.look("looked at", "192.0.2.9", 1, 600)
    assert wait is not None
    assert 0 < wait <= 600
