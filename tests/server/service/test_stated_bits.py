"""The stated odds are the real ones: attackers without a phone, who know everything but the draw.

The attacker knows the pool, what the challenge says and every earlier answer, and reports whatever is best.
Measured success has to agree with the stated probability within the exact 99 % interval.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ringproof_server.domain.assurance import FlashOffer, offer_flash
from ringproof_server.domain.caller_id import PoolStatistics
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.code import SALT_BYTES, spell
from ringproof_server.domain.errors import GuessBudgetExhausted
from ringproof_server.domain.evidence import CallEvidence, Verdict, judge_call
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.policy import Policy, RingTimeRule
from ringproof_server.domain.verification import Status
from ringproof_server.ports import Pool
from ringproof_server.service.draw import Candidates, Groups
from ringproof_server.testing.randomness import SeededRandom
from tests.support.statistics import chi_square, chi_square_limit, clopper_pearson
from tests.support.world import (
    NUMBER,
    App,
    Session,
    World,
    call_report,
    code_report,
    digits_report,
    wrong_code,
)

CALLEE = PhoneNumber("+447700900123")
FIRST = 442_079_460_000

Guesses = Callable[[FlashOffer, Sequence[str]], list[list[CallEvidence]]]
"""For each call in a row the reports that the attacker makes, the best ones first."""


def plain(size: int) -> list[str]:
    return [f"+{FIRST + index}" for index in range(size)]


def colliding(size: int, endings: int) -> list[str]:
    """Numbers of which many share as many last digits as may be asked for, some endings more than others."""
    return [f"+44{20 + index // endings}{79_460_000 + index % endings}" for index in range(size)]


def full_numbers(offer: FlashOffer, pool: Sequence[str]) -> list[list[CallEvidence]]:
    chosen = pool[len(pool) // 2 :][: max(offer.reports, offer.calls)]
    reports = [CallEvidence(caller_id=number) for number in chosen]
    return [reports] if offer.calls == 1 else [[report] for report in reports]


def last_digits(offer: FlashOffer, pool: Sequence[str]) -> list[list[CallEvidence]]:
    sharing = Counter(number[-offer.digits :] for number in pool)
    best = [ending for ending, _ in sharing.most_common(max(offer.reports, offer.calls))]
    if offer.calls == 1:
        return [[CallEvidence(last_digits=ending) for ending in best]]
    return [[CallEvidence(last_digits=ending)] for ending in best[: offer.calls]]


# --- the real draw and the real judgement, for any size of pool


class Attack:
    """Many verifications of one number, each with its calls drawn and its guesses judged as in earnest."""

    def __init__(self, numbers: Sequence[str], policy: Policy, allowance: float) -> None:
        self._pool = Pool(1, numbers, PoolStatistics.of(numbers))
        offer = offer_flash(self._pool.statistics, unavailable=0, policy=policy, allowance=allowance)
        assert offer is not None
        self.offer = offer
        self._groups = Groups()

    def successes(self, trials: int, guesses: Guesses, random: SeededRandom) -> int:
        plan = guesses(self.offer, self._pool.numbers)
        return sum(self._passes(plan, random) for _ in range(trials))

    def _passes(self, plan: list[list[CallEvidence]], random: SeededRandom) -> bool:
        used: set[str] = set()
        for reports in plan:
            candidates = self._groups.candidates("app", self._pool, CALLEE, used, local=True)
            sent = candidates.draw(random)
            assert sent is not None
            used.add(sent)
            if not any(self._is_right(report, sent) for report in reports):
                return False
        return True

    def _is_right(self, report: CallEvidence, sent: str) -> bool:
        verdict = judge_call(
            report,
            sent=sent,
            callee=CALLEE.e164,
            digits=self.offer.digits,
            rule=RingTimeRule.CHECK,
            network=None,
        )
        return verdict is Verdict.MATCH


GENEROUS = Policy(max_guess_probability=0.5, number_guess_budget=1.0)

# numbers, allowance, trials. The allowances ask for one call and for several in a row.
POOLS = {
    "5, one call": (plain(5), 0.5, 20_000),
    "5, two calls": (plain(5), 0.1, 30_000),
    "5, three calls": (plain(5), 0.02, 60_000),
    "20, one call": (plain(20), 0.1, 40_000),
    "20, two calls": (plain(20), 0.01, 150_000),
    "1 000, one call": (plain(1_000), 1e-2, 120_000),
    "1 000 with 100 endings": (colliding(1_000, 100), 0.02, 60_000),
    "20 with 4 endings, two calls": (colliding(20, 4), 0.1, 40_000),
    "10 000, three reports": (plain(10_000), 1e-3, 200_000),
    "10 000 with 3 000 endings": (colliding(10_000, 3_000), 2e-3, 60_000),
}


def _assert_agrees(successes: int, trials: int, stated: float) -> None:
    low, high = clopper_pearson(successes, trials, 0.99)
    assert low <= stated <= high, f"{successes} of {trials} passed, {stated:.3g} was stated"


@pytest.mark.parametrize("name", list(POOLS))
def test_the_best_attacker_passes_as_often_as_stated(name: str) -> None:
    numbers, allowance, trials = POOLS[name]
    attack = Attack(numbers, GENEROUS, allowance)
    successes = attack.successes(trials, last_digits, SeededRandom(f"digits {name}"))
    _assert_agrees(successes, trials, attack.offer.guess_probability)


@pytest.mark.parametrize("name", [name for name in POOLS if "endings" not in name])
def test_an_attacker_who_names_whole_numbers_passes_as_often_as_stated(name: str) -> None:
    numbers, allowance, trials = POOLS[name]
    attack = Attack(numbers, GENEROUS, allowance)
    successes = attack.successes(trials, full_numbers, SeededRandom(f"full {name}"))
    _assert_agrees(successes, trials, attack.offer.guess_probability)


@pytest.mark.parametrize("name", [name for name in POOLS if "endings" in name])
def test_where_numbers_share_an_ending_whole_numbers_pass_less_often_than_stated(name: str) -> None:
    numbers, allowance, trials = POOLS[name]
    attack = Attack(numbers, GENEROUS, allowance)
    successes = attack.successes(trials, full_numbers, SeededRandom(f"full {name}"))
    assert clopper_pearson(successes, trials, 0.99)[1] < attack.offer.guess_probability


def test_the_measurement_would_notice_odds_that_are_twice_as_good_or_half_as_good() -> None:
    attack = Attack(plain(20), GENEROUS, 0.1)
    trials = POOLS["20, one call"][2]
    successes = attack.successes(trials, last_digits, SeededRandom("sharp"))
    low, high = clopper_pearson(successes, trials, 0.99)
    assert attack.offer.guess_probability / 1.2 < low
    assert high < attack.offer.guess_probability * 1.2


@pytest.mark.parametrize(("size", "used"), [(5, 0), (20, 7), (200, 199), (1_000, 900)])
def test_every_eligible_number_is_drawn_with_the_same_chance(size: int, used: int) -> None:
    numbers = plain(size)
    resting = frozenset(numbers[::2][:used]) | frozenset(numbers[1::2][: max(0, used - len(numbers[::2]))])
    pool = Pool(1, numbers, PoolStatistics.of(numbers))
    candidates = Candidates(pool, resting)
    random = SeededRandom(f"draw {size} {used}")
    eligible = size - used
    drawn = Counter(candidates.draw(random) for _ in range(eligible * 40))
    assert set(drawn) <= set(numbers) - resting
    if eligible > 1:
        assert chi_square([drawn[number] for number in numbers if number not in resting]) < chi_square_limit(
            eligible - 1
        )


def test_nothing_is_drawn_when_every_number_rests() -> None:
    numbers = plain(3)
    pool = Pool(1, numbers, PoolStatistics.of(numbers))
    assert Candidates(pool, frozenset(numbers)).draw(SeededRandom("none")) is None


# --- the whole service


OPEN = Policy(
    workflow=(Channel.FLASHCALL,),
    max_guess_probability=0.5,
    number_guess_budget=1.0,
    pending_per_number=100,
    flash_starts=1000,
    flash_window=1,
    max_failures_in_a_row=100,
    reuse_after=0,
)


def _callee(index: int) -> str:
    """A number of its own for each trial, so that no budget of a number stands in the way."""
    return f"+3363998{index:04}"


def _attack_once(world: World, app: App, number: str, guess: Callable[[Session, int], CallEvidence]) -> bool:
    session = world.start(app, number)
    flash = session.stored.current.flash
    assert flash is not None
    for index in range(flash.calls * flash.reports):
        if flash.calls > 1:
            world.server.dispatch_all()
        answer = session.confirm(guess(session, index))
        if answer.status is not Status.PENDING:
            break
        if flash.calls > 1:
            world.pass_time(3)
    return session.get().status is Status.VERIFIED


@pytest.mark.parametrize(
    ("size", "allowance", "trials", "digits"),
    [
        (5, 0.5, 800, True),
        (5, 0.5, 800, False),
        (5, 0.1, 200, True),
        (20, 0.5, 1_200, True),
        (20, 0.5, 1_200, False),
    ],
)
def test_through_the_whole_service_an_attacker_passes_as_often_as_stated(
    tmp_path: Path, size: int, allowance: float, trials: int, digits: bool
) -> None:
    world = World(tmp_path, seed=f"attack {size} {allowance} {digits}")
    policy = replace(OPEN, max_guess_probability=allowance)
    app = world.app(policy, pool=[f"+{FIRST}-+{FIRST + size - 1}"])
    guess_with = SeededRandom("the attacker's own")
    pool = plain(size)

    tried: list[str] = []

    def guess(_session: Session, index: int) -> CallEvidence:
        if index == 0:
            tried.clear()
        left = [number for number in pool if number not in tried]
        tried.append(left[guess_with.below(len(left))])
        return digits_report(tried[-1][-4:]) if digits else call_report(tried[-1])

    successes = sum(_attack_once(world, app, _callee(index), guess) for index in range(trials))
    stated = world.start(app, _callee(9999)).stored.guess_probability
    _assert_agrees(successes, trials, stated)
    world.close()


def test_through_the_whole_service_a_code_is_guessed_as_often_as_stated(tmp_path: Path) -> None:
    """Four digits and ten checks are the weakest code that a policy may ask for."""
    world = World(tmp_path)
    policy = replace(OPEN, workflow=(Channel.SMS,), code_digits=4, code_checks=10, check_delays=(0,))
    key = world.server.parts.seals.code_key()
    stated = world.start(world.app(policy)).stored.guess_probability
    random, trials = SeededRandom("codes"), 100_000
    salts = (random.bytes(SALT_BYTES) for _ in range(trials))
    guesses = {f"{value:04}" for value in range(0, 10_000, 1_000)}
    successes = sum(spell(key, salt, 4) in guesses for salt in salts)
    assert stated == pytest.approx(1e-3)
    _assert_agrees(successes, trials, stated)
    world.close()


# --- the sum over verifications


def _spend(world: World, apps: Sequence[App], number: str, guess: Callable[[Session], CallEvidence]) -> bool:
    """Start verification after verification until nothing is offered any more; whether one was passed."""
    for index in range(1000):
        try:
            session = world.start(apps[index % len(apps)], number)
        except GuessBudgetExhausted:
            return False
        flash = session.stored.current.flash
        assert flash is not None
        for _ in range(flash.reports):
            if session.confirm(guess(session)).status is Status.VERIFIED:
                return True
        session.cancel()
        world.clock.move(2)
    raise AssertionError("the budget never ends")


def test_the_ledger_stops_the_sum_at_the_number_s_budget_however_many_sessions(tmp_path: Path) -> None:
    """Several applications, a new verification every time, wrong answers all along: the sum stays below."""
    world = World(tmp_path)
    budget = 0.3
    policy = replace(OPEN, number_guess_budget=budget, max_calls=1)
    apps = [world.app(policy, pool=[f"+{FIRST}-+{FIRST + 19}"]) for _ in range(3)]
    random = SeededRandom("spend")
    trials = 60
    passed = 0
    for index in range(trials):
        number = _callee(index)
        passed += _spend(world, apps, number, lambda _session: digits_report(f"{random.below(20):04}"))
        assert world.server.spent(number) <= budget + 1e-9
    low, _ = clopper_pearson(passed, trials, 0.99)
    assert low <= budget
    assert passed > trials * budget / 4
    world.close()


def test_neither_waiting_nor_another_application_nor_a_cancel_gives_guesses_back(world: World) -> None:
    policy = replace(OPEN, number_guess_budget=0.12, max_guess_probability=0.05)
    apps = [world.app(policy, pool=[f"+{FIRST}-+{FIRST + 19}"]) for _ in range(3)]
    for app in apps[:2]:
        session = world.start(app)
        session.confirm(digits_report("9999"))
        session.cancel()
        world.clock.move(60)
    assert world.server.spent() == pytest.approx(0.1)
    offered = world.start(apps[2])
    flash = offered.stored.current.flash
    assert flash is not None
    assert flash.calls == 2
    offered.cancel()
    for app in apps:
        for _ in range(3):
            session = world.start(app)
            session.confirm(digits_report("9999"))
            world.pass_time(3)
            session.confirm(digits_report("9999"))
            session.cancel()
            world.clock.move(60)
    assert world.server.spent() <= 0.12
    world.clock.move(86_400)
    assert world.start(apps[0]).stored.current.flash is not None


def test_what_is_under_way_is_counted_before_anybody_has_guessed(world: World) -> None:
    policy = replace(OPEN, number_guess_budget=0.11, max_calls=1)
    app = world.app(policy, pool=[f"+{FIRST}-+{FIRST + 19}"])
    sessions = [world.start(app), world.start(app)]
    assert world.server.spent() == pytest.approx(1 / 20 + 1 / 19)
    with pytest.raises(GuessBudgetExhausted):
        world.start(app)
    sessions[0].cancel()
    world.clock.move(2)
    world.start(app)


def test_a_verification_that_nobody_guessed_at_costs_nothing_in_the_end(world: World) -> None:
    app = world.app()
    session = world.start(app)
    assert world.server.spent() == pytest.approx(3.05e-4)
    world.pass_time(400)
    assert session.stored.status is Status.EXPIRED
    assert world.server.spent() == 0


def test_the_first_guess_costs_what_it_is_worth_where_an_ending_is_shared(world: World) -> None:
    """Nine of ten thousand numbers end alike: who names that ending and gives up has had nine chances."""
    pool = [f"+{FIRST}-+{FIRST + 9_990}", *(f"+442079{index}0000" for index in range(47, 55))]
    app = world.app(replace(OPEN, digits_to_type=(4, 4), max_guess_probability=0.01), pool=pool)
    session = world.start(app)
    flash = session.stored.current.flash
    assert flash is not None
    assert flash.reports == 3
    session.confirm(digits_report("0000"))
    session.cancel()
    assert world.server.spent() >= 9 / 9_999


def test_wrong_codes_cost_what_they_are_worth(world: World) -> None:
    app = world.app(replace(OPEN, workflow=(Channel.SMS,), code_digits=4, check_delays=(0,)))
    session = world.start(app)
    world.pass_time(2)
    wrong = code_report(wrong_code(world.code_seen()))
    session.confirm(wrong)
    session.confirm(wrong)
    session.cancel()
    assert world.server.spent() == pytest.approx(2e-4)


def test_numbers_have_budgets_of_their_own(world: World) -> None:
    app = world.app(replace(OPEN, number_guess_budget=0.05, max_calls=1), pool=[f"+{FIRST}-+{FIRST + 19}"])
    first = world.start(app, NUMBER)
    first.confirm(digits_report("9999"))
    world.clock.move(2)
    with pytest.raises(GuessBudgetExhausted):
        world.start(app, NUMBER)
    world.start(app, _callee(1))


def test_ending_counts_are_what_the_simulated_pools_say() -> None:
    """A pool that is not what its name says would make the simulation prove nothing."""
    endings = {number[-8:] for number in colliding(10_000, 3_000)}
    assert len(set(colliding(10_000, 3_000))) == 10_000
    assert len(endings) == 3_000
    assert len(set(plain(1_000))) == 1_000
