"""What the server says, as frozen values.

Answers are read leniently: unknown members are ignored, missing or odd ones become None or empty, so that an
old app works with a newer server. Only an answer without id or status is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ringproof._errors import UnexpectedAnswerError

FINISHED = frozenset({"verified", "failed", "expired", "cancelled"})

LONGEST_STEP = 600.0
"""Seconds: no server lets a step last longer, and no phone listens for longer."""
LONGEST_NUMBER = 16
"""Characters of the longest E.164 number with its `+`."""
LONGEST_CODE = 32
MOST_CHANNELS = 50
_PREFIX = re.compile(r"\+[0-9]{1,15}")


@dataclass(frozen=True)
class Attempt:
    """One send on one channel. `status` and `reason` are the server's words."""

    id: str
    channel: str
    status: str
    reason: str | None = None


@dataclass(frozen=True)
class CallerIdPattern:
    """What is known beforehand about the number that will call.

    `prefix` begins with `+`; `length` counts all characters of the E.164 form with its `+`; None: it varies.
    Nothing fits a prefix without a digit, which stands for a pattern that was not given or cannot be one.
    """

    prefix: str = "+"
    length: int | None = None


@dataclass(frozen=True)
class FlashCall:
    """The flash call to expect. Times are seconds from the step's beginning."""

    caller_id_pattern: CallerIdPattern = CallerIdPattern()
    digits_to_type: int = 4
    calls: int = 1
    call: int = 1
    interception_timeout: float = 45.0
    report_timeout: float = 75.0
    ring_time: str = "check"


@dataclass(frozen=True)
class CodeStep:
    """A code is on its way; `length` in characters, None when it is not known."""

    length: int | None = None


@dataclass(frozen=True)
class KeypadStep:
    """A call asks the person for `digits`, which the screen shows; `typed` is whether the call has got them.

    Once it has, `confirm` with `{"channel": "keypad"}` gets the token.
    """

    digits: str = field(repr=False)
    typed: bool = False


@dataclass(frozen=True)
class Skipped:
    """A channel that is not offered, and why."""

    channel: str
    reason: str


@dataclass(frozen=True)
class Automatic:
    """What the server will do by itself, and in how many seconds."""

    channel: str
    seconds: float


@dataclass(frozen=True)
class NextActions:
    """In how many seconds what is allowed. `check_in` is None when nothing can be checked."""

    check_in: float | None = None
    channels: Mapping[str, float] = field(default_factory=dict)
    automatic: Automatic | None = None


@dataclass(frozen=True)
class Verification:
    """One verification as the server sees it now; `phone_number` is masked, `expires_in` is seconds."""

    id: str
    status: str
    phone_number: str | None = None
    reason: str | None = None
    reference: str | None = None
    expires_in: float | None = None
    attempt: Attempt | None = None
    flashcall: FlashCall | None = None
    code: CodeStep | None = None
    keypad: KeypadStep | None = None
    skipped: tuple[Skipped, ...] = ()
    next: NextActions = NextActions()
    checks_left: int | None = None
    assurance_bits: float | None = None

    @property
    def finished(self) -> bool:
        """Whether the verification has ended, in whichever way."""
        return self.status in FINISHED

    @property
    def channel(self) -> str | None:
        """The channel of the current step."""
        return self.attempt.channel if self.attempt else None


@dataclass(frozen=True)
class Session:
    """What must be kept to go on with a verification: its id and the two proofs of having started it.

    `challenge` and `code_verifier` are None with a secret key. Neither is shown by `repr`.
    """

    id: str
    challenge: str | None = field(default=None, repr=False)
    code_verifier: str | None = field(default=None, repr=False)
    verification: Verification | None = None


@dataclass(frozen=True)
class Confirmation:
    """The answer to evidence. `token` is there exactly when the verification is verified.

    `result` says what became of evidence that did not verify: `mismatch`, `more_evidence` or `withheld`.
    """

    verification: Verification
    result: str | None = None
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Verified:
    """A proved number. The proof is `token`, to be handed to a back end; the rest is for the screen.

    With `session` a device can be enrolled for the number.
    """

    token: str = field(repr=False)
    phone_number: str = field(repr=False)
    channel: str | None
    verification: Verification
    session: Session


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if -1e12 < value < 1e12 else None


def _integer(value: object) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _seconds(value: object, default: float) -> float:
    number = _number(value)
    return default if number is None or number < 0 else number


def _attempt(value: object) -> Attempt | None:
    body = _mapping(value)
    channel = _text(body.get("channel"))
    if channel is None:
        return None
    return Attempt(
        id=_text(body.get("id")) or "",
        channel=channel,
        status=_text(body.get("status")) or "unknown",
        reason=_text(body.get("reason")),
    )


