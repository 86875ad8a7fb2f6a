"""The network at work: what the server is told and what the handset sees are two sides of one call."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringproof_server.carriers.simulated import Behaviour, CallRecord, HandsetCall, HandsetMessage
from ringproof_server.carriers.simulated.chaos import Chaos
from ringproof_server.carriers.simulated.exchange import FIRST_RETRY, TRIES
from ringproof_server.carriers.simulated.moments import MILLISECOND, SECOND
from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Reason
from tests.server.carriers.network import CALLER_ID, NUMBER, OTHER, UNTIMED, Network, outgoing_message


def called(behaviour: Behaviour, *, delay_ms: int = 0, ring_seconds: float | None = 5.0) -> Network:
    """A network in which one call was placed and everything has happened."""
    network = Network(ring_seconds=ring_seconds)
    network.handsets.behave(NUMBER, behaviour, delay_ms)
    network.call()
    network.pass_time()
    return network


def told(network: Network) -> list[tuple[str, Reason | None]]:
    return [(event.kind.value, event.reason) for event in network.events]


def seen(network: Network) -> list[HandsetCall]:
    return [event for event in network.handsets.events(NUMBER) if isinstance(event, HandsetCall)]


def record(network: Network) -> CallRecord:
    (only,) = network.carrier.record.calls_of("att_1")
    return only


def test_a_flash_call_rings_and_is_hung_up() -> None:
    """The server hears of ring and end, the phone shows the caller ID and counts the same five seconds."""
    network = called(Behaviour.RING)
    assert told(network) == [("ring", None), ("end", Reason.RANG)]
    ringing, ended = seen(network)
    assert (ringing.state, ringing.caller_id, ringing.ring_ms) == ("ringing", CALLER_ID, None)
    assert (ended.state, ended.caller_id, ended.ring_ms) == ("ended", CALLER_ID, 5000)
    assert (ringing.seq, ended.seq) == (1, 2)
    assert ringing.call == ended.call == record(network).id
    assert network.events[-1].ring_ms == 5000
    assert (ended.answered, ended.heard) == (False, None)


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (Behaviour.ANSWER, [("ring", None), ("answer", None), ("end", Reason.ANSWERED)]),
        (Behaviour.VOICEMAIL, [("ring", None), ("answer", None), ("end", Reason.ANSWERED)]),
        (Behaviour.REJECT, [("ring", None), ("end", Reason.REJECTED)]),
        (Behaviour.BUSY, [("end", Reason.BUSY)]),
        (Behaviour.OFF, [("end", Reason.UNREACHABLE)]),
        (Behaviour.WITHHELD, [("ring", None), ("end", Reason.RANG)]),
        (Behaviour.ALTERED, [("ring", None), ("end", Reason.RANG)]),
        (Behaviour.LATE, [("ring", None), ("end", Reason.RANG)]),
        (Behaviour.LOST_CANCEL, [("ring", None), ("end", Reason.RANG)]),
    ],
)
def test_every_behaviour_has_its_events(
    behaviour: Behaviour, expected: list[tuple[str, Reason | None]]
) -> None:
    """The server is told what a network would tell it."""
    assert told(called(behaviour)) == expected


def test_whoever_answers_hears_the_document() -> None:
    """It is fetched from the call's own address, spoken, and what was heard is on the record."""
    network = called(Behaviour.ANSWER)
    assert network.asked == ["https://ringproof.example/rcml/att_1"]
    ended = seen(network)[-1]
    assert (ended.answered, ended.heard) == (True, "Your number is being confirmed.")
    kept = record(network)
    assert (kept.heard, kept.answered_by) == ("Your number is being confirmed.", "person")
    assert kept.ended_at is not None
    assert kept.answered_at is not None
    assert SECOND <= kept.ended_at - kept.answered_at <= 5 * SECOND


def test_a_machine_is_known_as_one() -> None:
    """The record tells voicemail from people."""
    assert record(called(Behaviour.VOICEMAIL)).answered_by == "machine"


