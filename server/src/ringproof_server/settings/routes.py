"""`RINGPROOF_ROUTES`: how its text becomes the routes of countries."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from types import MappingProxyType
from typing import Final

import phonenumbers

from ringproof_server.domain.routing import HIGHEST_WEIGHT, Rank, Ranking, Routes, Share

LONGEST_TEXT: Final = 20_000
FAULTS_TOLD: Final = 10
_SHOWN: Final = 24
_CALLING_CODES: Final = frozenset(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))


def routes(carriers: Collection[str] | None) -> Callable[[str], Routes]:
    """Reads `DE=vonage,twilio; FR,BE=sip:3|restcomm:1,twilio; 881=`.

    Left of each `=` stand ISO regions, or country calling codes for numbers of no region; right of it the
    ranks of carriers, tried from left to right, with `|` between carriers of one rank and the weight of each
    after `:`. Nothing on the right means that nobody serves these numbers. Only `carriers` may be named; None
    lets any name pass, for when the list of carriers itself cannot be used. What is read raises ValueError
    with every fault in one sentence.
    """

    def read(text: str) -> Routes:
        if len(text) > LONGEST_TEXT:
            raise ValueError(f"must have at most {LONGEST_TEXT} characters")
        reading = _Reading(carriers)
        found = reading.routes(text)
        if reading.faults:
            told = "; ".join(reading.faults[:FAULTS_TOLD])
            more = len(reading.faults) - FAULTS_TOLD
            raise ValueError(f"must be corrected: {told}" + (f"; and {more} more" if more > 0 else ""))
        return Routes(MappingProxyType(found))

    return read


class _Reading:
    """One pass over the text, which collects what is wrong with it."""

    def __init__(self, carriers: Collection[str] | None) -> None:
        self._carriers = carriers
        self.faults: list[str] = []

    def routes(self, text: str) -> dict[str, Ranking]:
        found: dict[str, Ranking] = {}
        for entry in filter(None, map(str.strip, text.split(";"))):
            left, separator, right = entry.partition("=")
            if not separator:
                self.faults.append(f"{_shown(entry)} has no = between countries and carriers")
                continue
            ranking = self._ranking(right, left.strip())
            for country in self._countries(left):
                if country in found:
                    self.faults.append(f"{country} has two routes")
                found[country] = ranking
        return found

    def _countries(self, text: str) -> Iterator[str]:
        for part in text.split(","):
            country = part.strip().upper()
            if part.isascii() and (country in phonenumbers.SUPPORTED_REGIONS or country in _CALLING_CODES):
                yield country
            else:
                self.faults.append(f"{_shown(part)} is neither a two-letter country nor a calling code")

    def _ranking(self, text: str, countries: str) -> Ranking:
        if not text.strip():
            return ()
        named: set[str] = set()
        return tuple(self._rank(rank, named, countries) for rank in text.split(","))

    def _rank(self, text: str, named: set[str], countries: str) -> Rank:
        shares = []
        for part in text.split("|"):
            name, separator, weight = (piece.strip() for piece in part.partition(":"))
            name = name.lower()
            if not name:
                self.faults.append(f"a carrier's name is missing for {_shown(countries)}")
            elif self._carriers is not None and name not in self._carriers:
                self.faults.append(f"{_shown(name)} is not one of the carriers")
            elif name in named:
                self.faults.append(f"{_shown(name)} is named twice for {_shown(countries)}")
            elif separator and not _is_weight(weight):
                self.faults.append(f"the weight of {_shown(name)} must be between 1 and {HIGHEST_WEIGHT}")
            else:
                shares.append(Share(name, int(weight) if separator else 1))
            named.add(name)
        return tuple(shares)


def _is_weight(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= HIGHEST_WEIGHT


def _shown(text: str) -> str:
    """A short piece of the text, so that one mistake does not fill the screen."""
    text = text.strip()
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
