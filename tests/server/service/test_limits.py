"""What is not started: numbers, countries, addresses, too many at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ringproof_server.domain.channel import Channel, SkipReason
from ringproof_server.domain.errors import (
    ConcurrentVerification,
    CountryNotAllowed,
    InvalidPhoneNumber,
    InvalidRequest,
    NoChannelAvailable,
    NumberNotAllowed,
    RateLimited,
    ServiceUnavailable,
)
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Transaction
from ringproof_server.service.requests import StartRequest
from tests.support.switchboard import Switchboard
from tests.support.world import World, right_call

OPEN = Policy(pending_per_number=100, flash_starts=1000, number_guess_budget=1.0)


# --- numbers and countries


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("+19002345678", "premium"),
        ("+448432345678", "shared cost"),
        ("+447640123456", "pager"),
        ("+445512345678", "uan"),
        ("+18002345678", "toll free"),
        ("+447012345678", "personal"),
    ],
)
def test_numbers_that_cost_extra_or_are_no_person_s_phone_are_refused(
    world: World, number: str, kind: str
) -> None:
    with pytest.raises(NumberNotAllowed):
        world.start(world.app(), number)
    assert world.server.spent(number) == 0


@pytest.mark.parametrize("text", ["", "12345", "+44", "+447700", "not a number", "+447700900123;ext=5"])
def test_what_is_no_number_is_refused_without_repeating_it(world: World, text: str) -> None:
    with pytest.raises(InvalidPhoneNumber) as refused:
        world.start(world.app(), text)
    assert not text or text not in str(refused.value)


def test_a_landline_gets_no_flash_call_and_no_message(board: Switchboard) -> None:
    app = board.world.app(Policy(workflow=(Channel.FLASHCALL, Channel.SMS, Channel.VOICE)))
    session = board.world.start(app, "+442079460018")
    assert [step.channel for step in session.stored.plan.steps] == [Channel.VOICE]
    assert {skip.reason for skip in session.stored.plan.skipped} == {SkipReason.NUMBER_KIND}
    with pytest.raises(NoChannelAvailable):
        board.world.start(board.world.app(), "+442079460018")


def test_fictitious_numbers_are_refused_where_they_are_not_enabled(tmp_path: Path) -> None:
    world = World(tmp_path, fictitious_until=None)
    with pytest.raises(NumberNotAllowed):
        world.start(world.app())
    world.close()


def test_fictitious_numbers_are_served_until_the_end_of_their_last_day(tmp_path: Path) -> None:
    world = World(tmp_path, fictitious_until=date(2026, 11, 21))
    app = world.app(OPEN)
    world.start(app)
    world.clock.move(38 * 3600 + 59 * 60)
    world.start(app)
    world.clock.move(60)
    with pytest.raises(NumberNotAllowed):
        world.start(app)
    world.close()


def test_only_listed_countries_are_served(world: World) -> None:
    app = world.app(Policy(allowed_countries=("GB",)))
    world.start(app, "+447400123456")
    for number in ("+4915112345678", "+33612345678", "+80012345678"):
        with pytest.raises((CountryNotAllowed, NumberNotAllowed)):
            world.start(app, number)


def test_a_channel_that_no_carrier_has_is_skipped_with_its_reason(board: Switchboard) -> None:
    world = board.world
    session = world.start(world.app(Policy(workflow=(Channel.FLASHCALL, Channel.WHATSAPP))))
    assert [(skip.channel, skip.reason) for skip in session.stored.plan.skipped] == [
        (Channel.WHATSAPP, SkipReason.NO_CARRIER)
    ]


def test_a_payment_is_not_confirmed_on_a_channel_that_cannot_show_it(world: World) -> None:
    payment = Transaction(amount="12.30", currency="EUR", payee="ACME")
    policy = Policy(transactions_from_apps=True)
    session = world.start(world.app(policy), transaction=payment)
    assert [step.channel for step in session.stored.plan.steps] == [Channel.SMS]
    showing = world.app(replace(policy, shows_transaction=True))
    shown = world.start(showing, "+447700900124", transaction=payment)
    assert [step.channel for step in shown.stored.plan.steps] == [Channel.FLASHCALL, Channel.SMS]
    world.pass_time(2)
    assert "12.30" in world.messages_seen()[-1].text


@pytest.mark.parametrize("payee", [" ", "\u2003", "\u200e", "\ufeff", "\u2028 \u202e", "\uffff"])
def test_a_payee_that_nobody_could_read_is_refused_before_anything_is_sent(world: World, payee: str) -> None:
    """Its message could not be written, which would look like a fault of the carrier's."""
    payment = Transaction(amount="12.30", currency="EUR", payee=payee)
    app = world.app(Policy(transactions_from_apps=True))
    with pytest.raises(InvalidRequest) as refused:
        world.start(app, transaction=payment)
    assert [name for name, _ in refused.value.faults] == ["transaction.payee"]
    visible = replace(payment, payee=f"{payee}A{payee}")
    world.start(app, transaction=visible)
    world.pass_time(3)
    assert "12.30" in world.messages_seen()[-1].text


