"""Requests that the network does not take, or takes without saying so."""

from __future__ import annotations

import dataclasses

import pytest

from ringproof_server.carriers.simulated import Behaviour, Fault
from ringproof_server.carriers.simulated.planning import Span, Timings
from ringproof_server.carriers.simulated.settings import Faults
from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import (
    CarrierThrottled,
    CarrierUnavailable,
    NumberRefused,
    OutcomeUnknown,
)
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import Found
from tests.server.carriers.network import NUMBER, OTHER, Network, outgoing_call, outgoing_message

REAL = PhoneNumber("+4915112345678")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.OUTAGE, CarrierUnavailable),
        (Fault.THROTTLED, CarrierThrottled),
        (Fault.REFUSED, NumberRefused),
    ],
)
def test_a_refused_request_leaves_nothing_behind(fault: Fault, error: type[Exception]) -> None:
    """The server gets the error of its reaction, and no phone ever rings for it."""
    network = Network()
    network.handsets.set_fault(NUMBER, fault)
    with pytest.raises(error):
        network.call()
    with pytest.raises(error):
        network.send()
    network.pass_time()
    assert network.carrier.record.calls_per_attempt() == {}
    assert network.carrier.record.messages_per_attempt() == {}
    network.handsets.set_fault(NUMBER, Fault.NONE)
    network.call()
    assert network.carrier.record.calls_per_attempt() == {"att_1": 1}


def test_a_throttled_request_says_when_to_come_back() -> None:
    """Seconds, as carriers say it."""
    network = Network(faults=Faults(throttled=1))
    with pytest.raises(CarrierThrottled) as caught:
        network.call()
    assert caught.value.retry_after == 2.0


def test_a_lost_answer_rings_all_the_same() -> None:
    """The caller does not hear of it while the phone begins to ring, which tempts servers to dial twice."""
    network = Network()
    network.handsets.set_fault(NUMBER, Fault.LOST_ANSWER)
    with pytest.raises(OutcomeUnknown):
        network.call()
    network.pass_time(3)
    assert [event.kind.value for event in network.events] == ["ring"]


def test_an_attempt_is_found_at_its_own_number_only() -> None:
    """A call and a message of one name do not stand in for each other, nor does another phone's call."""
    network = Network()
    remote_id = network.call("att_1")

    def found(channel: Channel, number: PhoneNumber) -> Found | None:
        attempt = Attempt(
            id="att_1", verification_id="vrf_1", channel=channel, step=0, queued_at=network.clock.now()
        )
        return network.carrier.find(attempt, number)

    assert found(Channel.FLASHCALL, NUMBER) == Found(remote_id=remote_id)
    assert found(Channel.FLASHCALL, OTHER) is None
    assert found(Channel.SMS, NUMBER) is None


def test_a_hanging_request_is_taken_after_its_time() -> None:
    """It hangs as long as set, then the call is placed under the name that is answered."""
    network = Network(hang_seconds=30.0)
    network.handsets.set_fault(NUMBER, Fault.HANG)
    remote_id = network.call()
    assert network.slept == [30.0]
    assert [call.id for call in network.carrier.record.calls_of("att_1")] == [remote_id]


def test_a_caller_gives_up_waiting_for_what_the_network_takes_all_the_same() -> None:
    """Nobody waits longer than the caller's patience, and the phone rings although nobody was told."""
    network = Network(hang_seconds=30.0, patience=10.0)
    network.handsets.set_fault(NUMBER, Fault.HANG)
    with pytest.raises(OutcomeUnknown):
        network.call()
    assert network.slept == [10.0]
    network.pass_time(3)
    assert [event.kind.value for event in network.events] == ["ring"]


def test_a_slow_answer_comes_after_the_call_was_placed() -> None:
    """Whoever dies while waiting for it has placed the call all the same."""
    network = Network(timings=Timings(answer=Span(low=700, high=700)))
    remote_id = network.call()
    assert network.slept == [0.7]
    assert [call.id for call in network.carrier.record.calls_of("att_1")] == [remote_id]


def test_faults_of_one_handset_leave_the_others_alone() -> None:
    """A test can break one number on a running server."""
    network = Network()
    network.handsets.set_fault(NUMBER, Fault.OUTAGE)
    network.call(to=OTHER)
    assert network.carrier.record.calls_per_attempt() == {"att_1": 1}


def test_faults_of_the_whole_network_come_true_in_their_share() -> None:
    """A quarter of the requests of many handsets fails, and the network works on between."""
    network = Network(faults=Faults(outage=0.25))
    failed = 0
    for count in range(400):
        try:
            network.call(f"att_{count}", to=PhoneNumber(f"+447700900{count:03}"))
        except CarrierUnavailable:
            failed += 1
    assert 70 <= failed <= 130
    assert len(network.carrier.record.calls_per_attempt()) == 400 - failed


def test_a_fault_does_not_stick_to_a_handset() -> None:
    """Each request draws anew, so that a retry can succeed."""
    network = Network(faults=Faults(outage=0.5))
    outcomes = set()
    for count in range(20):
        try:
            network.call(f"att_{count}")
        except CarrierUnavailable:
            outcomes.add("failed")
        else:
            outcomes.add("placed")
    assert outcomes == {"failed", "placed"}


def test_a_network_that_is_out_of_order_does_not_answer_pings() -> None:
    """Operators see it before their users do."""
    Network().carrier.ping()
    with pytest.raises(CarrierUnavailable):
        Network(faults=Faults(outage=1)).carrier.ping()


def test_beside_real_carriers_only_fictitious_numbers_are_served() -> None:
    """A real person's number never ends up in the toy network; alone, the network takes every number."""
    alone, beside = Network(), Network(fictitious_only=True)
    alone.call(to=REAL)
    beside.call(to=NUMBER)
    with pytest.raises(NumberRefused, match="fictitious numbers only"):
        beside.call(to=REAL)
    with pytest.raises(NumberRefused, match="fictitious numbers only"):
        beside.send(to=REAL)
    assert beside.carrier.record.calls_per_attempt() == {"att_1": 1}


def test_other_channels_are_refused() -> None:
    """What the capabilities leave out is not taken by accident."""
    network = Network()
    call, message = outgoing_call(), outgoing_message()
    for channel in Channel:
        other_call = dataclasses.replace(call, channel=channel)
        other_message = dataclasses.replace(message, channel=channel)
        carried = channel in network.carrier.capabilities.channels
        if not (carried and channel.is_call):
            with pytest.raises(NumberRefused):
                network.carrier.place_call(other_call)
        if not carried or channel.is_call:
            with pytest.raises(NumberRefused):
                network.carrier.send_message(other_message)


def test_a_behaviour_holds_for_the_next_call_only_from_when_it_is_set() -> None:
    """A call under way goes on as it was planned."""
    network = Network()
    network.call("att_1")
    network.handsets.behave(NUMBER, Behaviour.BUSY)
    network.call("att_2")
    network.pass_time()
    reasons = [network.carrier.record.calls_of(attempt)[0].reason for attempt in ("att_1", "att_2")]
    assert reasons == ["no_answer", "busy"]
