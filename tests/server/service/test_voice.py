"""The channel `voice`: a code that is spoken to whoever answers and presses a key, and to nobody else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ringproof_rcml import Dialect
from ringproof_server.domain.attempt import Attempt, AttemptEvent, AttemptState
from ringproof_server.domain.channel import Channel, Reason, SkipReason
from ringproof_server.domain.errors import NoChannelAvailable, TooEarly
from ringproof_server.domain.evidence import Verdict
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Status, Transaction
from ringproof_server.service.spoken import DocumentKind
from tests.support.switchboard import Switchboard
from tests.support.world import Session, World, code_report, outcome, wrong_code

VOICE = Policy(workflow=(Channel.VOICE,))
VOICE_THEN_SMS = Policy(workflow=(Channel.VOICE, Channel.SMS))


def _answered(board: Switchboard, policy: Policy = VOICE) -> tuple[Session, Attempt]:
    """A voice call that somebody has answered."""
    session = board.world.start(board.world.app(policy))
    attempt = board.ringing(session)
    board.say(attempt, AttemptEvent.ANSWER)
    return session, session.attempts[-1]


def test_a_code_is_spoken_after_the_key_and_verifies(board: Switchboard) -> None:
    session, attempt = _answered(board)
    asked = board.document(attempt)
    assert (asked.kind, asked.code, asked.dialect) == (DocumentKind.PRESS_TO_HEAR, "", Dialect.TWIML)
    assert asked.action.endswith(f"/rcml/{board.reference(attempt)}/keys")
    told = board.press(attempt, "1")
    assert told.kind is DocumentKind.SPOKEN_CODE
    assert session.started.code_digits == len(told.code) == 6
    board.say(attempt, AttemptEvent.END, reason=Reason.ANSWERED)
    done = session.confirm(code_report(told.code, Channel.VOICE))
    assert (done.status, done.verification.proof) == (Status.VERIFIED, Channel.VOICE)


@pytest.mark.parametrize("keys", ["", "2", "11", "*", "#", "1 ", "12345678901234567890123456789012"])
def test_nothing_but_the_one_key_gets_the_code(board: Switchboard, keys: str) -> None:
    _, attempt = _answered(board)
    told = board.press(attempt, keys)
    assert told.code == ""
    assert told.kind is (DocumentKind.PRESS_TO_HEAR if keys else DocumentKind.NO_KEY)


def test_a_voicemail_never_hears_the_code(world: World) -> None:
    """It presses nothing, the handset cannot press for it, and what it records names no digit."""
    world.behave("voicemail")
    session = world.start(world.app(VOICE))
    world.pass_time(9)
    with pytest.raises(Exception, match="not in a call"):
        world.press("1")
    world.pass_time(60)
    heard = world.calls_seen()[-1].heard or ""
    assert "No key was pressed." in heard
    assert not any(character.isdigit() for character in heard.replace("press 1", ""))
    assert session.attempts[-1].state is AttemptState.ENDED


def test_a_person_hears_the_code_on_the_virtual_handset(world: World) -> None:
    """Digit by digit, twice, with the warning; and nothing of having pressed no key."""
    world.behave("answer")
    session = world.start(world.app(VOICE))
    world.pass_time(6)
    world.press("1")
    world.pass_time(60)
    heard = world.calls_seen()[-1].heard or ""
    code = heard.partition("Your code is: ")[2].partition(".")[0]
    assert heard.count(code) == 2
    assert "Never share this code" in heard
    assert "No key was pressed" not in heard
    assert session.confirm(code_report(code.replace(" ", ""), Channel.VOICE)).status is Status.VERIFIED


def test_the_code_is_the_one_of_the_message_and_of_the_next_call(world: World) -> None:
    """One verification has one code, on whichever channel, and five checks together."""
    world.behave("answer")
    policy = Policy(workflow=(Channel.SMS, Channel.VOICE), check_delays=(0,))
    session = world.start(world.app(policy))
    world.pass_time(60)
    code = world.code_seen()
    session.advance(Channel.VOICE)
    world.pass_time(6)
    world.press("1")
    world.pass_time(40)
    assert " ".join(code) in (world.calls_seen()[-1].heard or "")
    session.confirm(code_report(wrong_code(code), Channel.SMS))
    assert session.confirm(code_report(wrong_code(code), Channel.VOICE)).checks_left == 3
    assert session.confirm(code_report(code, Channel.SMS)).status is Status.VERIFIED


def test_a_voice_call_rings_until_the_carrier_gives_up(board: Switchboard) -> None:
    """The random hang-up is for flash calls: this one is to be answered."""
    session = board.world.start(board.world.app(VOICE))
    attempt = board.ringing(session)
    rang_at = attempt.ringing_at
    assert rang_at is not None
    assert attempt.hang_up_at == rang_at + timedelta(seconds=VOICE.dial_timeout + 5)
    board.world.pass_time(VOICE.dial_timeout + 4)
    assert board.first.hung_up == []
    board.world.pass_time(2)
    assert board.first.hung_up == [attempt.remote_id]


def test_a_flash_call_is_still_hung_up_after_its_random_seconds(board: Switchboard) -> None:
    policy = Policy(workflow=(Channel.FLASHCALL, Channel.VOICE))
    session = board.world.start(board.world.app(policy))
    board.ringing(session)
    board.world.pass_time(policy.ring_seconds[1])
    assert board.first.hung_up == [session.attempts[0].remote_id]


def test_an_answered_voice_call_may_talk_for_a_minute_and_a_half(board: Switchboard) -> None:
    """Then it is hung up, whatever the carrier does: nobody pays for a call without end."""
    session, attempt = _answered(board)
    board.world.pass_time(89)
    assert board.first.hung_up == []
    assert session.get().attempt is not None
    board.world.pass_time(2)
    assert board.first.hung_up == [attempt.remote_id]


def test_a_voice_call_that_rings_after_its_step_was_left_is_hung_up_at_once(board: Switchboard) -> None:
    policy = Policy(workflow=(Channel.VOICE, Channel.FLASHCALL))
    session = board.world.start(board.world.app(policy))
    board.world.server.dispatch_all()
    attempt = session.attempts[0]
    session.advance(Channel.FLASHCALL)
    board.say(attempt, AttemptEvent.RING)
    assert board.world.server.attempt(attempt.id).hang_up_at == board.world.clock.now()


@pytest.mark.parametrize(
    "reason", [Reason.BUSY, Reason.REJECTED, Reason.NO_ANSWER, Reason.UNREACHABLE, Reason.CARRIER_ERROR]
)
def test_a_call_that_nobody_heard_starts_the_next_step_at_once(board: Switchboard, reason: Reason) -> None:
    """The message need not wait for the spacing of sends: nothing has reached anybody."""
    session = board.world.start(board.world.app(VOICE_THEN_SMS))
    attempt = board.ringing(session)
    board.say(attempt, AttemptEvent.END, reason=reason)
    assert [item.channel for item in session.attempts] == [Channel.VOICE, Channel.SMS]


def test_an_answered_call_is_given_its_step_s_time(board: Switchboard) -> None:
    """Whoever has heard a code needs time to type it."""
    session, attempt = _answered(board, VOICE_THEN_SMS)
    board.say(attempt, AttemptEvent.END, reason=Reason.ANSWERED)
    board.world.pass_time(100)
    assert len(session.attempts) == 1
    board.world.pass_time(30)
    assert [item.channel for item in session.attempts] == [Channel.VOICE, Channel.SMS]


def test_a_heard_code_keeps_the_verification_open_when_no_step_is_left(board: Switchboard) -> None:
    policy = Policy(workflow=(Channel.VOICE, Channel.FLASHCALL))
    session, attempt = _answered(board, policy)
    code = board.press(attempt, "1").code
    board.say(attempt, AttemptEvent.END, reason=Reason.ANSWERED)
    session.advance(Channel.FLASHCALL)
    board.world.server.dispatch_all()
    board.say(session.attempts[-1], AttemptEvent.END, reason=Reason.BUSY)
    assert session.get().status is Status.PENDING
    assert session.confirm(code_report(code, Channel.VOICE)).status is Status.VERIFIED


def test_a_call_nobody_heard_ends_a_verification_without_another_step(board: Switchboard) -> None:
    session = board.world.start(board.world.app(VOICE))
    board.say(board.ringing(session), AttemptEvent.END, reason=Reason.NO_ANSWER)
    done = session.get()
    assert (done.status, done.verification.reason) == (Status.FAILED, Reason.NO_ANSWER)


def test_the_server_waits_a_minute_too_before_it_calls_after_another_channel(board: Switchboard) -> None:
    """Not only a client that asks for the call: the flash call's 45 s are over earlier."""
    policy = Policy(workflow=(Channel.FLASHCALL, Channel.VOICE))
    session = board.world.start(board.world.app(policy))
    attempt = board.ringing(session)
    board.say(attempt, AttemptEvent.END, reason=Reason.RANG)
    board.world.pass_time(59)
    assert len(session.attempts) == 1
    with pytest.raises(TooEarly):
        session.advance(Channel.VOICE)
    board.world.pass_time(2)
    assert [item.channel for item in session.attempts] == [Channel.FLASHCALL, Channel.VOICE]


