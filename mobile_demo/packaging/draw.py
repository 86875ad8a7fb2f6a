"""Draws the app's icon and its first picture: two rings around a tick, the same as on the verification page.

    python packaging/draw.py        writes the four PNG files beside this one

Shapes are distances: a pixel is covered as far as its centre lies inside, which gives smooth edges without
any library.
"""

from __future__ import annotations

import itertools
import math
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

Shape = Callable[[float, float], float]
"""How far a point lies outside of the shape, in units of the drawing; negative inside."""

GREEN: Final = (0x0B, 0x6B, 0x63)
WHITE: Final = (0xFF, 0xFF, 0xFF)
VIEW: Final = 32.0
"""The drawing's own width and height; (16, 16) is its middle."""
TICK: Final = ((12.6, 16.2), (15.0, 18.6), (19.6, 13.7))


def ring(radius: float, width: float) -> Shape:
    return lambda x, y: abs(math.hypot(x - 16, y - 16) - radius) - width / 2


def line(points: tuple[tuple[float, float], ...], width: float) -> Shape:
    """A line with round ends and corners."""

    def distance(x: float, y: float) -> float:
        return min(_to_segment(x, y, *begin, *end) for begin, end in itertools.pairwise(points))

    return lambda x, y: distance(x, y) - width / 2


def rounded_square(radius: float) -> Shape:
    half = VIEW / 2 - radius

    def outside(x: float, y: float) -> float:
        across, down = abs(x - 16) - half, abs(y - 16) - half
        return math.hypot(max(across, 0), max(down, 0)) + min(max(across, down), 0) - radius

    return outside


def _to_segment(x: float, y: float, x1: float, y1: float, x2: float, y2: float) -> float:
    along_x, along_y = x2 - x1, y2 - y1
    share = ((x - x1) * along_x + (y - y1) * along_y) / (along_x**2 + along_y**2)
    share = min(1.0, max(0.0, share))
    return math.hypot(x - x1 - share * along_x, y - y1 - share * along_y)


SIGN: Final = ((ring(11.5, 1.6), 0.45), (ring(7.8, 1.6), 0.8), (line(TICK, 2.4), 1.0))
"""The white shapes and how opaque each is, from the lowest up."""


def pixels(size: int, *, sign: float, ground: Shape | None) -> Iterator[bytes]:
    """The rows of a square picture as RGBA. `sign` is the size of the sign against the picture (0: none);
    outside of `ground` it is transparent, everywhere without one.
    """
    scale = VIEW / size
    for row in range(size):
        line_ = bytearray()
        for column in range(size):
            x, y = (column + 0.5) * scale, (row + 0.5) * scale
            white = _whiteness(x, y, sign, scale) if sign else 0.0
            if ground is None:
                line_ += bytes((*WHITE, round(255 * white)))
            else:
                mixed = (round(g + (w - g) * white) for g, w in zip(GREEN, WHITE, strict=True))
                line_ += bytes((*mixed, round(255 * _covered(ground(x, y), scale))))
        yield bytes(line_)


def _whiteness(x: float, y: float, sign: float, scale: float) -> float:
    """How white a point is under the three shapes, which lie upon each other."""
    x, y, scale = 16 + (x - 16) / sign, 16 + (y - 16) / sign, scale / sign
    bare = 1.0
    for shape, opacity in SIGN:
        bare *= 1 - opacity * _covered(shape(x, y), scale)
    return 1 - bare


def _covered(outside: float, scale: float) -> float:
    return min(1.0, max(0.0, 0.5 - outside / scale))


def png(size: int, rows: Iterator[bytes]) -> bytes:
    """The picture as a file: 8 bits, RGBA, each row as its difference to the one above."""
    data = bytearray()
    above = bytes(4 * size)
    for row in rows:
        data += b"\x02" + bytes((now - then) % 256 for now, then in zip(row, above, strict=True))
        above = row
    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(data), 9)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _everywhere(_x: float, _y: float) -> float:
    return -VIEW


PICTURES: Final[dict[str, tuple[int, float, Shape | None]]] = {
    # Size, size of the sign, ground. Of an adaptive icon only the middle two thirds are sure to be seen.
    "icon.png": (512, 1.0, rounded_square(8)),
    "icon_foreground.png": (432, 0.78, None),
    "icon_background.png": (432, 0.0, _everywhere),
    "presplash.png": (512, 0.6, _everywhere),
}


def draw(folder: Path) -> None:
    """Write all pictures."""
    for name, (size, sign, ground) in PICTURES.items():
        (folder / name).write_bytes(png(size, pixels(size, sign=sign, ground=ground)))


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
