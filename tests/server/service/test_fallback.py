"""What happens when the flash call does not do it: the next step, by itself or on demand, exactly once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ringproof_server.domain.attempt import AttemptEvent, AttemptState
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import NoStepsLeft, TooEarly
from ringproof_server.domain.evidence import Verdict
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Status
from tests.support.switchboard import Switchboard
from tests.support.world import World, call_report, code_report, outcome, right_call

FLASH_ONLY = Policy(workflow=(Channel.FLASHCALL,))


def test_without_a_report_the_code_is_sent_at_the_interception_deadline(world: World) -> None:
    session = world.start(world.app())
    automatic = session.started.next.automatic
    assert automatic is not None
    assert (automatic.channel, automatic.seconds) == (Channel.SMS, 45)
    world.pass_time(44.999)
    assert [item.channel for item in session.attempts] == [Channel.FLASHCALL]
    world.pass_time(2)
    assert [item.channel for item in session.attempts] == [Channel.FLASHCALL, Channel.SMS]
    done = session.confirm(code_report(world.code_seen()))
    assert outcome(done) == (Status.VERIFIED, None)
    assert done.verification.proof is Channel.SMS


def test_the_fallback_happens_once_however_many_processes_look(world: World) -> None:
    session = world.start(world.app())
    other = world.process()
    world.clock.move(45)
    # Both processes have read what is due before either of them acts.
    due = [world.server.due, other.due, world.server.due, other.due]
    assert sum(item._wake(session.id) for item in due) == 1
    assert world.server.due.run() + other.due.run() == 0
    assert [item.channel for item in session.attempts] == [Channel.FLASHCALL, Channel.SMS]
    queued = session.attempts[-1].id
    assert [world.server.dispatching.dispatch(queued), other.dispatching.dispatch(queued)] == [True, False]
    world.pass_time(5)
    assert len(world.messages_seen()) == 1


def test_a_server_that_was_away_at_the_deadline_falls_back_once_when_it_is_back(world: World) -> None:
    session = world.start(world.app())
    world.pass_time(1)
    world.clock.move(60)
    world.server.storage.close()
    restarted = world.process()
    assert restarted.due.run() > 0
    crashed_again = world.process()
    assert [item.channel for item in crashed_again.attempts(session.id)] == [Channel.FLASHCALL, Channel.SMS]
    world.pass_time(5, crashed_again)
    world.pass_time(60, restarted)
    assert crashed_again.attempts(session.id)[-1].state is AttemptState.DELIVERED
    assert len(crashed_again.attempts(session.id)) == 2


def test_a_withheld_number_is_no_guess_and_starts_the_next_step_at_once(world: World) -> None:
    world.behave("withheld")
    session = world.start(world.app())
    world.pass_time(10)
    assert world.calls_seen()[-1].caller_id is None
    answer = session.confirm(call_report(None))
    assert outcome(answer) == (Status.PENDING, Verdict.WITHHELD)
    assert (answer.verification.reports, world.server.failures()) == (0, 0)
    assert answer.verification.current.channel is Channel.SMS
    again = session.confirm(call_report("anonymous"))
    assert again.result is Verdict.WITHHELD
    world.pass_time(5)
    assert len(world.messages_seen()) == 1


def test_a_withheld_number_on_the_only_step_ends_the_verification_with_that_reason(world: World) -> None:
    session = world.start(world.app(FLASH_ONLY))
    answer = session.confirm(call_report(None))
    assert outcome(answer) == (Status.FAILED, Verdict.WITHHELD)
    assert answer.verification.reason is Reason.WITHHELD


@pytest.mark.parametrize("behaviour", ["busy", "off"])
def test_a_call_that_cannot_be_seen_starts_the_next_step_at_once(world: World, behaviour: str) -> None:
    world.behave(behaviour)
    session = world.start(world.app())
    world.pass_time(3)
    assert [item.channel for item in session.attempts] == [Channel.FLASHCALL, Channel.SMS]


@pytest.mark.parametrize("behaviour", ["ring", "reject", "answer", "voicemail"])
def test_a_call_that_the_phone_has_seen_is_waited_for(world: World, behaviour: str) -> None:
    world.behave(behaviour)
    session = world.start(world.app())
    world.pass_time(44)
    assert session.attempts[0].state is AttemptState.ENDED
    assert [item.channel for item in session.attempts] == [Channel.FLASHCALL]
    assert session.confirm(right_call(session)).status is Status.VERIFIED


def test_a_call_that_comes_after_the_fallback_does_not_ring(world: World) -> None:
    world.behave("late")
    session = world.start(world.app())
    world.pass_time(100)
    call = session.attempts[0]
    assert (call.state, call.reason) == (AttemptState.ENDED, Reason.CANCELLED)
    assert world.calls_seen() == []


def test_a_report_after_the_fallback_still_verifies_within_its_deadline(world: World) -> None:
    session = world.start(world.app())
    world.pass_time(70)
    assert session.stored.current.channel is Channel.SMS
    done = session.confirm(right_call(session))
    assert done.verification.proof is Channel.FLASHCALL
    assert done.verification.guess_probability == pytest.approx(3.05e-4)


def test_the_last_step_is_given_the_rest_of_the_time(world: World) -> None:
    session = world.start(world.app(FLASH_ONLY))
    world.pass_time(74)
    assert session.confirm(right_call(session)).status is Status.VERIFIED


def test_when_no_next_step_can_start_in_time_the_report_is_still_waited_for(world: World) -> None:
    """Others have used up the number's sends meanwhile, which must not fail this one before its deadline."""
    app = world.app(Policy(send_spacing=(400,)))
    session = world.start(app)
    world.pass_time(10)
    world.start(world.app(), channels=[Channel.SMS])
    world.pass_time(36)
    assert session.get().status is Status.PENDING
    assert session.get().next.automatic is None
    assert session.confirm(right_call(session)).status is Status.VERIFIED


