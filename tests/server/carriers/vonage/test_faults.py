"""Which error each refusal of Vonage becomes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.carriers.vonage.faults import MEANINGS, NothingThere, fault_of, meaning_of
from ringproof_server.domain.channel import Reason
from ringproof_server.domain.errors import (
    CarrierError,
    CarrierMisconfigured,
    CarrierThrottled,
    CarrierUnavailable,
    FraudSuspected,
    NumberRefused,
    NumberUnreachable,
    OutcomeUnknown,
)

ERRORS = "https://developer.vonage.com/api-errors"
NUMBER = "447400123456"


def fault(status: int, problem: dict[str, Any] | None = None, *, reads: bool = False) -> CarrierError:
    return fault_of(status, problem or {}, reads=reads, retry_after=7.0)


@pytest.mark.parametrize(
    ("status", "problem", "error"),
    [
        (400, {}, CarrierMisconfigured),
        (400, {"invalid_parameters": {"to": "Is invalid."}}, NumberRefused),
        (400, {"invalid_parameters": [{"name": "to[0].number"}]}, NumberRefused),
        (400, {"invalid_parameters": [{"name": "from.number"}]}, CarrierMisconfigured),
        (400, {"invalid_parameters": "nonsense"}, CarrierMisconfigured),
        (401, {}, CarrierMisconfigured),
        (401, {"type": f"{ERRORS}/messages#1170"}, CarrierMisconfigured),
        (402, {"type": f"{ERRORS}#low-balance"}, CarrierMisconfigured),
        (403, {"type": f"{ERRORS}#forbidden"}, CarrierMisconfigured),
        (403, {"type": f"{ERRORS}/messages#1470"}, FraudSuspected),
        (404, {}, NothingThere),
        (404, {"type": f"{ERRORS}/messages#1250"}, NumberUnreachable),
        (409, {}, CarrierMisconfigured),
        (420, {"invalid_parameters": [{"name": "to"}]}, NumberRefused),
        (422, {"type": f"{ERRORS}/messages#1020", "invalid_parameters": [{"name": "to"}]}, NumberRefused),
        (422, {"type": f"{ERRORS}/messages#1120"}, CarrierMisconfigured),
        (422, {"type": f"{ERRORS}/messages#1170"}, NumberRefused),
        (422, {"type": f"{ERRORS}/messages#1240"}, NumberRefused),
        (422, {"type": f"{ERRORS}/messages#1300"}, NumberUnreachable),
        (422, {"type": f"{ERRORS}/messages#1000"}, CarrierThrottled),
        (429, {}, CarrierThrottled),
        (500, {}, OutcomeUnknown),
        (502, {"type": f"{ERRORS}/messages#1170"}, OutcomeUnknown),
        (503, {}, CarrierUnavailable),
        (504, {}, OutcomeUnknown),
        (302, {}, OutcomeUnknown),
    ],
)
def test_every_refusal_leads_to_its_reaction(
    status: int, problem: dict[str, Any], error: type[CarrierError]
) -> None:
    assert type(fault(status, problem)) is error


def test_what_only_reads_leaves_no_unknown_outcome() -> None:
    for status in (302, 500, 502, 504):
        assert type(fault(status, reads=True)) is CarrierUnavailable


def test_the_wait_that_is_asked_for_is_handed_on() -> None:
    found = fault(429)
    assert isinstance(found, CarrierThrottled)
    assert found.retry_after == 7.0


def test_every_number_has_a_reason_for_attempts_that_end_by_it() -> None:
    assert {meaning.reason for meaning in MEANINGS.values()} == {
        *(Reason.CARRIER_ERROR, Reason.CONFIG_ERROR, Reason.INVALID_NUMBER, Reason.UNREACHABLE),
        *(Reason.FRAUD_BLOCKED, Reason.UNKNOWN),
    }
    assert all(1000 <= number <= 1480 for number in MEANINGS)


@pytest.mark.parametrize(
    "problem",
    [
        {"type": f"{ERRORS}/messages#1120"},
        {"type": f"{ERRORS}/messages-olympus/1120"},
        {"type": f"{ERRORS}#invalid-params", "title": 1120},
        {"title": "1120"},
        {"code": 1120},
    ],
)
def test_the_number_is_found_wherever_vonage_writes_it(problem: dict[str, Any]) -> None:
    assert meaning_of(problem) is MEANINGS[1120]


@given(
    status=st.integers(300, 599),
    problem=st.dictionaries(
        st.sampled_from(["type", "title", "detail", "code", "invalid_parameters"]),
        st.sampled_from(
            [
                NUMBER,
                [NUMBER],
                {NUMBER: NUMBER},
                [{"name": NUMBER}],
                [{"name": "to", "reason": NUMBER}],
                7,
                None,
            ]
        ),
    ),
)
def test_no_error_repeats_what_vonage_wrote(status: int, problem: dict[str, Any]) -> None:
    """Its answers quote the request: numbers, and the text with the code."""
    assert NUMBER not in repr(fault(status, problem))
