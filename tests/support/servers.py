"""Real server processes for tests: a command line, an environment, a port of the loopback interface.

A server has its own process group, so that stopping and killing reach its workers too, and none outlives the
test session.
"""

from __future__ import annotations

import atexit
import contextlib
import http.client
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ringproof_server.app import Node, compose, prepare_database
from ringproof_server.settings import Settings
from tests.support import leaks
from tests.support.ports import free_port

START_TIMEOUT = 60.0
STOP_TIMEOUT = 15.0
POOL = "+442079460000-+442079469999"
ALWAYS = {
    "RINGPROOF_FICTITIOUS_NUMBERS": "2099-12-31",
    "RINGPROOF_LOG_LEVEL": "info",
    "RINGPROOF_LOG_FORMAT": "json",
}
GENEROUS = {
    "RINGPROOF_STARTS_PER_IP_HOUR": "1000000",
    "RINGPROOF_COUNTRIES_PER_IP_DAY": "300",
    "RINGPROOF_FLASH_STARTS": "1000",
    "RINGPROOF_FLASH_WINDOW": "1",
    "RINGPROOF_SENDS_PER_DAY": "1000",
    "RINGPROOF_SEND_SPACING": "0",
    "RINGPROOF_PENDING_PER_NUMBER": "100",
    "RINGPROOF_NUMBER_GUESS_BUDGET": "1",
    "RINGPROOF_REUSE_AFTER": "0",
    "RINGPROOF_TRANSACTIONS_FROM_APPS": "on",
}
"""A policy under which one machine may start as much as it can."""

_running: set[subprocess.Popen[bytes]] = set()


@dataclass(frozen=True, slots=True)
class Tenant:
    """An application with its two first keys."""

    id: str
    publishable: str = field(repr=False)
    secret: str = field(repr=False)


class Server:
    """`ringproof-server serve` as a process; it may be killed and started again on the same data."""

    def __init__(
        self,
        folder: Path,
        *,
        database_url: str | None = None,
        settings: Mapping[str, str] | None = None,
        watched: bool = True,
    ) -> None:
        """`settings` are `RINGPROOF_…` variables; without `database_url` the data is SQLite in `folder`.

        Unless `watched` is false, its log takes part in the suite's search for secrets.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_file = folder / "server.log"
        self.starts = 0
        self._watched = watched
        self.environment = {
            "RINGPROOF_DATA_DIR": str(folder),
            "RINGPROOF_SECRET_KEY": secrets.token_urlsafe(48),
            "RINGPROOF_PUBLIC_URL": self.url,
            "RINGPROOF_PORT": str(self.port),
            **ALWAYS,
            **(settings or {}),
        }
        if database_url is not None:
            self.environment["RINGPROOF_DATABASE_URL"] = database_url
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> Settings:
        return Settings.from_environ(self.environment)

    @property
    def log(self) -> str:
        """Everything the server has written so far, over all its lives."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    @property
    def pid(self) -> int:
        """The process that started the workers."""
        assert self._process is not None
        return self._process.pid

    @property
    def workers(self) -> list[int]:
        """The processes that serve (Linux)."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
        return [int(pid) for pid, command in commands.items() if b"resource_tracker" not in command]

    def prepare(self) -> None:
        """Make the database, or bring it to the newest migration."""
        prepare_database(self.settings)

    @contextlib.contextmanager
    def node(self) -> Iterator[Node]:
        """A node on the same data in this process, with nothing running beside it."""
        node = compose(self.settings)
        try:
            yield node
        finally:
            node.storage.close()

    def tenant(
        self,
        name: str = "tests",
        *,
        brand: str | None = None,
        origins: Sequence[str] = (),
        pool: Sequence[str] = (POOL,),
    ) -> Tenant:
        """A new application with a caller-ID pool; works whether the server runs or not."""
        with self.node() as node:
            made = node.administration.create_application(name, brand=brand, allowed_origins=origins)
            for _ in node.administration.add_numbers(made.application.id, pool):
                pass
        leaks.secrets((made.publishable_key, made.secret_key), "key")
        for numbers in pool:
            leaks.pool(numbers)
        return Tenant(made.application.id, made.publishable_key, made.secret_key)

    def start(self) -> None:
        """Start the process and wait until it is ready."""
        assert self._process is None, "the server runs already"
        self.starts += 1
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("RINGPROOF_")}
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ringproof_server", "serve"],
                env={**inherited, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _running.add(self._process)
        self._wait_until_ready(self._process)

    def stop(self) -> None:
        """End it as an operator would; SIGKILL if it does not go. Nothing happens when it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        if self._watched:
            self._watch_metrics()
        process.terminate()
        try:
            process.wait(timeout=STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _end(process)
            if self._watched:
                leaks.watch_file(self.log_file, "the log of a server process")

    def kill(self) -> None:
        """SIGKILL, for all its processes at once: no handler runs, nothing is finished."""
        process, self._process = self._process, None
        assert process is not None, "the server does not run"
        _end(process)

    def _watch_metrics(self) -> None:
        """What the server has counted in this life, as operators see it; a broken server tells nothing."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/metrics")
            answer = connection.getresponse()
            leaks.watch_answer("GET", "/metrics", dict(answer.getheaders()), answer.read())

    def is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        give_up = time.monotonic() + START_TIMEOUT
        while not self.is_ready():
            if process.poll() is not None or time.monotonic() > give_up:
                self._process = None
                _end(process)
                raise RuntimeError(f"the server did not start:\n{self.log[-4000:]}")
            time.sleep(0.02)


@contextlib.contextmanager
def running(server: Server) -> Iterator[Server]:
    """The server, prepared and started; it is gone at the end whatever happens."""
    server.prepare()
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the group and wait for its leader."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=STOP_TIMEOUT)
    _running.discard(process)


@atexit.register
def _end_all() -> None:
    for process in list(_running):
        _end(process)