@pytest.mark.parametrize("brand", ["", " ", "   "])
def test_a_brand_that_nobody_could_read_is_refused(world: World, brand: str) -> None:
    with pytest.raises(InvalidRequest):
        world.server.administration.create_application("blank", brand=brand)
    with pytest.raises(InvalidRequest):
        world.server.administration.create_application(brand)


def test_a_publishable_key_needs_a_code_challenge(world: World) -> None:
    app = world.app()
    request = StartRequest(phone_number="+447700900123")
    with pytest.raises(InvalidRequest):
        world.server.service.start(app.client, request, None)
    world.server.service.start(app.back_end, request, None)


# --- at the same time


def test_three_verifications_of_a_number_may_be_under_way_with_different_caller_ids(world: World) -> None:
    apps = [world.app(), world.app(), world.app(), world.app()]
    sessions = [world.start(app) for app in apps[:3]]
    assert len({session.caller_id for session in sessions}) == 3
    with pytest.raises(ConcurrentVerification) as refused:
        world.start(apps[3])
    assert refused.value.verification_id is None
    assert refused.value.retry_after == pytest.approx(300)
    sessions[0].cancel()
    world.clock.move(600)
    world.start(apps[3])


def test_a_stranger_at_one_address_leaves_a_place_to_the_owner_of_the_number(world: World) -> None:
    app = world.app(Policy(flash_starts=10))
    stranger = replace(app.client, address="203.0.113.7")
    owner = replace(app.client, address="198.51.100.23")
    taken = [world.start(app, caller=stranger) for _ in range(2)]
    with pytest.raises(ConcurrentVerification) as refused:
        world.start(app, caller=stranger)
    assert refused.value.verification_id is None
    session = world.start(app, caller=owner)
    session.cancel()
    taken[0].cancel()
    world.start(app, caller=stranger)


def test_what_has_expired_is_not_under_way_although_nobody_wrote_it_down(world: World) -> None:
    app = world.app(Policy(pending_per_number=1, flash_starts=10))
    world.start(app)
    world.clock.move(299)
    with pytest.raises(ConcurrentVerification):
        world.start(app)
    world.clock.move(1)
    world.start(app)


def test_the_same_reference_again_is_told_which_verification_is_under_way(world: World) -> None:
    app, other = world.app(OPEN), world.app(OPEN)
    session = world.start(app, reference="signup-42")
    with pytest.raises(ConcurrentVerification) as refused:
        world.start(app, reference="signup-42")
    assert refused.value.verification_id == session.id
    assert refused.value.retry_after == pytest.approx(300)
    world.start(app, reference="signup-43")
    world.start(other, reference="signup-42")
    session.cancel()
    world.start(app, reference="signup-42")


def test_a_refused_start_leaves_nothing_behind(world: World) -> None:
    app = world.app(Policy(pending_per_number=1))
    session = world.start(app)
    spent = world.server.spent()
    with pytest.raises(ConcurrentVerification):
        world.start(app)
    assert world.server.spent() == spent
    assert len(world.server.service.by_reference(app.back_end, "x")) == 0
    assert len(world.server.attempts(session.id)) == 1


