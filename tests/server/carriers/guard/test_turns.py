"""The pace of the account, and the pauses that a carrier asks for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ringproof_server.carriers.guard.turns import LONGEST_PAUSE, PAUSE
from ringproof_server.domain.errors import CarrierThrottled, CarrierUnavailable, OutcomeUnknown
from tests.server.carriers.guard.scripted import (
    ENDING,
    OPERATIONS,
    PATIENCE,
    PLACING,
    Guarded,
    ScriptedCarrier,
)

PACED: dict[str, Any] = {"calls_per_second": 1.0, "messages_per_second": 2.0}


def test_a_carrier_without_a_limit_is_not_paced() -> None:
    guarded = Guarded()
    for operation in OPERATIONS:
        guarded.ask(operation)
    assert not guarded.pacer.asked


def test_calls_and_messages_are_paced_apart_and_everything_else_is_not() -> None:
    """By keys that say whose pace it is and hold no more than the digest they were given."""
    guarded = Guarded(**PACED)
    for operation in OPERATIONS:
        guarded.ask(operation)
    assert guarded.pacer.asked == [("scripted:0123:calls", 1.0, 3.0), ("scripted:0123:messages", 2.0, 3.0)]


def test_what_the_operator_sets_overrides_what_the_carrier_names() -> None:
    inner = ScriptedCarrier(rates={"calls": 5.0, "messages": 7.0})
    guarded = Guarded(inner, calls_per_second=1.0)
    for operation in PLACING:
        guarded.ask(operation)
    assert [rate for _, rate, _ in guarded.pacer.asked] == [1.0, 7.0]
    assert guarded.carrier.capabilities.calls_per_second == 1.0
    assert guarded.carrier.capabilities.messages_per_second == 7.0
    unlimited = Guarded(inner, calls_per_second=float("inf"))
    unlimited.ask("place_call")
    assert not unlimited.pacer.asked
    assert unlimited.carrier.capabilities.calls_per_second is None


def test_a_request_waits_for_its_turn() -> None:
    guarded = Guarded(**PACED)
    guarded.pacer.waits = [2.5]
    guarded.ask("place_call")
    assert guarded.time.slept == [2.5]
    assert guarded.lines[0]["waited_ms"] == 2500.0
    assert guarded.lines[0]["ms"] == 0.0


@pytest.mark.parametrize("operation", PLACING)
def test_a_wait_beyond_the_patience_leads_to_the_next_carrier(operation: str) -> None:
    """Nobody waits, the carrier is not asked, its breaker learns nothing."""
    guarded = Guarded(**PACED)
    guarded.pacer.waits = [3.01] * 50
    for _ in range(50):
        fault = guarded.fault_of(operation)
        assert isinstance(fault, CarrierThrottled)
        assert fault.retry_after == 3.01
    assert not guarded.time.slept
    assert not guarded.inner.asked
    assert guarded.lines[0]["stage"] == "pacing"
    assert guarded.lines[0]["attempts"] == 0
    assert guarded.ask(operation)


@pytest.mark.parametrize(("asked", "kept"), [(30.0, 30.0), (None, PAUSE), (1e9, LONGEST_PAUSE)])
def test_a_throttling_carrier_gets_the_pause_it_asks_for(asked: float | None, kept: float) -> None:
    """Nothing of that kind is placed before; the others go on."""
    guarded = Guarded(patience=0.5)
    guarded.inner.will("place_call", CarrierThrottled("slower", asked))
    guarded.fault_of("place_call")
    fault = guarded.fault_of("place_call")
    assert isinstance(fault, CarrierThrottled)
    assert fault.retry_after == kept
    for operation in ("send_message", *ENDING):
        guarded.ask(operation)
    guarded.time.now += kept - 0.4
    guarded.ask("place_call")
    assert guarded.time.slept == [pytest.approx(0.4)]
    assert guarded.inner.asked.count("place_call") == 2


def test_of_two_pauses_the_longer_one_is_kept() -> None:
    """Of requests that are under way together the last answer may be the one that asks for less."""
    guarded = Guarded()

    def be_overtaken() -> None:
        guarded.fault_of("place_call")
        raise CarrierThrottled("slower", None)

    guarded.inner.will("place_call", be_overtaken, CarrierThrottled("slower", 30.0))
    guarded.fault_of("place_call")
    fault = guarded.fault_of("place_call")
    assert isinstance(fault, CarrierThrottled)
    assert fault.retry_after == 30.0


@pytest.mark.parametrize("operation", ENDING)
def test_a_throttled_hang_up_pauses_nothing(operation: str) -> None:
    """A phone that rings is worth another request, and what is placed has its own pace."""
    guarded = Guarded()
    guarded.inner.will(operation, CarrierThrottled("slower", 30.0))
    guarded.fault_of(operation)
    guarded.ask(operation)
    guarded.ask("place_call")
    assert not guarded.time.slept


def test_the_pace_and_a_pause_share_one_patience() -> None:
    guarded = Guarded(**PACED)
    guarded.inner.will("place_call", CarrierThrottled("slower", 2.0))
    guarded.fault_of("place_call")
    guarded.pacer.waits = [1.5]
    assert isinstance(guarded.fault_of("place_call"), CarrierThrottled)
    assert [patience for *_, patience in guarded.pacer.asked] == [3.0, pytest.approx(1.0)]


def test_a_repetition_takes_a_turn_of_its_own() -> None:
    """A carrier counts requests, also those that it has refused."""
    guarded = Guarded(**PACED)
    guarded.inner.will("place_call", CarrierUnavailable("away"))
    guarded.pacer.waits = [0.0, 0.3]
    guarded.ask("place_call")
    assert len(guarded.pacer.asked) == 2
    assert guarded.time.slept[1:] == [0.3]


def test_a_repetition_whose_turn_is_far_off_does_not_take_place() -> None:
    guarded, fault = Guarded(**PACED), CarrierUnavailable("away")
    guarded.inner.will("place_call", fault)
    guarded.pacer.waits = [0.0, 1.0]
    assert guarded.fault_of("place_call") is fault
    assert guarded.inner.asked == ["place_call"]


def test_who_waits_for_a_turn_while_the_breaker_opens_does_not_ask() -> None:
    """A line in front of a carrier that has just died does not run into it one after another."""
    guarded = Guarded(calls_per_second=1.0)
    guarded.inner.will("send_message", *[OutcomeUnknown("lost")] * 5)

    def die() -> None:
        for _ in range(5):
            guarded.fault_of("send_message")

    guarded.time.meanwhile = die
    guarded.pacer.waits = [2.0]
    assert isinstance(guarded.fault_of("place_call"), CarrierUnavailable)
    assert "place_call" not in guarded.inner.asked
    assert guarded.lines[-1]["stage"] == "breaker"


def test_a_stop_ends_the_waiting() -> None:
    """A server that stops does not wait until it is the turn of what it has not begun."""
    guarded = Guarded(really_waits=True, calls_per_second=1.0)
    guarded.pacer.waits = [2.9]
    with ThreadPoolExecutor(1) as pool:
        fault = pool.submit(guarded.fault_of, "place_call")
        assert guarded.pacer.was_asked.wait(PATIENCE)
        guarded.carrier.stop()
        assert isinstance(fault.result(PATIENCE), CarrierUnavailable)
    assert not guarded.inner.asked
