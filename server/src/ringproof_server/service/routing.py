"""Which carrier gets an attempt, and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.fictitious import is_fictitious
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.routing import Ranking, Routes, RoutingReason, in_order, pick
from ringproof_server.ports import Carrier, CarrierCapabilities, Random

FAILED_HERE = frozenset({Reason.CARRIER_ERROR, Reason.CONFIG_ERROR})
"""Ends that were the carrier's doing: it is not tried again on this channel in this verification."""

IN_DOUBT = frozenset({Reason.CARRIER_ERROR, Reason.UNKNOWN})
"""Ends after which a carrier may be out of order altogether: it comes after all others on other channels."""


@dataclass(frozen=True, slots=True)
class Route:
    """A carrier and the reason for choosing it, which is stored with the attempt."""

    carrier: Carrier
    reason: RoutingReason


class Routing:
    """Chooses among `carriers`, which are in the configured order, except where a country has its own route.

    Fictitious numbers go only to carriers that serve them, whatever the routes say; real ones never to one
    that stands beside real carriers. A carrier that failed on a channel in a verification is not tried again
    for it there. On its other channels it is the last resort after an outage or a lost answer: whoever has
    another carrier does not wait for the broken one again, and whoever has one only still gets the code over
    it when calls are out of order. A misconfiguration, such as a caller ID that is not allowed, says nothing
    about other channels.
    """

    def __init__(self, carriers: Mapping[str, Carrier], routes: Routes, random: Random) -> None:
        self._carriers = carriers
        self._in_order = in_order(tuple(carriers))
        self._routes = routes
        self._random = random

    def choose(
        self,
        channel: Channel,
        number: PhoneNumber,
        earlier: Sequence[Attempt] = (),
        *,
        busy: Collection[str] = (),
    ) -> Route | None:
        """The carrier for an attempt of a verification that has had the `earlier` ones, none that is `busy`;
        None if there is none."""
        way = self._way(channel, number)
        failed = {name for name in self._carriers if self.has_failed(name, channel, earlier)}
        doubted = {item.carrier for item in earlier if item.reason in IN_DOUBT}
        for out in (failed | doubted | set(busy), failed | set(busy)):
            picked = pick(way.ranking, way.able - out, self._random.below)
            if picked is not None:
                reason = _reason(way, is_failover=bool(way.able & out), is_drawn=picked.drawn)
                return Route(self._carriers[picked.carrier], reason)
        return None

    def has_failed(self, carrier: str, channel: Channel, earlier: Sequence[Attempt]) -> bool:
        """Whether this carrier may not be tried again on this channel after the `earlier` attempts."""
        return any(
            item.carrier == carrier and item.channel is channel and item.reason in FAILED_HERE
            for item in earlier
        )

    def able(self, channel: Channel, number: PhoneNumber) -> set[str]:
        """The carriers that may ever get an attempt on this channel to this number."""
        return self._way(channel, number).able

    def _way(self, channel: Channel, number: PhoneNumber) -> _Way:
        fictitious = is_fictitious(number.e164)
        own = None if fictitious else self._routes.ranking_for(number)
        ranking = self._in_order if own is None else own
        named = {share.carrier for rank in ranking for share in rank}
        able = {
            name
            for name, carrier in self._carriers.items()
            if name in named and _may_take(carrier.capabilities, channel, fictitious=fictitious)
        }
        if fictitious:
            return _Way(ranking, able, RoutingReason.FICTITIOUS)
        plain = RoutingReason.FIRST_IN_ORDER if own is None else RoutingReason.COUNTRY_ROUTE
        return _Way(ranking, able, plain)


@dataclass(frozen=True, slots=True)
class _Way:
    """The carriers that may have a number at all on a channel, and why the first of them gets it."""

    ranking: Ranking
    able: set[str]
    plain: RoutingReason


def _may_take(capabilities: CarrierCapabilities, channel: Channel, *, fictitious: bool) -> bool:
    if channel not in capabilities.channels:
        return False
    return capabilities.serves_fictitious if fictitious else not capabilities.fictitious_only


def _reason(way: _Way, *, is_failover: bool, is_drawn: bool) -> RoutingReason:
    if way.plain is RoutingReason.FICTITIOUS:
        return RoutingReason.FICTITIOUS
    if is_failover:
        return RoutingReason.FAILOVER
    return RoutingReason.WEIGHTED if is_drawn else way.plain
