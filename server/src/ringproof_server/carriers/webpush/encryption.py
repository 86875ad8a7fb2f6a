"""Sealing a message for one subscription (RFC 8291), as one record of `aes128gcm` (RFC 8188).

Own code over the primitives of `cryptography`: of the libraries, `pywebpush` brings two HTTP clients with it
and sends by itself, and `http_ece` makes its own keys; the tests decrypt with the latter.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ringproof_server.domain.web_push import Subscription, public_point

SALT_BYTES: Final = 16
RECORD: Final = 4096
LONGEST_MESSAGE: Final = RECORD - 86 - 17
"""Bytes of plain text in the 4096 of a request that every push service takes (RFC 8291 section 4)."""

_LAST_RECORD: Final = b"\x02"


def encrypt(
    plain: bytes, subscription: Subscription, sender: ec.EllipticCurvePrivateKey, salt: bytes
) -> bytes:
    """The body of a request; `sender` and `salt` are used for this message only."""
    if len(plain) > LONGEST_MESSAGE:
        raise ValueError("the message is too long")
    receiver = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), subscription.p256dh)
    ours = public_point(sender)
    shared = sender.exchange(ec.ECDH(), receiver)
    info = b"WebPush: info\0" + subscription.p256dh + ours
    keying = _derived(subscription.auth, shared, info, 32)
    key = _derived(salt, keying, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(salt, keying, b"Content-Encoding: nonce\0", 12)
    header = salt + RECORD.to_bytes(4) + len(ours).to_bytes(1) + ours
    return header + AESGCM(key).encrypt(nonce, plain + _LAST_RECORD, None)


def _derived(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    """HKDF-SHA256 (RFC 5869) for at most 32 bytes."""
    extracted = hmac.digest(salt, secret, hashlib.sha256)
    return hmac.digest(extracted, info + b"\x01", hashlib.sha256)[:length]
