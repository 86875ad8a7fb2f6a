"""Hanging up, and finding what became of a call whose answer was lost."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

import pytest

from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import CarrierError, CarrierMisconfigured, OutcomeUnknown
from ringproof_server.testing.carrier_contract import attempt_for, call_for, message_for
from tests.server.carriers.vonage.bench import CALLER_ID, NUMBER, OTHER_CALLER_ID, Desk, desk
from tests.support.raw_http import answering, raw_server
from tests.support.vonage_fake import Fault, Phone


@pytest.fixture
def office() -> Iterator[Desk]:
    with desk() as found:
        yield found


def place(office: Desk, attempt_id: str = "att_1", caller_id: str = CALLER_ID) -> str:
    call = call_for(office.bench, Channel.FLASHCALL, attempt_id, caller_id=caller_id)
    return office.carrier.place_call(call).remote_id


@pytest.mark.parametrize("phone", list(Phone))
def test_a_call_can_be_hung_up_in_any_state(office: Desk, phone: Phone) -> None:
    """Vonage refuses to hang up what is over; that it is over is asked for then."""
    office.fake.phones[NUMBER.e164.lstrip("+")] = phone
    remote_id = place(office)
    office.carrier.hang_up(remote_id)
    office.carrier.hang_up(remote_id)
    assert not office.fake.calls[remote_id].is_up


@pytest.mark.parametrize("remote_id", ["", "../messages", "a/b", "é", "x" * 65, "a b", "a?b=c"])
def test_a_name_that_no_call_can_have_asks_for_nothing(office: Desk, remote_id: str) -> None:
    office.carrier.hang_up(remote_id)
    assert not office.fake.requests


def test_a_hang_up_that_is_refused_while_the_call_is_up_is_an_error(office: Desk) -> None:
    """The phone would ring on, so it has to be tried again."""
    remote_id = place(office)
    office.fake.credentials_refused = True
    with pytest.raises(CarrierMisconfigured):
        office.carrier.hang_up(remote_id)


def test_a_hang_up_whose_answer_is_lost_is_an_error() -> None:
    with raw_server(answering("500 Internal Server Error")) as server, desk(base_url=server.url) as office:
        with pytest.raises(CarrierError):
            office.carrier.hang_up("63f61863-4a51-4f6b-86e1-46edebcf9356")
        assert len(server.requests) == 1


def test_a_call_is_found_by_both_numbers_and_the_time(office: Desk) -> None:
    place(office, "att_2", OTHER_CALLER_ID)
    office.fake.meet(Fault.LOST_ANSWER, once=True)
    with pytest.raises(OutcomeUnknown):
        place(office)
    found = office.carrier.find(attempt_for(office.bench, Channel.FLASHCALL), NUMBER)
    assert found is not None
    assert office.fake.calls[found.remote_id].caller == CALLER_ID.lstrip("+")
    query = office.fake.requests[-1].query
    assert query["date_start"] == "2026-11-20T08:59:00Z"
    assert query["date_end"] == "2026-11-20T09:02:00Z"


def test_a_call_is_found_behind_many_others(office: Desk) -> None:
    """The list comes in pages of a hundred; the client's own count of them would skip nothing but read most
    of it again."""
    for count in range(230):
        place(office, f"att_{count}", f"+44207946{1000 + count}")
    office.fake.meet(Fault.LOST_ANSWER, once=True)
    with pytest.raises(OutcomeUnknown):
        place(office)
    before = len(office.fake.requests)
    found = office.carrier.find(attempt_for(office.bench, Channel.FLASHCALL), NUMBER)
    assert found is not None
    asked = [request.query["record_index"] for request in office.fake.requests[before:]]
    assert asked == ["0", "100", "200"]


def test_of_two_calls_that_fit_none_is_taken(office: Desk) -> None:
    place(office)
    place(office, "att_2")
    assert office.carrier.find(attempt_for(office.bench, Channel.FLASHCALL), NUMBER) is None


def test_the_time_counts_from_when_the_attempt_was_claimed(office: Desk) -> None:
    """It may have waited for a while before; where it was never claimed, from when it was queued."""
    remote_id = place(office)
    attempt = attempt_for(office.bench, Channel.FLASHCALL)
    waited = dataclasses.replace(attempt, queued_at=attempt.queued_at - timedelta(minutes=30))
    unclaimed = dataclasses.replace(attempt, claimed_at=None)
    for one in (waited, unclaimed):
        found = office.carrier.find(one, NUMBER)
        assert found is not None
        assert found.remote_id == remote_id


def test_an_attempt_without_a_caller_id_is_not_looked_for(office: Desk) -> None:
    place(office)
    attempt = dataclasses.replace(attempt_for(office.bench, Channel.FLASHCALL), caller_id=None)
    assert office.carrier.find(attempt, NUMBER) is None


def test_a_message_cannot_be_found(office: Desk) -> None:
    """Vonage lists none: its outcome stays unknown until a report comes in, and it is not sent again."""
    office.fake.meet(Fault.LOST_ANSWER, once=True)
    with pytest.raises(OutcomeUnknown):
        office.carrier.send_message(message_for(office.bench, Channel.SMS))
    asked = len(office.fake.requests)
    assert office.carrier.find(attempt_for(office.bench, Channel.SMS), NUMBER) is None
    assert len(office.fake.requests) == asked == 1
