"""What came in and is not yet reported, and which of it to report now. No input or output, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ringproof._agenda import Agenda
from ringproof._calls import CallEvent, SeenCall, TypedCode
from ringproof._match import ascii_digits, matches
from ringproof._models import FlashCall, KeypadStep, Verification
from ringproof._watch import CallEvidence, CallWatch

LONGEST_CODE = 64


@dataclass(frozen=True)
class Proof:
    """Evidence as the server wants it; `call` is the call it speaks of, if it does."""

    facts: Mapping[str, object] = field(repr=False)
    call: CallEvidence | None = None


class Inbox:
    """Calls heard, digits and codes typed. `proof` names what to report, `sent` takes it off the list."""

    def __init__(self) -> None:
        self._watch = CallWatch()
        self._digits: str | None = None
        self._code: TypedCode | None = None
        self._told_typed = False
        self._wrong: list[str] = []

    def expect(self, flash: FlashCall) -> None:
        """A call is announced; what does not fit is forgotten."""
        self._watch.expect(flash.caller_id_pattern)
        self._digits = None
        self._wrong.clear()

    def hear(self, source: int, event: CallEvent, now: float, *, measured: bool = True) -> None:
        """A call, or digits that a person typed; `measured`: the call's end may bring its ring time."""
        if event.basis == "manual":
            self._digits = event.number
        else:
            self._watch.hear(source, event, now, measured=measured)

    def recall(self, source: int, rows: Sequence[SeenCall], now: float) -> None:
        """Entries of a phone's log."""
        self._watch.recall(source, rows, now)

    def take_code(self, code: TypedCode) -> None:
        """A code; a newer one replaces an older one."""
        self._code = code

    @property
    def ringing(self) -> bool:
        """Whether the expected call is ringing right now."""
        return self._watch.ringing()

    def due(self, view: Verification, agenda: Agenda, now: float) -> list[float]:
        """When there may be something to report without anything more coming in."""
        if self.proof(view, agenda, now) is not None:
            return [now]
        times: list[float] = [agenda.check_at]
        if view.flashcall is not None and (self._watch.ringing() or self._watch.withheld() is not None):
            times += [time for time in (self._watch.due(), agenda.last_moment) if time is not None]
        return [time for time in times if time > now]

    def proof(self, view: Verification, agenda: Agenda, now: float) -> Proof | None:
        """What to report now in the step that `view` shows."""
        if now < agenda.check_at:
            return None
        if view.flashcall is not None:
            return self._flash_proof(view, view.flashcall, agenda, now)
        if view.keypad is not None:
            return self._keypad_proof(view.keypad)
        if view.code is not None and self._code is not None:
            code = _cleaned(self._code.code or "")
            return Proof({"channel": view.channel or "sms", "code": code, "source": self._code.source})
        return None

    def drop_slip(self, view: Verification) -> bool:
        """Forget a code that cannot be one: a slip of the finger is not worth one of the few checks."""
        if view.code is None or self._code is None:
            return False
        length = len(_cleaned(self._code.code or ""))
        if 0 < length <= LONGEST_CODE and view.code.length in {None, length}:
            return False
        self._code = None
        return True

    def drop_known(self, view: Verification) -> bool:
        """Forget what a wrong answer has already been about; whether the person has typed such digits.

        A phone and its person tell of the same call: the same wrong number twice would cost two guesses.
        """
        if view.flashcall is None:
            return False
        self._watch.drop(lambda number: any(ascii_digits(number).endswith(digits) for digits in self._wrong))
        typed = _last_digits(self._digits or "", view.flashcall)
        if not typed or not any(digits.endswith(typed) for digits in self._wrong):
            return False
        self._digits = None
        return True

    def late_call(self, now: float) -> CallEvidence | None:
        """A fitting call that nobody waits for any more; given once."""
        call = self._watch.evidence(now)
        if call is not None:
            self._watch.settle(call)
        return call

    def sent(self, proof: Proof, *, wrong: bool = False) -> None:
        """The server has judged it."""
        self._digits = self._code = None
        if wrong and "ring_ms" not in proof.facts:
            # With a ring time it may be that which was wrong, and digits typed by hand would be right.
            number = proof.facts.get("last_digits") or proof.facts.get("caller_id")
            self._wrong += [ascii_digits(str(number))] if number else []
        self._told_typed = proof.facts["channel"] == "keypad"
        if proof.call is not None:
            self._watch.settle(proof.call)

    def _keypad_proof(self, keypad: KeypadStep) -> Proof | None:
        """What the call has got is told once: a server that wants more is not asked again without end."""
        if not keypad.typed:
            self._told_typed = False
        return Proof({"channel": "keypad"}) if keypad.typed and not self._told_typed else None

    def _flash_proof(self, view: Verification, flash: FlashCall, agenda: Agenda, now: float) -> Proof | None:
        hurry = agenda.last_moment is not None and now >= agenda.last_moment
        call = self._watch.evidence(now, instant=hurry or flash.ring_time == "ignore")
        # Digits alone are never enough where a ring time is demanded, and one may come.
        wanting = flash.ring_time == "require" and (call is not None or self._watch.ringing())
        if self._digits is not None and not wanting:
            return _typed(self._digits, flash)
        if call is None and _own_call_rang(view, hurry=hurry):
            call = self._watch.withheld()
        return None if call is None else _reported(call)


def _own_call_rang(view: Verification, *, hurry: bool) -> bool:
    """Whether a call without a number may be taken for the expected one.

    Only when the server's own call has rung or ended, or when the time is up and it has at least been placed:
    a stranger who withholds the number must not end the step before the real call has come.
    """
    status = view.attempt.status if view.attempt else "queued"
    return status in {"ringing", "answered", "ended"} or (hurry and status not in {"queued", "dialing"})


def _reported(call: CallEvidence) -> Proof:
    facts: dict[str, object] = {"channel": "flashcall", "caller_id": call.caller_id}
    if call.ring_ms is not None:
        facts["ring_ms"] = call.ring_ms
    if call.answered is not None:
        facts["answered"] = call.answered
    return Proof({**facts, "basis": call.basis, "quality": call.quality}, call)


def _typed(typed: str, flash: FlashCall) -> Proof:
    """Digits as they were wanted; somebody who typed the whole number has told more."""
    digits = ascii_digits(typed)
    if len(digits) > flash.digits_to_type and matches(flash.caller_id_pattern, typed):
        return Proof({"channel": "flashcall", "caller_id": typed, "basis": "manual", "quality": "late"})
    return Proof({"channel": "flashcall", "last_digits": _last_digits(typed, flash)})


def _last_digits(typed: str, flash: FlashCall) -> str:
    return ascii_digits(typed)[-flash.digits_to_type :]


def _cleaned(code: str) -> str:
    """A code without the blanks and dashes people type, in ASCII digits."""
    return "".join(
        ascii_digits(character) or character
        for character in code
        if not character.isspace() and character != "-"
    )
