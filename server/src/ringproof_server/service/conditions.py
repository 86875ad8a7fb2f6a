"""Whether what a step has sent got far enough, so that the next step is not started by the clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ringproof_server.domain.attempt import Attempt, AttemptState
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.stage import Advance
from ringproof_server.domain.verification import Verification

_FAR_ENOUGH: Final = {
    Advance.NO_REPORT: frozenset[AttemptState](),
    Advance.NOT_DELIVERED: frozenset({AttemptState.DELIVERED, AttemptState.READ}),
    Advance.NOT_READ: frozenset({AttemptState.READ}),
}

_DID_NOT_RING: Final = frozenset(
    {
        Reason.BUSY,
        Reason.UNREACHABLE,
        Reason.INVALID_NUMBER,
        Reason.CARRIER_ERROR,
        Reason.CONFIG_ERROR,
        Reason.LATE,
    }
)
_RANG_UNHEARD: Final = frozenset({Reason.REJECTED, Reason.NO_ANSWER, Reason.RANG})


def has_arrived(verification: Verification, attempts: Sequence[Attempt]) -> bool:
    """Whether a message of the current step did what the step waits for: it was delivered, or read.

    Any of them will do, since all carry the same code. Where only the proof itself counts, nothing does.
    """
    enough = _FAR_ENOUGH[verification.current.advance]
    return any(item.state in enough for item in attempts if item.step == verification.step)


def never_arrived(attempt: Attempt) -> bool:
    """Whether it is certain that this message reached nobody, or that this call was heard by nobody.

    A flash call is made to ring and not to be heard, so it counts as soon as it may have rung.
    """
    if not attempt.channel.is_call:
        return attempt.state is AttemptState.FAILED and attempt.reason is not Reason.UNKNOWN
    if attempt.state is not AttemptState.ENDED or attempt.was_answered:
        return False
    if attempt.channel is Channel.FLASHCALL:
        return attempt.ringing_at is None and attempt.reason in _DID_NOT_RING
    return attempt.reason in _DID_NOT_RING | _RANG_UNHEARD
