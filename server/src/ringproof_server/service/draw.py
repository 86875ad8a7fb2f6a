"""Which number of the pool calls: uniform among the eligible ones, from secure randomness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from ringproof_server.domain.caller_id import PoolStatistics
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


class Groups:
    """The part of a pool that shares the callee's country code, kept per pool version.

    Numbers of the callee's own country are the ones whose caller ID survives the way; a pool without any
    serves as a whole.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[tuple[str, str], Pool] = {}

    def candidates(
        self, application_id: str, pool: Pool, callee: PhoneNumber, used: set[str], *, local: bool
    ) -> Candidates:
        """The candidates among the callee's own country's numbers, or among the whole pool.

        A used number that has left the pool still counts as unavailable, which overstates the odds.
        """
        if not local:
            return Candidates(pool, frozenset(used))
        group = self._local(application_id, pool, callee.country_code)
        if group is pool:
            return Candidates(pool, frozenset(used))
        prefix = f"+{callee.country_code}"
        return Candidates(group, frozenset(number for number in used if number.startswith(prefix)))

    def _local(self, application_id: str, pool: Pool, country_code: str) -> Pool:
        key = (application_id, country_code)
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and kept.version == pool.version:
            return kept
        prefix = f"+{country_code}"
        numbers = [number for number in pool.numbers if number.startswith(prefix)]
        if not numbers or len(numbers) == len(pool.numbers):
            group = pool
        else:
            group = Pool(pool.version, numbers, PoolStatistics.of(numbers))
        with self._lock:
            outdated = [
                other
                for other, kept in self._kept.items()
                if other[0] == application_id and kept.version != pool.version
            ]
            for other in outdated:
                del self._kept[other]
            self._kept[key] = group
        return group