def test_after_a_call_that_never_rang_the_voice_call_comes_at_once(board: Switchboard) -> None:
    session = board.world.start(board.world.app(Policy(workflow=(Channel.FLASHCALL, Channel.VOICE))))
    board.world.server.dispatch_all()
    board.say(session.attempts[0], AttemptEvent.END, reason=Reason.BUSY)
    assert [item.channel for item in session.attempts] == [Channel.FLASHCALL, Channel.VOICE]


def test_a_voice_call_needs_a_number_to_come_from(board: Switchboard) -> None:
    with pytest.raises(NoChannelAvailable):
        board.world.start(board.world.app(VOICE, pool=()))


def test_the_only_number_of_a_pool_calls_again(board: Switchboard) -> None:
    """Who calls is no secret here, so a number may be used for one destination twice a day."""
    app = board.world.app(Policy(workflow=(Channel.VOICE,), send_spacing=(60,)), pool=("+442079460000",))
    first = board.world.start(app)
    board.world.server.dispatch_all()
    first.cancel()
    board.world.clock.move(61)
    second = board.world.start(app)
    assert second.caller_id == first.caller_id


def test_a_payment_is_not_proved_by_a_call_that_does_not_name_it(board: Switchboard) -> None:
    paid = Transaction(amount="12.30", currency="EUR", payee="ACME")
    app = board.world.app(VOICE_THEN_SMS)
    session = board.world.start(app, transaction=paid, caller=app.back_end)
    (skipped,) = session.stored.plan.skipped
    assert (skipped.channel, skipped.reason) == (Channel.VOICE, SkipReason.TRANSACTION_NOT_SHOWN)


