"""A real Redis that a test starts, kills and starts again, on the loopback interface and without files.

Without the program its tests are skipped, but never in CI (environment variable `CI`): there it is a failure.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.support.ports import free_port

START_TIMEOUT = 20.0


class RedisServer:
    """A `redis-server` with one port for all its lives; each begins empty."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = {"port": self._port, "bind": "127.0.0.1", "save": "", "appendonly": "no"}
        arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        self._process = subprocess.Popen(
            [self._program, *arguments], cwd=self._folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        give_up = time.monotonic() + START_TIMEOUT
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError("Redis did not start")
            time.sleep(0.02)

    def signal(self, which: signal.Signals) -> None:
        """Send it a signal, such as SIGSTOP to let it hang."""
        assert self._process is not None, "Redis does not run"
        self._process.send_signal(which)

    def kill(self) -> None:
        """SIGKILL; nothing happens when it does not run."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(timeout=START_TIMEOUT)

    @contextlib.contextmanager
    def client(self) -> Iterator[Redis]:
        """A connection of the test's own."""
        with contextlib.closing(Redis.from_url(self.url, socket_timeout=5)) as client:
            yield client

    def _answers(self) -> bool:
        with self.client() as client:
            try:
                return bool(client.ping())
            except RedisError:
                return False


@contextlib.contextmanager
def running_redis(folder: Path) -> Iterator[RedisServer]:
    """A Redis that is gone at the end whatever happens."""
    program = shutil.which("redis-server")
    if program is None:
        reason = "Redis is not installed; on Debian: apt-get install redis-server"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    server = RedisServer(program, folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="module")
def module_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis for a whole module."""
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis(module_redis: RedisServer) -> RedisServer:
    """The same, emptied."""
    with module_redis.client() as client:
        client.flushall()
    return module_redis
