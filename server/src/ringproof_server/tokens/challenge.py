"""The challenge: a JWT that only this server signs and only this server reads."""

from __future__ import annotations

import hmac
import math
from binascii import Error as Base64Error
from datetime import UTC, datetime
from typing import Final

import msgspec
from jwt.algorithms import HMACAlgorithm
from jwt.utils import base64url_decode, base64url_encode

from ringproof_server.domain.errors import ChallengeExpired, ChallengeInvalid
from ringproof_server.ports import ChallengeClaims
from ringproof_server.tokens.subkeys import subkey

TYPE: Final = "ringproof-challenge+jwt"
LONGEST: Final = 2048

_HEADER: Final = base64url_encode(msgspec.json.encode({"alg": "HS256", "typ": TYPE})) + b"."


class _Claims(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    iss: str
    aud: str
    sub: str
    iat: int
    exp: int
    cc: str | None = None
    transaction: dict[str, str] | None = None


class ChallengeSigner:
    """Signs challenges with HS256 (RFC 7518 section 3.2) under a subkey that is used for nothing else.

    There is exactly one header, so the one a client sends back is compared as text before anything of it is
    parsed: no algorithm, type or key of somebody else's choice is ever interpreted (RFC 8725 sections 3.1 and
    3.11). The signature is compared as text too, which leaves it one spelling.
    """

    def __init__(self, secret_key: str, issuer: str) -> None:
        self._algorithm = HMACAlgorithm(HMACAlgorithm.SHA256)
        self._key = subkey(secret_key, "challenge")
        self._issuer = issuer
        self._decoder = msgspec.json.Decoder(_Claims)

    def sign(self, claims: ChallengeClaims) -> str:
        """The same claims always give the same text. The expiry is rounded up to whole seconds."""
        body = _Claims(
            iss=self._issuer,
            aud=claims.application_id,
            sub=claims.verification_id,
            iat=int(claims.issued_at.timestamp()),
            exp=math.ceil(claims.expires_at.timestamp()),
            cc=claims.code_challenge,
            transaction=None if claims.transaction is None else dict(claims.transaction),
        )
        signed = _HEADER + base64url_encode(msgspec.json.encode(body))
        return (signed + b"." + self._signature(signed)).decode()

    def read(self, text: str, now: datetime) -> ChallengeClaims:
        """Raises ChallengeInvalid for anything we have not signed, ChallengeExpired after its time."""
        claims = self._verified(text)
        if claims is None or claims.iss != self._issuer:
            raise ChallengeInvalid
        if now.timestamp() >= claims.exp:
            raise ChallengeExpired
        return ChallengeClaims(
            verification_id=claims.sub,
            application_id=claims.aud,
            code_challenge=claims.cc,
            issued_at=datetime.fromtimestamp(claims.iat, UTC),
            expires_at=datetime.fromtimestamp(claims.exp, UTC),
            transaction=claims.transaction,
        )

    def _verified(self, text: str) -> _Claims | None:
        if len(text) > LONGEST or not text.isascii():
            return None
        raw = text.encode()
        signed, _, signature = raw.rpartition(b".")
        if not signed.startswith(_HEADER):
            return None
        if not hmac.compare_digest(signature, self._signature(signed)):
            return None
        try:
            return self._decoder.decode(base64url_decode(signed[len(_HEADER) :]))
        except (msgspec.MsgspecError, Base64Error, ValueError):
            return None

    def _signature(self, signed: bytes) -> bytes:
        return base64url_encode(self._algorithm.sign(signed, self._key))
