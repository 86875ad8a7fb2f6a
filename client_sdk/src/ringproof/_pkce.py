"""Proof key for code exchange (RFC 7636): only who started a verification can finish it."""

from __future__ import annotations

from ringproof._system import Random


def _base64url(data: bytes) -> str:
    import binascii

    return binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(_URL_SAFE).decode("ascii")


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def new_verifier(random: Random) -> str:
    """A secret of 256 bits as 43 characters of RFC 7636's unreserved set (section 4.1)."""
    return _base64url(random.token(32))


def challenge_of(verifier: str) -> str:
    """The S256 challenge: base64url(SHA-256(verifier)) without padding (section 4.2)."""
    import hashlib

    return _base64url(hashlib.sha256(verifier.encode("ascii")).digest())
