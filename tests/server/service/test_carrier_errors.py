"""What a carrier answers, sorted by the reaction it needs."""

from __future__ import annotations

import re

import pytest

from ringproof_server.carriers.simulated import Fault
from ringproof_server.domain.attempt import AttemptEvent, AttemptState
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import (
    CarrierError,
    CarrierMisconfigured,
    CarrierThrottled,
    CarrierUnavailable,
    FraudSuspected,
    NumberRefused,
    NumberUnreachable,
)
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.routing import RoutingReason
from ringproof_server.domain.verification import Status
from ringproof_server.ports import OutgoingMessage
from tests.support.switchboard import Switchboard
from tests.support.world import NUMBER, World, code_report, right_call

REAL_NUMBER = "+447400123456"
FLASH_ONLY = Policy(workflow=(Channel.FLASHCALL,))
NEXT_CARRIER: list[tuple[CarrierError, Reason]] = [
    (CarrierUnavailable("timeout"), Reason.CARRIER_ERROR),
    (CarrierThrottled("slow down", 3.0), Reason.CARRIER_ERROR),
    (CarrierMisconfigured("bad key"), Reason.CONFIG_ERROR),
]
NEXT_STEP = [
    (NumberRefused("not served"), Reason.INVALID_NUMBER),
    (NumberUnreachable("no route"), Reason.UNREACHABLE),
]


@pytest.mark.parametrize(("fault", "reason"), NEXT_CARRIER, ids=str)
def test_what_is_the_carrier_s_fault_goes_to_the_next_carrier_from_the_same_number(
    two_carriers: Switchboard, fault: CarrierError, reason: Reason
) -> None:
    world = two_carriers.world
    session = world.start(world.app(), REAL_NUMBER)
    two_carriers.first.faults = [fault]
    world.server.dispatch_all()
    world.server.dispatch_all()
    failed, placed = session.attempts
    assert (failed.carrier, failed.state, failed.reason) == ("first", AttemptState.ENDED, reason)
    assert (placed.carrier, placed.state) == ("second", AttemptState.ACCEPTED)
    assert placed.routing_reason == RoutingReason.FAILOVER
    assert placed.caller_id == failed.caller_id
    assert session.stored.current.channel is Channel.FLASHCALL
    assert session.confirm(right_call(session)).status is Status.VERIFIED


@pytest.mark.parametrize(("fault", "reason"), NEXT_STEP, ids=str)
def test_what_is_the_number_s_doing_goes_to_the_next_step(
    two_carriers: Switchboard, fault: CarrierError, reason: Reason
) -> None:
    world = two_carriers.world
    session = world.start(world.app())
    two_carriers.first.faults = [fault]
    world.server.dispatch_all()
    call, message = session.attempts
    assert (call.state, call.reason) == (AttemptState.ENDED, reason)
    assert (message.channel, message.state) == (Channel.SMS, AttemptState.QUEUED)
    assert two_carriers.orders["second"].asked == []


def test_suspected_fraud_stops_everything(two_carriers: Switchboard) -> None:
    world = two_carriers.world
    session = world.start(world.app())
    two_carriers.first.faults = [FraudSuspected("pumping")]
    world.server.dispatch_all()
    world.pass_time(200)
    assert session.get().status is Status.FAILED
    assert session.get().verification.reason is Reason.FRAUD_BLOCKED
    assert [item.reason for item in session.attempts] == [Reason.FRAUD_BLOCKED]
    assert two_carriers.orders["second"].asked == []


def test_without_another_carrier_the_next_step_starts_on_the_same_one(board: Switchboard) -> None:
    """A carrier whose calls are out of order may still carry messages."""
    world = board.world
    session = world.start(world.app())
    board.first.faults = [CarrierUnavailable("calls are out of order")]
    world.server.dispatch_all()
    world.server.dispatch_all()
    assert [(item.channel, item.state) for item in session.attempts] == [
        (Channel.FLASHCALL, AttemptState.ENDED),
        (Channel.SMS, AttemptState.ACCEPTED),
    ]


def test_when_every_carrier_fails_on_the_last_step_the_verification_fails(two_carriers: Switchboard) -> None:
    world = two_carriers.world
    session = world.start(world.app(FLASH_ONLY))
    two_carriers.orders["first"].faults = [CarrierUnavailable("away")]
    two_carriers.orders["second"].faults = [CarrierMisconfigured("bad key")]
    world.server.dispatch_all()
    world.server.dispatch_all()
    assert session.get().status is Status.FAILED
    assert session.get().verification.reason is Reason.CONFIG_ERROR
    assert [item.carrier for item in session.attempts] == ["first", "second"]


