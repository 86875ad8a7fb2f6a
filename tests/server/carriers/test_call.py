"""A call's course under the clock, with hang-ups at any moment."""

from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.carriers.simulated.behaviour import Behaviour
from ringproof_server.carriers.simulated.call import (
    DOCUMENT_PATIENCE,
    CallState,
    Happening,
    VirtualCall,
    advance,
    hang_up,
    hear,
    next_change,
)
from ringproof_server.carriers.simulated.dice import Dice
from ringproof_server.carriers.simulated.moments import MILLISECOND, SECOND
from ringproof_server.carriers.simulated.planning import AnsweredBy, CallPlan, Timings, plan_call
from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Reason
from tests.server.carriers.network import UNTIMED

SHOWN = "+442079460018"
RINGING = CallPlan(rings_at=SECOND, ends_at=21 * SECOND, end_reason=Reason.NO_ANSWER, shown=SHOWN)
ANSWERED = CallPlan(
    rings_at=SECOND,
    answers_at=3 * SECOND,
    answered_by=AnsweredBy.PERSON,
    ends_at=21 * SECOND,
    end_reason=Reason.NO_ANSWER,
    shown=SHOWN,
)
LOSES_CANCEL = CallPlan(
    rings_at=SECOND,
    ends_at=21 * SECOND,
    end_reason=Reason.NO_ANSWER,
    shown=SHOWN,
    cancel_takes=1500 * MILLISECOND,
)


def at(plan: CallPlan, seconds: float, *, hung_up: float | None = None) -> VirtualCall:
    call = VirtualCall(plan=plan)
    if hung_up is not None:
        call, _ = advance(call, round(hung_up * SECOND))
        call = hang_up(call, round(hung_up * SECOND))
    return advance(call, round(seconds * SECOND))[0]


def test_nothing_happens_before_its_time() -> None:
    """One microsecond before the first ring it does not ring."""
    call, happened = advance(VirtualCall(plan=RINGING), SECOND - 1)
    assert (call.state, happened, next_change(call)) == (CallState.PLACED, (), SECOND)


def test_a_call_hung_up_while_it_rings_has_rung_as_long() -> None:
    """Phone and network measure the same, and the reason says that it rang."""
    call = at(RINGING, 60, hung_up=6.25)
    assert (call.state, call.reason, call.ended_at) == (CallState.ENDED, Reason.RANG, 6_250 * MILLISECOND)
    assert (call.phone_ring_ms, call.network_ring_ms) == (5250, 5250)


def test_a_call_hung_up_before_it_rings_never_rings() -> None:
    """The phone sees nothing of it."""
    call = at(RINGING, 60, hung_up=0.5)
    assert (call.reason, call.rang_at, call.phone_ring_ms) == (Reason.CANCELLED, None, None)


def test_a_lost_cancel_lets_the_phone_ring_on_by_itself() -> None:
    """The network counts to its order, the phone to the order's arrival."""
    call = at(LOSES_CANCEL, 60, hung_up=5)
    assert (call.phone_ring_ms, call.network_ring_ms, call.reason) == (5500, 4000, Reason.RANG)


def test_a_lost_cancel_can_let_a_phone_begin_to_ring() -> None:
    """It was on its way when the call was taken back; it ends by the repeated order."""
    call = at(LOSES_CANCEL, 60, hung_up=0.5)
    assert (call.rang_at, call.ended_at, call.network_ring_ms) == (SECOND, 2 * SECOND, 0)


def test_an_order_that_arrives_with_the_first_ring_silences_it() -> None:
    """At one and the same moment the end comes first."""
    plan = dataclasses.replace(LOSES_CANCEL, cancel_takes=500 * MILLISECOND)
    assert at(plan, 60, hung_up=0.5).rang_at is None


def test_a_call_can_time_out_while_its_cancel_is_lost() -> None:
    """What ended it is what the reason says."""
    call = at(LOSES_CANCEL, 60, hung_up=20)
    assert (call.ended_at, call.reason) == (21 * SECOND, Reason.NO_ANSWER)
    assert at(LOSES_CANCEL, 60, hung_up=19.5).reason is Reason.RANG


def test_a_call_answered_while_its_cancel_is_lost_ends_at_once() -> None:
    """The answer crossed the order to end; the network takes the call down when it is answered."""
    plan = dataclasses.replace(ANSWERED, cancel_takes=1500 * MILLISECOND)
    call = at(plan, 60, hung_up=2.5)
    assert (call.answered_at, call.ended_at, call.reason) == (3 * SECOND, 3 * SECOND, Reason.ANSWERED)
    assert call.network_ring_ms == 2000


