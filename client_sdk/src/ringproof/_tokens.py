"""Checks tokens on a back end, offline, by the rules of RFC 8725.

The algorithm is fixed (EdDSA), the type of token is checked before anything else, issuer, audience and expiry
are required. Needs PyJWT with cryptography: `pip install ringproof[backend]`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ringproof._errors import (
    RingproofError,
    ServerUnreachableError,
    TokenExpiredError,
    TokenInvalidError,
    UnexpectedAnswerError,
)
from ringproof._retry import read_json
from ringproof._system import Clock, SystemClock
from ringproof._transport import Request, Transport, UrllibTransport

if TYPE_CHECKING:
    from types import ModuleType

TOKEN_TYPE = "phone-verification+jwt"  # noqa: S105 - a media type
LONGEST_TOKEN = 8_192
MOST_KEYS = 64
FIRST_INTERVAL = 1.0
"""Seconds between two tries while no keys are known at all."""
_MOST_VERIFIERS = 16


@dataclass(frozen=True)
class VerifiedPhone:
    """What a checked token says. Times are seconds since 1970-01-01 UTC.

    `channel` is how it was proved, `assurance_bits` how hard it was to guess (-log2 of
    `guess_probability`). `token_id` (`jti`) is for back ends that accept each token once.
    """

    phone_number: str = field(repr=False)
    verification: str
    channel: str
    issued_at: int
    expires_at: int
    token_id: str
    assurance_bits: float | None = None
    guess_probability: float | None = None
    reference: str | None = None
    nonce: str | None = field(default=None, repr=False)
    transaction: Mapping[str, str] | None = field(default=None, repr=False)


class KeySet:
    """The issuer's public keys, fetched when needed.

    Keys are used for `lifetime` seconds. A token with an unknown key id causes another fetch (keys rotate),
    but not more often than every `least_interval` seconds, so that forged ids cannot make a back end hammer
    the issuer. While the issuer cannot be reached, known keys go on working. Usable from several threads.
    """

    def __init__(
        self,
        url: str,
        *,
        transport: Transport | None = None,
        clock: Clock | None = None,
        lifetime: float = 3600.0,
        least_interval: float = 60.0,
    ) -> None:
        self._url = url
        self._clock: Clock = clock or SystemClock()
        self._transport = transport or UrllibTransport(clock=self._clock)
        self._lifetime = lifetime
        self._least_interval = least_interval
        self._lock = threading.Lock()
        self._keys: Mapping[str, Mapping[str, Any]] = {}
        self._fetched: float | None = None
        self._tried: float | None = None

    def key(self, kid: str) -> Mapping[str, Any] | None:
        """The key with this id, or None.

        Raises ServerUnreachableError or UnexpectedAnswerError when it cannot be known, because no keys could
        be fetched.
        """
        known = self._keys.get(kid)
        if known is not None and not self._stale():
            return known
        # One thread fetches; the others go on with what they have, or wait if they have nothing.
        if not self._lock.acquire(blocking=known is None):
            return known
        try:
            if (self._stale() or kid not in self._keys) and self._rested():
                self._refresh(kid)
            if self._fetched is None:
                raise ServerUnreachableError("The issuer's keys could not be fetched")
            return self._keys.get(kid)
        finally:
            self._lock.release()

    def _stale(self) -> bool:
        return self._fetched is None or self._clock.monotonic() - self._fetched >= self._lifetime

    def _rested(self) -> bool:
        least = FIRST_INTERVAL if self._fetched is None else self._least_interval
        return self._tried is None or self._clock.monotonic() - self._tried >= least

    def _refresh(self, kid: str) -> None:
        self._tried = self._clock.monotonic()
        try:
            self._keys = self._fetch()
            self._fetched = self._tried
        except RingproofError:
            if kid not in self._keys:
                raise

    def _fetch(self) -> Mapping[str, Mapping[str, Any]]:
        answer = self._transport.send(Request("GET", self._url, {"Accept": "application/json"}))
        document = read_json(answer) if answer.status == 200 else None
        if document is None:
            raise UnexpectedAnswerError(f"No key set came from {self._url}")
        return keys_in(document)


def keys_in(document: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The Ed25519 public keys of a JWK set (RFC 7517, RFC 8037) by id; all others are ignored."""
    listed = document.get("keys")
    return {
        key["kid"]: key
        for key in (listed[:MOST_KEYS] if isinstance(listed, list) else ())
        if isinstance(key, dict)
        and isinstance(key.get("kid"), str)
        and key.get("kty") == "OKP"
        and key.get("crv") == "Ed25519"
        and key.get("use", "sig") == "sig"
    }


