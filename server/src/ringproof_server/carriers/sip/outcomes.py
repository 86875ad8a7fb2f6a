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
    487: Reason.NO_ANSWER,
    600: Reason.BUSY,
    603: Reason.REJECTED,
    604: Reason.INVALID_NUMBER,
    606: Reason.REJECTED,
    607: Reason.REJECTED,
    608: Reason.REJECTED,
}
"""Responses about the called phone: no other trunk would say otherwise. 607 is RFC 8197, 608 RFC 8688."""

_ENDS_AFTER_RINGING: Final = {
    408: Reason.NO_ANSWER,
    480: Reason.NO_ANSWER,
    486: Reason.REJECTED,
    487: Reason.RANG,
    600: Reason.REJECTED,
}
"""What is meant otherwise once it rang. 408 and 480 are said when a phone has rung for long enough: it was
reached. 486 and 600 are what many phones say when somebody presses the red button: whoever pressed it was not
busy, and has seen who called. 487 not after our CANCEL is the trunk's own timer, or the Expires header."""

_OUT_OF_SERVICE: Final = frozenset({502, 503, 504})

_CREDENTIALS: Final = frozenset({401, 402, 407})


def verdict(code: int, *, rang: bool) -> Verdict:
    """The meaning of a final response of 300 or more that was not caused by our CANCEL.

    After it `rang`, no other trunk may be tried: the phone would ring twice for one attempt.
    """
    if rang and code in _ENDS_AFTER_RINGING:
        return Verdict(Reaction.END, _ENDS_AFTER_RINGING[code])
    if code in _ENDS:
        return Verdict(Reaction.END, _ENDS[code])
    if code in _CREDENTIALS:
        return Verdict(Reaction.END if rang else Reaction.CREDENTIALS, Reason.CONFIG_ERROR)
    if rang:
        return Verdict(Reaction.END, Reason.CARRIER_ERROR)
    return Verdict(Reaction.NEXT_TRUNK, Reason.CARRIER_ERROR)


def is_in_service(code: int) -> bool:
    """Whether a trunk that gives this response, to whatever request, may still take calls.

    502, 503 and 504 are said by one that is overloaded, or has lost the network behind it; 408 stands for no
    response at all. Every other refusal comes from one that works.
    """
    return code != 408 and code not in _OUT_OF_SERVICE