def test_a_failed_carrier_is_not_asked_again_for_that_channel_in_the_same_verification(
    two_carriers: Switchboard,
) -> None:
    world = two_carriers.world
    app = world.app(Policy(workflow=(Channel.SMS,)))
    session = world.start(app)
    two_carriers.first.faults = [CarrierUnavailable("away")]
    world.server.dispatch_all()
    world.server.dispatch_all()
    world.clock.move(120)
    session.advance(Channel.SMS)
    world.server.dispatch_all()
    assert [item.carrier for item in session.attempts] == ["first", "second", "second"]
    other = world.start(app, "+447700900124")
    world.server.dispatch_all()
    assert other.attempts[0].carrier == "first"


def test_a_carrier_with_an_outage_is_left_alone_on_other_channels_while_there_is_another(
    two_carriers: Switchboard,
) -> None:
    world = two_carriers.world
    session = world.start(world.app(), REAL_NUMBER)
    two_carriers.first.faults = [CarrierUnavailable("away")]
    two_carriers.orders["second"].faults = [NumberUnreachable("no route")]
    for _ in range(3):
        world.server.dispatch_all()
    sms = session.attempts[-1]
    assert (sms.channel, sms.carrier, sms.routing_reason) == (Channel.SMS, "second", RoutingReason.FAILOVER)
    assert two_carriers.first.asked == [session.attempts[0].id]


def test_when_all_carriers_have_had_outages_the_next_channel_still_gets_its_chance(
    two_carriers: Switchboard,
) -> None:
    """Nothing better is left than the first one, whose messages may work although its calls do not."""
    world = two_carriers.world
    session = world.start(world.app(), REAL_NUMBER)
    for orders in two_carriers.orders.values():
        orders.faults = [CarrierUnavailable("away")]
    for _ in range(3):
        world.server.dispatch_all()
    assert [(item.channel, item.carrier) for item in session.attempts] == [
        (Channel.FLASHCALL, "first"),
        (Channel.FLASHCALL, "second"),
        (Channel.SMS, "first"),
    ]
    assert session.attempts[-1].state is AttemptState.ACCEPTED


def test_a_carrier_that_is_set_up_wrongly_for_calls_is_still_the_first_for_messages(
    two_carriers: Switchboard,
) -> None:
    world = two_carriers.world
    session = world.start(world.app(), REAL_NUMBER)
    two_carriers.first.faults = [CarrierMisconfigured("this caller ID is not allowed")]
    two_carriers.orders["second"].faults = [NumberUnreachable("no route")]
    for _ in range(3):
        world.server.dispatch_all()
    assert [(item.channel, item.carrier) for item in session.attempts] == [
        (Channel.FLASHCALL, "first"),
        (Channel.FLASHCALL, "second"),
        (Channel.SMS, "first"),
    ]


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        (CarrierUnavailable("away"), "carrier_failed"),
        (CarrierThrottled("slow down", 3.0), "carrier_throttled"),
        (CarrierMisconfigured("bad key"), "carrier_failed"),
        (NumberRefused("not served"), "carrier_failed"),
    ],
    ids=str,
)
def test_every_failed_request_leaves_its_carrier_and_its_error_in_the_trace(
    board: Switchboard, fault: CarrierError, what: str
) -> None:
    session = board.world.start(board.world.app())
    board.first.faults = [fault]
    board.world.server.dispatch_all()
    noted = board.world.server.notes(session.id, what)
    assert noted == [{"carrier": "obedient", "fault": type(fault).__name__}]


def test_a_retry_over_another_carrier_is_no_new_start_and_no_new_send_for_the_client(
    two_carriers: Switchboard,
) -> None:
    world = two_carriers.world
    app = world.app(Policy(workflow=(Channel.FLASHCALL,), flash_starts=3))
    for index in range(3):
        two_carriers.first.faults = [CarrierUnavailable("away")]
        session = world.start(app)
        world.server.dispatch_all()
        world.server.dispatch_all()
        assert len(session.attempts) == 2, index
        session.cancel()


def test_a_refusal_that_an_event_overtook_is_ignored(two_carriers: Switchboard) -> None:
    """The carrier says that it failed, yet the phone rings: the call lives, and no second one is placed."""
    world = two_carriers.world
    session = world.start(world.app())
    attempt = session.attempts[0]
    two_carriers.first.faults = [CarrierUnavailable("timeout")]
    two_carriers.first.loses_answer = True
    two_carriers.first.meanwhile = lambda _item, _remote: two_carriers.say(attempt, AttemptEvent.RING)
    world.server.dispatch_all()
    world.server.dispatch_all()
    assert [item.state for item in session.attempts] == [AttemptState.RINGING]
    assert "refusal_ignored" in world.server.trace(session.id)
    assert session.confirm(right_call(session)).status is Status.VERIFIED