class TokenVerifier:
    """Checks tokens of one issuer for one audience (your application's id, `app_…`).

    Give either `jwks`, a JWK set at hand, or `jwks_url`, usually the server's `/.well-known/jwks.json`.
    `leeway` is how many seconds the two clocks may differ. Usable from several threads.

    Raises ImportError with the remedy when PyJWT or cryptography is missing.
    """

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        jwks: Mapping[str, Any] | None = None,
        jwks_url: str | None = None,
        transport: Transport | None = None,
        clock: Clock | None = None,
        leeway: float = 10.0,
    ) -> None:
        if (jwks is None) == (jwks_url is None):
            raise ValueError("Give either jwks or jwks_url")
        if not issuer or not audience:
            raise ValueError("issuer and audience must be named")
        self._jwt = _pyjwt()
        self._issuer = issuer
        self._audience = audience
        self._clock: Clock = clock or SystemClock()
        self._leeway = leeway
        self._given = keys_in(jwks) if jwks is not None else {}
        self._fetched = (
            KeySet(jwks_url, transport=transport, clock=self._clock) if jwks_url is not None else None
        )

    def verify(self, token: str, *, nonce: str | None = None) -> VerifiedPhone:
        """The proved number and what is known about the proof.

        With `nonce` the token must carry exactly that one. Raises TokenInvalidError, TokenExpiredError, and
        what fetching keys raises.
        """
        if not isinstance(token, str) or len(token) > LONGEST_TOKEN:
            raise TokenInvalidError("This is no token")
        claims = self._claims(token, self._key(self._header(token)))
        phone = _phone(claims)
        now = self._clock.wall()
        if now >= phone.expires_at + self._leeway:
            raise TokenExpiredError("The token has expired")
        not_before = claims.get("nbf", phone.issued_at)
        if not _is_number(not_before) or now < max(not_before, phone.issued_at) - self._leeway:
            raise TokenInvalidError("The token is from the future")
        if nonce is not None and phone.nonce != nonce:
            raise TokenInvalidError("The token was made for something else")
        return phone

    def _header(self, token: str) -> Mapping[str, Any]:
        try:
            header: Mapping[str, Any] = self._jwt.get_unverified_header(token)
        except (self._jwt.PyJWTError, ValueError, RecursionError) as error:
            raise TokenInvalidError("This is no token") from error
        if header.get("alg") != "EdDSA":
            raise TokenInvalidError("The token is signed in another way")
        if str(header.get("typ", "")).lower().removeprefix("application/") != TOKEN_TYPE:
            raise TokenInvalidError("The token is of another kind")
        if "crit" in header:
            raise TokenInvalidError("The token asks for extensions that nobody here knows")
        return header

    def _key(self, header: Mapping[str, Any]) -> object:
        kid = header.get("kid")
        if not isinstance(kid, str) or not kid:
            raise TokenInvalidError("The token does not name its key")
        key = self._fetched.key(kid) if self._fetched is not None else self._given.get(kid)
        if key is None:
            raise TokenInvalidError("The token's key is unknown")
        try:
            return self._jwt.PyJWK(dict(key), algorithm="EdDSA")
        except self._jwt.PyJWTError as error:
            raise TokenInvalidError("The token's key is broken") from error

    def _claims(self, token: str, key: object) -> Mapping[str, Any]:
        try:
            claims: Mapping[str, Any] = self._jwt.decode(
                token,
                key,
                algorithms=["EdDSA"],
                issuer=self._issuer,
                audience=self._audience,
                options={
                    "require": ["iss", "aud", "iat", "exp", "jti", "sub"],
                    # Times are compared with our own clock, below.
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except (self._jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise TokenInvalidError(f"The token does not hold: {type(error).__name__}") from error
        return claims


def verify_token(
    token: str,
    *,
    issuer: str,
    audience: str,
    jwks: Mapping[str, Any] | None = None,
    jwks_url: str | None = None,
    nonce: str | None = None,
    leeway: float = 10.0,
) -> VerifiedPhone:
    """Check one token. Fetched keys are remembered for the process, so this may be called for every request.

    `audience` is your application's id; `issuer` the server's public address. See TokenVerifier for the rest
    and for what is raised.
    """
    if jwks_url is None:
        verifier = TokenVerifier(issuer=issuer, audience=audience, jwks=jwks, leeway=leeway)
        return verifier.verify(token, nonce=nonce)
    known = (issuer, audience, jwks_url, leeway)
    with _verifiers_lock:
        kept = _verifiers.pop(known, None)
        if kept is None:
            kept = TokenVerifier(
                issuer=issuer, audience=audience, jwks=jwks, jwks_url=jwks_url, leeway=leeway
            )
        _verifiers[known] = kept
        while len(_verifiers) > _MOST_VERIFIERS:
            del _verifiers[next(iter(_verifiers))]
    return kept.verify(token, nonce=nonce)


_verifiers: dict[tuple[str, str, str, float], TokenVerifier] = {}
_verifiers_lock = threading.Lock()


def _pyjwt() -> ModuleType:
    try:
        import cryptography  # noqa: F401 - without it PyJWT knows no EdDSA
        import jwt
    except ImportError as error:
        raise ImportError(
            "Checking tokens needs PyJWT with cryptography: pip install 'ringproof[backend]'"
        ) from error
    return jwt


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e12


def _phone(claims: Mapping[str, Any]) -> VerifiedPhone:
    """The claims as a value.

    Raises TokenInvalidError when one that is relied on is missing or of another type.
    """
    number, methods, transaction = claims.get("phone_number"), claims.get("amr"), claims.get("transaction")
    channel = methods[0] if isinstance(methods, list) and methods else methods
    texts = (number, channel, claims["sub"], claims["jti"])
    if claims.get("phone_number_verified") is not True or not all(
        isinstance(text, str) and text for text in texts
    ):
        raise TokenInvalidError("The token does not say that a number is verified")
    if not _is_number(claims["iat"]) or not _is_number(claims["exp"]):
        raise TokenInvalidError("The token's times are no times")
    return VerifiedPhone(
        phone_number=str(number),
        verification=str(claims["sub"]),
        channel=str(channel),
        issued_at=int(claims["iat"]),
        expires_at=int(claims["exp"]),
        token_id=str(claims["jti"]),
        assurance_bits=_number(claims.get("assurance_bits")),
        guess_probability=_number(claims.get("guess_probability")),
        reference=_text(claims.get("reference")),
        nonce=_text(claims.get("nonce")),
        transaction=dict(transaction) if isinstance(transaction, dict) else None,
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and _is_number(value) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
