"""One send on one channel through one carrier, and the states it goes through."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import ImpossibleTransition


class AttemptState(StrEnum):
    QUEUED = "queued"
    DIALING = "dialing"
    SENDING = "sending"
    ACCEPTED = "accepted"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Whether nothing more can happen to the attempt; `delivered` can still become `read`."""
        return self in _FINAL


_FINAL = frozenset({AttemptState.ENDED, AttemptState.READ, AttemptState.FAILED})


class AttemptEvent(StrEnum):
    CLAIM = "claim"
    ACCEPT = "accept"
    RING = "ring"
    ANSWER = "answer"
    END = "end"
    DELIVER = "deliver"
    READ = "read"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Row:
    """Where an event leads; `note` says why an odd row (a repeat, a late or overtaking event) is right."""

    state: AttemptState
    note: str = ""


_S, _E = AttemptState, AttemptEvent

CALL_TRANSITIONS: Final[dict[tuple[AttemptState, AttemptEvent], Row]] = {
    (_S.QUEUED, _E.CLAIM): Row(_S.DIALING),
    (_S.QUEUED, _E.END): Row(_S.ENDED, "cancelled or out of time before anyone dialled"),
    (_S.DIALING, _E.ACCEPT): Row(_S.ACCEPTED),
    (_S.DIALING, _E.RING): Row(_S.RINGING, "the event overtook the carrier's answer"),
    (_S.DIALING, _E.ANSWER): Row(_S.ANSWERED, "the event overtook the carrier's answer"),
    (_S.DIALING, _E.END): Row(_S.ENDED, "refused by the carrier, or the end overtook its answer"),
    (_S.ACCEPTED, _E.ACCEPT): Row(_S.ACCEPTED, "a repeat, or what a look-up after a crash found"),
    (_S.ACCEPTED, _E.RING): Row(_S.RINGING),
    (_S.ACCEPTED, _E.ANSWER): Row(_S.ANSWERED, "some networks never say that it rang"),
    (_S.ACCEPTED, _E.END): Row(_S.ENDED),
    (_S.RINGING, _E.ACCEPT): Row(_S.RINGING, "the carrier's answer came after its own event"),
    (_S.RINGING, _E.RING): Row(_S.RINGING, "a repeat; the first one counts for the ring time"),
    (_S.RINGING, _E.ANSWER): Row(_S.ANSWERED),
    (_S.RINGING, _E.END): Row(_S.ENDED),
    (_S.ANSWERED, _E.ACCEPT): Row(_S.ANSWERED, "the carrier's answer came after its own event"),
    (_S.ANSWERED, _E.RING): Row(_S.ANSWERED, "out of order: it rang before it was answered"),
    (_S.ANSWERED, _E.ANSWER): Row(_S.ANSWERED, "a repeat"),
    (_S.ANSWERED, _E.END): Row(_S.ENDED),
    (_S.ENDED, _E.ACCEPT): Row(_S.ENDED, "late: the call is hung up, the verdict stays"),
    (_S.ENDED, _E.RING): Row(_S.ENDED, "late: telemetry only"),
    (_S.ENDED, _E.ANSWER): Row(_S.ENDED, "late: telemetry only"),
    (_S.ENDED, _E.END): Row(_S.ENDED, "a repeat; the first reason stays"),
}

MESSAGE_TRANSITIONS: Final[dict[tuple[AttemptState, AttemptEvent], Row]] = {
    (_S.QUEUED, _E.CLAIM): Row(_S.SENDING),
    (_S.QUEUED, _E.FAIL): Row(_S.FAILED, "cancelled or out of time before anyone sent it"),
    (_S.SENDING, _E.ACCEPT): Row(_S.ACCEPTED),
    (_S.SENDING, _E.DELIVER): Row(_S.DELIVERED, "the event overtook the carrier's answer"),
    (_S.SENDING, _E.READ): Row(_S.READ, "the event overtook the carrier's answer"),
    (_S.SENDING, _E.FAIL): Row(_S.FAILED),
    (_S.ACCEPTED, _E.ACCEPT): Row(_S.ACCEPTED, "a repeat, or what a look-up after a crash found"),
    (_S.ACCEPTED, _E.DELIVER): Row(_S.DELIVERED),
    (_S.ACCEPTED, _E.READ): Row(_S.READ, "read implies delivered"),
    (_S.ACCEPTED, _E.FAIL): Row(_S.FAILED),
    (_S.DELIVERED, _E.ACCEPT): Row(_S.DELIVERED, "the carrier's answer came after its own event"),
    (_S.DELIVERED, _E.DELIVER): Row(_S.DELIVERED, "a repeat"),
    (_S.DELIVERED, _E.READ): Row(_S.READ),
    (_S.DELIVERED, _E.FAIL): Row(_S.DELIVERED, "out of order: what was delivered did not fail"),
    (_S.READ, _E.ACCEPT): Row(_S.READ, "the carrier's answer came after its own event"),
    (_S.READ, _E.DELIVER): Row(_S.READ, "out of order: read implies delivered"),
    (_S.READ, _E.READ): Row(_S.READ, "a repeat"),
    (_S.READ, _E.FAIL): Row(_S.READ, "out of order: what was read did not fail"),
    (_S.FAILED, _E.ACCEPT): Row(_S.FAILED, "late: telemetry only"),
    (_S.FAILED, _E.DELIVER): Row(_S.FAILED, "late: telemetry only"),
    (_S.FAILED, _E.READ): Row(_S.FAILED, "late: telemetry only"),
    (_S.FAILED, _E.FAIL): Row(_S.FAILED, "a repeat; the first reason stays"),
}


def follow(channel: Channel, state: AttemptState, event: AttemptEvent) -> Row:
    """The row for this state and event; raises `ImpossibleTransition` where the table has none."""
    table = CALL_TRANSITIONS if channel.is_call else MESSAGE_TRANSITIONS
    try:
        return table[state, event]
    except KeyError:
        raise ImpossibleTransition(f"a {channel} attempt that is {state} cannot {event}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """`caller_id` (E.164) is the secret of a flash call until it is reported; it stays out of `repr`.

    `step` is the index of the plan's step, `call` counts the serial calls of a step from 1. `ring_ms` is the
    network's ring time. `reported` is whether the evidence for this call was right, None before any report.
    """

    id: str
    verification_id: str
    channel: Channel
    step: int
    call: int = 1
    state: AttemptState = AttemptState.QUEUED
    reason: Reason | None = None
    carrier: str | None = None
    routing_reason: str | None = None
    remote_id: str | None = None
    caller_id: str | None = field(default=None, repr=False)
    queued_at: datetime
    claimed_at: datetime | None = None
    accepted_at: datetime | None = None
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    hang_up_at: datetime | None = None
    hang_ups: int = 0
    ring_ms: int | None = None
    reported: bool | None = field(default=None, repr=False)
    version: int = 0

    @property
    def was_answered(self) -> bool:
        return self.answered_at is not None
