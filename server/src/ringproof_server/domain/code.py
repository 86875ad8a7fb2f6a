"""Codes: uniform, bound to one verification, and never stored.

A verification keeps 16 random bytes; the code is what HMAC-SHA256 under the server's key makes of them. The
database alone therefore discloses no code, a resend within the code's life sends the same one, and the
comparison needs nothing but the key.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata

SALT_BYTES = 16


def spell(key: bytes, salt: bytes, digits: int) -> str:
    """The code of `digits` decimal digits that belongs to `salt`.

    128 bits reduced modulo at most 10**10 leave a bias below 2**-94: uniform for every purpose.
    """
    mac = hmac.digest(key, b"code:" + salt, hashlib.sha256)
    return str(int.from_bytes(mac[:16]) % 10**digits).zfill(digits)


def matches(key: bytes, salt: bytes, digits: int, typed: str) -> bool:
    """Whether `typed` is the code; spaces, dashes and other scripts' digits are read, the rest is wrong."""
    return hmac.compare_digest(spell(key, salt, digits).encode(), digits_of(typed).encode())


def guess_probability(checks: int, digits: int) -> float:
    """The chance to name a code of so many digits within so many checks."""
    return min(1.0, checks / 10.0**digits)


def digits_of(typed: str) -> str:
    """The digits that were typed as ASCII, whatever stands between them; empty where something else does."""
    if len(typed) > 64:
        return ""
    found = []
    for character in typed:
        if character.isspace() or unicodedata.category(character) in {"Pd", "Cf"}:
            continue
        value = unicodedata.decimal(character, None)
        if value is None:
            return ""
        found.append(str(value))
    return "".join(found)
