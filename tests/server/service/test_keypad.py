"""The channel `keypad`: digits on a screen, which whoever answers a call types with the keys of the phone."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ringproof_server.domain import code, keypad
from ringproof_server.domain.assurance import bits
from ringproof_server.domain.attempt import Attempt, AttemptEvent
from ringproof_server.domain.channel import Channel, Reason, SkipReason
from ringproof_server.domain.errors import AlreadyFinished, InvalidRequest
from ringproof_server.domain.evidence import KeypadEvidence, Verdict
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Status
from ringproof_server.service.spoken import DocumentKind
from tests.support import leaks
from tests.support.switchboard import Switchboard
from tests.support.world import NUMBER, Session, World, code_report, outcome, wrong_code

KEYPAD = Policy(workflow=(Channel.KEYPAD,))
OFTEN = Policy(workflow=(Channel.KEYPAD,), check_delays=(0,), send_spacing=(0,), sends_per_day=1000)
TYPED = KeypadEvidence()


def _digits(session: Session) -> str:
    shown = session.get().keypad
    assert shown is not None
    leaks.secret(shown.digits, "code")
    return shown.digits


def _answer(board: Switchboard, session: Session) -> Attempt:
    attempt = board.ringing(session)
    board.say(attempt, AttemptEvent.ANSWER)
    return session.attempts[-1]


def _answered(board: Switchboard, policy: Policy = KEYPAD) -> tuple[Session, Attempt]:
    session = board.world.start(board.world.app(policy))
    return session, _answer(board, session)


def test_right_keys_and_the_client_s_word_verify(board: Switchboard) -> None:
    session, attempt = _answered(board)
    digits = _digits(session)
    asked = board.document(attempt)
    assert (asked.kind, asked.digits) == (DocumentKind.KEYPAD, len(digits))
    assert outcome(session.confirm(TYPED)) == (Status.PENDING, Verdict.MORE_EVIDENCE)
    assert board.press(attempt, digits).kind is DocumentKind.CONFIRMING
    shown = session.get().keypad
    assert shown is not None
    assert shown.typed
    done = session.confirm(TYPED)
    assert (done.status, done.verification.proof, done.keypad) == (Status.VERIFIED, Channel.KEYPAD, None)
    assert done.token is not None


def test_keys_alone_verify_nothing(board: Switchboard) -> None:
    """The client must prove that it is the one that started: the call cannot know."""
    session, attempt = _answered(board)
    board.press(attempt, _digits(session))
    assert session.stored.status is Status.PENDING
    board.world.pass_time(400)
    assert session.stored.proof is None


def test_a_repeated_confirm_gets_the_same_token(board: Switchboard) -> None:
    session, attempt = _answered(board)
    board.press(attempt, _digits(session))
    assert session.confirm(TYPED).token == session.confirm(TYPED).token


def test_a_person_types_the_digits_on_the_virtual_handset(world: World) -> None:
    world.behave("answer")
    session = world.start(world.app(KEYPAD))
    world.pass_time(6)
    world.press(_digits(session))
    world.pass_time(30)
    heard = world.calls_seen()[-1].heard or ""
    assert "type the code on your screen" in heard
    assert "No key was pressed" not in heard
    assert _digits(session) not in heard.replace(" ", "")
    assert session.confirm(TYPED).status is Status.VERIFIED


def test_a_voicemail_types_nothing(world: World) -> None:
    world.behave("voicemail")
    session = world.start(world.app(KEYPAD))
    world.pass_time(9)
    with pytest.raises(InvalidRequest):
        world.press("123456")
    world.pass_time(60)
    assert "No key was pressed" in (world.calls_seen()[-1].heard or "")
    assert session.confirm(TYPED).result is Verdict.MORE_EVIDENCE


def test_the_digits_on_the_screen_are_no_code(world: World) -> None:
    """The client knows them: as the code of a message they would prove nothing."""
    policy = Policy(workflow=(Channel.SMS, Channel.KEYPAD), send_spacing=(0,))
    session = world.start(world.app(policy))
    world.pass_time(2)
    session.advance(Channel.KEYPAD)
    digits = _digits(session)
    assert digits != world.code_seen()
    assert session.confirm(code_report(digits, Channel.SMS)).result is Verdict.MISMATCH


def test_the_code_of_a_message_is_not_what_the_call_asks_for(world: World) -> None:
    world.behave("answer")
    policy = Policy(workflow=(Channel.SMS, Channel.KEYPAD), send_spacing=(0,))
    session = world.start(world.app(policy))
    world.pass_time(2)
    session.advance(Channel.KEYPAD)
    world.pass_time(6)
    world.press(world.code_seen())
    world.pass_time(30)
    assert session.confirm(TYPED).result is Verdict.MORE_EVIDENCE
    assert session.stored.checks == 1


def test_digits_and_code_are_unrelated_for_every_salt() -> None:
    key = b"k" * 32
    same = sum(
        keypad.spell(key, salt, 6) == code.spell(key, salt, 6)
        for salt in (number.to_bytes(16) for number in range(2000))
    )
    assert same < 5


def test_the_digits_are_shown_while_their_call_is_the_step(board: Switchboard) -> None:
    policy = Policy(workflow=(Channel.KEYPAD, Channel.FLASHCALL))
    session = board.world.start(board.world.app(policy))
    assert session.started.keypad is not None
    assert session.get().keypad == session.started.keypad
    assert session.advance(Channel.FLASHCALL).keypad is None
    assert session.get().keypad is None


def test_a_second_call_asks_for_the_same_digits(board: Switchboard) -> None:
    session, attempt = _answered(board, OFTEN)
    digits = _digits(session)
    board.say(attempt, AttemptEvent.END, reason=Reason.ANSWERED)
    shown = session.advance(Channel.KEYPAD).keypad
    assert shown is not None
    assert shown.digits == digits


def test_the_digits_do_not_show_in_a_repr(board: Switchboard) -> None:
    session, _ = _answered(board)
    assert _digits(session) not in repr(session.get().keypad)


def test_after_right_keys_no_other_channel_disturbs(board: Switchboard) -> None:
    """Until the client has confirmed, however long that takes within the verification's life."""
    session, attempt = _answered(board, Policy(workflow=(Channel.KEYPAD, Channel.SMS)))
    board.press(attempt, _digits(session))
    board.say(attempt, AttemptEvent.END, reason=Reason.ANSWERED)
    assert session.get().next.automatic is None
    board.world.pass_time(200)
    assert len(session.attempts) == 1
    assert session.confirm(TYPED).status is Status.VERIFIED


