"""Repeated requests: what an idempotency key stands for."""

from __future__ import annotations

import hmac
from datetime import datetime

from ringproof_server.domain.application import Caller
from ringproof_server.domain.errors import IdempotencyConflict
from ringproof_server.ports import Remembered, Seals, Session
from ringproof_server.service.requests import IdempotencyKey


class Repeats:
    """Recognises requests that come again.

    Of what a request says only a keyed digest is stored: it says a phone number or a code, and of either
    there are so few that a plain one could be undone by trying them all.
    """

    def __init__(self, seals: Seals) -> None:
        self._seals = seals

    def recalled(
        self,
        session: Session,
        caller: Caller,
        idempotency: IdempotencyKey | None,
        verification_id: str | None = None,
    ) -> Remembered | None:
        """What an earlier request with this key led to; None for the first one, and for one without a key.

        Raises `IdempotencyConflict` when the earlier one said something else, or was about another
        verification than `verification_id`.
        """
        if idempotency is None:
            return None
        known = session.idempotency.recall(caller.key_id, idempotency.key)
        if known is None:
            return None
        is_repeat = hmac.compare_digest(known.fingerprint, self._stored(idempotency))
        if not is_repeat or verification_id not in {None, known.verification_id}:
            raise IdempotencyConflict("this key was used for another request")
        return known

    def remember(
        self,
        session: Session,
        caller: Caller,
        idempotency: IdempotencyKey | None,
        verification_id: str,
        now: datetime,
        *,
        result: str | None = None,
    ) -> None:
        """Let the key of this request, if it has one, stand for what it has led to. Raises `Conflict`."""
        if idempotency is None:
            return
        fingerprint = self._stored(idempotency)
        outcome = Remembered(fingerprint=fingerprint, verification_id=verification_id, result=result)
        session.idempotency.remember(caller.key_id, idempotency.key, outcome, now)

    def _stored(self, idempotency: IdempotencyKey) -> bytes:
        return self._seals.digest("idempotency", idempotency.fingerprint.hex())
