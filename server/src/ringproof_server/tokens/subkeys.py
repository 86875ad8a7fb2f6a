"""Subkeys of the server's secret: one per purpose, so that no use of one tells anything about another."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SUBKEY_BYTES: Final = 32


def subkey(secret_key: str, purpose: str) -> bytes:
    """32 bytes by HKDF-SHA256 (RFC 5869) from the server's secret; `purpose` is the info input."""
    derivation = HKDF(
        algorithm=SHA256(), length=SUBKEY_BYTES, salt=b"ringproof", info=f"ringproof {purpose} v1".encode()
    )
    return derivation.derive(secret_key.encode())