def test_a_call_whose_step_is_left_ends_and_frees_the_phone(board: Switchboard) -> None:
    """Also when it was answered: the next channel may be a call, and nobody shows the digits any more."""
    session, attempt = _answered(board, Policy(workflow=(Channel.KEYPAD, Channel.FLASHCALL)))
    session.advance(Channel.FLASHCALL)
    board.world.pass_time(0)
    assert board.first.hung_up == [attempt.remote_id]


def test_a_person_hears_the_call_s_last_sentence_although_all_is_proved(board: Switchboard) -> None:
    session, attempt = _answered(board)
    board.press(attempt, _digits(session))
    session.confirm(TYPED)
    board.world.pass_time(5)
    assert board.first.hung_up == []


def test_right_keys_count_although_the_client_has_gone_on(board: Switchboard) -> None:
    session, attempt = _answered(board, Policy(workflow=(Channel.KEYPAD, Channel.FLASHCALL)))
    digits = _digits(session)
    session.advance(Channel.FLASHCALL)
    board.press(attempt, digits)
    assert session.confirm(TYPED).status is Status.VERIFIED


@pytest.mark.parametrize("reason", [Reason.BUSY, Reason.NO_ANSWER, Reason.REJECTED])
def test_a_call_that_nobody_heard_starts_the_next_step_at_once(board: Switchboard, reason: Reason) -> None:
    session = board.world.start(board.world.app(Policy(workflow=(Channel.KEYPAD, Channel.SMS))))
    attempt = board.ringing(session)
    board.say(attempt, AttemptEvent.END, reason=reason)
    assert [item.channel for item in session.attempts] == [Channel.KEYPAD, Channel.SMS]


def test_landlines_are_verified_by_their_keys(tmp_path: Path) -> None:
    board = Switchboard(tmp_path / "landlines", serve_fictitious=frozenset())
    try:
        policy = Policy(workflow=(Channel.SMS, Channel.KEYPAD))
        session = board.world.start(board.world.app(policy), "+442079460123")
        assert [item.reason for item in session.stored.plan.skipped] == [SkipReason.NUMBER_KIND]
        attempt = _answer(board, session)
        board.press(attempt, _digits(session))
        assert session.confirm(TYPED).status is Status.VERIFIED
    finally:
        board.world.close()


