"""Challenges, tokens and everything under a key of the server's secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from ringproof_server.domain.channel import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeClaims:
    """What a challenge says: which verification, of which application, proved with which code challenge, and
    for which payment."""

    verification_id: str
    application_id: str
    code_challenge: str | None
    issued_at: datetime
    expires_at: datetime
    transaction: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenClaims:
    """What a token says about a verified number."""

    token_id: str
    verification_id: str
    application_id: str
    phone_number: str = field(repr=False)
    channel: Channel
    guess_probability: float
    assurance_bits: float
    reference: str | None
    nonce: str | None
    transaction: Mapping[str, str] | None
    verified_at: datetime


KEY_SET_MAY_BE_KEPT: Final = timedelta(minutes=5)
"""How long whoever checks tokens may keep our public keys: a new one is published longer than that before it
signs."""


class Tokens(Protocol):
    def sign_challenge(self, claims: ChallengeClaims) -> str:
        """The same claims always give the same text."""
        ...

    def read_challenge(self, text: str, now: datetime) -> ChallengeClaims:
        """Raises `ChallengeInvalid` or `ChallengeExpired`."""
        ...

    def sign_token(self, claims: TokenClaims) -> str:
        """The same claims give the same text while the signing key stays."""
        ...

    def public_keys(self) -> dict[str, object]:
        """The JWK set (RFC 7517) of all keys whose tokens may still be valid."""
        ...


class Seals(Protocol):
    """Keyed digests and encryption under subkeys of the server's secret."""

    def code_key(self) -> bytes: ...

    def digest(self, purpose: str, value: str) -> bytes:
        """HMAC-SHA256 of `value` under the subkey for `purpose`."""
        ...

    def sign_reference(self, attempt_id: str) -> str:
        """An unguessable, URL-safe text by which a carrier names an attempt."""
        ...

    def read_reference(self, text: str) -> str | None:
        """The attempt named by such a text, or None if it is not one of ours."""
        ...

    def seal(self, purpose: str, secret: str, *, bound_to: str = "") -> str:
        """The secret, encrypted under the subkey for `purpose`, in characters of Base64.

        Whoever opens it must say what it is `bound_to`, so that it opens nowhere else.
        """
        ...

    def unseal(self, purpose: str, sealed: str, *, bound_to: str = "") -> str | None:
        """What was sealed for this purpose and bound to this; None if that cannot have been by this server's
        secret."""
        ...
