"""Plans: what will happen to a call unless somebody interferes."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.carriers.simulated.behaviour import Behaviour
from ringproof_server.carriers.simulated.dice import Dice
from ringproof_server.carriers.simulated.moments import MILLISECOND, SECOND
from ringproof_server.carriers.simulated.planning import (
    LATE_BY_DEFAULT_MS,
    AnsweredBy,
    CallPlan,
    Span,
    Timings,
    plan_call,
    plan_message,
)
from ringproof_server.domain.caller_id import Match, compare
from ringproof_server.domain.channel import Reason
from tests.server.carriers.network import CALLER_ID, NUMBER, UNTIMED

PLACED_AT = 1_800_000_000 * SECOND
EXACT = Timings(
    post_dial=Span(low=500, high=500),
    reaction=Span(low=2000, high=2000),
    voicemail=Span(low=3000, high=3000),
    message=Span(low=700, high=700),
)

seeds = st.binary(max_size=32)
behaviours = st.sampled_from(Behaviour)


def plan(
    behaviour: Behaviour,
    *,
    seed: bytes = b"",
    delay_ms: int = 0,
    timings: Timings = EXACT,
    dial_timeout: int = 20,
) -> CallPlan:
    """A plan with the times counted from the placing."""
    made = plan_call(
        behaviour,
        delay_ms=delay_ms,
        caller_id=CALLER_ID,
        dial_timeout=dial_timeout,
        placed_at=PLACED_AT,
        timings=timings,
        dice=Dice(seed, ("a call", 1)),
    )
    return dataclasses.replace(
        made,
        ends_at=made.ends_at - PLACED_AT,
        rings_at=None if made.rings_at is None else made.rings_at - PLACED_AT,
        answers_at=None if made.answers_at is None else made.answers_at - PLACED_AT,
    )


def test_a_phone_that_rings_rings_until_the_network_gives_up() -> None:
    """After the post-dial delay it rings for the dial timeout, with the caller ID as sent."""
    assert plan(Behaviour.RING) == CallPlan(
        rings_at=500 * MILLISECOND, ends_at=20_500 * MILLISECOND, end_reason=Reason.NO_ANSWER, shown=CALLER_ID
    )


@pytest.mark.parametrize(
    ("behaviour", "answers_at", "answered_by"),
    [
        (Behaviour.ANSWER, 2_500 * MILLISECOND, AnsweredBy.PERSON),
        (Behaviour.VOICEMAIL, 3_500 * MILLISECOND, AnsweredBy.MACHINE),
    ],
)
def test_people_and_machines_answer(behaviour: Behaviour, answers_at: int, answered_by: AnsweredBy) -> None:
    """A person picks up after a reaction time, voicemail after its own, both after it has rung."""
    made = plan(behaviour)
    assert (made.rings_at, made.answers_at, made.answered_by) == (500 * MILLISECOND, answers_at, answered_by)


def test_a_rejected_call_rings_first() -> None:
    """Somebody looks at the display and turns the call away."""
    made = plan(Behaviour.REJECT)
    assert (made.rings_at, made.ends_at, made.end_reason) == (
        500 * MILLISECOND,
        2_500 * MILLISECOND,
        Reason.REJECTED,
    )


def test_nobody_rejects_a_call_that_is_over() -> None:
    """The network gave up before anyone had reacted."""
    made = plan(Behaviour.REJECT, dial_timeout=1)
    assert (made.ends_at, made.end_reason) == (1_500 * MILLISECOND, Reason.NO_ANSWER)


@pytest.mark.parametrize(
    ("behaviour", "reason"), [(Behaviour.BUSY, Reason.BUSY), (Behaviour.OFF, Reason.UNREACHABLE)]
)
def test_some_phones_never_ring(behaviour: Behaviour, reason: Reason) -> None:
    """Busy and switched off phones end the call without a ring."""
    made = plan(behaviour)
    assert (made.rings_at, made.ends_at, made.end_reason) == (None, 500 * MILLISECOND, reason)


def test_a_withheld_caller_id_is_not_shown() -> None:
    """The display stays blank."""
    assert plan(Behaviour.WITHHELD).shown is None


@UNTIMED
@given(seed=seeds)
def test_an_altered_caller_id_is_close_to_the_original_but_another(seed: bytes) -> None:
    """One of the last four digits differs, so it never counts as the same number."""
    shown = plan(Behaviour.ALTERED, seed=seed).shown
    assert shown is not None
    assert next(place for place, digit in enumerate(CALLER_ID) if shown[place] != digit) >= len(CALLER_ID) - 4
    assert sum(one != other for one, other in zip(shown, CALLER_ID, strict=True)) == 1
    assert compare(CALLER_ID, shown, NUMBER.e164) is Match.MISMATCH


def test_a_late_call_rings_after_a_verification_stops_waiting() -> None:
    """Fifty seconds by default, or as long as it is told."""
    assert plan(Behaviour.LATE).rings_at == (500 + LATE_BY_DEFAULT_MS) * MILLISECOND
    assert plan(Behaviour.LATE, delay_ms=9_000).rings_at == 9_500 * MILLISECOND


def test_a_delay_adds_to_the_way_to_the_phone() -> None:
    """With any behaviour the handset is reached so much later."""
    assert plan(Behaviour.RING, delay_ms=1_000).rings_at == 1_500 * MILLISECOND
    assert plan(Behaviour.BUSY, delay_ms=1_000).ends_at == 1_500 * MILLISECOND


@UNTIMED
@given(seed=seeds)
def test_a_lost_cancel_costs_one_or_two_retransmissions(seed: bytes) -> None:
    """Half a second, or one and a half: as long as CANCEL is sent again."""
    assert plan(Behaviour.LOST_CANCEL, seed=seed).cancel_takes in {500 * MILLISECOND, 1_500 * MILLISECOND}
    assert plan(Behaviour.RING, seed=seed).cancel_takes == 0


@UNTIMED
@given(seed=seeds, behaviour=behaviours, delay_ms=st.integers(0, 60_000))
def test_the_same_seed_gives_the_same_plan_within_the_limits(
    seed: bytes, behaviour: Behaviour, delay_ms: int
) -> None:
    """Everything that chance decides can be repeated, and happens in its order."""
    made = plan(behaviour, seed=seed, delay_ms=delay_ms, timings=Timings())
    assert made == plan(behaviour, seed=seed, delay_ms=delay_ms, timings=Timings())
    order = [at for at in (0, made.rings_at, made.answers_at, made.ends_at) if at is not None]
    assert order == sorted(order)
    if made.rings_at is not None and behaviour is not Behaviour.LATE:
        assert 300 <= made.rings_at / MILLISECOND - delay_ms <= 1500


def test_different_calls_and_seeds_have_different_plans() -> None:
    """The seed and the count of the call both matter."""
    drawn = {
        (seed, count): Dice(seed, ("handset", count)).between("post_dial", 0, 10**9)
        for seed in (b"a", b"b")
        for count in range(50)
    }
    assert len(set(drawn.values())) == len(drawn)


def test_draws_are_spread_evenly() -> None:
    """A share of a quarter comes true in about a quarter of all cases, and a die shows every face."""
    dice = [Dice(b"seed", (count,)) for count in range(4_000)]
    happened = sum(one.happens("it", 0.25) for one in dice)
    assert 850 <= happened <= 1150
    faces = [one.between("face", 1, 6) for one in dice]
    assert all(550 <= faces.count(face) <= 790 for face in range(1, 7))
    assert not any(one.happens("it", 0.0) for one in dice)
    assert all(one.happens("it", 1.0) for one in dice)


def test_names_of_draws_cannot_run_together() -> None:
    """What a draw is for is told apart however its names are cut."""
    assert Dice(b"", ("ab", "c")).between("x", 0, 2**60) != Dice(b"", ("a", "bc")).between("x", 0, 2**60)


def test_messages_arrive_unless_the_phone_is_off() -> None:
    """A message takes its time and the handset's delay; a phone that is off never gets it."""

    def arrives(behaviour: Behaviour) -> int | None:
        return plan_message(behaviour, delay_ms=100, placed_at=0, timings=EXACT, dice=Dice(b""))

    assert arrives(Behaviour.BUSY) == 800 * MILLISECOND
    assert arrives(Behaviour.OFF) is None
