"""The pictures in the repository are what the script draws."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Final

import pytest

from tests.mobile_demo.buildozer_rules import DEMO, read_spec

FOLDER: Final = DEMO / "packaging"
NAMES: Final = ("icon.png", "icon_foreground.png", "icon_background.png", "presplash.png")
GREEN: Final = (0x0B, 0x6B, 0x63, 0xFF)


def picture(file: Path) -> list[bytes]:
    """The rows as RGBA, each filtered as the script does (difference to the one above)."""
    data, at, body, size = file.read_bytes(), 8, b"", 0
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            size, height, *rest = struct.unpack(">IIBBBBB", content)
            assert (height, rest) == (size, [8, 6, 0, 0, 0])
        elif kind == b"IDAT":
            body += content
        at += 12 + length
    raw, rows, above = zlib.decompress(body), [], bytes(4 * size)
    for row in range(size):
        start = row * (4 * size + 1)
        assert raw[start] == 2
        line = raw[start + 1 : start + 1 + 4 * size]
        above = bytes((now + then) % 256 for now, then in zip(line, above, strict=True))
        rows.append(above)
    return rows


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    subprocess.run([sys.executable, str(FOLDER / "draw.py"), str(folder)], check=True, timeout=120)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_it_is_what_the_script_draws(name: str, drawn: Path) -> None:
    assert picture(FOLDER / name) == picture(drawn / name)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_small(name: str) -> None:
    assert (FOLDER / name).stat().st_size < 32_000


def test_the_icon_has_clear_corners_and_a_white_tick_on_green() -> None:
    rows = picture(FOLDER / "icon.png")
    assert len(rows) == 512
    assert rows[0][3] == 0
    assert tuple(rows[4][4 * 256 : 4 * 257]) == GREEN
    # The corner of the tick, in the drawing's units (15, 18.6).
    x, y = 15 * 16, round(18.6 * 16)
    assert tuple(rows[y][4 * x : 4 * x + 4]) == (255, 255, 255, 255)


def test_the_first_picture_has_the_colour_that_surrounds_it() -> None:
    """Android fills the rest of the screen with the colour of the spec."""
    assert read_spec()["android.presplash_color"] == "#{:02x}{:02x}{:02x}".format(*GREEN[:3])
    rows = picture(FOLDER / "presplash.png")
    assert tuple(rows[0][:4]) == tuple(rows[-1][-4:]) == GREEN


def test_what_an_adaptive_icon_must_show_lies_within_its_safe_zone() -> None:
    """Launchers cut the foreground; the middle circle of 66 of 108 units is always seen."""
    rows = picture(FOLDER / "icon_foreground.png")
    size = len(rows)
    safe = size / 2 * 66 / 108
    for y, row in enumerate(rows):
        for x in range(size):
            if row[4 * x + 3]:
                assert (x + 0.5 - size / 2) ** 2 + (y + 0.5 - size / 2) ** 2 <= (safe + 1) ** 2