def test_a_document_that_only_hangs_up_is_silence() -> None:
    """The call is over soon and nothing was heard."""
    network = Network()
    network.handsets.behave(NUMBER, Behaviour.ANSWER)
    network.document = "<Response><Hangup/></Response>"
    network.call()
    network.pass_time()
    ended = seen(network)[-1]
    assert (ended.answered, ended.heard) == (True, "")


@pytest.mark.parametrize("document", ["no document", "<Response><Say>", RuntimeError("the database is away")])
def test_a_server_without_a_document_ends_the_call(document: str | Exception) -> None:
    """Whatever the server says or raises, the network hangs up and works on."""
    network = Network()
    network.handsets.behave(NUMBER, Behaviour.ANSWER)
    network.document = document
    network.call()
    network.pass_time()
    assert told(network)[-1] == ("end", Reason.ANSWERED)
    assert ("simulated_document_failed" in [line for line, _ in network.log.lines]) is True


def test_keys_pressed_in_a_call_are_recorded() -> None:
    """A document that asks for keys leaves time to press them."""
    network = Network()
    network.handsets.behave(NUMBER, Behaviour.ANSWER)
    network.document = "<Response><Gather numDigits='1'><Say>Press one.</Say></Gather></Response>"
    network.call()
    network.pass_time(8)
    network.handsets.press(NUMBER, "1")
    network.handsets.press(NUMBER, "*#")
    network.pass_time()
    assert record(network).keys == "1*#"


def test_a_withheld_caller_id_reaches_nobody() -> None:
    """Ring and end show no number, while the record knows what was sent."""
    network = called(Behaviour.WITHHELD)
    assert [event.caller_id for event in seen(network)] == [None, None]
    assert (record(network).caller_id, record(network).shown) == (CALLER_ID, None)


def test_an_altered_caller_id_is_another_one() -> None:
    """The display shows what the route made of it, the same at ring and end."""
    shown = {event.caller_id for event in seen(called(Behaviour.ALTERED))}
    assert len(shown) == 1
    assert CALLER_ID not in shown


def test_a_late_call_rings_late() -> None:
    """Later than a verification waits."""
    network = called(Behaviour.LATE)
    rang_at, placed_at = record(network).rang_at, record(network).placed_at
    assert rang_at is not None
    assert rang_at - placed_at > 50 * SECOND


def test_a_lost_cancel_shows_as_a_longer_ring_on_the_phone() -> None:
    """Server and phone measured the same call and differ by 0.5 or 1.5 s."""
    network = called(Behaviour.LOST_CANCEL)
    phone, server = seen(network)[-1].ring_ms, network.events[-1].ring_ms
    assert phone is not None
    assert server == 5000
    assert phone - server in {500, 1500}


def test_a_call_that_is_never_hung_up_ends_by_the_backstop() -> None:
    """The dial timeout counts from the first ring."""
    network = called(Behaviour.RING, ring_seconds=None)
    assert told(network) == [("ring", None), ("end", Reason.NO_ANSWER)]
    assert seen(network)[-1].ring_ms == 20_000


def test_a_call_taken_back_before_it_rings_is_never_seen() -> None:
    """The phone stays silent and the server is told that it was cancelled."""
    network = Network()
    remote_id = network.call()
    network.carrier.hang_up(remote_id)
    network.pass_time()
    assert told(network) == [("end", Reason.CANCELLED)]
    assert seen(network) == []


def test_hanging_up_late_still_finds_what_happened_meanwhile() -> None:
    """A hang-up after a pause of the whole network meets a phone that has rung since its time."""
    network = Network()
    remote_id = network.call()
    network.clock.move(10)
    network.carrier.hang_up(remote_id)
    network.pass_time(1)
    assert told(network) == [("ring", None), ("end", Reason.RANG)]
    kept = record(network)
    assert kept.rang_at is not None
    assert kept.ended_at == kept.placed_at + 10 * SECOND
    assert seen(network)[-1].ring_ms == (kept.ended_at - kept.rang_at) // MILLISECOND


