"""What holds for every test: nothing secret in any output, no way to the network, no silent skips in CI.

The SDK's and the voice documents' tests also run where the server is not installed, so everything that
belongs to the server is looked up, not imported.
"""

from __future__ import annotations

import errno
import importlib
import io
import ipaddress
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, Final, TextIO, cast

import pytest

from tests.support import leaks

ALLOWED_SKIPS: Final[frozenset[str]] = frozenset()
"""Reasons with which a test may be skipped in CI too; each would have to name what a platform cannot do."""

_LOCAL_NAMES: Final = frozenset({"", "localhost", "0.0.0.0", "::"})


# --- skips are failures in CI ----------------------------------------------------------------------------


def _forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not (os.environ.get("CI") and report.skipped) or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if reason.removeprefix("Skipped: ") not in ALLOWED_SKIPS:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where everything has to run: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    report = yield
    _forbid_skip(cast("pytest.TestReport", report))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    report = yield
    _forbid_skip(cast("pytest.CollectReport", report))
    return report


# --- no way to the network -------------------------------------------------------------------------------


def _stay_here(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: every other computer is as unreachable as on a machine without a network."""
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        if isinstance(address, tuple) and not _is_here(str(address[0])):
            raise OSError(errno.ENETUNREACH, "tests reach no other computer")
    elif event == "socket.getaddrinfo":
        host = arguments[0]
        name = host.decode(errors="replace") if isinstance(host, bytes) else str(host or "")
        if not _is_here(name):
            raise socket.gaierror(socket.EAI_NONAME, "tests reach no other computer")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback or host in _LOCAL_NAMES
    except ValueError:
        return host in _LOCAL_NAMES


# --- nothing secret in any output ------------------------------------------------------------------------


class _LogOutput(io.TextIOBase):
    """The stream that the logs of this process are written to; every line is searched for secrets."""

    def write(self, text: str, /) -> int:
        leaks.watch_log(text, "a log line")
        return len(text)


class _RawLog:
    """The first processor of structlog: what is logged is searched before anything redacts it."""

    def __call__(self, _logger: object, _method: str, event: Any) -> Any:
        shown = {name: value for name, value in event.items() if name != "exc_info"}
        leaks.watch(repr(shown), "a log line before redaction")
        return event


class _Recorded:
    """A request's body that is registered when it has been read."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.seen = bytearray()

    def read(self, *size: int) -> bytes:
        data: bytes = self._stream.read(*size)
        self.seen += data
        return data

    def readline(self, *size: int) -> bytes:
        data: bytes = self._stream.readline(*size)
        self.seen += data
        return data


def _watch_flask() -> None:
    """Watch every Flask app of this process, whoever creates it."""
    flask: Any = importlib.import_module("flask")

    def started(_app: object, **_: object) -> None:
        environ = flask.request.environ
        environ["wsgi.input"] = _Recorded(environ["wsgi.input"])

    def finished(_app: object, response: Any, **_: object) -> None:
        request = flask.request
        body = request.environ["wsgi.input"]
        said = bytes(body.seen) if isinstance(body, _Recorded) else b""
        leaks.register_request(request.path, dict(request.headers), said)
        if not response.direct_passthrough and not response.is_streamed:
            leaks.watch_answer(request.method, request.path, dict(response.headers), response.get_data())

    flask.request_started.connect(started, weak=False)
    flask.request_finished.connect(finished, weak=False)


def _is_worker(config: pytest.Config) -> bool:
    """Whether this process runs a part of the tests for another one, whose search it takes part in."""
    return hasattr(config, "workerinput")


def pytest_configure(config: pytest.Config) -> None:
    sys.addaudithook(_stay_here)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # What a shell runs in the background ignores Ctrl-C, and so would all that it starts.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not _is_worker(config):
        leaks.open_session()
    if find_spec("flask") is not None:
        _watch_flask()
    if find_spec("ringproof_server") is not None:
        # Already now, for what lives longer than one test and keeps its logger.
        _watch_logs()


@pytest.fixture(autouse=True)
def _scope(request: pytest.FixtureRequest) -> None:
    """Outputs and codes belong to the test during which they arise."""
    leaks.session.scope = request.node.nodeid


@pytest.fixture(autouse=True)
def _watched_logs() -> None:
    """Every test finds the logs as they were, whatever the one before configured."""
    if find_spec("ringproof_server") is not None:
        _watch_logs()


def _watch_logs() -> None:
    """The server's own log configuration at its most talkative, into the search instead of a terminal."""
    structlog: Any = importlib.import_module("structlog")
    root = logging.getLogger()
    # What pytest hears itself (caplog) stays connected; what an earlier test connected does not.
    kept = [handler for handler in root.handlers if type(handler).__module__.startswith("_pytest")]
    configure: Any = importlib.import_module("ringproof_server.logs").configure_logs
    configure("debug", "json", cast("TextIO", _LogOutput()))
    root.handlers[:] = [*kept, *root.handlers]
    # Libraries narrate below that level, millions of lines in a whole run.
    root.setLevel(logging.INFO)
    processors = structlog.get_config()["processors"]
    structlog.configure(processors=[_RawLog(), *processors])


def pytest_sessionfinish(session: pytest.Session) -> None:
    found = [] if _is_worker(session.config) else leaks.session.leaks()
    if found:
        shown = "\n".join(map(str, found[:50]))
        report = pytest.TestReport(
            nodeid="tests/secret scan",
            location=("tests", None, "secret scan"),
            keywords={},
            outcome="failed",
            longrepr=f"{len(found)} secrets were written where anyone could read them:\n{shown}",
            when="teardown",
        )
        session.config.hook.pytest_runtest_logreport(report=report)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl
def pytest_report_header() -> str:
    return "every output of this run is searched for secrets"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    secrets, outputs = leaks.session.count()
    terminalreporter.write_line(f"secret scan: {outputs} outputs searched for {secrets} secrets")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not _is_worker(config):
        leaks.close_session()
