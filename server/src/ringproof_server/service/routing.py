"""Which carrier gets an attempt, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.fictitious import is_fictitious
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import Carrier

FAILED_HERE = frozenset({Reason.CARRIER_ERROR, Reason.CONFIG_ERROR})


@dataclass(frozen=True, slots=True)
class Route:
    """A carrier and the reason for choosing it, which is stored with the attempt."""

    carrier: Carrier
    reason: str


def choose(
    carriers: Mapping[str, Carrier], channel: Channel, number: PhoneNumber, earlier: Sequence[Attempt]
) -> Route | None:
    """The first carrier, in the configured order, that can take the attempt; None if there is none.

    Fictitious numbers go to a simulated carrier only, real ones never to one that stands beside real
    carriers. A carrier that failed on this channel in this verification is not tried again for it; its other
    channels may still work.
    """
    failed = {item.carrier for item in earlier if item.channel is channel and item.reason in FAILED_HERE}
    for name, carrier in carriers.items():
        able = carrier.capabilities
        if name in failed or channel not in able.channels:
            continue
        if is_fictitious(number.e164):
            if able.serves_fictitious:
                return Route(carrier, "fictitious")
            continue
        if not able.fictitious_only:
            return Route(carrier, "failover" if failed else "first_in_order")
    return None
