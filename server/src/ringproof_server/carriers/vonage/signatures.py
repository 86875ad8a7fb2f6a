"""Whether a webhook comes from Vonage and says what it said there.

https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks: a JWT (HS256, the
account's signature secret) in `Authorization`, whose `payload_hash` is the SHA-256 of the body. The official
`vonage_jwt.verify_signature` only answers whether the token is signed, and does not hand out what it says: a
token of any age would vouch for any body, of any application. So the claims are checked here.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final

import jwt

from ringproof_server.domain.errors import CallbackRefused
from ringproof_server.ports import CallbackRequest, Clock

ISSUER: Final = "Vonage"
OLDEST_SECONDS: Final = 300
"""A captured webhook is worth nothing after five minutes."""
FAST_CLOCK_SECONDS: Final = 60
LONGEST_BODY: Final = 16_384
LONGEST_TOKEN: Final = 4096

_SCHEME: Final = "bearer "
_REQUIRED: Final = ("iss", "iat", "jti", "payload_hash", "application_id")


class Signatures:
    """Checks webhooks of one application."""

    def __init__(self, *, secret: str, application_id: str, api_key: str | None, clock: Clock) -> None:
        self._secret = secret
        self._application_id = application_id.lower()
        self._api_key = api_key
        self._clock = clock

    def check(self, request: CallbackRequest) -> None:
        """Raises `CallbackRefused` unless the token is right, fresh, ours, and made for this very body."""
        if len(request.body) > LONGEST_BODY:
            raise CallbackRefused("the webhook is too long")
        claims = self._claims(_token(request.headers.get("authorization", "")))
        digest = hashlib.sha256(request.body).hexdigest()
        if not hmac.compare_digest(_bytes(claims["payload_hash"]), digest.encode()):
            raise CallbackRefused("the webhook's token was made for another body")
        if claims["iss"] != ISSUER or str(claims["application_id"]).lower() != self._application_id:
            raise CallbackRefused("the webhook was made for another application")
        if self._api_key is not None and claims.get("api_key", self._api_key) != self._api_key:
            raise CallbackRefused("the webhook was made for another account")
        self._check_age(claims["iat"])

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            # Times are compared with our own clock below; the library knows only the machine's.
            options = {
                "require": list(_REQUIRED),
                "verify_iat": False,
                "verify_exp": False,
                "verify_nbf": False,
            }
            return jwt.decode(token, self._secret, algorithms=["HS256"], options=options)  # type: ignore[arg-type]
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise CallbackRefused("the webhook's token is wrong") from None

    def _check_age(self, issued_at: object) -> None:
        if type(issued_at) not in {int, float}:
            raise CallbackRefused("the webhook's token has no time")
        age = self._clock.now().timestamp() - issued_at  # type: ignore[operator]  # A number, as was just seen.
        if not -FAST_CLOCK_SECONDS <= age <= OLDEST_SECONDS:
            raise CallbackRefused("the webhook is too old, or from the future")


def _token(header: str) -> str:
    """The token of an `Authorization` header, in the only form in which its signature can be written."""
    token = header[len(_SCHEME) :]
    if header[: len(_SCHEME)].lower() != _SCHEME or len(token) > LONGEST_TOKEN or not token.isascii():
        raise CallbackRefused("the webhook is not signed")
    signature = token.rpartition(".")[2]
    try:
        again = urlsafe_b64encode(urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
    except ValueError:
        raise CallbackRefused("the webhook's token is wrong") from None
    if not hmac.compare_digest(again.rstrip(b"="), signature.encode()):
        # The last character has bits that mean nothing; a token that differs in them was touched by somebody.
        raise CallbackRefused("the webhook's token is wrong")
    return token


def _bytes(value: object) -> bytes:
    return value.lower().encode() if isinstance(value, str) else b""