def _count(value: object, default: int, most: int) -> int:
    """A number of things, at least one."""
    number = _integer(value)
    return default if number is None or not 1 <= number <= most else number


def _code_length(value: object) -> int | None:
    """None also where no code can be so long: with a wrong length none could be entered."""
    return _count(value, 0, LONGEST_CODE) or None


def _pattern(value: object) -> CallerIdPattern:
    """Read strictly: which calls leave the phone hangs on it, so an odd one fits none."""
    body = _mapping(value)
    prefix, length = _text(body.get("prefix")) or "", body.get("length")
    if not _PREFIX.fullmatch(prefix):
        return CallerIdPattern()
    if length is None:
        return CallerIdPattern(prefix)
    size = _integer(length)
    fits = size is not None and len(prefix) < size <= LONGEST_NUMBER
    return CallerIdPattern(prefix, size) if fits else CallerIdPattern()


def _flashcall(value: object) -> FlashCall | None:
    if not isinstance(value, dict):
        return None
    return FlashCall(
        caller_id_pattern=_pattern(value.get("caller_id_pattern")),
        digits_to_type=_count(value.get("digits_to_type"), 4, LONGEST_NUMBER - 1),
        calls=_count(value.get("calls"), 1, 99),
        call=_count(value.get("call"), 1, 99),
        interception_timeout=min(_seconds(value.get("interception_timeout"), 45.0), LONGEST_STEP),
        report_timeout=min(_seconds(value.get("report_timeout"), 75.0), LONGEST_STEP),
        ring_time=_text(value.get("ring_time")) or "check",
    )


def _keypad(value: object) -> KeypadStep | None:
    body = _mapping(value)
    digits = _text(body.get("digits"))
    shown = digits is not None and 0 < len(digits) <= 32 and digits.isascii() and digits.isdigit()
    return KeypadStep(digits, body.get("typed") is True) if digits is not None and shown else None


def _skipped(value: object) -> tuple[Skipped, ...]:
    entries = value if isinstance(value, list) else []
    return tuple(
        Skipped(_text(entry.get("channel")) or "", _text(entry.get("reason")) or "")
        for entry in entries[:50]
        if isinstance(entry, dict)
    )


def _next(value: object) -> NextActions:
    body = _mapping(value)
    automatic = _mapping(body.get("automatic"))
    channel = _text(automatic.get("channel"))
    channels = list(_mapping(body.get("channels")).items())[:MOST_CHANNELS]
    seconds = {name: _number(after) for name, after in channels}
    return NextActions(
        check_in=_number(body.get("check_in")),
        channels={name: max(0.0, after) for name, after in seconds.items() if after is not None},
        automatic=Automatic(channel, _seconds(automatic.get("in"), 0.0)) if channel else None,
    )


def verification_from(body: Mapping[str, Any]) -> Verification:
    """Read the view that every verification answer carries.

    Raises UnexpectedAnswerError when id or status is missing.
    """
    identifier, status = _text(body.get("id")), _text(body.get("status"))
    if not identifier or not status:
        raise UnexpectedAnswerError("The answer is not a verification")
    code = body.get("code")
    return Verification(
        id=identifier,
        status=status,
        phone_number=_text(body.get("phone_number")),
        reason=_text(body.get("reason")),
        reference=_text(body.get("reference")),
        expires_in=_number(body.get("expires_in")),
        attempt=_attempt(body.get("attempt")),
        flashcall=_flashcall(body.get("flashcall")),
        code=CodeStep(_code_length(code.get("length"))) if isinstance(code, dict) else None,
        keypad=_keypad(body.get("keypad")),
        skipped=_skipped(body.get("skipped")),
        next=_next(body.get("next")),
        checks_left=_integer(body.get("checks_left")),
        assurance_bits=_number(body.get("assurance_bits")),
    )


def confirmation_from(body: Mapping[str, Any]) -> Confirmation:
    """Read the answer to evidence.

    Raises UnexpectedAnswerError when it claims `verified` and brings no token.
    """
    verification = verification_from(body)
    token = _text(body.get("token"))
    if verification.status == "verified" and not token:
        raise UnexpectedAnswerError("The server says verified but sent no token")
    return Confirmation(verification, _text(body.get("result")), token)


def number_in(token: str) -> str | None:
    """The number a token speaks of, unchecked: good for a screen, proof of nothing."""
    import binascii
    import json

    part = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        text = binascii.a2b_base64(part.translate({45: "+", 95: "/"}) + "=" * (-len(part) % 4))
        claims = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return _text(claims.get("phone_number")) if isinstance(claims, dict) else None
