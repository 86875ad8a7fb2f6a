"""What the carrier asks of Twilio, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ringproof_server.carriers import CarrierMisconfigured, Channel
from ringproof_server.carriers.twilio.carrier import LONGEST_CALL
from tests.server.carriers.twilio.far_side import (
    CALLER_ID,
    DOCUMENT,
    EVENTS_URL,
    NUMBER,
    SENDER,
    SERVICE,
    SID,
    TEMPLATE,
    WHATSAPP_SENDER,
    Bench,
    bench_with,
    call,
    message,
)


@pytest.fixture
def bench() -> Iterator[Bench]:
    with bench_with() as made:
        yield made


def sent(bench: Bench) -> dict[str, list[str]]:
    """The form of the only request so far."""
    (request,) = bench.far_side.twilio.requests
    assert request.method == "POST"
    return request.form


def test_a_call_asks_for_all_events_and_brings_both_time_limits(bench: Bench) -> None:
    """Each event is a field of its own, and the times are whole seconds."""
    bench.carrier.place_call(call())
    assert sent(bench) == {
        "To": [NUMBER],
        "From": [CALLER_ID],
        "Url": [DOCUMENT],
        "Method": ["POST"],
        "StatusCallback": [f"{EVENTS_URL}?attempt=a-reference"],
        "StatusCallbackMethod": ["POST"],
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
        "Timeout": ["20"],
        "TimeLimit": [str(LONGEST_CALL)],
    }


@pytest.mark.parametrize("channel", [Channel.VOICE, Channel.KEYPAD])
def test_a_call_that_asks_for_keys_may_take_longer(bench: Bench, channel: Channel) -> None:
    """Long enough for the question, the keys and what is spoken then; never without end."""
    bench.carrier.place_call(replace(call(), channel=channel))
    assert sent(bench)["TimeLimit"] == ["120"]


def test_an_sms_comes_from_the_sender(bench: Bench) -> None:
    bench.carrier.send_message(message(Channel.SMS))
    assert sent(bench) == {
        "To": [NUMBER],
        "From": [SENDER],
        "Body": ["493817 is your code."],
        "StatusCallback": [f"{EVENTS_URL}?attempt=a-reference"],
    }


def test_an_sms_may_come_from_a_name(bench: Bench) -> None:
    """An alphanumeric sender id stands where a number would."""
    with bench_with({"sender": "Ringproof"}) as named:
        named.carrier.send_message(message(Channel.SMS))
        assert sent(named)["From"] == ["Ringproof"]


def test_a_messaging_service_chooses_the_sender() -> None:
    with bench_with({"sender": "", "messaging_service_sid": SERVICE}) as bench:
        bench.carrier.send_message(message(Channel.SMS))
        assert sent(bench)["MessagingServiceSid"] == [SERVICE]
        assert "From" not in sent(bench)


def test_whatsapp_has_addresses_of_its_own(bench: Bench) -> None:
    bench.carrier.send_message(message(Channel.WHATSAPP))
    assert sent(bench)["To"] == [f"whatsapp:{NUMBER}"]
    assert sent(bench)["From"] == [f"whatsapp:{WHATSAPP_SENDER}"]
    assert sent(bench)["Body"] == ["493817 is your code."]


def test_a_whatsapp_template_gets_the_code_alone() -> None:
    """No text beside it: WhatsApp takes the words from the template."""
    settings = {"whatsapp_content_sid": TEMPLATE, "whatsapp_code_variable": "code"}
    with bench_with(settings) as bench:
        bench.carrier.send_message(message(Channel.WHATSAPP))
        form = sent(bench)
    assert form["ContentSid"] == [TEMPLATE]
    assert json.loads(form["ContentVariables"][0]) == {"code": "493817"}
    assert "Body" not in form


def test_without_senders_there_are_calls_only() -> None:
    """What nothing is set up for is not offered, and is a fault of the configuration when asked for."""
    with bench_with({"sender": "", "whatsapp_sender": ""}) as bench:
        assert bench.carrier.capabilities.channels == {Channel.FLASHCALL, Channel.VOICE, Channel.KEYPAD}
        for channel in (Channel.SMS, Channel.WHATSAPP, Channel.VIBER):
            with pytest.raises(CarrierMisconfigured):
                bench.carrier.send_message(message(channel))
        assert not bench.far_side.twilio.requests


# --- hanging up


def ends(bench: Bench, sid: str) -> list[str]:
    """The ends that were asked for, in order."""
    path = f"/2010-04-01/Accounts/{SID}/Calls/{sid}.json"
    return [item.form["Status"][0] for item in bench.far_side.twilio.requests if item.path == path]


@pytest.mark.parametrize("status", ["queued", "ringing"])
def test_a_call_that_nobody_has_answered_is_cancelled(bench: Bench, status: str) -> None:
    sid = bench.carrier.place_call(call()).remote_id
    bench.far_side.account.calls[sid].status = status
    bench.carrier.hang_up(sid)
    assert ends(bench, sid) == ["canceled"]
    assert bench.far_side.account.calls[sid].status == "canceled"


@pytest.mark.parametrize("code", [None, 21220, 21204])
def test_a_call_that_was_answered_meanwhile_is_completed(bench: Bench, code: int | None) -> None:
    """Cancelling leaves it alone, or is refused; either way it is ended in the other way at once."""
    bench.far_side.account.refuses_to_cancel_answered = code
    sid = bench.carrier.place_call(call()).remote_id
    bench.far_side.account.move_call(sid, "in-progress")
    bench.carrier.hang_up(sid)
    assert ends(bench, sid) == ["canceled", "completed"]
    assert bench.far_side.account.calls[sid].status == "completed"


@pytest.mark.parametrize("status", ["completed", "busy", "failed", "no-answer", "canceled"])
def test_a_call_that_is_over_is_left_alone(bench: Bench, status: str) -> None:
    """Twilio refuses both, and neither is an error of ours."""
    sid = bench.carrier.place_call(call()).remote_id
    bench.far_side.account.move_call(sid, status)
    bench.carrier.hang_up(sid)
    assert bench.far_side.account.calls[sid].status == status


def test_a_call_that_twilio_does_not_know_is_over(bench: Bench) -> None:
    bench.carrier.hang_up("CA" + "9" * 32)


@pytest.mark.parametrize("name", ["", "SM" + "9" * 32, "CA/../../Messages", "CA" + "9" * 32 + "?x=1"])
def test_a_name_that_is_not_a_calls_never_gets_into_an_address(bench: Bench, name: str) -> None:
    bench.carrier.hang_up(name)
    assert not bench.far_side.twilio.requests


# --- numbers


def test_owned_numbers_are_those_with_voice_over_all_pages() -> None:
    """Page after page, and no number that only sends messages."""
    with bench_with() as bench:
        bench.far_side.account.numbers = [f"+4420718{number:05}" for number in range(1_234)]
        found = list(bench.carrier.owned_numbers())
        asked = [item.query for item in bench.far_side.twilio.requests]
    assert sorted(found) == sorted(bench.far_side.account.numbers)
    assert len(asked) == 3
    assert SENDER not in found


def test_an_account_that_is_suspended_cannot_place_calls(bench: Bench) -> None:
    """The ping says so before anyone waits for a call."""
    bench.far_side.account.status = "suspended"
    with pytest.raises(CarrierMisconfigured, match="not active"):
        bench.carrier.ping()