def test_nobody_answers_for_ever() -> None:
    """The carrier's own limit ends a call that the server forgot."""
    call = at(RINGING, 60)
    assert (call.reason, call.phone_ring_ms) == (Reason.NO_ANSWER, 20_000)


def test_an_answered_call_ends_after_what_there_is_to_hear() -> None:
    """Ringing ends with the answer; the talk lasts as long as the text."""
    call = hear(at(ANSWERED, 3), "One sentence.", 5 * SECOND)
    call, _ = advance(call, 60 * SECOND)
    assert (call.reason, call.ended_at, call.heard) == (Reason.ANSWERED, 5 * SECOND, "One sentence.")
    assert (call.phone_ring_ms, call.network_ring_ms) == (2000, 2000)


def test_an_answered_call_without_a_document_is_ended_by_the_network() -> None:
    """A server that says nothing does not keep people on the line."""
    call = at(ANSWERED, 60)
    assert (call.ended_at, call.heard) == (3 * SECOND + DOCUMENT_PATIENCE, None)


def test_a_document_is_heard_once() -> None:
    """A second process that fetched it too changes nothing."""
    call = hear(at(ANSWERED, 3), "First.", 5 * SECOND)
    assert hear(call, "Second.", 9 * SECOND) == call


def test_hanging_up_ends_a_talk() -> None:
    """The server may end an answered call as well."""
    call = hang_up(hear(at(ANSWERED, 3), "A long story.", 30 * SECOND), 4 * SECOND)
    call, _ = advance(call, 60 * SECOND)
    assert (call.ended_at, call.reason) == (4 * SECOND, Reason.ANSWERED)


def test_a_second_hang_up_changes_nothing() -> None:
    """Neither while a CANCEL is under way nor after the end."""
    call = at(LOSES_CANCEL, 5, hung_up=5)
    assert hang_up(call, 6 * SECOND) == call
    ended = at(RINGING, 60)
    assert hang_up(ended, 61 * SECOND) == ended


@UNTIMED
@given(
    behaviour=st.sampled_from(Behaviour),
    seed=st.binary(max_size=8),
    steps=st.lists(st.integers(0, 30 * SECOND), max_size=12),
    hangs_up_at=st.none() | st.integers(0, 60 * SECOND),
    talks=st.integers(0, 20 * SECOND),
)
def test_the_course_does_not_depend_on_when_it_is_watched(
    behaviour: Behaviour, seed: bytes, steps: list[int], hangs_up_at: int | None, talks: int
) -> None:
    """However often anyone looks, the same things happen at the same times, in the order of a call."""
    plan = plan_call(
        behaviour,
        delay_ms=0,
        caller_id=SHOWN,
        dial_timeout=20,
        placed_at=0,
        timings=Timings(),
        dice=Dice(seed),
    )
    coarse, fine = _run(plan, [], hangs_up_at, talks), _run(plan, steps, hangs_up_at, talks)
    assert coarse == fine
    call, happened = coarse
    assert call.state is CallState.ENDED
    kinds = [one.event for one in happened]
    assert kinds[-1] is AttemptEvent.END
    assert kinds == sorted(kinds, key=[AttemptEvent.RING, AttemptEvent.ANSWER, AttemptEvent.END].index)
    assert len(set(kinds)) == len(kinds)
    assert [one.at for one in happened] == sorted(one.at for one in happened)
    assert (AttemptEvent.RING in kinds) == (call.phone_ring_ms is not None)
    if call.phone_ring_ms is not None:
        assert call.network_ring_ms is not None
        assert 0 <= call.phone_ring_ms - call.network_ring_ms <= 1500
        assert call.phone_ring_ms <= 20_000


def _run(
    plan: CallPlan, steps: list[int], hangs_up_at: int | None, talks: int
) -> tuple[VirtualCall, list[Happening]]:
    """The whole course, watched at these moments besides those that matter."""
    call = VirtualCall(plan=plan)
    happened: list[Happening] = []
    moments = sorted({*steps, 300 * SECOND, *([] if hangs_up_at is None else [hangs_up_at])})
    for now in moments:
        while (change := next_change(call)) is not None and change <= now:
            call, new = advance(call, change)
            happened += new
            if call.awaits_document:
                call = hear(call, "Something.", change + talks)
        if now == hangs_up_at:
            call = hang_up(call, now)
            call, new = advance(call, now)
            happened += new
    return call, happened
