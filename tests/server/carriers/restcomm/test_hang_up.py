"""Calls are ended through Restcomm in whatever state they are, and whatever it thinks of that."""

from __future__ import annotations

import pytest

from ringproof_server.carriers import (
    CarrierError,
    CarrierMisconfigured,
    CarrierThrottled,
    CarrierUnavailable,
)
from tests.server.carriers.restcomm.bench import carrier_at, restcomm
from tests.support.raw_http import answering, raw_server


def statuses(requests: list[tuple[str, str, dict[str, str]]]) -> list[str]:
    return [form["Status"] for _, _, form in requests if "Status" in form]


def test_a_ringing_call_is_cancelled_with_one_request() -> None:
    """Nothing but the state is in it: a URL beside it is a conflict to Restcomm."""
    with restcomm() as both:
        call = both.call()
        both.account.ring(call)
        both.carrier.hang_up(call.sid)
        assert call.status == "canceled"
        assert both.server.requests[1:] == [("POST", both.server.requests[-1][1], {"Status": "canceled"})]


def test_a_talking_call_is_completed() -> None:
    """`canceled` alone would leave it up, and billed."""
    with restcomm() as both:
        call = both.call()
        both.account.ring(call)
        both.account.answer(call)
        both.carrier.hang_up(call.sid)
        assert call.status == "completed"
        assert statuses(both.server.requests) == ["canceled", "completed"]


def test_a_call_that_has_just_ended_is_no_error() -> None:
    """Restcomm answers 500 for it; the account's list knows better."""
    with restcomm() as both:
        call = both.call()
        both.account.end(call, "busy")
        both.carrier.hang_up(call.sid)
        assert call.status == "busy"


@pytest.mark.parametrize("sid", ["CA" + "0" * 32, "nonsense/../../Accounts", "", "?", "a" * 500])
def test_a_call_that_nobody_knows_is_over(sid: str) -> None:
    """406 to a SID of the right form, 400 to every other, and the path stays the path."""
    with restcomm() as both:
        other = both.call()
        both.carrier.hang_up(sid)
        assert not other.is_over


def test_an_unknown_call_needs_one_request() -> None:
    """406 says it all."""
    with restcomm() as both:
        both.carrier.hang_up("CA" + "0" * 32)
        assert len(both.server.requests) == 1


def test_a_hang_up_that_was_too_many_is_throttled() -> None:
    """It is tried again later, and nothing is wrong with the configuration."""
    with raw_server(answering("429 Too Many Requests", b"", "Retry-After: 3")) as server:
        with pytest.raises(CarrierThrottled) as caught:
            carrier_at(server.url).hang_up("CA" + "0" * 32)
        assert caught.value.retry_after == 3
        assert len(server.requests) == 1


def test_a_server_that_changes_no_live_calls_is_told_to_its_operator() -> None:
    """The documentation limits it to calls of the Dial verb; the call's own timeout ends it then."""
    with restcomm() as both:
        call = both.call()
        both.account.live_changes_allowed = False
        with pytest.raises(CarrierMisconfigured):
            both.carrier.hang_up(call.sid)
        both.account.end(call, "no-answer")
        both.carrier.hang_up(call.sid)


def test_what_cannot_be_found_out_is_an_error() -> None:
    """The hang-up is tried again then."""
    with restcomm() as both:
        call = both.call()
        both.account.live_changes_allowed = False
        both.server.fails_to_look = True
        with pytest.raises(CarrierUnavailable):
            both.carrier.hang_up(call.sid)
        both.server.refuses_credentials = True
        with pytest.raises(CarrierMisconfigured):
            both.carrier.hang_up(call.sid)


def test_a_call_that_lives_on_after_a_fault_is_an_error() -> None:
    """A 500 about a live call did not end it."""
    with restcomm() as both:
        call = both.call()
        both.account.end(call, "completed")
        call.status = "ringing"
        both.account.live_changes_allowed = False
        with pytest.raises(CarrierError):
            both.carrier.hang_up(call.sid)
