"""Who is asking, and which verification they may touch."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock

from ringproof_server.domain.application import Application, Caller, KeyKind
from ringproof_server.domain.errors import ChallengeInvalid, InvalidRequest, Unauthorized, VerifierMismatch
from ringproof_server.ports import ChallengeClaims, Clock, Seals, Storage, Tokens

KEPT_FOR = timedelta(seconds=5)
"""How long a key is believed without asking the database: a revoked key works on for as long."""
KEPT_AT_MOST = 10_000


class AccessService:
    """Turns a key into the caller it stands for."""

    def __init__(self, storage: Storage, seals: Seals, clock: Clock) -> None:
        self._storage = storage
        self._seals = seals
        self._clock = clock
        self._lock = Lock()
        self._kept: dict[bytes, tuple[datetime, Caller]] = {}

    def caller(self, key_text: str, address: str | None) -> Caller:
        """The caller with this key. Raises `Unauthorized`, the same for every wrong key."""
        if not 10 <= len(key_text) <= 100 or not key_text.startswith(("rp_pk_", "rp_sk_")):
            raise Unauthorized("this is not a key of this server")
        digest = self._seals.digest("api-key", key_text)
        now = self._clock.now()
        kept = self._kept.get(digest)
        if kept is None or abs(now - kept[0]) > KEPT_FOR:
            found = self._storage.read(lambda session: session.applications.key_by_digest(digest))
            if found is None:
                raise Unauthorized("this is not a key of this server")
            key, application = found
            kept = (now, Caller(application, key.id, key.kind))
            with self._lock:
                if len(self._kept) >= KEPT_AT_MOST:
                    self._kept.clear()
                self._kept[digest] = kept
        return replace(kept[1], address=address)


def challenge_for(
    caller_application: Application, text: str, tokens: Tokens, now: datetime
) -> ChallengeClaims:
    """The claims of a challenge of this application. Raises `ChallengeInvalid` or `ChallengeExpired`."""
    claims = tokens.read_challenge(text, now)
    if claims.application_id != caller_application.id:
        raise ChallengeInvalid("the challenge belongs to another application")
    return claims


def require_access(
    caller: Caller, verification_id: str, challenge: str | None, tokens: Tokens, now: datetime
) -> ChallengeClaims | None:
    """Check, before any database is asked, that the caller may touch this verification.

    A publishable key needs the verification's own challenge; a secret key needs none, but a challenge that
    comes with it must fit. Raises `InvalidRequest`, `ChallengeInvalid` or `ChallengeExpired`.
    """
    if challenge is None:
        if caller.kind is KeyKind.SECRET:
            return None
        raise InvalidRequest(
            "a publishable key needs the challenge of the verification",
            faults=(("challenge", "required with a publishable key"),),
        )
    claims = challenge_for(caller.application, challenge, tokens, now)
    if not hmac.compare_digest(claims.verification_id.encode(), verification_id.encode()):
        raise ChallengeInvalid("the challenge belongs to another verification")
    return claims


def require_verifier(caller: Caller, claims: ChallengeClaims | None, code_verifier: str | None) -> None:
    """Check the code verifier (RFC 7636 section 4.6, S256) of a confirm. Raises `VerifierMismatch`."""
    if claims is None or (caller.kind is KeyKind.SECRET and code_verifier is None):
        return
    if code_verifier is None:
        raise InvalidRequest(
            "a publishable key needs the code verifier",
            faults=(("code_verifier", "required with a publishable key"),),
        )
    digest = hashlib.sha256(code_verifier.encode()).digest()
    made = base64.urlsafe_b64encode(digest).rstrip(b"=")
    if claims.code_challenge is None or not hmac.compare_digest(made, claims.code_challenge.encode()):
        raise VerifierMismatch("the code verifier does not belong to this challenge")
