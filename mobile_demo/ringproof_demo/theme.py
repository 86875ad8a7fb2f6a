"""Colours and measures. Nothing here needs a screen, so a test can compute every contrast.

The colours are those of the verification page: text has 4.5:1 on every ground it stands on, the edges of
controls and what is drawn 3:1, in both appearances (WCAG 2.2, 1.4.3 and 1.4.11).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TOUCH: Final = 52
"""The least height and width of what can be touched, in dp; Android asks for 48."""
BODY: Final = 16
"""The smallest text, in sp."""
LEAD: Final = 17
SECTION: Final = 19
TITLE: Final = 27
ENTRY: Final = 20
CODE: Final = 32
GAP: Final = 12
MARGIN: Final = 20
RADIUS: Final = 14
WIDEST: Final = 460
"""How wide a column of text may become, in dp."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as `#rrggbb`, named after what they are for."""

    ground: str
    card: str
    sunk: str
    ink: str
    soft: str
    line: str
    edge: str
    accent: str
    accent_strong: str
    accent_soft: str
    on_accent: str
    danger: str
    danger_soft: str
    notice: str
    notice_soft: str


LIGHT: Final = Palette(
    ground="#eff3f1",
    card="#ffffff",
    sunk="#f4f7f6",
    ink="#15211f",
    soft="#4f5f5c",
    line="#dbe3e0",
    edge="#7d8d89",
    accent="#0b6b63",
    accent_strong="#08554f",
    accent_soft="#dcefeb",
    on_accent="#ffffff",
    danger="#a8271d",
    danger_soft="#fbe9e7",
    notice="#7a4d00",
    notice_soft="#fdf1d7",
)

DARK: Final = Palette(
    ground="#0d1413",
    card="#161f1d",
    sunk="#1d2826",
    ink="#e9f1ef",
    soft="#a5b5b1",
    line="#2a3735",
    edge="#6f827e",
    accent="#62d0c1",
    accent_strong="#86e0d3",
    accent_soft="#17332f",
    on_accent="#06211d",
    danger="#ff9c92",
    danger_soft="#3a1b18",
    notice="#f3c677",
    notice_soft="#33270f",
)

TEXT_ON: Final = (
    ("ink", "ground"),
    ("ink", "card"),
    ("ink", "sunk"),
    ("ink", "accent_soft"),
    ("soft", "ground"),
    ("soft", "card"),
    ("soft", "sunk"),
    ("accent", "ground"),
    ("accent", "card"),
    ("accent", "accent_soft"),
    ("on_accent", "accent"),
    ("on_accent", "accent_strong"),
    ("danger", "ground"),
    ("danger", "card"),
    ("danger", "danger_soft"),
    ("notice", "notice_soft"),
)
"""Every text colour with every ground it is written on; widgets take their pairs from here."""

DRAWN_ON: Final = (
    ("edge", "ground"),
    ("edge", "card"),
    ("accent", "ground"),
    ("accent", "card"),
    ("danger", "card"),
    ("accent", "accent_soft"),
)
"""Edges and drawings that mean something."""


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21 (WCAG 2.2, contrast ratio)."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part) for part in channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def channels(colour: str) -> tuple[float, float, float]:
    """Red, green and blue from 0 to 1."""
    red, green, blue = (int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5))
    return red, green, blue