def test_hanging_up_a_call_that_ended_unnoticed_changes_nothing() -> None:
    """It had timed out while no process looked; the hang-up came too late and is not on its record."""
    network = Network()
    remote_id = network.call()
    network.clock.move(60)
    network.carrier.hang_up(remote_id)
    assert (record(network).hang_up_at, record(network).reason) == (None, "no_answer")


def test_hang_ups_are_counted() -> None:
    """The record shows how often the server asked, and the call ends once."""
    network = Network()
    remote_id = network.call()
    network.pass_time(3)
    network.carrier.hang_up(remote_id)
    network.carrier.hang_up(remote_id)
    network.pass_time()
    assert record(network).hang_ups == 2
    assert told(network) == [("ring", None), ("end", Reason.RANG)]


def test_a_message_arrives_in_the_inbox() -> None:
    """The handset shows its text and the server is told of the delivery."""
    network = Network()
    network.send(text="483920 is your code")
    network.pass_time(5)
    assert network.handsets.events(NUMBER) == [
        HandsetMessage(seq=1, channel="sms", text="483920 is your code")
    ]
    (event,) = network.events
    assert (event.kind, event.attempt_id) == (AttemptEvent.DELIVER, "att_2")
    (kept,) = network.carrier.record.messages_of("att_2")
    assert kept.arrived_at is not None
    assert 200 <= (kept.arrived_at - kept.placed_at) / MILLISECOND <= 1200


def test_a_phone_that_is_off_gets_no_message() -> None:
    """Nobody sees it and nothing is reported, as with a phone in a drawer."""
    network = Network()
    network.handsets.behave(NUMBER, Behaviour.OFF)
    network.send()
    network.pass_time()
    assert (network.handsets.events(NUMBER), network.events) == ([], [])
    assert network.carrier.record.messages_per_attempt() == {"att_2": 1}


def test_what_is_sent_twice_is_seen_twice() -> None:
    """The record hides no mistake of the server's: nothing in it is unique per attempt."""
    network = Network()
    network.call()
    network.call()
    network.carrier.send_message(outgoing_message())
    network.carrier.send_message(outgoing_message())
    assert network.carrier.record.calls_per_attempt() == {"att_1": 2}
    assert network.carrier.record.messages_per_attempt() == {"att_2": 2}
    assert len({call.id for call in network.carrier.record.calls_of("att_1")}) == 2


def test_a_failed_callback_comes_again_ever_more_slowly_and_not_for_ever() -> None:
    """The server may be away for a minute; after that the network gives an event up."""
    network = Network()
    network.faults = TRIES - 1
    network.send()
    network.pass_time(300)
    assert len(network.events) == 1
    waited = network.arrivals[0] - (network.carrier.record.messages_of("att_2")[0].arrived_at or 0)
    assert waited == FIRST_RETRY * (2 ** (TRIES - 1) - 1)
    network.faults = TRIES
    network.send("att_3")
    network.pass_time(600)
    assert len(network.events) == 1
    assert network.exchange.step() is None


def test_callbacks_that_fail_do_not_hold_up_others() -> None:
    """Another call's events are delivered meanwhile."""
    network = Network(ring_seconds=5)
    network.faults = 1
    network.call("att_1")
    network.call("att_9", to=OTHER)
    network.pass_time()
    assert {event.attempt_id for event in network.events} == {"att_1", "att_9"}
    assert sorted(event.kind.value for event in network.events) == ["end", "end", "ring", "ring"]


def test_the_same_seed_repeats_a_whole_day_of_calls() -> None:
    """Every time, every altered digit and every fault of events is the same; another seed differs."""
    wild = Chaos(late=0.3, doubled=0.3, reordered=0.3, lost=0.1)

    def day(seed: bytes) -> list[object]:
        network = Network(seed=seed, chaos=wild, ring_seconds=5)
        for behaviour in Behaviour:
            network.handsets.behave(NUMBER, behaviour)
            network.call()
            network.send()
            network.pass_time()
        facts: list[object] = [
            (call.rang_at, call.answered_at, call.ended_at, call.shown, call.reason)
            for call in network.carrier.record.calls_of("att_1")
        ]
        return facts + [
            (event.kind, event.ring_ms, at)
            for event, at in zip(network.events, network.arrivals, strict=True)
        ]

    assert day(b"one") == day(b"one")
    assert day(b"one") != day(b"two")


