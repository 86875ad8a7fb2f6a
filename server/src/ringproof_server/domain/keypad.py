"""Digits that a screen shows and that whoever answers a call types with the keys of the phone.

The client knows them, so they are made apart from the code, which only the phone may know: who sees the
digits learns nothing about a code of the same verification.

What they prove is that somebody at the phone types them. Who has not got the phone, yet has the digits on a
screen of their own and the number called, passes only if the person who answers types the right ones by
accident: the tries allowed ÷ 10 ** digits. Wrong keys count among the checks of the codes, so both together
are guessed with the probability of the codes alone. Whoever types digits that a stranger reads out to them is
deceived and not guessed at: no probability covers that. What they hear says what the digits are for, and only
a call that our own side has placed asks for them.
"""

from __future__ import annotations

import hashlib
import hmac

TRIES_PER_CALL = 2
"""How often one call asks: whoever mistypes gets another go, whoever guesses needs another call."""


def spell(key: bytes, salt: bytes, digits: int) -> str:
    """The digits to type that belong to `salt`; as uniform as a code (see `domain.code`)."""
    mac = hmac.digest(key, b"keypad:" + salt, hashlib.sha256)
    return str(int.from_bytes(mac[:16]) % 10**digits).zfill(digits)


def matches(key: bytes, salt: bytes, digits: int, typed: str) -> bool:
    """Whether these keys are the digits, compared in constant time."""
    return hmac.compare_digest(spell(key, salt, digits).encode(), typed.encode())