# --- in a row


def test_there_are_three_flash_calls_to_a_number_in_ten_minutes(world: World) -> None:
    app = world.app(Policy(pending_per_number=100, workflow=(Channel.FLASHCALL,)))
    for _ in range(3):
        world.start(app).cancel()
        world.clock.move(100)
    for caller in (app, world.app(Policy(workflow=(Channel.FLASHCALL,)))):
        with pytest.raises(RateLimited) as refused:
            world.start(caller)
        assert refused.value.retry_after == pytest.approx(300)
    skipped = world.start(world.app())
    assert [step.channel for step in skipped.stored.plan.steps] == [Channel.SMS]
    assert skipped.stored.plan.skipped[0].reason is SkipReason.RATE_LIMITED
    world.clock.move(299.9)
    with pytest.raises(RateLimited):
        world.start(app)
    world.clock.move(0.1)
    world.start(app)


def test_the_serial_calls_of_one_verification_are_one_start(world: World) -> None:
    policy = Policy(
        workflow=(Channel.FLASHCALL,),
        max_guess_probability=1e-2,
        number_guess_budget=1.0,
        pending_per_number=100,
    )
    app = world.app(policy, pool=["+442079460000-+442079460039"])
    for _ in range(3):
        session = world.start(app)
        world.pass_time(2)
        session.confirm(right_call(session))
        world.pass_time(2)
        assert len(session.attempts) == 2
        session.cancel()
    with pytest.raises(RateLimited):
        world.start(app)


def test_there_are_ten_sends_to_a_number_in_a_day(world: World) -> None:
    app = world.app(Policy(workflow=(Channel.SMS,), pending_per_number=100))
    for _ in range(10):
        world.start(app).cancel()
        world.clock.move(3600)
    with pytest.raises(RateLimited) as refused:
        world.start(app)
    assert refused.value.retry_after == pytest.approx(14 * 3600)
    world.clock.move(14 * 3600)
    world.start(app)


def test_ten_starts_an_hour_from_an_address(world: World) -> None:
    app = world.app(OPEN, address="203.0.113.7")
    for index in range(10):
        world.start(app, f"+447700900{index:03}")
    with pytest.raises(RateLimited) as refused:
        world.start(app, "+447700900999")
    assert refused.value.retry_after == pytest.approx(3600)
    world.start(app, "+447700900999", caller=app.back_end)
    world.clock.move(3600)
    world.start(app, "+447700900998")


def test_three_phone_countries_a_day_from_an_address(world: World) -> None:
    app = world.app(Policy(starts_per_ip_hour=100), address="203.0.113.7")
    for number in ("+447700900123", "+12025550143", "+33639980012", "+447700900124"):
        world.start(app, number)
    for _ in range(3):
        with pytest.raises(RateLimited):
            world.start(app, "+4915112345678")
    world.start(app, "+12025550144")
    world.clock.move(86_400)
    world.start(app, "+4915112345678")


def test_a_machine_s_own_address_counts_unless_it_is_told_not_to(tmp_path: Path) -> None:
    policy = Policy(starts_per_ip_hour=1)
    for counts, name in ((True, "counts"), (False, "does not")):
        world = World(tmp_path / name, config={"counts_loopback": counts})
        app = world.app(policy, address="127.0.0.1")
        world.start(app)
        if counts:
            with pytest.raises(RateLimited):
                world.start(app, "+447700900124")
        else:
            world.start(app, "+447700900124")
        world.close()


def test_a_server_that_cannot_keep_up_says_so(tmp_path: Path) -> None:
    world = World(tmp_path, config={"queue_limit": 3})
    app = world.app(OPEN)
    for index in range(3):
        world.start(app, f"+447700900{index:03}")
    with pytest.raises(ServiceUnavailable):
        world.start(app, "+447700900999")
    world.server.dispatch_all()
    world.start(app, "+447700900999")
    world.close()
