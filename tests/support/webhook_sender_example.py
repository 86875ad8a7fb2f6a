"""The sender that the documentation shows, run as it stands there, over a switch of the tests."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import threading
import time
import types
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError

from flask import Flask
from werkzeug.serving import make_server

from tests.support import leaks
from tests.support.webhook_sender import SECRET

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "carriers" / "webhook.md"
_CODE: Final = re.compile(r"```python\n(.*?)```", re.DOTALL)


@dataclass
class Call:
    """A call that the switch made; `document` is what was to be said to whoever answered."""

    attempt: str
    to: str = field(repr=False)
    caller_id: str = field(repr=False)
    dial_timeout: int
    hung_up: threading.Event = field(default_factory=threading.Event, repr=False)
    document: str = ""


class Switch:
    """The module `my_switch` of the example: phones ring until hung up, or do as `behaviours` say."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self.messages: dict[str, tuple[str, str]] = {}
        self.behaviours: dict[str, str] = {}
        self.example: dict[str, Any] = {}
        self.refused: list[int] = []
        self.unheard = 0
        self._threads: list[threading.Thread] = []

    def dial(self, attempt: str, to: str, caller_id: str, dial_timeout: int) -> None:
        call = self.calls[attempt] = Call(attempt, to, caller_id, dial_timeout)
        self._run(lambda: self._ring(call))

    def send(self, attempt: str, to: str, text: str) -> None:
        self.messages[attempt] = (to, text)
        self._run(lambda: self._report(attempt, "delivered"))

    def hang_up(self, attempt: str) -> None:
        self.calls[attempt].hung_up.set()

    def stop(self) -> None:
        for call in self.calls.values():
            call.hung_up.set()
        for thread in self._threads:
            thread.join(timeout=5)

    def _ring(self, call: Call) -> None:
        behaviour = self.behaviours.get(call.to, "ring")
        if behaviour == "busy":
            self._report(call.attempt, "ended", reason="busy")
            return
        self._report(call.attempt, "ringing")
        began = time.monotonic()
        if behaviour == "answer" and not call.hung_up.wait(0.3):
            self._report(call.attempt, "answered")
            document_url = self.example["taken"][call.attempt]["document_url"]
            with urllib.request.urlopen(document_url, timeout=10) as answer:
                call.document = answer.read().decode()
            reason = "answered"
        else:
            reason = "cancelled" if call.hung_up.wait(call.dial_timeout) else "no_answer"
        rang = int((time.monotonic() - began) * 1000)
        self._report(call.attempt, "ended", reason=reason, ring_ms=rang)

    def _report(self, attempt: str, kind: str, **more: object) -> None:
        try:
            self.example["report"](attempt, kind, **more)
        except HTTPError as refusal:
            self.refused.append(refusal.code)
            refusal.close()
        except OSError:
            # The server has been stopped while a phone still rang.
            self.unheard += 1

    def _run(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()


def _imported(file: Path, code: str) -> dict[str, Any]:
    """The names of a module with this code."""
    file.write_text(code, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return vars(module)


@contextmanager
def documented_sender(folder: Path) -> Iterator[tuple[str, Switch]]:
    """The address of the documentation's example, and the switch behind it."""
    (code,) = _CODE.findall(PAGE.read_text(encoding="utf-8"))
    leaks.secret(SECRET, "password")
    switch = Switch()
    module = types.ModuleType("my_switch")
    vars(module).update(dial=switch.dial, send=switch.send, hang_up=switch.hang_up)
    sys.modules["my_switch"] = module
    os.environ["RINGPROOF_WEBHOOK_SECRET"] = SECRET
    try:
        switch.example = _imported(folder / "documented_sender.py", code)
    finally:
        del sys.modules["my_switch"], os.environ["RINGPROOF_WEBHOOK_SECRET"]
    app: Flask = switch.example["app"]
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/ringproof", switch
    finally:
        switch.stop()
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
