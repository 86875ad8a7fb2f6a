"""The demonstration as a person starts it: one command, one verified number, one token that holds."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jwt
import pytest

from ringproof import verify_token
from tests.support.api import Api, is_message
from tests.support.ports import free_port

NUMBER = "+447700900123"
LONGEST = 120.0


@contextmanager
def demo(port: int, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`ringproof-server demo` in a process group of its own; nothing of it is left afterwards."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RINGPROOF_")}
    folder = tempfile.mkdtemp(prefix="rp-demo-test-")
    process = subprocess.Popen(
        [sys.executable, "-m", "ringproof_server", "demo", "--port", str(port), *options],
        env={**environment, "TMPDIR": folder},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        shutil.rmtree(folder, ignore_errors=True)


def published_keys(base: str) -> dict[str, Any]:
    """The keys of a server that is coming up."""
    give_up = time.monotonic() + LONGEST
    while time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(f"{base}/.well-known/jwks.json", timeout=2) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise AssertionError("the demo does not come up")


def test_the_demo_verifies_a_number_and_prints_its_token() -> None:
    """`demo --once`: exit code 0; the last line of its output is a token that the published keys confirm."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with demo(port, "--once", "--seed", "7") as process:
        keys = published_keys(base)
        told, complaints = process.communicate(timeout=LONGEST)
    assert process.returncode == 0, complaints
    token = told.splitlines()[-1]
    claims = jwt.decode(token, options={"verify_signature": False})
    phone = verify_token(token, issuer=base, audience=claims["aud"], jwks=keys)
    assert (phone.phone_number, phone.channel) == (NUMBER, "flashcall")
    assert phone.assurance_bits is not None
    assert phone.assurance_bits >= 10
    assert "Verified" in told
    assert "Traceback" not in complaints


def test_the_demo_goes_on_serving_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """After its own verification the printed key works for a person; SIGTERM ends everything."""
    port = free_port()
    with demo(port, "--seed", "7") as process:
        key = _printed_key(process)
        api = Api(f"http://127.0.0.1:{port}", key)
        for path in ("/", "/handset", "/docs"):
            assert api.get(path).status == 200
        api.start(NUMBER.replace("123", "124"), channels=["sms"])
        assert api.wait_for(NUMBER.replace("123", "124"), is_message)["text"]
        api.close()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        with pytest.raises(OSError, match="refused"):
            Api(f"http://127.0.0.1:{port}").get("/livez")


def _printed_key(process: subprocess.Popen[str]) -> str:
    """The publishable key, once the demo says that it can be used."""
    assert process.stdout is not None
    guard = threading.Timer(LONGEST, process.kill)
    guard.start()
    key = ""
    try:
        for line in process.stdout:
            if "publishable key" in line:
                key = line.split()[-1]
            if "Ctrl-C" in line:
                return key
    finally:
        guard.cancel()
    raise AssertionError("the demo ended early")