def test_the_odds_are_those_of_the_tries_that_keys_have(board: Switchboard) -> None:
    """Five tries at six digits, also where a code shares them: one budget, one probability."""
    session = board.world.start(board.world.app(KEYPAD))
    assert session.stored.guess_probability == pytest.approx(5e-6)
    both = Policy(workflow=(Channel.KEYPAD, Channel.SMS))
    other = board.world.start(board.world.app(both), "+447700900777")
    assert other.stored.plan.guess_probability() == pytest.approx(5e-6)
    assert bits(other.stored.guess_probability) == pytest.approx(17.6, abs=0.05)


# --- attacks


def _wrong(right: str) -> Iterator[str]:
    return (value for value in map("{:06}".format, itertools.count()) if value != right)


def test_a_call_asks_twice_and_not_more_often(board: Switchboard) -> None:
    session, attempt = _answered(board, OFTEN)
    digits = _digits(session)
    wrong = _wrong(digits)
    assert board.press(attempt, next(wrong)).kind is DocumentKind.KEYPAD
    assert board.press(attempt, next(wrong)).kind is DocumentKind.GOODBYE
    assert board.press(attempt, digits).kind is DocumentKind.GOODBYE
    assert board.document(attempt).kind is DocumentKind.GOODBYE
    assert session.confirm(TYPED).result is Verdict.MORE_EVIDENCE
    assert session.stored.checks == 2


def test_brute_force_over_keys_ends_with_the_checks(board: Switchboard) -> None:
    """Call after call, two tries each: after five wrong ones all is over, and the number remembers them."""
    session = board.world.start(board.world.app(OFTEN))
    digits = _digits(session)
    wrong = _wrong(digits)
    tried = 0
    while session.get().status is Status.PENDING:
        attempt = _answer(board, session)
        while board.document(attempt).kind is DocumentKind.KEYPAD:
            board.press(attempt, next(wrong))
            tried += 1
        board.say(attempt, AttemptEvent.END, reason=Reason.ANSWERED)
        if session.get().status is Status.PENDING:
            session.advance(Channel.KEYPAD)
    assert tried == OFTEN.code_checks
    assert session.get().status is Status.FAILED
    assert board.world.server.failures() == 5
    assert board.press(attempt, digits).kind is DocumentKind.HANG_UP
    with pytest.raises(AlreadyFinished):
        session.confirm(TYPED)


def test_keys_and_codes_share_their_checks(board: Switchboard) -> None:
    policy = Policy(workflow=(Channel.KEYPAD, Channel.SMS), check_delays=(0,), send_spacing=(0,))
    session, attempt = _answered(board, policy)
    board.press(attempt, wrong_code(_digits(session)))
    session.advance(Channel.SMS)
    assert session.get().checks_left == 4


def test_while_a_check_must_wait_keys_are_not_judged(board: Switchboard) -> None:
    """As for codes: after the third wrong one a minute; a call cannot be used to get around that."""
    policy = Policy(workflow=(Channel.KEYPAD,), send_spacing=(0,))
    session, attempt = _answered(board, policy)
    digits = _digits(session)
    wrong = _wrong(digits)
    board.press(attempt, next(wrong))
    board.press(attempt, next(wrong))
    board.say(attempt, AttemptEvent.END, reason=Reason.ANSWERED)
    session.advance(Channel.KEYPAD)
    second = _answer(board, session)
    assert board.press(second, next(wrong)).kind is DocumentKind.GOODBYE
    assert board.press(second, digits).kind is DocumentKind.GOODBYE
    assert session.stored.checks == 3
    board.world.clock.move(60)
    assert board.press(second, digits).kind is DocumentKind.CONFIRMING


def test_what_is_heard_does_not_tell_how_wrong_the_keys_were(board: Switchboard) -> None:
    """One digit off, all digits off, too few, too many, other keys: the same document."""
    app = board.world.app(Policy(workflow=(Channel.KEYPAD,), pending_per_number=100, send_spacing=(0,)))
    said = set()
    alterations: tuple[Callable[[str], str], ...] = (
        lambda right: right[:-1] + str((int(right[-1]) + 1) % 10),
        lambda right: "".join(str((int(digit) + 5) % 10) for digit in right),
        lambda right: right[:-1],
        lambda right: right + "0",
        lambda _: "*" * 6,
        lambda right: right[::-1] + "#",
    )
    for index, alter in enumerate(alterations):
        session = board.world.start(app, f"+4477009003{index:02}")
        attempt = _answer(board, session)
        document = board.press(attempt, alter(_digits(session)))
        said.add((document.kind, document.language, document.brand, document.digits, document.code))
    assert said == {(DocumentKind.KEYPAD, "en", "Tests", 6, "")}


