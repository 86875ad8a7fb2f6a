"""Windows for tests: a screen that nobody looks at, and the app on it in a process of its own.

Kivy never runs in the tests' own process: it opens its window when it is imported. Without Kivy, Xvfb or
xdotool tests are skipped; in CI, where everything has to run, a skip is a failure.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest
from PIL import Image

ROOT: Final = Path(__file__).parents[2]
PICTURES: Final = ROOT / ".cache" / "mobile_demo"
"""Where screenshots are left to be looked at; never part of the repository."""
PATIENCE: Final = 150.0


def require(*programs: str) -> None:
    """Skip the test when something is missing that it needs."""
    if find_spec("kivy") is None:
        pytest.skip("needs Kivy, which is there for Python below 3.14")
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"needs the program {program}")


class Display:
    """A screen that nobody looks at; with `frames` what it shows can be read from outside."""

    def __init__(self, name: str, frames: Path | None) -> None:
        self.name = name
        self._frames = frames

    def pixel(self, x: int, y: int) -> tuple[int, int, int]:
        """Red, green and blue of a point."""
        data, start, row = self._read()
        at = start + y * row + 4 * x
        return data[at + 2], data[at + 1], data[at]

    def picture(self, path: Path) -> None:
        """Leave a picture of the whole screen."""
        data, start, row = self._read()
        height = (len(data) - start) // row
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.frombuffer("RGB", (row // 4, height), data[start:], "raw", "BGRX", row, 1).save(path)

    def _read(self) -> tuple[bytes, int, int]:
        """Xvfb's XWD file, where its pixels begin, and the bytes of a row (X11's XWDFile.h, big-endian)."""
        assert self._frames is not None
        data = (self._frames / "Xvfb_screen0").read_bytes()
        words = struct.unpack(">25I", data[:100])
        return data, words[0] + 12 * words[19], words[12]


@contextlib.contextmanager
def screen(width: int = 1000, height: int = 900, *, frames: Path | None = None) -> Iterator[Display]:
    """An X server of its own; `frames` is a folder for what it shows."""
    require("Xvfb")
    read, write = os.pipe()
    options = ["-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
    process = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), *options, *(["-fbdir", str(frames)] if frames else [])],
        pass_fds=[write],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        ready, _, _ = select.select([read], [], [], 30)
        number = os.read(read, 16).decode().strip() if ready else ""
        if not number:
            raise RuntimeError("Xvfb did not start")
        yield Display(f":{number}", frames)
    finally:
        os.close(read)
        process.terminate()
        process.wait(timeout=10)


def environment(display: str, home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a process with a window needs to know; nothing of the developer's own settings."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("KIVY_", "XDG_", "LC_"))
    }
    return {
        **kept,
        "DISPLAY": display,
        "HOME": str(home),
        "KIVY_HOME": str(home / "kivy"),
        "KIVY_METRICS_DENSITY": "1",
        "KIVY_LOG_MODE": "PYTHON",
        "KIVY_NO_FILELOG": "1",
        "KIVY_NO_ARGS": "1",
        "LANG": "en_GB.UTF-8",
        "LANGUAGE": "",
        "PYTHONPATH": str(ROOT),
        **(more or {}),
    }


@dataclass(frozen=True)
class Run:
    """What a script at the window has said; `texts` are the words on the last screen it told of."""

    lines: list[dict[str, Any]]

    @property
    def texts(self) -> list[str]:
        return next(line["facts"] for line in reversed(self.lines) if "facts" in line)

    def fact(self, name: str) -> Any:
        return next(line[name] for line in self.lines if name in line)


def run_script(
    display: str, home: Path, task: Mapping[str, object], more: Mapping[str, str] | None = None
) -> Run:
    """The app with a script that operates it, to its end; fails when the script did not get there."""
    home.mkdir(parents=True, exist_ok=True)
    whole = {"folder": str(home / "settings"), "shots": str(PICTURES / "runs"), **task}
    done = subprocess.run(
        [sys.executable, "-m", "tests.mobile_demo.ui_scripts", json.dumps(whole)],
        cwd=ROOT,
        env=environment(display, home, more),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    errors = [line for line in lines if "error" in line]
    assert done.returncode == 0, errors or done.stderr[-2000:]
    return Run(lines)
