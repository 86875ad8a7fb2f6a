"""One flash call, from the start to the token."""

from __future__ import annotations

import jwt
import pytest

from ringproof_server.domain.attempt import Attempt, AttemptEvent, AttemptState
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import InvalidRequest
from ringproof_server.domain.evidence import CallEvidence, Quality, Verdict
from ringproof_server.domain.policy import Policy, RingTimeRule
from ringproof_server.domain.verification import Status
from tests.support.switchboard import Switchboard
from tests.support.world import (
    NUMBER,
    Session,
    World,
    call_report,
    code_report,
    digits_report,
    outcome,
    right_call,
    wrong_call,
)

FLASH_ONLY = Policy(workflow=(Channel.FLASHCALL,))


def test_the_phone_that_was_called_gets_a_token_for_its_number(world: World) -> None:
    session = world.start(world.app(), reference="signup-42", nonce="n1")
    world.pass_time(15)
    ringing, ended = world.calls_seen()
    assert ringing.state == "ringing"
    done = session.confirm(call_report(ringing.caller_id, ring_ms=ended.ring_ms))
    assert outcome(done) == (Status.VERIFIED, None)
    assert done.token is not None
    claims = jwt.decode(done.token, options={"verify_signature": False})
    assert claims["phone_number"] == NUMBER
    assert claims["phone_number_verified"] is True
    assert claims["sub"] == session.id
    assert claims["amr"] == ["flashcall"]
    assert claims["guess_probability"] == pytest.approx(3e-4)
    assert claims["assurance_bits"] == pytest.approx(11.7, abs=0.01)
    assert (claims["reference"], claims["nonce"]) == ("signup-42", "n1")


def test_the_start_names_pattern_digits_and_odds_but_not_the_number_that_calls(world: World) -> None:
    session = world.start(world.app())
    flash = session.stored.current.flash
    assert flash is not None
    assert (flash.pattern.prefix, flash.pattern.length) == ("+44207946", 13)
    assert (flash.digits, flash.calls, flash.reports) == (4, 1, 3)
    assert session.caller_id.startswith(flash.pattern.prefix)
    assert session.caller_id[-4:] not in repr(session.started)


def test_typed_last_digits_are_evidence_too(world: World) -> None:
    session = world.start(world.app())
    world.pass_time(3)
    assert session.confirm(digits_report(session.caller_id[-4:])).status is Status.VERIFIED


def test_too_few_digits_never_suffice(world: World) -> None:
    session = world.start(world.app())
    assert outcome(session.confirm(digits_report(session.caller_id[-3:]))) == (
        Status.PENDING,
        Verdict.MISMATCH,
    )


def test_a_wrong_report_is_a_mismatch_with_what_is_left(world: World) -> None:
    session = world.start(world.app())
    world.pass_time(3)
    wrong = session.confirm(wrong_call(session))
    assert outcome(wrong) == (Status.PENDING, Verdict.MISMATCH)
    assert wrong.checks_left == 2
    assert wrong.token is None
    assert session.confirm(right_call(session)).status is Status.VERIFIED


def test_the_last_wrong_report_starts_the_next_step(world: World) -> None:
    session = world.start(world.app())
    for _ in range(3):
        answer = session.confirm(wrong_call(session))
    assert outcome(answer) == (Status.PENDING, Verdict.MISMATCH)
    assert session.stored.current.channel is Channel.SMS


def test_the_last_wrong_report_of_the_last_step_fails_the_verification(world: World) -> None:
    session = world.start(world.app(FLASH_ONLY))
    for _ in range(3):
        answer = session.confirm(wrong_call(session))
    assert outcome(answer) == (Status.FAILED, Verdict.MISMATCH)
    assert (answer.checks_left, answer.next.check_in) == (0, None)


def test_after_the_reports_are_used_up_the_right_one_is_answered_like_a_wrong_one(world: World) -> None:
    session = world.start(world.app())
    for _ in range(3):
        session.confirm(wrong_call(session))
    failures = world.server.failures()
    assert outcome(session.confirm(right_call(session))) == (Status.PENDING, Verdict.MISMATCH)
    assert outcome(session.confirm(wrong_call(session))) == (Status.PENDING, Verdict.MISMATCH)
    assert world.server.failures() == failures