# --- on demand


def test_the_code_may_be_asked_for_at_once(world: World) -> None:
    session = world.start(world.app())
    assert session.started.next.channels == {Channel.SMS: 0}
    answer = session.advance(Channel.SMS)
    assert answer.verification.current.channel is Channel.SMS
    world.pass_time(3)
    assert session.confirm(code_report(world.code_seen())).status is Status.VERIFIED
    assert world.calls_seen() == []


def test_asking_for_the_next_step_hangs_up_what_rings(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    attempt = board.ringing(session)
    session.advance(None)
    board.world.server.due.run()
    assert board.first.hung_up == [attempt.remote_id]
    assert session.attempts[-1].channel is Channel.SMS


def test_the_automatic_fallback_does_not_repeat_what_was_asked_for(world: World) -> None:
    session = world.start(world.app())
    session.advance(Channel.SMS)
    world.pass_time(200)
    assert [item.channel for item in session.attempts] == [Channel.FLASHCALL, Channel.SMS]


def test_there_is_one_flash_call_in_a_verification(world: World) -> None:
    app = world.app(Policy(workflow=(Channel.SMS, Channel.FLASHCALL)))
    session = world.start(app)
    session.advance(Channel.FLASHCALL)
    with pytest.raises(NoStepsLeft):
        session.advance(Channel.FLASHCALL)
    world.pass_time(61)
    back = session.advance(Channel.SMS)
    assert Channel.FLASHCALL not in back.next.channels
    with pytest.raises(NoStepsLeft):
        session.advance(Channel.FLASHCALL)
    world.pass_time(200)
    assert [item.channel for item in session.attempts].count(Channel.FLASHCALL) == 1


def test_a_channel_outside_the_plan_and_a_step_after_the_last_do_not_exist(world: World) -> None:
    session = world.start(world.app())
    with pytest.raises(NoStepsLeft):
        session.advance(Channel.VOICE)
    session.advance(None)
    with pytest.raises(NoStepsLeft):
        session.advance(None)


def test_another_code_has_to_wait_longer_every_time(world: World) -> None:
    session = world.start(world.app(Policy(ttl=3600)), channels=[Channel.SMS])
    for wait in (60, 120, 300, 600, 600):
        assert session.get().next.channels == {Channel.SMS: wait}
        with pytest.raises(TooEarly) as refused:
            session.advance(Channel.SMS)
        assert refused.value.retry_after == wait
        world.clock.move(wait - 0.001)
        with pytest.raises(TooEarly):
            session.advance(Channel.SMS)
        world.clock.move(0.001)
        session.advance(Channel.SMS)


def test_the_spacing_is_the_number_s_not_the_verification_s(world: World) -> None:
    first = world.start(world.app(), channels=[Channel.SMS])
    second = world.start(world.app())
    assert second.started.next.channels[Channel.SMS] == 60
    with pytest.raises(TooEarly):
        second.advance(Channel.SMS)
    world.clock.move(60)
    second.advance(Channel.SMS)
    assert first.get().status is Status.PENDING


def test_the_automatic_fallback_waits_until_a_code_may_be_sent(world: World) -> None:
    session = world.start(world.app())
    world.pass_time(40)
    world.start(world.app(), channels=[Channel.SMS])
    world.pass_time(6)
    assert len(session.attempts) == 1
    automatic = session.get().next.automatic
    assert automatic is not None
    assert (automatic.channel, automatic.seconds) == (Channel.SMS, 54)
    world.pass_time(54)
    assert [item.channel for item in session.attempts] == [Channel.FLASHCALL, Channel.SMS]


def test_a_code_that_is_due_first_is_never_sent_before_its_time(world: World) -> None:
    """Also when what was to come before it turns out not to be possible."""
    world.start(world.app(), channels=[Channel.SMS])
    world.clock.move(1)
    tiny = world.app(pool=["+442079470000-+442079470004"])
    with pytest.raises(Exception, match="too many attempts") as refused:
        world.start(tiny)
    assert refused.value.retry_after == 59  # type: ignore[attr-defined]  # It is a RateLimited.


def test_a_voice_call_follows_other_channels_after_a_minute(board: Switchboard) -> None:
    policy = Policy(workflow=(Channel.FLASHCALL, Channel.VOICE))
    session = board.world.start(board.world.app(policy))
    assert session.started.next.channels == {Channel.VOICE: 60}
    with pytest.raises(TooEarly):
        session.advance(Channel.VOICE)


def test_a_message_that_fails_ends_the_verification_when_nothing_else_is_left(board: Switchboard) -> None:
    session = board.world.start(board.world.app(), channels=[Channel.SMS])
    board.world.server.dispatch_all()
    board.say(session.attempts[0], AttemptEvent.FAIL, reason=Reason.UNREACHABLE)
    assert session.get().status is Status.FAILED
    assert session.get().verification.reason is Reason.UNREACHABLE


def test_a_second_code_that_fails_leaves_the_first_one_good(board: Switchboard) -> None:
    session = board.world.start(board.world.app(), channels=[Channel.SMS])
    board.world.server.dispatch_all()
    board.say(session.attempts[0], AttemptEvent.DELIVER)
    board.world.clock.move(60)
    session.advance(Channel.SMS)
    board.world.server.dispatch_all()
    board.say(session.attempts[1], AttemptEvent.FAIL, reason=Reason.CARRIER_ERROR)
    assert session.get().status is Status.PENDING


def test_a_slow_client_sees_the_same_steps_as_a_quick_one(world: World) -> None:
    """The server's clock decides: the state is the same whether or not anybody asked before."""
    policy = Policy(interception_timeout=10)
    apps = [world.app(policy), world.app(policy)]
    watched = world.start(apps[0], "+447700900201")
    ignored = world.start(apps[1], "+447700900202")
    for _ in range(30):
        world.pass_time(1)
        watched.get()
    seen = [replace(item, id="", verification_id="") for item in watched.attempts]
    unseen = [replace(item, id="", verification_id="") for item in ignored.attempts]
    assert [(item.channel, item.queued_at, item.state) for item in seen] == [
        (item.channel, item.queued_at, item.state) for item in unseen
    ]
