"""A million phone numbers in eight megabytes."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from typing import Final, overload

_E164: Final = re.compile(r"\+[1-9][0-9]{4,14}")


def checked_e164(number: str) -> str:
    """The number itself; raises `ValueError`, without the number, for what is no E.164 number."""
    if _E164.fullmatch(number) is None:
        raise ValueError("a caller ID must be an E.164 number: + and 5 to 15 digits")
    return number


class PackedNumbers(Sequence[str]):
    """E.164 numbers as integers. No country code starts with 0, so an integer loses no digit."""

    __slots__ = ("_packed",)

    def __init__(self, numbers: Iterable[str]) -> None:
        self._packed = array("Q", map(int, numbers))

    def __len__(self) -> int:
        return len(self._packed)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [f"+{number}" for number in self._packed[index]]
        return f"+{self._packed[index]}"

    def __repr__(self) -> str:
        return f"<{len(self._packed)} numbers>"
