"""The breaker: when it opens and closes, against a model, and one probe under any concurrency."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from ringproof_server.carriers.guard.breaker import (
    MOST_REMEMBERED,
    TABLE,
    Breaker,
    BreakerLimits,
    Happening,
    Permit,
    State,
    Verdict,
)

LIMITS = BreakerLimits(in_a_row=3, window=10, failed_share=0.5, fewest=8, pause=4, longest_pause=20)
THREADS = 16


def steady(low: float, high: float) -> float:
    """No spread: the middle."""
    return (low + high) / 2


def breaker(limits: BreakerLimits = LIMITS) -> tuple[Breaker, list[State]]:
    """A breaker and every state it has told since."""
    told: list[State] = []
    return Breaker(limits, steady, told.append), told


def is_open(subject: Breaker) -> bool:
    return subject.state is State.OPEN


def fail(subject: Breaker, times: int, now: float = 0.0) -> None:
    for _ in range(times):
        permit = subject.admit(now)
        assert permit is not None
        subject.report(permit, Verdict.FAILED, now)


def test_the_table_leads_from_every_state_and_to_every_state() -> None:
    assert {before for before, _ in TABLE} == set(TABLE.values()) == set(State)
    assert {happening for _, happening in TABLE} == set(Happening)
    of_probes = {pair for pair in TABLE if pair[1].name.startswith("PROBE")}
    assert of_probes == {pair for pair in TABLE if pair[0] is State.HALF_OPEN}


class Model:
    """What the breaker must do, written as plainly as possible: it keeps every outcome for ever."""

    def __init__(self) -> None:
        self.state = State.CLOSED
        self.history: list[tuple[float, bool]] = []
        self.until = 0.0
        self.failed_probes = 0

    def trips(self, now: float) -> bool:
        last = [failed for _, failed in self.history[-LIMITS.in_a_row :]]
        recent = [failed for at, failed in self.history if at > now - LIMITS.window]
        in_a_row = len(last) == LIMITS.in_a_row and all(last)
        return in_a_row or (len(recent) >= LIMITS.fewest and sum(recent) * 2 >= len(recent))

    def open(self, now: float) -> None:
        self.state = State.OPEN
        self.until = now + min(LIMITS.pause * 2**self.failed_probes, LIMITS.longest_pause)

    def close(self) -> None:
        self.state, self.history, self.failed_probes = State.CLOSED, [], 0


class BreakerMachine(RuleBasedStateMachine):
    """Requests that begin and end in any order, over time."""

    permits = Bundle("permits")

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.told: list[State] = [State.CLOSED]
        self.breaker = Breaker(LIMITS, steady, self.told.append)
        self.model = Model()
        self.current: set[int] = set()

    @rule(seconds=st.sampled_from([0.0, 0.5, 1.0, 3.0, 5.0, 20.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @rule(target=permits)
    def begin(self) -> object:
        model = self.model
        permit = self.breaker.admit(self.now)
        if model.state is State.OPEN and self.now >= model.until:
            model.state = State.HALF_OPEN
            assert permit is not None
            assert permit.is_probe
            self.current.clear()
        elif model.state is State.CLOSED:
            assert permit is not None
            assert not permit.is_probe
        else:
            assert permit is None
            return multiple()
        self.current.add(id(permit))
        return permit

    @rule(permit=consumes(permits), verdict=st.sampled_from(Verdict))
    def end(self, permit: Permit, verdict: Verdict) -> None:
        model, now = self.model, self.now
        holds = self.breaker.holds(permit)
        assert holds == (id(permit) in self.current)
        self.breaker.report(permit, verdict, now)
        if not holds:
            return
        before = model.state
        if permit.is_probe:
            if verdict is Verdict.ANSWERED:
                model.close()
            elif verdict is Verdict.FAILED:
                model.failed_probes += 1
                model.open(now)
            else:
                model.state, model.until = State.OPEN, now
        elif verdict is not Verdict.NOT_ASKED:
            model.history.append((now, verdict is Verdict.FAILED))
            if verdict is Verdict.FAILED and model.trips(now):
                model.open(now)
        if model.state is not before:
            self.current.clear()

    @invariant()
    def they_agree(self) -> None:
        assert self.breaker.state is self.model.state is self.told[-1]
        expected = max(0.0, self.model.until - self.now) if self.model.state is State.OPEN else 0.0
        assert self.breaker.wait(self.now) == pytest.approx(expected)

    def teardown(self) -> None:
        steps = set(pairwise(self.told))
        assert steps <= {(before, after) for (before, _), after in TABLE.items()}


TestBreakerAgainstModel = BreakerMachine.TestCase
TestBreakerAgainstModel.__doc__ = "Whatever happens in whatever order, the breaker does as the model does."
TestBreakerAgainstModel.settings = settings(max_examples=300, stateful_step_count=60, deadline=None)


def test_failures_in_a_row_open_it_and_an_answer_between_them_does_not() -> None:
    subject, told = breaker()
    fail(subject, 2)
    answered = subject.admit(0)
    assert answered is not None
    subject.report(answered, Verdict.ANSWERED, 0)
    fail(subject, 2)
    assert not is_open(subject)
    fail(subject, 1)
    assert is_open(subject)
    assert told == [State.OPEN]


def test_a_failed_share_of_many_opens_it() -> None:
    """Every other one fails, never two in a row: with the eighth outcome it is too much."""
    subject, _ = breaker()
    for place in range(8):
        assert not is_open(subject)
        permit = subject.admit(place / 10)
        assert permit is not None
        subject.report(permit, Verdict.FAILED if place % 2 else Verdict.ANSWERED, place / 10)
    assert is_open(subject)


def test_the_pause_doubles_up_to_its_cap_and_begins_anew_after_a_success() -> None:
    subject, _ = breaker()
    fail(subject, 3)
    now, pauses = 0.0, []
    for _ in range(5):
        pauses.append(subject.wait(now))
        now += pauses[-1]
        fail(subject, 1, now)
    assert pauses == [4, 8, 16, 20, 20]
    now += 20
    probe = subject.admit(now)
    assert probe is not None
    subject.report(probe, Verdict.ANSWERED, now)
    fail(subject, 3, now)
    assert subject.wait(now) == 4


def test_the_pause_is_spread() -> None:
    """By a draw, so that many processes do not all come back in the same moment."""
    drawn: list[tuple[float, float]] = []

    def highest(low: float, high: float) -> float:
        drawn.append((low, high))
        return high

    subject = Breaker(LIMITS, highest, lambda _: None)
    fail(subject, 3)
    ((low, high),) = drawn
    assert low < 1 < high
    assert subject.wait(0) == 4 * high


def test_a_late_answer_neither_closes_nor_opens() -> None:
    """Requests that were admitted before the last change of state say nothing about the carrier of now."""
    subject, _ = breaker()
    early = [subject.admit(0) for _ in range(10)]
    fail(subject, 3)
    assert early[0] is not None
    subject.report(early[0], Verdict.ANSWERED, 1)
    assert is_open(subject)
    probe = subject.admit(4)
    assert probe is not None
    subject.report(probe, Verdict.ANSWERED, 4)
    for permit in early[1:]:
        assert permit is not None
        subject.report(permit, Verdict.FAILED, 5)
    assert not is_open(subject)


def test_a_probe_that_never_got_there_leaves_room_for_the_next_at_once() -> None:
    subject, _ = breaker()
    fail(subject, 3)
    for _ in range(5):
        probe = subject.admit(4)
        assert probe is not None
        assert probe.is_probe
        subject.report(probe, Verdict.NOT_ASKED, 4)
    assert subject.wait(4) == 0


def test_what_is_remembered_is_bounded() -> None:
    """A million answers in a second count no more than the last thousand of them."""
    subject, _ = breaker(BreakerLimits(in_a_row=10_000, window=10, fewest=8))
    for verdict, times in ((Verdict.ANSWERED, 3 * MOST_REMEMBERED), (Verdict.FAILED, MOST_REMEMBERED // 2)):
        for _ in range(times):
            permit = subject.admit(0)
            assert permit is not None
            subject.report(permit, verdict, 0)
    assert is_open(subject)


def test_of_many_threads_one_is_the_probe() -> None:
    """Fifty times sixteen threads ask in the moment in which the pause is over."""
    start = Barrier(THREADS)
    subjects = [breaker()[0] for _ in range(50)]
    for subject in subjects:
        fail(subject, 3)

    def ask(_: int) -> list[bool]:
        admitted = []
        for subject in subjects:
            start.wait(timeout=60)
            admitted.append(subject.admit(4.0) is not None)
        return admitted

    with ThreadPoolExecutor(THREADS) as pool:
        rounds = zip(*pool.map(ask, range(THREADS)), strict=True)
    assert [sum(admitted) for admitted in rounds] == [1] * 50
