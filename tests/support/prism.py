"""Prism, a mock server that checks every request against a published OpenAPI description.

It is an npm package (Apache-2.0), pinned with all it needs in tests/server/carriers/prism.
"""

from __future__ import annotations

import atexit
import contextlib
import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.npm import CHECKOUT, find_node, installed
from tests.support.ports import free_port

PINS: Final = CHECKOUT / "tests" / "server" / "carriers" / "prism"
COMMAND: Final = Path("@stoplight/prism-cli/dist/index.js")
START_SECONDS: Final = 60.0

_running: set[subprocess.Popen[bytes]] = set()


def published(name: str) -> Path:
    """A vendor's published description, from a `shared` folder beside the checkout; skips without one."""
    path = CHECKOUT.parent / "shared" / "specs" / name
    if not path.is_file():
        pytest.skip(f"there is no shared/specs/{name} beside this checkout")
    return path


def for_the_mock(description: Path, target: Path) -> Path:
    """A copy of a description in JSON in which two things are changed that are not about what we send.

    It says that lists in forms are repeated fields: the default of OpenAPI 3, but Prism refuses what is right
    unless it is written down (https://github.com/stoplightio/prism/issues/2473). And it says nothing about
    answers, since published examples break their own descriptions, for which Prism would refuse the request.
    """
    content = json.loads(description.read_text(encoding="utf-8"))
    for answer in _answers(content):
        answer.pop("schema", None)
    for form in _forms(content):
        properties = form.get("schema", {}).get("properties", {})
        lists = [name for name, schema in properties.items() if schema.get("type") == "array"]
        for name in lists:
            form.setdefault("encoding", {})[name] = {"style": "form", "explode": True}
    target.write_text(json.dumps(content), encoding="utf-8")
    return target


@contextmanager
def prism(description: Path, log: Path) -> Iterator[str]:
    """The address of a mock server for this description, while the block runs. Skips where there is none."""
    node = find_node()
    command = installed(PINS, "prism") / COMMAND
    port = free_port()
    arguments = ["mock", "--host", "127.0.0.1", "--port", str(port), "--errors", str(description)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(node.node), str(command), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _running.add(process)
    try:
        _wait_until_ready(process, port, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        _end(process)


def _answers(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in content["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict):
                for response in operation.get("responses", {}).values():
                    yield from response.get("content", {}).values()


def _forms(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in content["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict) and "requestBody" in operation:
                form = operation["requestBody"]["content"].get("application/x-www-form-urlencoded")
                if form is not None:
                    yield form


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            if process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"Prism did not start:\n{log.read_text()[-2000:]}") from None
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=15)
    _running.discard(process)


@atexit.register
def _end_all() -> None:
    for process in list(_running):
        _end(process)