def test_no_key_at_all_costs_nothing(board: Switchboard) -> None:
    session, attempt = _answered(board)
    for _ in range(10):
        assert board.press(attempt, "").kind is DocumentKind.NO_KEY
    assert session.stored.checks == 0


def test_the_digits_of_one_verification_are_wrong_in_another_s_call(board: Switchboard) -> None:
    app = board.world.app(KEYPAD)
    mine = board.world.start(app)
    theirs = board.world.start(app, "+447700900888")
    attempt = _answer(board, theirs)
    assert board.press(attempt, _digits(mine)).kind is DocumentKind.KEYPAD
    assert mine.confirm(TYPED).result is Verdict.MORE_EVIDENCE
    assert theirs.stored.checks == 1


def test_keys_after_the_call_s_end_are_not_judged(board: Switchboard) -> None:
    session, attempt = _answered(board)
    board.say(attempt, AttemptEvent.END, reason=Reason.ANSWERED)
    assert board.press(attempt, _digits(session)).kind is DocumentKind.HANG_UP
    assert board.press(attempt, "000000").kind is DocumentKind.HANG_UP
    assert session.confirm(TYPED).result is Verdict.MORE_EVIDENCE
    assert session.stored.checks == 0


def test_keys_after_a_cancel_are_not_judged(board: Switchboard) -> None:
    session, attempt = _answered(board)
    digits = _digits(session)
    session.cancel()
    assert board.press(attempt, digits).kind is DocumentKind.HANG_UP
    assert session.get().status is Status.CANCELLED


def test_keys_after_the_end_of_its_time_are_not_judged(board: Switchboard) -> None:
    session, attempt = _answered(board)
    digits = _digits(session)
    board.world.clock.move(301)
    assert board.press(attempt, digits).kind is DocumentKind.HANG_UP
    assert not session.attempts[-1].reported


def test_a_repeat_of_right_keys_changes_nothing(board: Switchboard) -> None:
    """Carriers ask again when an answer got lost."""
    session, attempt = _answered(board)
    digits = _digits(session)
    board.press(attempt, digits)
    assert board.press(attempt, digits).kind is DocumentKind.CONFIRMING
    assert board.press(attempt, "000000").kind is DocumentKind.CONFIRMING
    assert session.stored.checks == 0
    assert session.confirm(TYPED).status is Status.VERIFIED


def test_a_code_is_no_evidence_of_a_call_that_asks_for_digits(board: Switchboard) -> None:
    """Neither the digits on the screen nor the code of the session, which the call does not tell."""
    session, _ = _answered(board)
    for digits in (_digits(session), "000000"):
        with pytest.raises(InvalidRequest):
            session.confirm(code_report(digits, Channel.KEYPAD))
    assert session.stored.checks == 0


def test_who_has_no_keypad_call_cannot_confirm_with_one(board: Switchboard) -> None:
    session = board.world.start(board.world.app(Policy(workflow=(Channel.SMS,))))
    with pytest.raises(InvalidRequest):
        session.confirm(TYPED)


def test_right_keys_of_a_stranger_s_verification_do_not_verify_the_owner_s(board: Switchboard) -> None:
    """Two of one number at a time: what was typed in a call proves only the session that it was made for."""
    app = board.world.app(OFTEN)
    owner, stranger = board.world.start(app, NUMBER), board.world.start(app, NUMBER)
    attempt = _answer(board, owner)
    board.press(attempt, _digits(owner))
    assert stranger.confirm(TYPED).result is Verdict.MORE_EVIDENCE
    assert owner.confirm(TYPED).status is Status.VERIFIED


def test_the_record_says_what_happened_and_no_digits(board: Switchboard) -> None:
    """Which `World.close` searches for, too: here for the keys that were pressed."""
    session, attempt = _answered(board)
    digits = _digits(session)
    board.press(attempt, wrong_code(digits))
    board.press(attempt, digits)
    server = board.world.server
    (wrong,), (right,) = server.notes(session.id, "wrong_keys"), server.notes(session.id, "right_keys")
    assert wrong == {"attempt": attempt.id, "checks": 1}
    assert right == {"attempt": attempt.id}
