"""Texts that must not be printed."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A text that nothing prints by accident: `str`, `repr` and `format` are masked, `reveal` is not."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(••••)"

    __str__ = __repr__
