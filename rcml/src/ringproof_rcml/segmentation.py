"""How a text message is cut into segments on the air (3GPP TS 23.038 and 23.040)."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

# 3GPP TS 23.038, section 6.2.1: the default alphabet, in the order of its codes; 0x1B, the escape, is left
# out.
_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Section 6.2.1.1: these are written as the escape and a second code.
_EXTENSION: Final = frozenset("\f^{}\\[~]|€")


class Encoding(Enum):
    """The alphabet of a message: 7-bit units, or 16-bit units as soon as a character has no 7-bit code."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text costs on the air.

    `units` are septets (GSM-7) or UTF-16 code units (UCS-2); `octets` is what they take together, without
    the headers that join several segments; `segments` is how many messages are sent and paid.
    """

    encoding: Encoding
    units: int
    segments: int
    octets: int


def segments(text: str) -> Segments:
    """How `text` is sent: one segment of 160 septets or 70 UTF-16 units, or several of 153 or 67.

    No segment ends inside an escaped character or a surrogate pair. An empty text is one empty segment.
    """
    if all(character in _BASIC or character in _EXTENSION for character in text):
        sizes = [2 if character in _EXTENSION else 1 for character in text]
        units = sum(sizes)
        return Segments(Encoding.GSM_7, units, _count(sizes, single=160, joined=153), (units * 7 + 7) // 8)
    sizes = [2 if ord(character) > 0xFFFF else 1 for character in text]
    units = sum(sizes)
    return Segments(Encoding.UCS_2, units, _count(sizes, single=70, joined=67), units * 2)


def _count(sizes: list[int], *, single: int, joined: int) -> int:
    if sum(sizes) <= single:
        return 1
    return sum(1 for _ in _filled(sizes, joined))


def _filled(sizes: list[int], capacity: int) -> Iterator[int]:
    used = 0
    for size in sizes:
        if used + size > capacity:
            yield used
            used = 0
        used += size
    yield used