@pytest.mark.parametrize("fault", [Fault.OUTAGE, Fault.THROTTLED, Fault.REFUSED])
def test_a_network_that_does_not_take_the_call_is_asked_once_and_the_next_step_starts(
    world: World, fault: Fault
) -> None:
    world.network.handsets.set_fault(PhoneNumber.parse(NUMBER), fault)
    session = world.start(world.app())
    world.server.dispatch_all()
    world.network.handsets.set_fault(PhoneNumber.parse(NUMBER), Fault.NONE)
    world.pass_time(3)
    assert [item.state for item in session.attempts] == [AttemptState.ENDED, AttemptState.DELIVERED]
    assert world.calls_seen() == []
    assert session.confirm(code_report(world.code_seen())).status is Status.VERIFIED


def test_a_code_is_sent_by_the_next_carrier_with_the_same_digits(two_carriers: Switchboard) -> None:
    world = two_carriers.world
    session = world.start(world.app(), channels=[Channel.SMS])
    two_carriers.first.faults = [CarrierUnavailable("away")]
    two_carriers.first.loses_answer = True
    world.server.dispatch_all()
    world.server.dispatch_all()
    taken = [item for orders in two_carriers.orders.values() for item in orders.taken.values()]
    texts = [item.text for item in taken if isinstance(item, OutgoingMessage)]
    assert len(texts) == 2
    assert texts[0] == texts[1]
    code = re.findall(r"[0-9]{6}", texts[0])[0]
    assert session.confirm(code_report(code)).status is Status.VERIFIED


def test_no_database_session_is_open_while_the_carrier_is_asked(board: Switchboard) -> None:
    """Another write goes through meanwhile, from the same thread, which a held one would forbid."""
    world = board.world
    app = world.app()
    session = world.start(app)
    board.first.meanwhile = lambda _item, _remote: seen.append(world.start(app, "+447700900124").id)
    seen: list[str] = []
    world.server.dispatching.dispatch(session.attempts[0].id)
    assert len(seen) == 1


@pytest.mark.parametrize("reason", [Reason.CARRIER_ERROR, Reason.CONFIG_ERROR])
def test_a_call_that_fails_after_it_was_taken_goes_to_the_next_carrier(
    two_carriers: Switchboard, reason: Reason
) -> None:
    """A trunk that has said 100 and then 503 has failed no less than one that is not there."""
    world = two_carriers.world
    session = world.start(world.app())
    world.server.dispatch_all()
    two_carriers.say(session.attempts[0], AttemptEvent.END, reason=reason)
    world.server.dispatch_all()
    assert [(item.channel, item.carrier, item.state) for item in session.attempts] == [
        (Channel.FLASHCALL, "first", AttemptState.ENDED),
        (Channel.FLASHCALL, "second", AttemptState.ACCEPTED),
    ]
    first, second = session.attempts
    assert second.caller_id == first.caller_id


def test_a_message_that_a_carrier_reports_as_its_own_failure_goes_to_the_next_one(
    two_carriers: Switchboard,
) -> None:
    world = two_carriers.world
    session = world.start(world.app(Policy(workflow=(Channel.SMS,))))
    world.server.dispatch_all()
    two_carriers.say(session.attempts[0], AttemptEvent.FAIL, reason=Reason.CARRIER_ERROR)
    world.server.dispatch_all()
    assert [item.carrier for item in session.attempts] == ["first", "second"]


def test_a_call_that_rang_goes_to_no_other_carrier(two_carriers: Switchboard) -> None:
    """The phone would ring twice: the next step runs, however the call ended."""
    world = two_carriers.world
    session = world.start(world.app())
    world.server.dispatch_all()
    two_carriers.say(session.attempts[0], AttemptEvent.RING)
    two_carriers.say(session.attempts[0], AttemptEvent.END, reason=Reason.CARRIER_ERROR)
    world.server.dispatch_all()
    assert [item.channel for item in session.attempts] == [Channel.FLASHCALL, Channel.SMS]


def test_a_failure_that_is_reported_when_its_step_was_left_changes_nothing(two_carriers: Switchboard) -> None:
    world = two_carriers.world
    session = world.start(world.app())
    world.server.dispatch_all()
    world.clock.move(60)
    session.advance(Channel.SMS)
    two_carriers.say(session.attempts[0], AttemptEvent.END, reason=Reason.CARRIER_ERROR)
    world.server.dispatch_all()
    assert [item.channel for item in session.attempts] == [Channel.FLASHCALL, Channel.SMS]
