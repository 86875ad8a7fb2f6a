"""What follows from a carrier's error: whether it speaks against the carrier, and what may be repeated."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ringproof_server.carriers.guard.breaker import Verdict
from ringproof_server.domain.errors import (
    CallbackRefused,
    CarrierError,
    CarrierMisconfigured,
    CarrierThrottled,
    CarrierUnavailable,
    FraudSuspected,
    NumberRefused,
    NumberUnreachable,
    OutcomeUnknown,
)


class Operation(StrEnum):
    """What a carrier is asked, by the names of the port's methods."""

    PLACE_CALL = "place_call"
    SEND_MESSAGE = "send_message"
    HANG_UP = "hang_up"
    FIND = "find"
    PING = "ping"


PLACING: Final = frozenset({Operation.PLACE_CALL, Operation.SEND_MESSAGE})
"""What reaches a person and must not happen twice; everything else may."""

_EVERYTHING: Final = frozenset(Operation)
_NOTHING: Final[frozenset[Operation]] = frozenset()


@dataclass(frozen=True, slots=True)
class Reaction:
    """`verdict` is for the breaker; `repeats` are the operations that may be asked once more."""

    verdict: Verdict
    repeats: frozenset[Operation]


REACTIONS: Final[dict[type[CarrierError], Reaction]] = {
    # Nothing was sent, or the carrier did nothing: not even a call can come twice.
    CarrierUnavailable: Reaction(Verdict.FAILED, _EVERYTHING),
    # The call may be on its way. The dispatcher asks about it, and nobody repeats it.
    OutcomeUnknown: Reaction(Verdict.FAILED, _NOTHING),
    # A pause is kept instead; at once it would only be refused again.
    CarrierThrottled: Reaction(Verdict.ANSWERED, _NOTHING),
    # The carrier works and says no. One application with a caller ID that the account may not use would
    # otherwise take the carrier from all the others.
    CarrierMisconfigured: Reaction(Verdict.ANSWERED, _NOTHING),
    NumberRefused: Reaction(Verdict.ANSWERED, _NOTHING),
    NumberUnreachable: Reaction(Verdict.ANSWERED, _NOTHING),
    FraudSuspected: Reaction(Verdict.ANSWERED, _NOTHING),
    # These two answer no request; a plug-in that raises them has at least understood its carrier.
    CallbackRefused: Reaction(Verdict.ANSWERED, _NOTHING),
    CarrierError: Reaction(Verdict.ANSWERED, _NOTHING),
}


def known_class(fault: CarrierError) -> type[CarrierError]:
    """The class of the closed list that a plug-in's own subclass stands for."""
    return next(kind for kind in type(fault).__mro__ if kind in REACTIONS)


def verdict_on(fault: CarrierError) -> Verdict:
    return REACTIONS[known_class(fault)].verdict


def may_repeat(operation: Operation, fault: CarrierError) -> bool:
    """Whether `operation`, which has failed in this way, may be asked once more."""
    return operation in REACTIONS[known_class(fault)].repeats


def unforeseen(operation: Operation, fault: BaseException) -> CarrierError:
    """What a fault outside the closed list means. Its text may hold anything, so only its class is told."""
    what = f"the carrier's plug-in failed with {type(fault).__name__}"
    return OutcomeUnknown(what) if operation in PLACING else CarrierUnavailable(what)


def unanswered(operation: Operation) -> CarrierError:
    """What it means that no answer came in time."""
    what = "the carrier did not answer in time"
    return OutcomeUnknown(what) if operation in PLACING else CarrierUnavailable(what)
