"""Keys of one call told many times at once, on SQLite and on PostgreSQL: no try more than there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ringproof_server.domain.attempt import Attempt, AttemptEvent
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import RingproofError
from ringproof_server.domain.evidence import KeypadEvidence
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Status
from ringproof_server.service.spoken import DocumentKind
from tests.support import leaks
from tests.support.at_once import at_once
from tests.support.switchboard import Switchboard
from tests.support.world import Session

AT_ONCE = 12
POLICY = Policy(workflow=(Channel.KEYPAD,), check_delays=(0,))


@pytest.fixture
def two_processes(tmp_path: Path, database: str) -> Iterator[Switchboard]:
    """A server of two processes on each kind of database."""
    board = Switchboard(tmp_path / "keys", database=database)
    board.world.process()
    yield board
    board.world.close()


def _answered(board: Switchboard) -> tuple[Session, Attempt, str]:
    session = board.world.start(board.world.app(POLICY))
    attempt = board.ringing(session)
    board.say(attempt, AttemptEvent.ANSWER)
    shown = session.started.keypad
    assert shown is not None
    leaks.secret(shown.digits, "code")
    return session, attempt, shown.digits


def _at_once(
    board: Switchboard, attempt: Attempt, keys: Callable[[int], str]
) -> Counter[DocumentKind | RingproofError]:
    """What is said to keys that are told many times at the same moment, to both processes."""
    reference = board.reference(attempt)

    def tell(index: int) -> DocumentKind:
        found = board.world.processes[index % 2].events.keys(reference, keys(index))
        assert found is not None
        return found.kind

    return Counter(at_once(AT_ONCE, tell))


def test_wrong_keys_told_at_once_have_two_tries_together(two_processes: Switchboard) -> None:
    """A thousand lines to one call are worth no more than one."""
    session, attempt, digits = _answered(two_processes)
    wrong = [f"{(int(digits) + 1 + index) % 10**6:06}" for index in range(AT_ONCE)]
    said = _at_once(two_processes, attempt, wrong.__getitem__)
    assert said == {DocumentKind.KEYPAD: 1, DocumentKind.GOODBYE: AT_ONCE - 1}
    assert session.stored.checks == 2
    assert two_processes.world.server.failures() == 2


def test_right_keys_told_at_once_are_right_once_and_for_all(two_processes: Switchboard) -> None:
    session, attempt, digits = _answered(two_processes)
    assert _at_once(two_processes, attempt, lambda _: digits) == {DocumentKind.CONFIRMING: AT_ONCE}
    assert len(two_processes.world.server.notes(session.id, "right_keys")) == 1
    assert session.confirm(KeypadEvidence()).status is Status.VERIFIED
