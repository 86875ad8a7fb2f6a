"""What the operator's sender reports about an attempt."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated, Final, Literal

import msgspec

from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Reason
from ringproof_server.domain.errors import CallbackRefused

EVENTS_PATH: Final = "events"
LONGEST_BODY: Final = 8 * 1024
LONGEST_RING_MS: Final = 599_999

KINDS: Final = MappingProxyType(
    {
        "ringing": AttemptEvent.RING,
        "answered": AttemptEvent.ANSWER,
        "ended": AttemptEvent.END,
        "delivered": AttemptEvent.DELIVER,
        "read": AttemptEvent.READ,
        "failed": AttemptEvent.FAIL,
    }
)
"""The types of events, and what they are to us."""

Said = Literal[
    "answered",
    "busy",
    "rejected",
    "no_answer",
    "unreachable",
    "invalid_number",
    "cancelled",
    "carrier_error",
    "config_error",
    "fraud_blocked",
    "unknown",
]
"""The reasons that a sender may give for `ended` and `failed`."""


class SenderEvent(msgspec.Struct, frozen=True):
    """One event. `reference` is that of the request; `ring_ms` is how long it rang, in ms.

    Further fields are passed over.
    """

    type: Literal["ringing", "answered", "ended", "delivered", "read", "failed"]
    reference: Annotated[str, msgspec.Meta(max_length=200)]
    reason: Said | None = None
    ring_ms: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_RING_MS)] | None = None

    @property
    def kind(self) -> AttemptEvent:
        return KINDS[self.type]

    @property
    def why(self) -> Reason | None:
        """The reason, where the type of the event can have one."""
        if self.reason is None or self.kind not in {AttemptEvent.END, AttemptEvent.FAIL}:
            return None
        return Reason(self.reason)


_DECODER: Final = msgspec.json.Decoder(SenderEvent)


def read_event(body: bytes) -> SenderEvent:
    """Raises `CallbackRefused` for whatever is no event; nothing of it is repeated."""
    if len(body) > LONGEST_BODY:
        raise CallbackRefused("the event is too long")
    try:
        return _DECODER.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise CallbackRefused("the event is not understood") from None
