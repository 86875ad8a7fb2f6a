"""The states of a verification, walked over the whole product of states and endings."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ringproof_server.domain.assurance import FlashOffer
from ringproof_server.domain.caller_id import CallerIdPattern
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import ImpossibleTransition
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.verification import TRANSITIONS, Ending, Status, Verification, follow
from ringproof_server.domain.workflow import Plan, Step

PLAIN = {
    Ending.PROVE: Status.VERIFIED,
    Ending.FAIL: Status.FAILED,
    Ending.EXPIRE: Status.EXPIRED,
    Ending.CANCEL: Status.CANCELLED,
}
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def _verification() -> Verification:
    offer = FlashOffer(CallerIdPattern("+44", 13), 4, 1, 3, 3e-4)
    steps = (
        Step(channel=Channel.SMS, timeout=120, guess_probability=5e-6),
        Step(channel=Channel.FLASHCALL, timeout=45, guess_probability=3e-4, flash=offer),
    )
    return Verification(
        id="vrf_1",
        application_id="app_1",
        number=PhoneNumber.parse("+447700900123"),
        plan=Plan(steps),
        created_at=NOW,
        expires_at=NOW + timedelta(seconds=300),
        code_salt=b"sixteen bytes...",
        token_id="tok_secret",
    )


def test_a_pending_verification_ends_as_it_is_told() -> None:
    for ending, status in PLAIN.items():
        assert follow(Status.PENDING, ending) == (status, "")


def test_nothing_changes_a_verdict_and_every_attempt_says_why() -> None:
    for status, ending in itertools.product(PLAIN.values(), Ending):
        found, note = follow(status, ending)
        assert found is status
        assert note.startswith("a repeat" if PLAIN[ending] is status else "late"), (status, ending)


def test_a_pair_without_a_row_raises() -> None:
    with pytest.raises(ImpossibleTransition, match="a pending verification cannot vanish"):
        follow(Status.PENDING, "vanish")  # type: ignore[arg-type]  # A caller's mistake.


def test_the_table_has_every_pair_and_no_other() -> None:
    assert set(TRANSITIONS) == set(itertools.product(Status, Ending))


@pytest.mark.parametrize(
    ("status", "seconds", "expected"),
    [
        (Status.PENDING, 299.999999, Status.PENDING),
        (Status.PENDING, 300, Status.EXPIRED),
        (Status.PENDING, 1e6, Status.EXPIRED),
        (Status.VERIFIED, 1e6, Status.VERIFIED),
        (Status.FAILED, 1e6, Status.FAILED),
        (Status.CANCELLED, 1e6, Status.CANCELLED),
    ],
)
def test_expiry_is_a_matter_of_the_clock_alone(status: Status, seconds: float, expected: Status) -> None:
    verification = replace(_verification(), status=status)
    assert verification.status_at(NOW + timedelta(seconds=seconds)) is expected


def test_the_stated_probability_covers_the_channels_tried_and_no_others() -> None:
    start = _verification()
    assert start.guess_probability == 5e-6
    assert replace(start, step=1).guess_probability == pytest.approx(3.05e-4)


def test_a_flash_call_that_was_reported_on_counts_after_going_back() -> None:
    back = replace(_verification(), step=0, reports=1)
    assert back.guess_probability == pytest.approx(3.05e-4)
    assert replace(back, reports=0, proof=Channel.FLASHCALL).guess_probability == pytest.approx(3.05e-4)


def test_what_a_verification_keeps_secret_is_not_in_its_repr() -> None:
    shown = repr(_verification())
    assert "sixteen" not in shown
    assert "tok_secret" not in shown
    assert "7700900123" not in shown
