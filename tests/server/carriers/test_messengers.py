"""Messengers of the simulated network: delivered, read, left unread, turned back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ringproof_server.carriers.simulated import Behaviour, HandsetMessage
from ringproof_server.carriers.simulated.chaos import Chaos
from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Channel, Reason
from tests.server.carriers.network import NUMBER, Network, outgoing_message

MESSENGERS = [Channel.WHATSAPP, Channel.VIBER, Channel.MESSENGER]


def send(network: Network, channel: Channel) -> None:
    network.carrier.send_message(replace(outgoing_message(text="483920 is your code"), channel=channel))


def told(network: Network) -> list[tuple[AttemptEvent, Reason | None]]:
    return [(event.kind, event.reason) for event in network.events]


@pytest.mark.parametrize("channel", MESSENGERS)
def test_a_message_arrives_and_is_looked_at_some_seconds_later(channel: Channel) -> None:
    network = Network()
    send(network, channel)
    network.pass_time(1.3)
    assert network.handsets.events(NUMBER) == [
        HandsetMessage(seq=1, channel=channel.value, text="483920 is your code")
    ]
    assert told(network) == [(AttemptEvent.DELIVER, None)]
    network.pass_time(1.4)
    network.pass_time(10)
    assert told(network) == [(AttemptEvent.DELIVER, None), (AttemptEvent.READ, None)]
    assert 1.5e6 <= network.arrivals[1] - network.arrivals[0] <= 3e6
    assert len({event.key for event in network.events}) == 2
    assert network.exchange.step() is None


@pytest.mark.parametrize(
    ("channel", "behaviour", "events", "seen"),
    [
        (Channel.SMS, Behaviour.RING, [(AttemptEvent.DELIVER, None)], 1),
        (Channel.VIBER, Behaviour.UNREAD, [(AttemptEvent.DELIVER, None)], 1),
        (Channel.VIBER, Behaviour.UNDELIVERED, [(AttemptEvent.FAIL, Reason.UNREACHABLE)], 0),
        (Channel.SMS, Behaviour.UNDELIVERED, [(AttemptEvent.FAIL, Reason.UNREACHABLE)], 0),
        (Channel.VIBER, Behaviour.OFF, [], 0),
    ],
)
def test_a_handset_may_leave_messages_unread_or_take_none(
    channel: Channel, behaviour: Behaviour, events: list[tuple[AttemptEvent, Reason | None]], seen: int
) -> None:
    network = Network()
    network.handsets.behave(NUMBER, behaviour)
    send(network, channel)
    network.pass_time(60)
    assert told(network) == events
    assert len(network.handsets.events(NUMBER)) == seen
    assert network.exchange.step() is None


@pytest.mark.parametrize("behaviour", [Behaviour.UNREAD, Behaviour.UNDELIVERED])
def test_such_a_handset_rings_when_it_is_called(behaviour: Behaviour) -> None:
    network = Network(ring_seconds=4)
    network.handsets.behave(NUMBER, behaviour)
    network.call()
    network.pass_time()
    assert told(network) == [(AttemptEvent.RING, None), (AttemptEvent.END, Reason.RANG)]


def test_bad_weather_turns_the_events_round_and_loses_none_of_the_story() -> None:
    """Delivered and read come in any order and more than once; both come."""
    for seed in range(20):
        network = Network(seed=bytes([seed]), chaos=Chaos(doubled=0.5, reordered=0.5, late=0.5))
        send(network, Channel.WHATSAPP)
        network.pass_time(400)
        assert {kind for kind, _ in told(network)} == {AttemptEvent.DELIVER, AttemptEvent.READ}
