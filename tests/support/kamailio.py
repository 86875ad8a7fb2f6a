"""Kamailio processes for tests: a proxy that runs a given configuration, and a trunk that asks for a login.

Without the program tests are skipped, but never in CI (environment variable `CI`): there it is a failure.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.ports import free_phone_port

START_TIMEOUT = 20.0

_TRUNK = """\
children=2
dns=no
rev_dns=no
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "rr.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "auth.so"
listen=LISTEN
modparam("tm", "fr_timer", 5000)
request_route {
    xlog("L_WARN", "trunk: $rm $cs $ci\\n");
    if (is_method("OPTIONS")) {
        sl_send_reply("200", "OK");
        exit;
    }
    if (is_method("CANCEL")) {
        if (t_check_trans()) {
            t_relay();
        }
        exit;
    }
    if (has_totag()) {
        if (loose_route()) {
            t_relay();
        } else if (is_method("ACK") && t_check_trans()) {
            t_relay();
        }
        exit;
    }
    t_check_trans();
    if (!pv_proxy_authenticate(REALM, PASSWORD, "0") || $au != USER) {
        proxy_challenge(REALM, "0");
        exit;
    }
    xlog("L_WARN", "trunk: logged in $ci\\n");
    consume_credentials();
    record_route();
    $du = PHONE;
    t_relay();
}
"""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A Kamailio that runs; `log` is what it has written."""

    port: int
    log_file: Path

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")


@contextlib.contextmanager
def running_proxy(
    folder: Path, config: Path, defines: Mapping[str, str], *, port: int | None = None
) -> Iterator[Proxy]:
    """Run a configuration whose `LISTEN` is where it listens; the other values are given by name.

    It is gone at the end whatever happens.
    """
    program = _program()
    port = port or free_phone_port()
    folder.mkdir(parents=True, exist_ok=True)
    proxy = Proxy(port, folder / "kamailio.log")
    given = {"LISTEN": f"udp:127.0.0.1:{port}", **defines}
    options = [text for name, value in given.items() for text in ("-A", f"{name}={value}")]
    with proxy.log_file.open("wb") as log:
        process = subprocess.Popen(
            [program, "-f", str(config), "-DD", "-E", "-m", "32", "-M", "4", "-Y", str(folder), *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
        )
    try:
        give_up = time.monotonic() + START_TIMEOUT
        while options_answer(port) is None:
            if process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"Kamailio did not start:\n{proxy.log[-4000:]}")
        yield proxy
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=START_TIMEOUT)


@contextlib.contextmanager
def running_trunk(folder: Path, phone: str, *, user: str, password: str, realm: str) -> Iterator[Proxy]:
    """A provider's gateway: asks every call for a digest login (RFC 3261, section 22) and rings `phone`."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "trunk.cfg"
    config.write_text(_TRUNK)
    words = {"USER": user, "PASSWORD": password, "REALM": realm, "PHONE": f"sip:{phone}"}
    with running_proxy(folder, config, {name: f'"{word}"' for name, word in words.items()}) as trunk:
        yield trunk


def check_config(config: Path, defines: Mapping[str, str]) -> str:
    """What Kamailio has against a configuration; empty when it would run it."""
    options = [text for name, value in defines.items() for text in ("-A", f"{name}={value}")]
    command = [_program(), "-c", "-f", str(config), *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    complaints = [
        line for line in done.stderr.splitlines() if re.search(r"\b(ERROR|CRITICAL|WARNING)\b", line)
    ]
    return "\n".join(complaints) or ("" if done.returncode == 0 else done.stderr)


def options_answer(port: int, *, source: str = "127.0.0.1", timeout: float = 0.3) -> int | None:
    """Ask whether it lives (OPTIONS); the status of the answer, None when there is none in time."""
    return request_answer(port, "OPTIONS", source=source, timeout=timeout)


def request_answer(
    port: int, method: str, *, source: str = "127.0.0.1", timeout: float = 0.3, beyond: str | None = None
) -> int | None:
    """Send one request of one's own; the status of its answer, None when there is none in time.

    With `beyond` it pretends to be within a call that the proxy had brought to this address before.
    """
    with socket.socket(type=socket.SOCK_DGRAM) as asking:
        asking.bind((source, 0))
        asking.settimeout(timeout)
        here = f"{source}:{asking.getsockname()[1]}"
        mark = f"{time.monotonic_ns():x}"
        proxy = f"127.0.0.1:{port}"
        route = "" if beyond is None else f"Route: <sip:{proxy};lr>\r\n"
        tag = "" if beyond is None else ";tag=there"
        asking.sendto(
            f"{method} sip:+447400123456@{beyond or proxy} SIP/2.0\r\n{route}"
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{mark}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:ping@{here}>;tag={mark}\r\n"
            f"To: <sip:+447400123456@{proxy}>{tag}\r\n"
            f"Call-ID: {mark}\r\nCSeq: 1 {method}\r\nContact: <sip:ping@{here}>\r\n"
            "Content-Length: 0\r\n\r\n".encode(),
            ("127.0.0.1", port),
        )
        try:
            return int(asking.recv(4096).split()[1])
        except OSError:
            # Refused at once while nobody listens yet: then not asked again at once either.
            time.sleep(0.02)
            return None


def _program() -> str:
    program = shutil.which("kamailio") or shutil.which("kamailio", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        reason = "Kamailio is not installed; on Debian: apt-get install kamailio"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return program
