"""Twilio's error codes, by what we do about them."""

from __future__ import annotations

import pytest

from ringproof_server.carriers import (
    CarrierError,
    CarrierMisconfigured,
    CarrierThrottled,
    CarrierUnavailable,
    FraudSuspected,
    NumberRefused,
    NumberUnreachable,
    OutcomeUnknown,
)
from ringproof_server.carriers.twilio.reactions import FAILURES, REFUSALS, failure, refusal
from ringproof_server.domain.channel import Reason


@pytest.mark.parametrize(
    ("code", "reaction"),
    [
        (21211, NumberRefused),
        (21217, NumberRefused),
        (21614, NumberRefused),
        (21610, NumberRefused),
        (21214, NumberUnreachable),
        (21612, NumberUnreachable),
        (21210, CarrierMisconfigured),
        (21212, CarrierMisconfigured),
        (21408, CarrierMisconfigured),
        (21215, CarrierMisconfigured),
        (20003, CarrierMisconfigured),
        (20429, CarrierThrottled),
        (10004, CarrierThrottled),
        (60410, FraudSuspected),
        (30450, FraudSuspected),
    ],
)
def test_codes_lead_to_their_reaction(code: int, reaction: type[CarrierError]) -> None:
    """And the operator is told which it was."""
    error = refusal(400, code, placing=True)
    assert type(error) is reaction
    assert str(code) in str(error)


@pytest.mark.parametrize("status", [301, 400, 402, 403, 404, 409, 422])
@pytest.mark.parametrize("code", [None, "21211", -1, 0, 29_999, 10**9, True, [21211]])
def test_codes_that_nobody_knows_are_left_to_the_operator(status: int, code: object) -> None:
    """Nothing was placed, no number is blamed, and another carrier may take it."""
    assert type(refusal(status, code, placing=True)) is CarrierMisconfigured


@pytest.mark.parametrize("code", [20500, 20503, 21211, None])
def test_a_fault_of_twilios_is_not_blamed_on_the_number(code: int | None) -> None:
    """Whatever it says, a 5xx says it about the far side, and not that nothing has happened."""
    assert type(refusal(503, code, placing=True)) is OutcomeUnknown
    assert type(refusal(500, code, placing=False)) is CarrierUnavailable


def test_no_refused_request_counts_as_perhaps_carried_out() -> None:
    """A code is an answer, so the outcome is known."""
    assert not any(issubclass(reaction, OutcomeUnknown) for reaction in REFUSALS.values())


def test_failures_are_reasons_of_the_closed_list() -> None:
    for code, reason in FAILURES.items():
        assert failure(str(code)) is reason
    assert failure("0") is failure("") is failure("x") is failure("٣٠٠٠٣") is Reason.UNKNOWN
