"""Devices that speak for a number after it was proved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ringproof._errors import UnexpectedAnswerError

_LONGEST = 65_536
"""No member of an answer is longer, in characters; a QR code as a picture has some thousands."""


@dataclass(frozen=True)
class EnrolledDevice:
    """A new authenticator, with what its app needs to know. The server tells that once.

    `secret` is Base32, to be typed; `otpauth_uri` a link that opens the app on this phone; `qr` the same for
    the camera of another phone, an SVG in a `data:` URI. All three are the secret: `repr` shows none of them.
    """

    id: str
    secret: str = field(repr=False)
    otpauth_uri: str = field(repr=False)
    qr: str = field(repr=False)


def enrolled_from(body: Mapping[str, Any]) -> EnrolledDevice:
    """Read the answer to an enrolment.

    Raises UnexpectedAnswerError, which repeats nothing of it, when something that an app needs is missing or
    is not what it should be: a link of another kind would lead its reader elsewhere.
    """
    members = [body.get(name) for name in ("id", "secret", "otpauth_uri", "qr_code")]
    texts = [member for member in members if isinstance(member, str) and 0 < len(member) <= _LONGEST]
    if len(texts) == len(members):
        identifier, secret, uri, picture = texts
        if uri.startswith("otpauth://totp/") and picture.startswith("data:image/"):
            return EnrolledDevice(identifier, secret, uri, picture)
    raise UnexpectedAnswerError("The answer is not an enrolled authenticator")
