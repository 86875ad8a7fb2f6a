"""Chance that can be repeated: every draw is a function of a seed, of what it is for, and of nothing else."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Dice:
    """Draws for one thing, such as the third call to one handset.

    Each draw has a name of its own, so a further draw added later changes none of those that exist. This is
    no source of secrets.
    """

    seed: bytes = field(repr=False)
    names: tuple[str | int, ...] = field(default=(), repr=False)

    def about(self, *names: str | int) -> Dice:
        """The dice for something within this."""
        return Dice(self.seed, (*self.names, *names))

    def between(self, purpose: str, low: int, high: int) -> int:
        """A uniform integer in low..high."""
        return low + self._number(purpose) % (high - low + 1)

    def happens(self, purpose: str, share: float) -> bool:
        """True in this share (0 to 1) of all cases."""
        return self._number(purpose) < share * 2**64

    def _number(self, purpose: str) -> int:
        digest = hashlib.sha256()
        for part in (self.seed, *(str(name).encode() for name in self.names), purpose.encode()):
            digest.update(struct.pack(">I", len(part)) + part)
        return int.from_bytes(digest.digest()[:8], "big")
