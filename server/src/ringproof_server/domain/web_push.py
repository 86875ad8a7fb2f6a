"""Web Push subscriptions (RFC 8030, RFC 8291) and the key by which push services know this server (RFC 8292).

A browser, or an app with UnifiedPush, gives a subscription: an address at its push service, and the keys for
which messages to it are encrypted. Both are made for one application server key.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ringproof_server.domain.webhook import check_url

MOST_DEVICES: Final = 3
"""How many subscriptions a number may have; a message goes to all of them, one after another."""
SEED_BYTES: Final = 48
"""A private key is made from so many: 128 bits more than it has, so that none is likelier than another."""
AUTH_BYTES: Final = 16

_CURVE: Final = ec.SECP256R1()
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Where messages to a device go, and what they are sealed for: an uncompressed point, and 16 bytes.

    Raises `ValueError` with (field, message) for values that no browser gives.
    """

    endpoint: str = field(repr=False)
    p256dh: bytes = field(repr=False)
    auth: bytes = field(repr=False)

    def __post_init__(self) -> None:
        try:
            # Where a name leads is judged by whoever sends there; here it need only be an address.
            check_url(self.endpoint, private=True)
        except ValueError:
            raise ValueError("endpoint", "must be an https address") from None
        try:
            ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, self.p256dh)
        except ValueError:
            raise ValueError("keys.p256dh", "must be a point of the curve P-256") from None
        if len(self.auth) != AUTH_BYTES:
            raise ValueError("keys.auth", "must be 16 bytes")

    def as_text(self) -> str:
        """One line that `read_subscription` reads."""
        return json.dumps([self.endpoint, encoded(self.p256dh), encoded(self.auth)])


def read_subscription(text: str) -> Subscription:
    """What `as_text` has written. Raises `ValueError`."""
    found = json.loads(text)
    if not (isinstance(found, list) and len(found) == 3 and all(isinstance(item, str) for item in found)):
        raise ValueError("subscription", "is none")
    endpoint, p256dh, auth = found
    return Subscription(endpoint=endpoint, p256dh=decoded(p256dh), auth=decoded(auth))


def application_server_seed(digest: Callable[[str, str], bytes]) -> bytes:
    """What this server's own key is made from; `digest` is keyed by the server's secret, 32 bytes a time.

    So every process has the same key and none is stored. Another secret makes another key, and subscriptions
    that were made for the old one end with it.
    """
    return digest("web push key", "1") + digest("web push key", "2")


def private_key(seed: bytes) -> ec.EllipticCurvePrivateKey:
    """The P-256 key that belongs to a random seed of at least `SEED_BYTES` (FIPS 186-5 appendix A.2.1)."""
    if len(seed) < SEED_BYTES:
        raise ValueError(f"a seed has at least {SEED_BYTES} bytes")
    return ec.derive_private_key(int.from_bytes(seed) % (_ORDER - 1) + 1, _CURVE)


def public_point(key: ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey) -> bytes:
    """The public key as an uncompressed point, 65 bytes."""
    public = key.public_key() if isinstance(key, ec.EllipticCurvePrivateKey) else key
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def encoded(value: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """From Base64url, padded or not. Raises `ValueError`."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("is not Base64url") from None
