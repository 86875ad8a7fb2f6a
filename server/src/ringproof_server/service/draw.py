"""Which number of the pool calls: uniform among the eligible ones, from secure randomness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from threading import Lock

from ringproof_server.domain.caller_id import PoolStatistics
from ringproof_server.domain.numbering_plan import split_country_code
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import Pool, Random

TRIES = 64
"""Rejections before the eligible numbers are listed instead; with a large pool one try nearly always does."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The pool numbers that may call a destination: the group, less what was used for it lately."""

    group: Pool
    used: frozenset[str]

    @property
    def unavailable(self) -> int:
        return len(self.used)

    def draw(self, random: Random) -> str | None:
        """One eligible number, each with the same chance; None when there is none."""
        numbers: Sequence[str] = self.group.numbers
        for _ in range(TRIES if numbers else 0):
            number = numbers[random.below(len(numbers))]
            if number not in self.used:
                return number
        eligible = [number for number in numbers if number not in self.used]
        return eligible[random.below(len(eligible))] if eligible else None


@dataclass(slots=True)
class _Countries:
    """One state of a pool, parted by country calling code. Parts are made when they are first wanted."""

    pool: Pool
    sizes: Counter[str]
    parts: dict[str, Pool] = field(default_factory=dict)

    @classmethod
    def of(cls, pool: Pool) -> _Countries:
        """A country calling code has three digits at most, and few numbers differ in the first three."""
        sizes: Counter[str] = Counter()
        for start, size in Counter(map(itemgetter(slice(0, 4)), pool.numbers)).items():
            sizes[split_country_code(start)[0]] += size
        return cls(pool, sizes)

    def nearest(self, country_code: str) -> str:
        """This country if the pool has numbers of it, else the one of which it has the most."""
        if country_code in self.sizes or not self.sizes:
            return country_code
        return max(self.sizes, key=lambda code: (self.sizes[code], code))

    def part(self, country_code: str) -> Pool:
        """The numbers of a country that `nearest` named."""
        if self.sizes[country_code] == len(self.pool.numbers):
            return self.pool
        part = self.parts.get(country_code)
        if part is None:
            numbers = [number for number in self.pool.numbers if number.startswith(f"+{country_code}")]
            part = self.parts[country_code] = Pool(self.pool.version, numbers, PoolStatistics.of(numbers))
        return part


class Groups:
    """The part of a pool that calls a country, kept per pool version.

    Numbers of the callee's own country are the ones whose caller ID survives the way. Where the pool has
    none, those of one other country serve: numbers of several have no beginning in common, so that an app
    could not tell our call from anybody else's without reporting all of them.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[str, _Countries] = {}

    def candidates(
        self, application_id: str, pool: Pool, callee: PhoneNumber, used: set[str], *, local: bool
    ) -> Candidates:
        """The candidates among the numbers of one country, or among the whole pool.

        A used number that has left the pool still counts as unavailable, which overstates the odds.
        """
        if not local:
            return Candidates(pool, frozenset(used))
        countries = self._countries(application_id, pool)
        country_code = countries.nearest(callee.country_code)
        group = countries.part(country_code)
        if group is pool:
            return Candidates(pool, frozenset(used))
        prefix = f"+{country_code}"
        return Candidates(group, frozenset(number for number in used if number.startswith(prefix)))

    def _countries(self, application_id: str, pool: Pool) -> _Countries:
        with self._lock:
            kept = self._kept.get(application_id)
        if kept is None or kept.pool.version != pool.version:
            kept = _Countries.of(pool)
            with self._lock:
                self._kept[application_id] = kept
        return kept
