"""What whoever answers a call is told, and what the keys they press lead to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from ringproof_rcml import Dialect
from ringproof_server.domain import keypad
from ringproof_server.domain.application import NO_TEXTS, Texts
from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.verification import Status
from ringproof_server.ports import Session
from ringproof_server.service.aftermath import carry_out
from ringproof_server.service.change import Aftermath, Change
from ringproof_server.service.checks import count_wrong_check
from ringproof_server.service.messages import code_of, locale_for
from ringproof_server.service.parts import Parts
from ringproof_server.service.steps import Steps, is_current

KEY_FOR_CODE = "1"
"""What has to be pressed to hear a code. A machine that answers presses nothing."""

WRONG_KEYS = "wrong_keys"


class DocumentKind(StrEnum):
    """What whoever answers a call is told: the truth about where the verification stands."""

    CONFIRMING = "confirming"
    CONFIRMED = "confirmed"
    HANG_UP = "hang_up"
    PRESS_TO_HEAR = "press_to_hear"
    SPOKEN_CODE = "spoken_code"
    KEYPAD = "keypad"
    NO_KEY = "no_key"
    GOODBYE = "goodbye"


@dataclass(frozen=True, slots=True)
class SpokenDocument:
    """`language` is a BCP 47 tag: the asked one where its words are known, else the called country's.

    `action` is the URL to which the carrier tells keys, `code` what is spoken, `digits` how many of them
    there are to type; each is empty where the kind does not need it. `texts` is the application's wording.
    """

    kind: DocumentKind
    dialect: Dialect
    language: str
    brand: str
    action: str = field(default="", repr=False)
    code: str = field(default="", repr=False)
    digits: int = 0
    texts: Texts = field(default_factory=lambda: NO_TEXTS, hash=False)


class SpokenCalls:
    """Answers what to say, by the reference that a call was placed with."""

    def __init__(self, parts: Parts, steps: Steps) -> None:
        self._parts = parts
        self._steps = steps

    def document(self, reference: str) -> SpokenDocument | None:
        """What to say to whoever answered the call with this reference; None if the reference is not ours."""
        attempt_id = self._parts.seals.read_reference(reference)
        if attempt_id is None:
            return None

        def work(session: Session) -> SpokenDocument | None:
            found = self._load(session, attempt_id)
            if found is None:
                return None
            change, attempt = found
            return self._spoken(change, attempt, reference, self._greeting(change, attempt))

        return self._parts.storage.read(work)

    def keys(self, reference: str, keys: str) -> SpokenDocument | None:
        """What to say after `keys` were pressed in the call with this reference, empty for none in time.

        None if the reference is not ours. Keys of a call that asks for none, or that has ended, do nothing.
        Wrong digits count as a check; what is said after them is the same however wrong they are.
        """
        attempt_id = self._parts.seals.read_reference(reference)
        if attempt_id is None:
            return None

        def work(session: Session) -> tuple[SpokenDocument | None, Aftermath | None]:
            found = self._load(session, attempt_id)
            if found is None:
                return None, None
            change, attempt = found
            kind = self._after(change, attempt, keys)
            aftermath = change.save()
            return self._spoken(change, attempt, reference, kind), aftermath

        spoken, aftermath = self._parts.storage.write(work)
        carry_out(self._parts, aftermath)
        return spoken

    def _load(self, session: Session, attempt_id: str) -> tuple[Change, Attempt] | None:
        attempt = session.verifications.attempt(attempt_id)
        if attempt is None or attempt.carrier not in self._parts.carriers:
            return None
        change = Change.load(session, attempt.verification_id, self._parts.clock.now())
        return change, change.attempt(attempt_id)

    def _spoken(self, change: Change, attempt: Attempt, reference: str, kind: DocumentKind) -> SpokenDocument:
        verification, application = change.verification, change.application
        carrier = self._parts.carriers[attempt.carrier or ""]
        asks = kind in {DocumentKind.PRESS_TO_HEAR, DocumentKind.KEYPAD}
        speaks = kind is DocumentKind.SPOKEN_CODE
        return SpokenDocument(
            kind,
            carrier.capabilities.dialect,
            str(locale_for(verification.language, verification.number)),
            application.brand,
            action=f"{self._parts.config.public_url}/rcml/{reference}/keys" if asks else "",
            code=code_of(application, verification, self._parts.seals.code_key()) if speaks else "",
            digits=application.policy.code_digits if kind is DocumentKind.KEYPAD else 0,
            texts=application.texts,
        )

    def _greeting(self, change: Change, attempt: Attempt) -> DocumentKind:
        if not change.is_open:
            return _after_the_end(change)
        if attempt.channel is Channel.FLASHCALL:
            return DocumentKind.CONFIRMING
        if attempt.state.is_final:
            return DocumentKind.HANG_UP
        if attempt.channel is Channel.VOICE:
            return DocumentKind.PRESS_TO_HEAR if _code_lives(change) else DocumentKind.GOODBYE
        if attempt.reported:
            return DocumentKind.CONFIRMING
        return DocumentKind.KEYPAD if _may_type(change, attempt) else DocumentKind.GOODBYE

    def _after(self, change: Change, attempt: Attempt, keys: str) -> DocumentKind:
        greeting = self._greeting(change, attempt)
        if greeting not in {DocumentKind.PRESS_TO_HEAR, DocumentKind.KEYPAD}:
            return greeting
        if not keys:
            return DocumentKind.NO_KEY
        if greeting is DocumentKind.PRESS_TO_HEAR:
            if keys != KEY_FOR_CODE:
                return greeting
            change.remark("code_spoken", attempt=attempt.id)
            return DocumentKind.SPOKEN_CODE
        return self._typed(change, attempt, keys)

    def _typed(self, change: Change, attempt: Attempt, keys: str) -> DocumentKind:
        """Judge digits that were typed; the client has yet to confirm what the right ones prove."""
        seed = change.verification.code_seed
        digits = change.application.policy.code_digits
        right = seed is not None and keypad.matches(self._parts.seals.code_key(), seed, digits, keys)
        if right:
            change.set_attempt(attempt.id, reported=True)
            change.note("right_keys", attempt=attempt.id)
            if is_current(change, attempt):
                # What is missing now comes from the client, so no further channel disturbs the person.
                change.set(wake_at=change.verification.expires_at)
            return DocumentKind.CONFIRMING
        change.set_attempt(attempt.id, reported=False)
        change.note(WRONG_KEYS, attempt=attempt.id, checks=change.verification.checks + 1)
        tries = _tries(change, attempt) + 1
        count_wrong_check(change, self._steps)
        if change.is_open and tries < keypad.TRIES_PER_CALL and not _must_wait(change):
            return DocumentKind.KEYPAD
        return DocumentKind.GOODBYE


def _after_the_end(change: Change) -> DocumentKind:
    verified = change.verification.status is Status.VERIFIED
    return DocumentKind.CONFIRMED if verified else DocumentKind.HANG_UP


def _code_lives(change: Change) -> bool:
    made = change.verification.code_made_at
    life = timedelta(seconds=change.application.policy.code_ttl)
    return change.verification.code_salt is not None and made is not None and change.now < made + life


def _may_type(change: Change, attempt: Attempt) -> bool:
    return (
        _code_lives(change)
        and not _must_wait(change)
        and change.verification.checks < change.application.policy.code_checks
        and _tries(change, attempt) < keypad.TRIES_PER_CALL
    )


def _must_wait(change: Change) -> bool:
    """Whether the next check is allowed later only, which nobody waits for with a phone at the ear."""
    next_at = change.verification.next_check_at
    return next_at is not None and change.now < next_at


def _tries(change: Change, attempt: Attempt) -> int:
    """How often wrong keys were pressed in this call, by the record of the verification."""
    if attempt.reported is None:
        return 0
    record = change.session.verifications.trace(change.verification.id)
    return sum(entry.what == WRONG_KEYS and entry.detail.get("attempt") == attempt.id for entry in record)
