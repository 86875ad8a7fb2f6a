"""One-time passwords by the clock (RFC 6238), as every authenticator app makes them.

Six digits of HMAC-SHA-1 every 30 seconds: what apps do whatever a QR code says. SHA-1's weakness is that of
its collisions, which no HMAC rests on (RFC 6194 section 3.3).

A check accepts the codes of `STEPS_ACCEPTED` steps, so it is passed by accident with three in a million.
"""

from __future__ import annotations

import base64
import hmac
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from ringproof_server.domain.code import digits_of

DIGITS: Final = 6
STEP_SECONDS: Final = 30
DRIFT: Final = 1
"""By how many steps the phone's clock may differ from ours; RFC 6238 section 5.2 advises one at the most."""
STEPS_ACCEPTED: Final = 2 * DRIFT + 1
SECRET_BYTES: Final = 20
"""RFC 4226 requirement R6 recommends 160 bits."""


def step_at(now: datetime) -> int:
    """The time step of this moment, counted from 1970."""
    return int(now.timestamp()) // STEP_SECONDS


def code_at(secret: bytes, step: int) -> str:
    """The six digits of this step."""
    # The length is what RFC 4226 asks for, so the library has nothing to insist on.
    return HOTP(secret, DIGITS, SHA1(), enforce_key_length=False).generate(step).decode()  # noqa: S303


def matching_step(secret: bytes, typed: str, now: datetime) -> int | None:
    """The step among those accepted now whose code was typed; None if it is none of them.

    Every one is compared, in constant time each. Whether the step has been used is not asked here.
    """
    typed_digits = digits_of(typed).encode()
    found = None
    for step in range(step_at(now) - DRIFT, step_at(now) + DRIFT + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), typed_digits):
            found = step
    return found


def is_code_of(secret: bytes, typed: str, step: int) -> bool:
    """Whether the code of just this step was typed."""
    return hmac.compare_digest(code_at(secret, step).encode(), digits_of(typed).encode())


def guess_probability(checks: int) -> float:
    """The chance to name an accepted code within so many checks."""
    return min(1.0, checks * STEPS_ACCEPTED / 10.0**DIGITS)


def spelled(secret: bytes) -> str:
    """The secret as people type it into an app where they cannot scan it: Base32 without padding."""
    return base64.b32encode(secret).rstrip(b"=").decode()


def read_secret(text: str) -> bytes:
    """The secret that is spelled so. Raises `ValueError`."""
    return base64.b32decode(text)


def enrolment_uri(secret: bytes, *, issuer: str, account: str) -> str:
    """What the QR code says, in the `otpauth` form that authenticator apps read.

    A colon would end the issuer where it stands in the label, so both texts lose theirs.
    """
    label = f"{quote(issuer.replace(':', ' '), safe='')}:{quote(account.replace(':', ' '), safe='')}"
    parameters = {
        "secret": spelled(secret),
        "issuer": issuer,
        "algorithm": "SHA1",
        "digits": DIGITS,
        "period": STEP_SECONDS,
    }
    return f"otpauth://totp/{label}?{urlencode(parameters, quote_via=quote)}"