def test_old_rows_are_forgotten_and_open_ones_kept() -> None:
    """What is over and old goes; a call that still rings stays."""
    network = Network(ring_seconds=5)
    network.call()
    network.send()
    network.pass_time()
    network.call("att_open")
    network.pass_time(3)
    assert network.carrier.record.forget(network.clock.moment + SECOND) > 0
    assert network.carrier.record.calls_per_attempt() == {"att_open": 1}
    assert network.carrier.record.messages_per_attempt() == {}
    network.pass_time()
    assert told(network)[-1] == ("end", Reason.RANG)


shares = st.sampled_from([0.0, 0.5, 1.0])


@settings(UNTIMED, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    behaviour=st.sampled_from(Behaviour),
    seed=st.binary(max_size=8),
    delay_ms=st.sampled_from([0, 0, 3_000]),
    chaos=st.builds(Chaos, late=shares, doubled=shares, reordered=shares, lost=st.sampled_from([0.0, 0.5])),
    ring_seconds=st.none() | st.floats(0, 8),
    faults=st.integers(0, 3),
)
def test_phone_network_and_events_agree_whatever_goes_wrong(
    behaviour: Behaviour,
    seed: bytes,
    delay_ms: int,
    chaos: Chaos,
    ring_seconds: float | None,
    faults: int,
) -> None:
    """The phone's view, the record and the events of two calls and a message tell one story."""
    network = Network(seed=seed, chaos=chaos, ring_seconds=ring_seconds)
    network.faults = faults
    network.handsets.behave(NUMBER, behaviour, delay_ms)
    for attempt in ("att_1", "att_5"):
        network.call(attempt)
    network.send()
    network.pass_time(400)
    assert network.exchange.step() is None, "everything comes to an end"
    shown = network.handsets.events(NUMBER)
    assert [event.seq for event in shown] == list(range(1, len(shown) + 1))
    for attempt in ("att_1", "att_5"):
        (call,) = network.carrier.record.calls_of(attempt)
        assert_one_story(network, call, chaos)
    keys = {event.key for event in network.events}
    kinds = {(event.remote_id, event.kind) for event in network.events}
    assert len(keys) == len(kinds), "one key for each event of a call"
    if chaos.doubled == 0 and faults == 0:
        assert len(network.events) == len(keys)


def assert_one_story(network: Network, call: CallRecord, chaos: Chaos) -> None:
    views = [event for event in seen(network) if event.call == call.id]
    assert [view.state for view in views] == ([] if call.rang_at is None else ["ringing", "ended"])
    assert all(view.caller_id == call.shown for view in views)
    assert call.ended_at is not None
    if call.rang_at is not None:
        stopped = call.answered_at or call.ended_at
        assert views[1].ring_ms == (stopped - call.rang_at) // MILLISECOND
        assert views[1].answered == (call.answered_at is not None)
        assert stopped - call.rang_at <= 20 * SECOND
    happened = {
        AttemptEvent.RING: call.rang_at,
        AttemptEvent.ANSWER: call.answered_at,
        AttemptEvent.END: call.ended_at,
    }
    expected = {kind for kind, at in happened.items() if at is not None}
    arrived = {event.kind for event in network.events if event.remote_id == call.id}
    assert arrived <= expected
    if chaos.lost == 0:
        assert arrived == expected
    for event, at in zip(network.events, network.arrivals, strict=True):
        if event.remote_id == call.id:
            assert at >= (happened[event.kind] or 0), "nothing is told before it happens"
            assert event.attempt_id == call.attempt_id
            assert (event.reason is not None) == (event.kind is AttemptEvent.END)
