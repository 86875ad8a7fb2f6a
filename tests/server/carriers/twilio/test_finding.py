"""Which call or message a lost answer was about: the only one that it can be, or none."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

import pytest

from ringproof_server.carriers import Channel, NumberRefused, OutcomeUnknown
from ringproof_server.carriers.twilio import build
from ringproof_server.carriers.twilio.memory import CLOCKS_DIFFER, MOST_NAMES, Names
from ringproof_server.domain.attempt import Attempt
from ringproof_server.testing.options import carrier_options
from tests.server.carriers.twilio.far_side import (
    CALLER_ID,
    SERVICE,
    SETTINGS,
    Bench,
    bench_with,
    call,
    message,
    signed,
)


@pytest.fixture
def bench() -> Iterator[Bench]:
    with bench_with() as made:
        yield made


def attempt(bench: Bench, channel: Channel = Channel.FLASHCALL, *, age: float = 1.0) -> Attempt:
    """An attempt that was queued that many seconds ago, and whose claim was renewed now."""
    now = bench.clock.now()
    return Attempt(
        id="att_1",
        verification_id="vrf_1",
        channel=channel,
        step=0,
        caller_id=CALLER_ID if channel.is_call else None,
        queued_at=now - timedelta(seconds=age),
        claimed_at=now,
    )


def lost_call(bench: Bench) -> str:
    """A call whose answer did not arrive."""
    bench.far_side.lose_answer()
    with pytest.raises(OutcomeUnknown):
        bench.carrier.place_call(call())
    return list(bench.far_side.account.calls)[-1]


def found(bench: Bench, wanted: Attempt) -> str | None:
    """What another process finds, which has seen nothing of what went before."""
    settings = {**SETTINGS, "base_url": bench.far_side.twilio.url}
    other = build(carrier_options(settings, clock=bench.clock))
    answer = other.find(wanted, bench.number)
    other.stop()
    return None if answer is None else answer.remote_id


def test_a_process_that_was_started_again_finds_the_call(bench: Bench) -> None:
    """By both numbers and the time; nothing has to be remembered."""
    sid = lost_call(bench)
    bench.clock.move(40)
    assert found(bench, attempt(bench, age=41)) == sid


def test_a_call_that_waits_to_be_dialled_is_found_though_it_has_no_date(bench: Bench) -> None:
    """And so is one that has been dialled, and has one."""
    sid = lost_call(bench)
    assert bench.far_side.account.call_view(bench.far_side.account.calls[sid])["date_created"] is None
    assert found(bench, attempt(bench)) == sid
    bench.far_side.account.move_call(sid, "ringing")
    assert found(bench, attempt(bench)) == sid


def test_a_call_from_before_the_attempt_is_not_it(bench: Bench) -> None:
    """But the clocks may differ a little."""
    sid = lost_call(bench)
    bench.far_side.account.move_call(sid, "ringing")
    for later, expected in ((CLOCKS_DIFFER, sid), (CLOCKS_DIFFER + timedelta(seconds=1), None)):
        bench.far_side.account.calls[sid].created_at = bench.clock.now() - later
        assert found(bench, attempt(bench, age=0)) == expected


def test_a_call_from_after_the_attempts_time_is_not_it(bench: Bench) -> None:
    """Its claim says how late it can have set out; a renewed claim, that it may have been earlier."""
    sid = lost_call(bench)
    bench.far_side.account.move_call(sid, "ringing")
    old = attempt(bench, age=10)
    bench.clock.move(600)
    bench.far_side.account.calls[sid].created_at = bench.clock.now()
    assert found(bench, old) is None


def test_of_two_that_can_be_it_neither_is_taken(bench: Bench) -> None:
    """A wrong one would be hung up, and the right one would ring on."""
    lost_call(bench)
    lost_call(bench)
    assert found(bench, attempt(bench)) is None


def test_what_is_known_to_be_another_attempts_is_out_of_the_question(bench: Bench) -> None:
    """This process placed the other one, so only one is left; another process cannot know."""
    bench.carrier.place_call(dataclasses.replace(call(), attempt_id="att_other"))
    lost = lost_call(bench)
    answer = bench.carrier.find(attempt(bench), bench.number)
    assert answer is not None
    assert answer.remote_id == lost
    assert found(bench, attempt(bench)) is None


def test_a_callback_that_came_before_the_question_answers_it(bench: Bench) -> None:
    """It names both sides and is signed, so that nobody need be asked."""
    bench.far_side.lose_answer()
    with pytest.raises(OutcomeUnknown):
        bench.carrier.place_call(call())
    (lost,) = bench.far_side.account.calls.values()
    lost.callback = str(lost.callback).replace("a-reference", bench.seals.sign_reference("att_1"))
    ringing = bench.far_side.account.move_call(lost.sid, "ringing")
    assert ringing is not None
    bench.carrier.parse_event(signed(ringing))
    asked = len(bench.far_side.twilio.requests)
    answer = bench.carrier.find(attempt(bench), bench.number)
    assert answer is not None
    assert answer.remote_id == lost.sid
    assert len(bench.far_side.twilio.requests) == asked


def test_messages_are_told_apart_by_their_sender() -> None:
    """One through the service is not one of another service, nor one from a number."""
    with bench_with({"sender": "", "messaging_service_sid": SERVICE}) as bench:
        bench.far_side.lose_answer()
        with pytest.raises(OutcomeUnknown):
            bench.carrier.send_message(message(Channel.SMS))
        (lost,) = bench.far_side.account.messages.values()
        wanted = attempt(bench, Channel.SMS)
        answer = bench.carrier.find(wanted, bench.number)
        assert answer is not None
        assert answer.remote_id == lost.sid
        lost.service = None
        assert bench.carrier.find(wanted, bench.number) is None


def test_a_refused_request_leaves_nothing_to_be_found(bench: Bench) -> None:
    bench.far_side.refuse_number()
    with pytest.raises(NumberRefused):
        bench.carrier.place_call(call())
    assert found(bench, attempt(bench)) is None


def test_the_memory_is_bounded() -> None:
    """The oldest names are forgotten first."""
    names = Names()
    for count in range(MOST_NAMES + 10):
        names.note(f"CA{count}", f"att_{count}")
    assert names.sid_of("att_9") is None
    assert names.sid_of("att_10") == "CA10"
    assert names.sid_of(f"att_{MOST_NAMES + 9}") == f"CA{MOST_NAMES + 9}"