# --- attacks


def test_keys_of_another_call_s_reference_get_nothing_of_this_one(board: Switchboard) -> None:
    """A flash call asks for no key: pressing one there tells nothing."""
    policy = Policy(workflow=(Channel.FLASHCALL, Channel.VOICE))
    session = board.world.start(board.world.app(policy))
    flash = board.ringing(session)
    assert board.press(flash, "1") == board.document(flash)
    assert board.document(flash).kind is DocumentKind.CONFIRMING


@pytest.mark.parametrize("keys", ["", "1"])
def test_a_reference_that_is_not_ours_is_unknown(board: Switchboard, keys: str) -> None:
    _, attempt = _answered(board)
    events = board.world.server.events
    reference = board.reference(attempt)
    for other in (attempt.id, f"{reference}x", reference[:-1], reference.swapcase(), ""):
        assert events.keys(other, keys) is None
        assert events.document(other) is None


def test_after_the_call_s_end_a_key_gets_no_code(board: Switchboard) -> None:
    _, attempt = _answered(board)
    board.say(attempt, AttemptEvent.END, reason=Reason.ANSWERED)
    assert board.press(attempt, "1").kind is DocumentKind.HANG_UP
    assert board.document(attempt).kind is DocumentKind.HANG_UP


def test_after_the_verification_s_end_a_key_gets_no_code(board: Switchboard) -> None:
    session, attempt = _answered(board)
    code = board.press(attempt, "1").code
    session.confirm(code_report(code, Channel.VOICE))
    assert board.press(attempt, "1").kind is DocumentKind.CONFIRMED
    other = board.world.start(board.world.app(VOICE), "+447700900555")
    ringing = board.ringing(other)
    other.cancel()
    assert board.press(ringing, "1").kind is DocumentKind.HANG_UP


def test_a_code_past_its_life_is_not_spoken(board: Switchboard) -> None:
    policy = Policy(workflow=(Channel.VOICE,), ttl=600, code_ttl=30)
    _, attempt = _answered(board, policy)
    board.world.clock.move(31)
    assert board.press(attempt, "1").kind is DocumentKind.GOODBYE
    assert board.document(attempt).kind is DocumentKind.GOODBYE


def test_the_code_of_a_call_does_not_show_in_a_repr(board: Switchboard) -> None:
    _, attempt = _answered(board)
    told = board.press(attempt, "1")
    assert told.code not in repr(told)
    assert board.reference(attempt) not in repr(board.document(attempt))


def test_a_wrong_code_is_a_mismatch(board: Switchboard) -> None:
    session, attempt = _answered(board)
    code = board.press(attempt, "1").code
    assert outcome(session.confirm(code_report(wrong_code(code), Channel.VOICE))) == (
        Status.PENDING,
        Verdict.MISMATCH,
    )


def test_landlines_are_called_and_told_a_code(tmp_path: Path) -> None:
    """A number without messages is asked by voice; a flash call, which nobody there could see, is skipped."""
    board = Switchboard(tmp_path / "landlines", serve_fictitious=frozenset())
    try:
        policy = Policy(workflow=(Channel.FLASHCALL, Channel.SMS, Channel.VOICE))
        session = board.world.start(board.world.app(policy), "+442079460123")
        assert [step.channel for step in session.stored.plan.steps] == [Channel.VOICE]
        assert {item.reason for item in session.stored.plan.skipped} == {SkipReason.NUMBER_KIND}
        attempt = board.ringing(session)
        assert board.document(attempt).language == "en"
        assert board.press(attempt, "1").kind is DocumentKind.SPOKEN_CODE
    finally:
        board.world.close()
