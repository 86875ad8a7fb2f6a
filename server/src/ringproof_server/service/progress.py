"""Where a verification stands at a moment, with everything a client may know of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.evidence import Verdict
from ringproof_server.domain.verification import Status, Verification
from ringproof_server.ports import TraceEntry


@dataclass(frozen=True, slots=True)
class Automatic:
    """What the server will do by itself: start this channel in `seconds`."""

    channel: Channel
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NextActions:
    """In how many seconds which action is allowed. `check_in` is None when no check is possible any more."""

    check_in: int | None
    channels: Mapping[Channel, int]
    automatic: Automatic | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeypadDigits:
    """The digits to show to whoever is called, and whether they have been typed in the call."""

    digits: str = field(repr=False)
    typed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One verification as of `now`. `attempts` are all of them in order; the last one is the current one.

    `challenge`, `token` and `result` are present only in the answer they belong to: the start, the confirm
    that verified, the confirm that did not. `keypad` is present while a call that asks for digits is the
    current step. `trace` is for the application's back end.
    """

    verification: Verification
    attempts: Sequence[Attempt]
    now: datetime
    status: Status
    next: NextActions
    checks_left: int
    ring_time: str
    code_digits: int
    interception_timeout: int
    report_timeout: int
    challenge: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    result: Verdict | None = None
    keypad: KeypadDigits | None = None
    trace: Sequence[TraceEntry] | None = None

    @property
    def attempt(self) -> Attempt | None:
        return self.attempts[-1] if self.attempts else None
