"""The Ed25519 keys of the token signer: made at first need, published before use, kept while needed.

The life of a key: it is added and published; after `PUBLISH_AHEAD` it signs, so that every process and every
verifier that keeps the key set for a while has seen it by then; when the next key takes over it is retired;
and it stays published until the last token it signed has expired.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ringproof_server.ports import KEY_SET_MAY_BE_KEPT, Clock, Random, Session, SigningKey, Storage
from ringproof_server.tokens.subkeys import SUBKEY_BYTES, subkey

TOKEN_LIFE: Final = timedelta(minutes=5)
PUBLISH_AHEAD: Final = KEY_SET_MAY_BE_KEPT + timedelta(minutes=5)
"""Longer than a verifier may keep the key set after a process its copy (`FRESH_FOR`)."""
FRESH_FOR: Final = timedelta(seconds=60)
KEPT_AFTER: Final = TOKEN_LIFE + timedelta(minutes=10)
"""How long a retired key stays published: its last token's life, and a margin for clocks that differ."""

_NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLife:
    """When a signing key does what; times that lie ahead are those that hold unless it is replaced before.

    `signs_from` is None for a key that was sealed under another secret, since it cannot sign under this one;
    `signs_until` and `published_until` are None until another key has been made to take over.
    """

    kid: str
    published_at: datetime
    signs_from: datetime | None
    signs_until: datetime | None
    published_until: datetime | None


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The published keys, newest first, as of `read_at`, and those private keys that have been opened."""

    keys: tuple[SigningKey, ...]
    read_at: datetime
    opened: dict[str, Ed25519PrivateKey | None] = field(default_factory=dict, repr=False)


class KeyRing:
    """The signing keys in storage, with a copy in this process that is at most `FRESH_FOR` old."""

    def __init__(self, storage: Storage, clock: Clock, random: Random, secret_key: str) -> None:
        self._storage = storage
        self._clock = clock
        self._random = random
        self._seal = AESGCM(subkey(secret_key, "signing key seal"))
        self._first_seed = subkey(secret_key, "first signing key")
        self._snapshot: _Snapshot | None = None
        self._lock = Lock()

    def current(self) -> tuple[str, Ed25519PrivateKey]:
        """The name and the private key that sign now; the first key of all is made here if need be."""
        snapshot = self._fresh()
        now = self._clock.now()
        found = self._choose(snapshot, now)
        if found is None:
            snapshot = self._make_first()
            found = self._choose(snapshot, now)
        assert found is not None
        return found

    def published(self) -> list[SigningKey]:
        """The keys whose tokens may still be valid or are about to be signed, newest first."""
        now = self._clock.now()
        keys = [key for key in self._fresh().keys if _is_published(key, now)]
        if not keys:
            self.current()
            keys = [key for key in self._fresh().keys if _is_published(key, now)]
        return keys

    def lives(self) -> list[KeyLife]:
        """The published keys, newest first. Unlike `published` it makes none where there is none yet."""
        snapshot, now = self._fresh(), self._clock.now()
        return [
            KeyLife(
                kid=key.kid,
                published_at=key.created_at,
                signs_from=None if self._open(snapshot, key) is None else self._signs_from(snapshot, key),
                signs_until=key.retired_at,
                published_until=None if key.retired_at is None else key.retired_at + KEPT_AFTER,
            )
            for key in snapshot.keys
            if _is_published(key, now)
        ]

    def rotate(self, now: datetime) -> str:
        """Add a key that takes over after `PUBLISH_AHEAD`, drop those nobody needs; the new key's name."""
        fresh = self._sealed(Ed25519PrivateKey.from_private_bytes(self._random.bytes(SUBKEY_BYTES)), now)

        def work(session: Session) -> None:
            for key in session.signing_keys.listing():
                if key.retired_at is None:
                    session.signing_keys.retire(key.kid, now + PUBLISH_AHEAD)
                elif not _is_published(key, now):
                    session.signing_keys.remove(key.kid)
            session.signing_keys.add(fresh)

        self._storage.write(work)
        self._snapshot = None
        return fresh.kid

    def _choose(self, snapshot: _Snapshot, now: datetime) -> tuple[str, Ed25519PrivateKey] | None:
        """The newest key that has been published for long enough, else the oldest that can be opened.

        A key that was sealed under another secret cannot be opened and is passed over.
        """
        usable = [key for key in snapshot.keys if key.retired_at is None or now < key.retired_at]
        ripe = [key for key in usable if key.created_at + PUBLISH_AHEAD <= now]
        for key in (*ripe, *reversed(usable)):
            private = self._open(snapshot, key)
            if private is not None:
                return key.kid, private
        return None

    def _signs_from(self, snapshot: _Snapshot, key: SigningKey) -> datetime:
        """A key that was made because none could sign began at once; one that takes over from another waits.

        What a key takes over from is kept for at least as long as the key itself is not retired.
        """
        takes_over = key.created_at + PUBLISH_AHEAD
        first = Ed25519PrivateKey.from_private_bytes(self._first_seed).public_key().public_bytes_raw()
        if key.public == first:
            return key.created_at
        if key.retired_at is None and all(other.retired_at != takes_over for other in snapshot.keys):
            return key.created_at
        return takes_over

    def _open(self, snapshot: _Snapshot, key: SigningKey) -> Ed25519PrivateKey | None:
        if key.kid not in snapshot.opened:
            nonce, sealed = key.sealed[:_NONCE_BYTES], key.sealed[_NONCE_BYTES:]
            try:
                raw = self._seal.decrypt(nonce, sealed, key.kid.encode())
            except (InvalidTag, ValueError):
                snapshot.opened[key.kid] = None
            else:
                snapshot.opened[key.kid] = Ed25519PrivateKey.from_private_bytes(raw)
        return snapshot.opened[key.kid]

    def _fresh(self) -> _Snapshot:
        snapshot = self._snapshot
        now = self._clock.now()
        if snapshot is not None and abs(now - snapshot.read_at) < FRESH_FOR:
            return snapshot
        with self._lock:
            latest = self._snapshot
            if latest is not None and latest is not snapshot:
                return latest
            keys = self._storage.read(lambda session: session.signing_keys.listing())
            opened = {} if snapshot is None else snapshot.opened
            latest = _Snapshot(tuple(sorted(keys, key=_age, reverse=True)), now, opened)
            self._snapshot = latest
            return latest

    def _make_first(self) -> _Snapshot:
        """Add the first key unless another process has just done so.

        The first key follows from the server's secret, so that processes that start together make the same
        one, and whichever comes second finds it there. Where it was retired long ago, because the secret was
        changed and changed back, a random one takes its place.
        """
        now = self._clock.now()
        first = self._sealed(Ed25519PrivateKey.from_private_bytes(self._first_seed), now)
        spare = self._sealed(Ed25519PrivateKey.from_private_bytes(self._random.bytes(SUBKEY_BYTES)), now)

        def work(session: Session) -> None:
            retired = {key.kid: key.retired_at for key in session.signing_keys.listing()}
            if first.kid not in retired:
                session.signing_keys.add(first)
            elif retired[first.kid] is not None:
                session.signing_keys.add(spare)

        self._storage.write(work)
        self._snapshot = None
        return self._fresh()

    def _sealed(self, private: Ed25519PrivateKey, now: datetime) -> SigningKey:
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        kid = thumbprint(public)
        nonce = self._random.bytes(_NONCE_BYTES)
        sealed = nonce + self._seal.encrypt(nonce, private.private_bytes_raw(), kid.encode())
        return SigningKey(kid=kid, sealed=sealed, public=public, created_at=now)


def thumbprint(public: bytes) -> str:
    """The JWK thumbprint (RFC 7638, RFC 8037) of a raw Ed25519 public key: 43 URL-safe characters."""
    canonical = f'{{"crv":"Ed25519","kty":"OKP","x":"{base64url(public)}"}}'
    return base64url(hashlib.sha256(canonical.encode()).digest())


def base64url(raw: bytes) -> str:
    """URL-safe base 64 without padding (RFC 7515 section 2)."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _age(key: SigningKey) -> tuple[datetime, bool, str]:
    """Of two keys from the same moment the retired one came first."""
    return key.created_at, key.retired_at is None, key.kid


def _is_published(key: SigningKey, now: datetime) -> bool:
    return key.retired_at is None or now < key.retired_at + KEPT_AFTER
