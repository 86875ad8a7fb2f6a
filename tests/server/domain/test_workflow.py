"""The plan of a verification."""

from __future__ import annotations

import pytest

from ringproof_server.domain.assurance import FlashOffer
from ringproof_server.domain.caller_id import CallerIdPattern
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.workflow import Plan, Step

FLASH = Step(
    channel=Channel.FLASHCALL,
    timeout=45,
    guess_probability=3e-4,
    flash=FlashOffer(CallerIdPattern("+44", 13), 4, 1, 3, 3e-4),
)
SMS = Step(channel=Channel.SMS, timeout=120, guess_probability=5e-6)
VOICE = Step(channel=Channel.VOICE, timeout=120, guess_probability=5e-6)


@pytest.mark.parametrize(
    ("steps", "tried", "expected"),
    [
        ((FLASH, SMS), 1, 3e-4),
        ((FLASH, SMS), 2, 3.05e-4),
        ((FLASH, SMS), None, 3.05e-4),
        ((SMS, FLASH), 1, 5e-6),
        ((SMS, VOICE), 2, 5e-6),
        ((FLASH, SMS, VOICE), None, 3.05e-4),
        ((FLASH,), 0, 0.0),
    ],
)
def test_the_probability_sums_the_flash_call_and_the_one_code_that_all_code_channels_share(
    steps: tuple[Step, ...], tried: int | None, expected: float
) -> None:
    assert Plan(steps).guess_probability(tried) == pytest.approx(expected)


def test_a_probability_is_at_most_one() -> None:
    certain = Step(channel=Channel.SMS, timeout=1, guess_probability=0.9)
    likely = Step(channel=Channel.FLASHCALL, timeout=1, guess_probability=0.9, flash=FLASH.flash)
    assert Plan((certain, likely)).guess_probability() == 1.0


def test_a_channel_is_found_where_it_stands_or_not_at_all() -> None:
    plan = Plan((FLASH, SMS))
    assert plan.position_of(Channel.SMS) == 1
    assert plan.position_of(Channel.VOICE) is None
