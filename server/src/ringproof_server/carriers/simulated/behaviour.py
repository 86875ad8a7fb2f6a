"""How a virtual handset acts, and what the network does to whoever calls it."""

from __future__ import annotations

from enum import StrEnum


class Behaviour(StrEnum):
    """What a call to the handset meets, from now on.

    `late`: rings only after a delay longer than a verification waits. `altered`: shows a caller ID close to
    the one the call came from. `voicemail`: a machine answers after some seconds. `off`: cannot be reached.
    `lost_cancel`: the network's order to stop ringing is lost once or twice and sent again. `unread`:
    messages arrive and nobody looks at them. `undelivered`: messages are turned back, as by a messenger that
    the number does not use. Both ring when they are called.
    """

    RING = "ring"
    ANSWER = "answer"
    REJECT = "reject"
    BUSY = "busy"
    WITHHELD = "withheld"
    ALTERED = "altered"
    LATE = "late"
    VOICEMAIL = "voicemail"
    OFF = "off"
    LOST_CANCEL = "lost_cancel"
    UNREAD = "unread"
    UNDELIVERED = "undelivered"


class Fault(StrEnum):
    """What happens to a request to place a call or send a message.

    `lost_answer`: the network takes it, yet the caller never hears of that. `hang`: the network takes it
    after a long wait, or as soon as the caller has given up waiting.
    """

    NONE = "none"
    OUTAGE = "outage"
    THROTTLED = "throttled"
    REFUSED = "refused"
    HANG = "hang"
    LOST_ANSWER = "lost_answer"
