"""What a SIP response to an INVITE means for an attempt (RFC 3261 section 21)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ringproof_server.domain.channel import Reason


class Reaction(StrEnum):
    """What to do after a final response that is not a success."""

    END = "end"
    NEXT_TRUNK = "next_trunk"
    CREDENTIALS = "credentials"
    """The next trunk too, but the operator has to mend this one."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is how the attempt ends, if it ends with this response."""

    reaction: Reaction
    reason: Reason


_ENDS: Final = {
    403: Reason.REJECTED,
    404: Reason.INVALID_NUMBER,
    410: Reason.INVALID_NUMBER,
    480: Reason.UNREACHABLE,
    484: Reason.INVALID_NUMBER,
    486: Reason.BUSY,
    600: Reason.BUSY,
    603: Reason.REJECTED,
    604: Reason.INVALID_NUMBER,
    606: Reason.REJECTED,
    607: Reason.REJECTED,
    608: Reason.REJECTED,
}
"""Responses about the called phone: no other trunk would say otherwise. 607 is RFC 8197, 608 RFC 8688."""

_REFUSED_BY_HAND: Final = frozenset({486, 600})
"""What many phones say when somebody presses the red button: after ringing they were not busy, and whoever
pressed it has seen who called."""

_CREDENTIALS: Final = frozenset({401, 402, 407})


def verdict(code: int, *, rang: bool) -> Verdict:
    """The meaning of a final response of 300 or more that was not caused by our CANCEL.

    After it `rang`, no other trunk may be tried: the phone would ring twice for one attempt.
    """
    if rang and code in _REFUSED_BY_HAND:
        return Verdict(Reaction.END, Reason.REJECTED)
    if code in _ENDS:
        return Verdict(Reaction.END, _ENDS[code])
    if code == 487:
        # Not our CANCEL: the trunk's own timer, or the Expires header.
        return Verdict(Reaction.END, Reason.RANG if rang else Reason.NO_ANSWER)
    if code in _CREDENTIALS:
        return Verdict(Reaction.END if rang else Reaction.CREDENTIALS, Reason.CONFIG_ERROR)
    if rang:
        return Verdict(Reaction.END, Reason.UNREACHABLE if code == 408 else Reason.CARRIER_ERROR)
    return Verdict(Reaction.NEXT_TRUNK, Reason.CARRIER_ERROR)
