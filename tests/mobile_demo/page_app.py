"""Runs the app of docs/mobile/kivy.md in a window nobody sees, on a phone of stand-ins, against the SDK's own
fake server behind real HTTP. Argument: what the person does, `allows` or `refuses`.

To be run by `tests.android.jvm.run_program`. The last line is what happened, as JSON; leaves with 1 when it
takes too long.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SECONDS = 90
PAGE = Path(__file__).resolve().parents[2] / "docs/mobile/kivy.md"

os.environ |= {
    "KIVY_CLIPBOARD": "dummy",
    "KIVY_HOME": tempfile.mkdtemp(),
    "KIVY_LOG_MODE": "PYTHON",
    "KIVY_NO_ARGS": "1",
    "KIVY_NO_FILELOG": "1",
    "SDL_VIDEODRIVER": "offscreen",
}

from kivy.app import App  # noqa: E402 - Kivy reads the environment when it is imported
from kivy.clock import Clock  # noqa: E402

from ringproof._system import SystemClock  # noqa: E402 - the phone that it needs is there by now
from ringproof._transport import Request  # noqa: E402
from ringproof.testing import FakeServer  # noqa: E402
from tests.android.phone import Phone  # noqa: E402


class Door(BaseHTTPRequestHandler):
    """The fake server behind HTTP."""

    server: Any

    def do_POST(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: str(value) for name, value in self.headers.items()}
        url = f"http://127.0.0.1{self.path}"
        answer = self.server.inside.send(
            Request(method=self.command, url=url, headers=headers, body=body or None, timeout=10.0)
        )
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class names it so
        """Requests are of no interest here."""


class Person:
    """Reads what the app prints, ends it when there is a token, and types digits when it asks for them."""

    def __init__(self, digits: str | None) -> None:
        self._digits = digits
        self.read = ""

    def write(self, text: str) -> int:
        self.read += text
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""

    def look(self, _seconds: float) -> None:
        app = App.get_running_app()
        if app.digits.expected is not None and self._digits is not None:
            app.root.text, self._digits = self._digits, None
            app.root.dispatch("on_text_validate")
        if "fake." in self.read:
            app.stop()


def code_of_the_page(port: int) -> str:
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1].replace("https://verify.example", f"http://127.0.0.1:{port}").replace("…", "page")


def open_door(server: FakeServer) -> int:
    door: Any = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    door.inside = server
    threading.Thread(target=door.serve_forever, daemon=True).start()
    port: int = door.server_port
    return port


def main() -> None:
    allows = sys.argv[1] == "allows"
    phone = Phone()
    phone.reset()
    server = FakeServer(SystemClock())
    caller = server.caller_ids[0]

    def ring() -> None:
        phone.change("RINGING", caller)
        phone.move_clock(5_000)
        phone.change("IDLE", caller)

    server.on_start = ring
    if allows:
        phone.person_grants()
    give_up = threading.Timer(SECONDS, lambda: os._exit(1))
    give_up.daemon = True
    give_up.start()

    code = compile(code_of_the_page(open_door(server)), str(PAGE), "exec")
    person = Person(None if allows else caller[-4:])
    Clock.schedule_interval(person.look, 0.05)
    with contextlib.redirect_stdout(person):
        exec(code, {"__name__": "__main__"})
    outcome = {
        "read": person.read.strip(),
        "evidence": [seen.body["evidence"] for seen in server.calls_to("POST", "/confirm")],
        "dialogs": phone.dialogs(),
        "crashes": phone.crashes(),
        "receivers": phone.receivers(),
    }
    print(json.dumps(outcome))
    sys.stdout.flush()
    # Java's threads and Kivy's own are ended the hard way: what was to be seen has been seen.
    os._exit(0)


main()
