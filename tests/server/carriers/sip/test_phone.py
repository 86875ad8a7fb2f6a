"""A real phone (baresip) called by the carrier `sip`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Reason
from tests.server.carriers.sip.agents import CALLER_ID, NUMBER, Caller, calling
from tests.support.baresip import Phone, running_phone


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[Phone]:
    with running_phone(tmp_path / "phone", [NUMBER]) as phone:
        yield phone


@pytest.fixture
def caller(tmp_path: Path, phone: Phone) -> Iterator[Caller]:
    with calling(tmp_path / "data", {"trunk": phone.address}) as caller:
        yield caller


def test_the_phone_rings_and_is_hung_up(phone: Phone, caller: Caller) -> None:
    """It shows the caller ID, and both sides measure about the same ring time."""
    name = caller.call()
    caller.wait(AttemptEvent.RING)
    caller.carrier.hang_up(name)
    end = caller.wait(AttemptEvent.END)
    seen = phone.wait_for_call(lambda call: call.ended_at is not None)
    assert end.reason is Reason.RANG
    assert seen.caller == CALLER_ID
    assert not seen.answered
    assert seen.call_id == name
    assert end.ring_ms is not None
    assert seen.ring_ms is not None
    assert abs(end.ring_ms - seen.ring_ms) < 1_500
    phone.wait_until_idle()


def test_whoever_answers_is_hung_up_at_once(phone: Phone, caller: Caller) -> None:
    """ACK first, then BYE, and nothing is left up."""
    phone.behave("answer")
    caller.call()
    assert caller.wait(AttemptEvent.END).reason is Reason.ANSWERED
    assert [event.kind for event in caller.events()][-2:] == [AttemptEvent.ANSWER, AttemptEvent.END]
    phone.wait_for_call(lambda call: call.ended_at is not None)
    requests = [
        packet.start.split()[0] for packet in phone.packets() if packet.received and packet.is_request
    ]
    assert list(dict.fromkeys(requests)) == ["INVITE", "ACK", "BYE"]
    phone.wait_until_idle()


def test_a_phone_that_is_busy_or_rejects(phone: Phone, caller: Caller) -> None:
    """A press on the red button is 486 of this phone, but it was not busy: it rang."""
    phone.behave("reject")
    caller.call()
    assert caller.wait(AttemptEvent.END).reason is Reason.REJECTED
    phone.wait_until_idle()
