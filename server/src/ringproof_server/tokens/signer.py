"""Challenges and tokens together: what the services ask of JSON Web Tokens."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import msgspec
from jwt.algorithms import OKPAlgorithm
from jwt.utils import base64url_encode

from ringproof_server.ports import ChallengeClaims, Clock, Random, Storage, TokenClaims
from ringproof_server.tokens.challenge import ChallengeSigner
from ringproof_server.tokens.signing_keys import TOKEN_LIFE, KeyLife, KeyRing, base64url

TYPE: Final = "phone-verification+jwt"
ALGORITHM: Final = "EdDSA"


class JwtTokens:
    """Signs challenges (HS256, for ourselves) and tokens (EdDSA over Ed25519, for everybody)."""

    def __init__(
        self, storage: Storage, clock: Clock, random: Random, *, secret_key: str, issuer: str
    ) -> None:
        """`issuer` is the server's public URL; `secret_key` its secret, of at least 32 characters."""
        self._issuer = issuer
        self._challenges = ChallengeSigner(secret_key, issuer)
        self._algorithm = OKPAlgorithm()
        self._keys = KeyRing(storage, clock, random, secret_key)

    def prepare(self) -> None:
        """Make the first signing key if there is none, so that no request has to."""
        self._keys.current()

    def sign_challenge(self, claims: ChallengeClaims) -> str:
        """The same claims always give the same text."""
        return self._challenges.sign(claims)

    def read_challenge(self, text: str, now: datetime) -> ChallengeClaims:
        """Raises `ChallengeInvalid` or `ChallengeExpired`; needs no storage."""
        return self._challenges.read(text, now)

    def sign_token(self, claims: TokenClaims) -> str:
        """The same claims give the same text while the signing key stays. Lives five minutes."""
        kid, private = self._keys.current()
        signed = _header(kid) + base64url_encode(msgspec.json.encode(self._token_body(claims)))
        return (signed + b"." + base64url_encode(self._algorithm.sign(signed, private))).decode()

    def public_keys(self) -> dict[str, object]:
        """The JWK set (RFC 7517, RFC 8037) of all keys whose tokens may still be valid."""
        return {
            "keys": [
                {
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "x": base64url(key.public),
                    "kid": key.kid,
                    "use": "sig",
                    "alg": ALGORITHM,
                }
                for key in self._keys.published()
            ]
        }

    def key_lives(self) -> list[KeyLife]:
        """Which signing keys are published, and when each of them signs; newest first, no key material."""
        return self._keys.lives()

    def rotate(self, now: datetime) -> str:
        """Publish a new signing key, which signs after `PUBLISH_AHEAD`; its name."""
        return self._keys.rotate(now)

    def _token_body(self, claims: TokenClaims) -> dict[str, Any]:
        issued_at = int(claims.verified_at.timestamp())
        return {
            "iss": self._issuer,
            "aud": claims.application_id,
            "iat": issued_at,
            "exp": issued_at + int(TOKEN_LIFE.total_seconds()),
            "jti": claims.token_id,
            "sub": claims.verification_id,
            "phone_number": claims.phone_number,
            "phone_number_verified": True,
            "amr": [str(claims.channel)],
            "assurance_bits": claims.assurance_bits,
            "guess_probability": claims.guess_probability,
            "reference": claims.reference,
            "nonce": claims.nonce,
            "transaction": None if claims.transaction is None else dict(claims.transaction),
        }


@lru_cache(maxsize=16)
def _header(kid: str) -> bytes:
    """The first part of every token that this key signs, with its dot."""
    return base64url_encode(msgspec.json.encode({"typ": TYPE, "alg": ALGORITHM, "kid": kid})) + b"."
