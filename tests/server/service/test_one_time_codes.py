"""Codes by name: exactly one right answer and one start, however many ask at the same moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import ConcurrentVerification
from ringproof_server.domain.policy import Policy
from ringproof_server.service.one_time_codes import CodeCheck
from tests.support import leaks
from tests.support.at_once import at_once
from tests.support.switchboard import Switchboard
from tests.support.world import App, wrong_code

T = TypeVar("T")
AT_ONCE = 8
NUMBER = "+447700900450"
STRANGER = "+447700900451"
OPEN = Policy(send_spacing=(0,), pending_per_number=100, check_delays=(0,), number_guess_budget=1.0)


@pytest.fixture
def board(tmp_path: Path, database: str) -> Iterator[Switchboard]:
    """A server of two processes on each kind of database."""
    made = Switchboard(
        tmp_path / "codes",
        channels=frozenset({Channel.FLASHCALL, Channel.SMS, Channel.MESSENGER}),
        database=database,
    )
    made.world.process()
    yield made
    made.world.close()


def code_sent(board: Switchboard, app: App, name: str = "a") -> str:
    """Send a code under this name; what the carrier was given."""
    board.world.server.service.codes.send(
        app.back_end, name, phone_number=NUMBER, messenger_id="1234567890123456", idempotency=None
    )
    board.world.server.dispatch_all()
    (message,) = [item for item in board.first.taken.values() if hasattr(item, "code") and item.to == NUMBER]
    leaks.secret(message.code, "code")
    return str(message.code)


def test_one_of_many_right_answers_is_the_right_one(board: Switchboard) -> None:
    app = board.world.app(OPEN)
    code = code_sent(board, app)
    processes = board.world.processes

    def check(index: int) -> CodeCheck:
        return processes[index % 2].service.codes.check(app.back_end, "a", code)

    answers = Counter(at_once(AT_ONCE, check))
    assert answers == {CodeCheck.RIGHT: 1, CodeCheck.ALREADY_VERIFIED: AT_ONCE - 1}


def test_many_wrong_answers_at_once_are_five_and_the_rest_comes_too_late(board: Switchboard) -> None:
    app = board.world.app(OPEN)
    code = code_sent(board, app)
    processes = board.world.processes

    def check(index: int) -> CodeCheck:
        return processes[index % 2].service.codes.check(app.back_end, "a", wrong_code(code))

    assert Counter(at_once(AT_ONCE, check)) == {CodeCheck.WRONG: 5, CodeCheck.OVER: AT_ONCE - 5}
    assert board.world.server.service.codes.check(app.back_end, "a", code) is CodeCheck.OVER


def test_one_of_many_starts_of_a_name_is_the_one(board: Switchboard) -> None:
    app = board.world.app(OPEN)
    processes = board.world.processes

    def send(index: int) -> str:
        codes = processes[index % 2].service.codes
        progress = codes.send(app.back_end, "a", phone_number=NUMBER, messenger_id=None, idempotency=None)
        return progress.verification.id

    answers = at_once(AT_ONCE, send)
    started = [answer for answer in answers if isinstance(answer, str)]
    refused = [answer for answer in answers if isinstance(answer, ConcurrentVerification)]
    assert (len(started), len(refused)) == (1, AT_ONCE - 1)
    assert {answer.verification_id for answer in refused} == set(started)


def test_a_verification_that_sent_no_code_knows_none(board: Switchboard) -> None:
    """A flash call under the same reference is no code, and nothing is counted against it."""
    app = board.world.app(OPEN)
    board.world.start(app, NUMBER, channels=[Channel.FLASHCALL], reference="a")
    assert board.world.server.service.codes.check(app.back_end, "a", "123456") is CodeCheck.WRONG
    assert board.world.server.failures(NUMBER) == 0


def test_a_code_that_a_stranger_was_sent_proves_nothing_under_a_name_of_the_back_end(
    board: Switchboard,
) -> None:
    """Whoever has the publishable key and guesses the name proves their own phone, not the one that was sent
    to."""
    app = board.world.app(OPEN)
    own = code_sent(board, app)
    board.world.clock.move(1)
    board.world.start(app, STRANGER, channels=[Channel.SMS], reference="a")
    board.world.server.dispatch_all()
    codes = board.world.server.service.codes
    strangers = {
        item.code for item in board.first.taken.values() if hasattr(item, "code") and item.to == STRANGER
    }
    assert strangers
    leaks.secrets([str(code) for code in strangers], "code")
    for code in strangers - {own}:
        assert codes.check(app.back_end, "a", code) is CodeCheck.WRONG
    assert codes.check(app.back_end, "a", own) is CodeCheck.RIGHT


def test_what_a_stranger_starts_under_a_name_keeps_the_back_end_from_nothing(board: Switchboard) -> None:
    app = board.world.app(OPEN)
    board.world.start(app, NUMBER, channels=[Channel.FLASHCALL], reference="a")
    own = code_sent(board, app)
    assert board.world.server.service.codes.check(app.back_end, "a", own) is CodeCheck.RIGHT