def test_a_report_after_its_deadline_is_answered_alike_for_right_and_wrong(world: World) -> None:
    policy = Policy(workflow=(Channel.FLASHCALL,), report_timeout=75)
    session = world.start(world.app(policy))
    world.pass_time(75)
    assert session.get().status is Status.PENDING
    late = world.start(world.app(policy), "+447700900124")
    world.pass_time(75.001)
    for evidence in (right_call(late), wrong_call(late)):
        assert outcome(late.confirm(evidence)) == (Status.PENDING, Verdict.MISMATCH)
    assert world.server.failures("+447700900124") == 0


def test_a_confirm_that_overtakes_the_ringing_event_verifies_and_hangs_up(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    board.world.server.dispatch_all()
    assert session.confirm(right_call(session, ring_ms=900)).status is Status.VERIFIED
    attempt = session.attempts[0]
    assert attempt.state is AttemptState.ACCEPTED
    board.world.server.due.run()
    assert board.first.hung_up == [attempt.remote_id]
    board.say(attempt, AttemptEvent.RING)
    board.say(attempt, AttemptEvent.END, reason=Reason.CANCELLED)
    ended = board.world.server.attempt(attempt.id)
    assert (ended.state, ended.reason) == (AttemptState.ENDED, Reason.RANG)
    assert session.get().status is Status.VERIFIED


def test_a_confirm_while_it_rings_hangs_up_at_once(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    attempt = board.ringing(session)
    board.world.clock.move(1)
    assert session.confirm(right_call(session)).status is Status.VERIFIED
    assert board.first.hung_up == []
    board.world.server.due.run()
    assert board.first.hung_up == [attempt.remote_id]


@pytest.mark.parametrize(
    ("ring_ms", "expected"), [(0, Status.VERIFIED), (5000, Status.VERIFIED), (6501, Status.PENDING)]
)
def test_a_live_ring_time_is_compared_with_the_network_s(
    board: Switchboard, ring_ms: int, expected: Status
) -> None:
    session = board.world.start(board.world.app())
    attempt = board.ringing(session)
    board.say(attempt, AttemptEvent.END, reason=Reason.RANG, ring_ms=5000)
    assert session.confirm(right_call(session, ring_ms)).status is expected


def test_a_phone_that_cannot_measure_is_not_held_to_a_ring_time(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    attempt = board.ringing(session)
    board.say(attempt, AttemptEvent.END, reason=Reason.RANG, ring_ms=5000)
    coarse = CallEvidence(caller_id=session.caller_id, ring_ms=60_000, quality=Quality.ESTIMATED)
    assert session.confirm(coarse).status is Status.VERIFIED


def test_an_end_that_is_never_reported_does_not_make_an_honest_ring_time_wrong(board: Switchboard) -> None:
    """The network's ring time is then the time until the first hang-up, not until it was given up."""
    session = board.world.start(board.world.app(Policy(ring_seconds=(5.0, 5.0))))
    attempt = board.ringing(session)
    board.world.pass_time(30)
    ended = board.world.server.attempt(attempt.id)
    assert (ended.state, ended.reason, ended.hang_ups) == (AttemptState.ENDED, Reason.RANG, 3)
    assert ended.ring_ms == 5000
    assert session.confirm(right_call(session, ring_ms=4800)).status is Status.VERIFIED


def _rang_unheard(board: Switchboard, session: Session) -> Attempt:
    """The carrier says that it rings five seconds after the phone may have begun to; two more have passed."""
    board.world.server.dispatch_all()
    attempt = session.attempts[0]
    board.world.clock.move(5)
    board.say(attempt, AttemptEvent.RING)
    board.world.clock.move(2)
    return attempt


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize(("ring_ms", "expected"), [(6000, Status.VERIFIED), (8501, Status.PENDING)])
def test_a_carrier_that_says_late_that_it_rings_does_not_make_an_honest_ring_time_wrong(
    board: Switchboard, ring_ms: int, expected: Status, *, ended: bool
) -> None:
    """It cannot have rung before the call was placed, and more is not known."""
    session = board.world.start(board.world.app())
    attempt = _rang_unheard(board, session)
    if ended:
        board.say(attempt, AttemptEvent.END, reason=Reason.CANCELLED)
    assert session.confirm(right_call(session, ring_ms)).status is expected


@pytest.mark.parametrize(("ring_ms", "expected"), [(5500, Status.VERIFIED), (5501, Status.PENDING)])
def test_what_the_carrier_has_measured_counts_however_late_it_says_so(
    board: Switchboard, ring_ms: int, expected: Status
) -> None:
    session = board.world.start(board.world.app())
    attempt = _rang_unheard(board, session)
    board.say(attempt, AttemptEvent.END, reason=Reason.RANG, ring_ms=4000)
    assert session.confirm(right_call(session, ring_ms)).status is expected


def test_with_a_required_ring_time_nothing_is_judged_before_the_call_has_ended(board: Switchboard) -> None:
    session = board.world.start(board.world.app(Policy(ring_time=RingTimeRule.REQUIRE)))
    attempt = board.ringing(session)
    for evidence in (right_call(session, 3000), wrong_call(session), call_report("+4930123456")):
        answer = session.confirm(evidence)
        assert outcome(answer) == (Status.PENDING, Verdict.MORE_EVIDENCE)
        assert answer.checks_left == 3
    board.say(attempt, AttemptEvent.END, reason=Reason.RANG, ring_ms=5000)
    assert session.confirm(right_call(session)).result is Verdict.MORE_EVIDENCE
    assert session.confirm(right_call(session, 5200)).status is Status.VERIFIED


def test_a_client_without_ring_times_is_not_offered_a_flash_call_that_requires_one(world: World) -> None:
    app = world.app(Policy(ring_time=RingTimeRule.REQUIRE))
    session = world.start(app, ring_time=False)
    assert [step.channel for step in session.stored.plan.steps] == [Channel.SMS]
    assert [(skip.channel, skip.reason) for skip in session.stored.plan.skipped] == [
        (Channel.FLASHCALL, "ring_time_unavailable")
    ]


def _altered(session: Session) -> CallEvidence:
    """The caller ID as a gateway abroad shows it: another beginning before the same end."""
    return call_report(f"+49301{session.caller_id[-7:]}")


def test_a_caller_id_altered_on_its_way_starts_the_next_step_and_leaves_no_guess(world: World) -> None:
    """The answer says that the report was close, so nothing may be left to make of that."""
    app = world.app()
    session = world.start(app)
    answer = session.confirm(_altered(session))
    assert outcome(answer) == (Status.PENDING, Verdict.MISMATCH)
    assert answer.verification.current.channel is Channel.SMS
    assert world.server.failures() == 1
    assert session.confirm(right_call(session)).result is Verdict.MISMATCH
    trace = world.server.service.get(app.back_end, session.id, challenge=None).trace
    assert trace is not None
    assert [entry.detail["altered"] for entry in trace if entry.what == "wrong_call"] == [True]


def test_a_caller_id_altered_on_its_way_fails_the_only_step_with_that_reason(world: World) -> None:
    session = world.start(world.app(FLASH_ONLY))
    answer = session.confirm(_altered(session))
    assert outcome(answer) == (Status.FAILED, Verdict.MISMATCH)
    assert answer.verification.reason is Reason.ALTERED


def test_another_number_of_the_pool_is_a_wrong_guess_and_not_an_altered_one(world: World) -> None:
    session = world.start(world.app())
    assert session.confirm(wrong_call(session)).checks_left == 2
    assert session.stored.current.channel is Channel.FLASHCALL


def test_evidence_for_a_channel_that_was_not_used_is_refused(world: World) -> None:
    app = world.app()
    with pytest.raises(InvalidRequest):
        world.start(app).confirm(code_report("123456"))
    with pytest.raises(InvalidRequest):
        world.start(app, "+447700900124", channels=[Channel.SMS]).confirm(digits_report("0018"))


def test_numbers_of_a_country_without_any_in_the_pool_are_called_from_another_one_every_time(
    world: World,
) -> None:
    """All of the pool serves then, and used numbers rest all the same."""
    policy = Policy(max_guess_probability=0.5, number_guess_budget=1.0, workflow=(Channel.FLASHCALL,))
    app = world.app(policy, pool=["+442079460000-+442079460002"])
    seen = []
    for _ in range(2):
        session = world.start(app, "+33639980012")
        seen.append(session.caller_id)
        session.cancel()
    assert len(set(seen)) == 2
    assert session.stored.guess_probability == 0.5
