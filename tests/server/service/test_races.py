"""Limits and budgets under many requests at once, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import AlreadyFinished, RingproofError, TooEarly
from ringproof_server.domain.evidence import CallEvidence
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Status
from tests.support.at_once import at_once
from tests.support.switchboard import Switchboard
from tests.support.world import (
    Session,
    call_report,
    code_report,
    right_call,
    wrong_call,
)

T = TypeVar("T")
Answers = tuple[CallEvidence, CallEvidence]
AT_ONCE = 16
OPEN = Policy(flash_starts=1000, pending_per_number=100, number_guess_budget=1.0)


@pytest.fixture
def two_processes(tmp_path: Path, database: str) -> Iterator[Switchboard]:
    """A server of two processes on each kind of database."""
    board = Switchboard(tmp_path / "races", database=database)
    board.world.process()
    yield board
    board.world.close()


def _sessions(answers: list[Session | RingproofError]) -> list[Session]:
    return [answer for answer in answers if isinstance(answer, Session)]


def test_as_many_verifications_of_a_number_start_as_may_be_under_way(two_processes: Switchboard) -> None:
    world = two_processes.world
    app = world.app(replace(OPEN, pending_per_number=3))
    answers = at_once(AT_ONCE, lambda index: world.start(app, process=world.processes[index % 2]))
    started = _sessions(answers)
    assert len(started) == 3
    assert len({session.caller_id for session in started}) == 3
    slugs = Counter(answer.slug for answer in answers if isinstance(answer, RingproofError))
    assert slugs == {"concurrent-verification": AT_ONCE - 3}


def test_the_sum_of_guesses_stays_within_the_budget(two_processes: Switchboard) -> None:
    world = two_processes.world
    policy = replace(OPEN, number_guess_budget=1e-3, max_calls=1, workflow=(Channel.FLASHCALL,))
    apps = [world.app(policy), world.app(policy)]
    answers = at_once(AT_ONCE, lambda index: world.start(apps[index % 2], process=world.processes[index % 2]))
    stated = [session.stored.plan.guess_probability() for session in _sessions(answers)]
    assert 3 <= len(stated) < AT_ONCE
    assert sum(stated) == pytest.approx(world.server.spent())
    assert world.server.spent() <= 1e-3 + 1e-12


def test_one_of_the_starts_with_the_same_reference_wins(two_processes: Switchboard) -> None:
    world = two_processes.world
    app = world.app(OPEN)
    answers = at_once(
        AT_ONCE,
        lambda index: world.start(app, process=world.processes[index % 2], reference="signup-42"),
    )
    (winner,) = _sessions(answers)
    told = {answer.verification_id for answer in answers if isinstance(answer, RingproofError)}
    assert told == {winner.id}


@pytest.mark.parametrize("channel", [Channel.FLASHCALL, Channel.SMS])
def test_wrong_answers_at_once_are_no_more_than_were_allowed(
    two_processes: Switchboard, channel: Channel
) -> None:
    """Each is judged once, and each counts."""
    world = two_processes.world
    app = world.app(replace(OPEN, workflow=(channel,), check_delays=(0,)))
    session = world.start(app)
    is_call = channel is Channel.FLASHCALL
    evidence = wrong_call(session) if is_call else code_report("wrong")
    answers = at_once(
        AT_ONCE,
        lambda index: replace(session, process=world.processes[index % 2]).confirm(evidence),
    )
    allowed = 3 if is_call else 5
    assert session.stored.status is Status.FAILED
    assert (session.stored.reports, session.stored.checks) == ((allowed, 0) if is_call else (0, allowed))
    assert world.server.failures() == allowed
    judged = [answer for answer in answers if not isinstance(answer, RingproofError)]
    assert len(judged) == allowed
    assert all(isinstance(answer, AlreadyFinished | TooEarly) for answer in answers if answer not in judged)


def test_right_and_wrong_answers_at_once_have_one_end(two_processes: Switchboard) -> None:
    world = two_processes.world
    app = world.app(OPEN)
    for number in range(3):
        session = world.start(app, f"+44770090030{number}")
        right, wrong = right_call(session), wrong_call(session)

        def confirm(index: int, session: Session = session, answers: Answers = (right, wrong)) -> str | None:
            client = replace(session, process=world.processes[index % 2])
            return client.confirm(answers[0] if index % 4 == 0 else answers[1]).token

        tokens = {token for token in at_once(AT_ONCE, confirm) if isinstance(token, str)}
        stored = session.stored
        assert len(tokens) == (stored.status is Status.VERIFIED)
        assert stored.reports <= 3
        assert world.server.trace(session.id).count("finished") == (stored.status is not Status.PENDING)


def test_a_cancel_and_a_confirm_at_once_have_one_end(two_processes: Switchboard) -> None:
    world = two_processes.world
    app = world.app(OPEN)
    for number in range(3):
        session = world.start(app, f"+44770090040{number}")
        evidence = call_report(session.caller_id)

        def act(index: int, session: Session = session, evidence: CallEvidence = evidence) -> str | None:
            client = replace(session, process=world.processes[index % 2])
            return client.cancel().token if index % 2 else client.confirm(evidence).token

        answers = at_once(AT_ONCE, act)
        tokens = {answer for answer in answers if isinstance(answer, str)}
        assert session.stored.status in {Status.VERIFIED, Status.CANCELLED}
        assert len(tokens) == (session.stored.status is Status.VERIFIED)


def test_the_next_step_asked_for_at_once_starts_once(two_processes: Switchboard) -> None:
    world = two_processes.world
    session = world.start(world.app(OPEN))
    at_once(
        AT_ONCE,
        lambda index: replace(session, process=world.processes[index % 2]).advance(Channel.SMS),
    )
    assert [item.channel for item in session.attempts] == [Channel.FLASHCALL, Channel.SMS]


def test_verifications_of_one_number_that_ask_for_a_code_at_once_send_one(
    two_processes: Switchboard,
) -> None:
    """The spacing of sends is the number's: what each of them would be allowed alone, one of them gets."""
    world = two_processes.world
    app = world.app(OPEN)
    for number in (f"+4477009007{index:02}" for index in range(4)):
        sessions = [world.start(app, number) for _ in range(AT_ONCE)]
        _ask_for_codes_at_once(two_processes, sessions)
        sent = [item for session in sessions for item in session.attempts if item.channel is Channel.SMS]
        assert len(sent) == 1


def _ask_for_codes_at_once(board: Switchboard, sessions: list[Session]) -> None:
    answers = at_once(
        AT_ONCE,
        lambda index: replace(sessions[index], process=board.world.processes[index % 2]).advance(Channel.SMS),
    )
    assert sum(isinstance(answer, TooEarly) for answer in answers) == AT_ONCE - 1


def test_what_is_due_is_done_once(two_processes: Switchboard) -> None:
    world = two_processes.world
    app = world.app(OPEN)
    sessions = [world.start(app, f"+4477009005{index:02}") for index in range(10)]
    for session in sessions:
        two_processes.ringing(session)
    world.clock.move(45)
    at_once(
        AT_ONCE,
        lambda index: world.processes[index % 2].due.run() + world.processes[index % 2].dispatch_all(),
    )
    for session in sessions:
        assert [item.channel for item in session.attempts] == [Channel.FLASHCALL, Channel.SMS]
    hung_up = Counter(two_processes.first.hung_up)
    assert set(hung_up.values()) == {1}
    assert len(hung_up) == 10
    assert max(Counter(two_processes.first.asked).values()) == 1
