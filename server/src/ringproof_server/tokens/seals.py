"""Keyed digests, carrier references and sealed secrets."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from ringproof_server.tokens.subkeys import subkey

_MAC_BYTES: Final = 16
_MAC_CHARACTERS: Final = 22
_ATTEMPT: Final = re.compile(r"att_[A-Za-z0-9_-]{1,64}")
_MOST_PURPOSES: Final = 64


class SecretSeals:
    """Keyed digests and encryption under subkeys of the server's secret; the same in every process that has
    it."""

    def __init__(self, secret_key: str) -> None:
        self._code_key = subkey(secret_key, "code")
        self._reference_key = subkey(secret_key, "carrier reference")
        self._key_for = lru_cache(maxsize=_MOST_PURPOSES)(
            lambda purpose: subkey(secret_key, f"digest {purpose}")
        )
        self._seal_for = lru_cache(maxsize=_MOST_PURPOSES)(
            lambda purpose: AESSIV(
                subkey(secret_key, f"seal mac {purpose}") + subkey(secret_key, f"seal {purpose}")
            )
        )

    def code_key(self) -> bytes:
        """The 32-byte key that codes are made with."""
        return self._code_key

    def digest(self, purpose: str, value: str) -> bytes:
        """HMAC-SHA256 of `value` under the subkey for `purpose`; 32 bytes."""
        return hmac.digest(self._key_for(purpose), value.encode(), hashlib.sha256)

    def sign_reference(self, attempt_id: str) -> str:
        """`att_….<22 characters>`: the attempt and 128 bits of MAC, of unreserved URL characters only."""
        if not _ATTEMPT.fullmatch(attempt_id):
            raise ValueError("an attempt id is att_ and up to 64 URL-safe characters")
        return f"{attempt_id}.{self._mac(attempt_id)}"

    def read_reference(self, text: str) -> str | None:
        """The attempt named by such a text, compared in constant time; None if it is not one of ours."""
        attempt_id, _, mac = text.rpartition(".")
        if len(mac) != _MAC_CHARACTERS or not _ATTEMPT.fullmatch(attempt_id):
            return None
        same = hmac.compare_digest(mac.encode(errors="replace"), self._mac(attempt_id).encode())
        return attempt_id if same else None

    def seal(self, purpose: str, secret: str, *, bound_to: str = "") -> str:
        """`secret` by AES-256-SIV (RFC 5297), which needs no nonce: the same secret gives the same text.

        `bound_to` is its associated data.
        """
        sealed = self._seal_for(purpose).encrypt(secret.encode(), _associated(bound_to))
        return urlsafe_b64encode(sealed).decode()

    def unseal(self, purpose: str, sealed: str, *, bound_to: str = "") -> str | None:
        """What was sealed so with this server's secret, None for anything else."""
        try:
            opened = self._seal_for(purpose).decrypt(urlsafe_b64decode(sealed), _associated(bound_to))
            return opened.decode()
        except (InvalidTag, NotBase64, ValueError):
            return None

    def _mac(self, attempt_id: str) -> str:
        mac = hmac.digest(self._reference_key, attempt_id.encode(), hashlib.sha256)
        return urlsafe_b64encode(mac[:_MAC_BYTES])[:_MAC_CHARACTERS].decode()


def _associated(bound_to: str) -> list[bytes] | None:
    return [bound_to.encode()] if bound_to else None
