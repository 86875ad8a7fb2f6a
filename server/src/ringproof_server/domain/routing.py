"""Which carriers a country's numbers may go to, in which order and in which proportion."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ringproof_server.domain.phone_number import PhoneNumber

HIGHEST_WEIGHT: Final = 1000


class RoutingReason(StrEnum):
    """Why an attempt was given to its carrier; stored with the attempt."""

    FIRST_IN_ORDER = "first_in_order"
    """The first carrier, in the configured order, that serves the channel."""
    COUNTRY_ROUTE = "country_route"
    """The first one in the order that the operator set for the number's country."""
    WEIGHTED = "weighted"
    """Drawn among carriers of equal rank, in proportion to their weights."""
    FAILOVER = "failover"
    """Another carrier has failed in this verification, or too many attempts wait for it."""
    FICTITIOUS = "fictitious"
    """The number belongs to nobody, so that only a carrier without a real network may have it."""


@dataclass(frozen=True, slots=True)
class Share:
    """A carrier's part in its rank. Raises ValueError for a weight outside 1..1000."""

    carrier: str
    weight: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.weight <= HIGHEST_WEIGHT:
            raise ValueError(f"the weight of a carrier is between 1 and {HIGHEST_WEIGHT}")

    def __str__(self) -> str:
        return self.carrier if self.weight == 1 else f"{self.carrier}:{self.weight}"


Rank = tuple[Share, ...]
"""Carriers of equal right."""

Ranking = tuple[Rank, ...]
"""Ranks in the order in which they are tried; an empty one means that nobody serves the numbers."""


@dataclass(frozen=True, slots=True)
class Pick:
    """A carrier whose turn it is; `drawn` is whether others of its rank could have had it."""

    carrier: str
    drawn: bool


@dataclass(frozen=True, slots=True)
class Routes:
    """The countries whose numbers go another way than the configured order.

    A key is an ISO 3166-1 alpha-2 region or, for numbers of no region such as satellite telephones, the
    digits of a country calling code. `str` gives the text that settings are read from.
    """

    rankings: Mapping[str, Ranking] = field(default_factory=lambda: MappingProxyType({}))

    def ranking_for(self, number: PhoneNumber) -> Ranking | None:
        """The route of the number's region, else of its calling code; None where it has none of its own."""
        if not self.rankings:
            return None
        region = number.region
        found = None if region is None else self.rankings.get(region)
        return found if found is not None else self.rankings.get(number.country_code)

    def __str__(self) -> str:
        return "; ".join(f"{key}={spell(ranking)}" for key, ranking in self.rankings.items())


def in_order(names: Sequence[str]) -> Ranking:
    """One carrier after the other."""
    return tuple((Share(name),) for name in names)


def spell(ranking: Ranking) -> str:
    """`sip:3|restcomm,twilio`: ranks with commas between them, a weight of 1 left out."""
    return ",".join("|".join(map(str, rank)) for rank in ranking)


def pick(ranking: Ranking, able: Container[str], below: Callable[[int], int]) -> Pick | None:
    """The carrier of the first rank in which anybody is `able`, by weight; None if there is nobody.

    `below(n)` is a uniform integer in 0..n-1, asked only where there is a choice.
    """
    for rank in ranking:
        shares = [share for share in rank if share.carrier in able]
        if len(shares) == 1:
            return Pick(shares[0].carrier, drawn=False)
        if shares:
            return Pick(_draw(shares, below), drawn=True)
    return None


def _draw(shares: Sequence[Share], below: Callable[[int], int]) -> str:
    left = below(sum(share.weight for share in shares))
    for share in shares:
        left -= share.weight
        if left < 0:
            return share.carrier
    raise AssertionError("the draw was not below its limit")
