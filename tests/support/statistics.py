"""The few statistics that the tests need, exact and without a library."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence


def binomial_tail(trials: int, probability: float, at_least: int) -> float:
    """The chance of at least so many successes."""
    if at_least <= 0:
        return 1.0
    if at_least > trials:
        return 0.0
    if probability <= 0.0:
        return 0.0
    if probability >= 1.0:
        return 1.0
    mean = trials * probability
    if at_least <= mean:
        return 1.0 - _sum(trials, probability, 0, at_least - 1)
    return _sum(trials, probability, at_least, trials)


def _sum(trials: int, probability: float, first: int, last: int) -> float:
    """The chance of first..last successes, summed from the likelier end until the rest does not matter."""
    mean = trials * probability
    upwards = first > mean
    counts = range(first, last + 1) if upwards else range(last, first - 1, -1)
    total = 0.0
    for count in counts:
        term = math.exp(_log_term(trials, probability, count))
        total += term
        if term < total * 1e-15:
            break
    return min(1.0, total)


def _log_term(trials: int, probability: float, count: int) -> float:
    ways = math.lgamma(trials + 1) - math.lgamma(count + 1) - math.lgamma(trials - count + 1)
    return ways + count * math.log(probability) + (trials - count) * math.log1p(-probability)


def clopper_pearson(successes: int, trials: int, confidence: float = 0.99) -> tuple[float, float]:
    """The exact interval for a probability of which `successes` in `trials` were seen."""
    half = (1.0 - confidence) / 2
    low = 0.0 if successes == 0 else _solve(lambda p: binomial_tail(trials, p, successes) - half)
    high = (
        1.0
        if successes == trials
        else _solve(lambda p: half - (1.0 - binomial_tail(trials, p, successes + 1)))
    )
    return low, high


def _solve(rising: Callable[[float], float]) -> float:
    """The zero of a function that rises from below 0 at 0 to above 0 at 1."""
    low, high = 0.0, 1.0
    for _ in range(80):
        middle = (low + high) / 2
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def chi_square(counts: Sequence[int]) -> float:
    """Pearson's statistic of the counts against equal ones."""
    expected = sum(counts) / len(counts)
    return sum((count - expected) ** 2 for count in counts) / expected


def chi_square_limit(degrees: int, deviations: float = 3.09) -> float:
    """What the statistic exceeds with the chance of so many standard deviations (Wilson and Hilferty).

    3.09 stands for one in a thousand.
    """
    spread = 2 / (9 * degrees)
    return degrees * (1 - spread + deviations * math.sqrt(spread)) ** 3
