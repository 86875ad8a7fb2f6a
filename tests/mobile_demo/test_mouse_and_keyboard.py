"""One person, one mouse, one keyboard: the program as it is started on a desk, operated from outside.

It types as fast as a machine: no letter may be lost while the number is grouped.
"""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from ringproof_demo.theme import LIGHT, channels
from tests.mobile_demo.window import PICTURES, ROOT, Display, environment, require, screen
from tests.support.servers import GENEROUS, Server, running

pytestmark = pytest.mark.timeout(300)

PATIENCE = 60.0
LONG_ENOUGH_FOR_A_FINGER = 0.2
"""Seconds between two acts of the mouse; Kivy takes shorter ones for one."""

Found = TypeVar("Found")


class Desk:
    """The program's window, found by its name and operated with xdotool."""

    def __init__(self, display: Display, home: Path, arguments: list[str]) -> None:
        self.display = display
        self.environment = environment(display.name, home)
        self.output = home / "output"
        self.started = time.monotonic()
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ringproof_demo", *arguments],
                cwd=ROOT / "mobile_demo",
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.window = self.wait_for(
            lambda: self.tool("search", "--onlyvisible", "--pid", str(self.process.pid))
        )

    def tool(self, *arguments: str) -> str:
        command = ["xdotool", *arguments]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=30, check=False
        )
        return done.stdout.strip()

    def wait_for(self, look: Callable[[], Found]) -> Found:
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            found = look()
            if found:
                return found
            assert self.process.poll() is None, self.output.read_text()
            time.sleep(0.1)
        self.display.picture(PICTURES / "runs" / "desk-failed.png")
        raise AssertionError("waited in vain")

    def until(self, colour: str, x: int, y: int) -> None:
        """Wait until a point of the window has a colour."""
        wanted = tuple(round(part * 255) for part in channels(colour))
        geometry = self.tool("getwindowgeometry", "--shell", self.window)
        place = dict(line.split("=") for line in geometry.splitlines())
        at = (int(place["X"]) + x, int(place["Y"]) + y)

        def looks_so() -> bool:
            return max(abs(a - b) for a, b in zip(self.display.pixel(*at), wanted, strict=True)) < 6

        self.wait_for(looks_so)

    def click(self, x: int, y: int) -> None:
        for act in (
            ("mousemove", "--window", self.window, str(x), str(y)),
            ("mousedown", "1"),
            ("mouseup", "1"),
        ):
            self.tool(*act)
            time.sleep(LONG_ENOUGH_FOR_A_FINGER)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


def _verified(server: Server) -> int:
    """How many verifications the server counts as verified."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    counts = [line for line in lines if line.startswith("ringproof_verification_seconds_count")]
    return sum(int(float(line.split()[-1])) for line in counts if 'status="verified"' in line)


def test_a_number_is_typed_and_clicked_to_its_proof(tmp_path: Path) -> None:
    """The field has the keyboard at the start; two clicks on the large buttons do the rest."""
    require("xdotool")
    home = tmp_path / "home"
    home.mkdir()
    with (
        running(Server(tmp_path / "server", settings=GENEROUS)) as server,
        screen(1200, 1100, frames=tmp_path) as display,
    ):
        key = server.tenant().publishable
        desk = Desk(display, home, ["--server", server.url, "--key", key, "--simulated", "--language", "en"])
        try:
            desk.until(LIGHT.accent, 40, 758)
            desk.tool("type", "--delay", "25", "7700900123")
            desk.click(200, 758)
            desk.until(LIGHT.accent, 40, 697)
            desk.click(200, 697)
            desk.until(LIGHT.accent_soft, 200, 105)
            display.picture(PICTURES / "runs" / "desk-confirmed.png")
        finally:
            desk.close()
        assert _verified(server) == 1
        assert desk.output.read_text() == ""
