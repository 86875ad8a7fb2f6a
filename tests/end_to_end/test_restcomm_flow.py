"""Whole verifications of real numbers over Restcomm: a server process, and its far side behind HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from ringproof_rcml import Dialect, confirming, spoken_text
from tests.end_to_end.calls_with_keys import CallsThatAskForKeys
from tests.support.api import code_evidence, code_in
from tests.support.restcomm_fake import ACCOUNT_SID, AUTH_TOKEN, FakeCall
from tests.support.restcomm_fake_http import Delivery, Fault
from tests.support.restcomm_site import RestcommSite, restcomm_site
from tests.support.servers import Server
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestcommSite]:
    with restcomm_site(tmp_path_factory.mktemp("restcomm")) as made:
        yield made


def evidence_of(call: FakeCall) -> dict[str, object]:
    return {"channel": "flashcall", "caller_id": call.sender, "basis": "phone_state"}


def test_a_flash_call_is_verified_by_its_caller_id_and_hung_up(site: RestcommSite) -> None:
    """Restcomm says that it rings, the caller ID verifies, and Restcomm is told to stop the call."""
    started = site.api.start("+447400123401")
    call = site.call_to("+447400123401")
    wait_until(lambda: call.status == "ringing")
    answer = site.api.confirm(started, evidence_of(call))
    assert answer.json()["status"] == "verified"
    assert answer.json()["token"]
    wait_until(lambda: call.is_over)
    assert call.status == "canceled"
    wait_until(lambda: site.moves(started)[-1:] == [("ended", "rang")])


def test_a_call_that_rings_long_enough_is_cancelled_and_its_ring_time_fetched(site: RestcommSite) -> None:
    """The end's callback says `completed`; the list says that it was cancelled, and how long it rang."""
    started = site.api.start("+447400123402")
    call = site.call_to("+447400123402")
    wait_until(lambda: call.is_over)
    site.api.wait_until_over(started)
    assert (call.status, call.ring_seconds) == ("canceled", 1)
    assert site.moves(started) == [("ringing", None), ("ended", "rang")]
    answer = site.api.confirm(started, {**evidence_of(call), "ring_ms": 1100, "quality": "live"})
    assert answer.json()["status"] == "verified"


def test_whoever_answers_hears_one_sentence_of_a_british_woman(site: RestcommSite) -> None:
    """Fetched as RCML; the call counts as answered."""
    site.restcomm.behaviours["+447400123403"] = "answer"
    started = site.api.start("+447400123403", language="en-GB")
    call = site.call_to("+447400123403")
    wait_until(lambda: call.status == "completed")
    assert call.heard == [f"woman en-gb: {spoken_text(confirming(Dialect.RCML, 'en-GB'))}"]
    site.api.wait_until_over(started)
    assert site.moves(started) == [("ringing", None), ("answered", None), ("ended", "answered")]


def test_whoever_answers_and_stays_is_hung_up_by_the_server(site: RestcommSite) -> None:
    """Where the document did not end the call, a cancel does: a talking call is told `completed`."""
    site.restcomm.behaviours["+447400123404"] = "talk"
    started = site.api.start("+447400123404")
    call = site.call_to("+447400123404")
    wait_until(lambda: call.status == "in-progress")
    wait_until(lambda: site.moves(started)[-1:] == [("answered", None)])
    answer = site.api.request(
        "DELETE", f"/v1/verifications/{started.id}", None, {"Ringproof-Challenge": started.challenge}
    )
    assert answer.json()["status"] == "cancelled"
    wait_until(lambda: call.is_over)
    assert call.status == "completed"


@pytest.mark.parametrize(
    ("number", "behaviour", "reason"),
    [
        ("+447400123405", "busy", "busy"),
        ("+447400123406", "failed", "unreachable"),
        ("+447400123407", "not-found", "invalid_number"),
    ],
)
def test_a_call_that_cannot_ring_leads_to_a_text_message(
    site: RestcommSite, number: str, behaviour: str, reason: str
) -> None:
    """At once, for the reason that Restcomm's list gives; the code in it verifies."""
    site.restcomm.behaviours[number] = behaviour
    started = site.api.start(number, channels=["flashcall", "sms"])
    message = site.message_to(number)
    assert site.moves(started) == [("ended", reason)]
    wait_until(lambda: ("delivered", None) in site.moves(started, "sms"))
    answer = site.api.confirm(started, code_evidence(code_in(message.body)))
    assert answer.json()["status"] == "verified"


def test_a_call_that_nobody_answers_is_waited_for_and_then_followed_by_a_message(site: RestcommSite) -> None:
    """The phone has seen it, so its report may come; when it does not, the person asks for the message."""
    number = "+447400123408"
    site.restcomm.behaviours[number] = "no-answer"
    started = site.api.start(number, channels=["flashcall", "sms"])
    call = site.call_to(number)
    site.api.wait_until_over(started)
    assert call.status == "no-answer"
    assert site.moves(started) == [("ringing", None), ("ended", "no_answer")]
    header = {"Ringproof-Challenge": started.challenge}
    answer = site.api.post(f"/v1/verifications/{started.id}/next", {"channel": "sms"}, header)
    assert answer.status == 200, answer
    code = code_in(site.message_to(number).body)
    assert site.api.confirm(started, code_evidence(code)).json()["status"] == "verified"


def test_a_message_that_cannot_be_delivered_is_known_to_have_failed(site: RestcommSite) -> None:
    """With the reason of its error code."""
    site.restcomm.behaviours["+447400123409"] = "undelivered"
    started = site.api.start("+447400123409", channels=["sms"])
    site.message_to("+447400123409")
    wait_until(lambda: ("failed", "unreachable") in site.moves(started, "sms"))


def test_callbacks_without_the_right_secret_are_refused(site: RestcommSite) -> None:
    """Nobody who does not know the address moves an attempt, whatever they write."""
    started = site.api.start("+447400123410")
    call = site.call_to("+447400123410")
    wait_until(lambda: call.status == "ringing")
    address = urlsplit(call.form["StatusCallback"])
    query = dict(parse_qsl(address.query))
    other = dict(parse_qsl(urlsplit(site.call_to("+447400123401").form["StatusCallback"]).query))
    body = urlencode({"AccountSid": ACCOUNT_SID, "CallSid": call.sid, "CallStatus": "completed"}).encode()
    wrong = [
        {},
        {"reference": query["reference"]},
        {**query, "proof": other["proof"]},
        {**query, "proof": ""},
        {**query, "reference": other["reference"]},
        {**other, "reference": query["reference"]},
    ]
    for one in wrong:
        answer = site.api.post(f"{address.path}?{urlencode(one)}", body)
        assert (answer.status, answer.problem) == (403, "forbidden")
    answer = site.api.post(f"{address.path}?{address.query}", body)
    assert answer.status == 403, "the call rings, so it has not been completed"
    assert site.moves(started) == [("ringing", None)]


def test_a_lost_answer_is_asked_about_and_the_phone_rings_once(site: RestcommSite) -> None:
    """The call is found in the list by its two numbers, and hung up under the name it has there."""
    site.restcomm.fault = Fault.LOST_ANSWER
    started = site.api.start("+447400123411")
    call = site.call_to("+447400123411")
    wait_until(lambda: call.is_over)
    site.api.wait_until_over(started)
    assert call.status == "canceled"
    assert [item.to for item in site.restcomm.account.calls.values()].count("+447400123411") == 1
    assert site.api.confirm(started, evidence_of(call)).json()["status"] == "verified"


def test_every_callback_was_answered_and_no_secret_is_in_the_log(site: RestcommSite) -> None:
    """Callbacks about our own attempts are taken; the log knows events, not secrets."""
    wait_until(lambda: len(site.restcomm.answers_to_callbacks) >= len(site.restcomm.account.callbacks))
    assert set(site.restcomm.answers_to_callbacks) <= {204}
    log = site.server.log
    for _, _, form in site.restcomm.requests:
        if "StatusCallback" in form:
            assert dict(parse_qsl(urlsplit(form["StatusCallback"]).query))["proof"] not in log
    assert AUTH_TOKEN not in log


@pytest.mark.parametrize(
    ("number", "delivery"),
    [
        ("+447400123412", Delivery.DOUBLED),
        ("+447400123413", Delivery.REORDERED),
        ("+447400123414", Delivery.LOST),
    ],
)
def test_callbacks_that_are_lost_or_doubled_or_late_keep_nobody_from_being_verified(
    site: RestcommSite, number: str, delivery: Delivery
) -> None:
    """The phone has seen the call, and it stops ringing once it has served."""
    site.restcomm.delivery = delivery
    try:
        started = site.api.start(number)
        call = site.call_to(number)
        wait_until(lambda: call.status == "ringing")
        assert site.api.confirm(started, evidence_of(call)).json()["status"] == "verified"
        wait_until(lambda: call.is_over)
        assert call.status == "canceled"
        if delivery is not Delivery.LOST:
            wait_until(lambda: [state for state, _ in site.moves(started)][-1:] == ["ended"])
        assert len([state for state, _ in site.moves(started) if state == "ringing"]) <= 1
    finally:
        site.restcomm.delivery = Delivery.ONCE


def test_an_end_whose_reason_cannot_be_fetched_leads_to_the_next_step(site: RestcommSite) -> None:
    """Restcomm does not say it again, so nobody waits for it."""
    number = "+447400123415"
    site.restcomm.behaviours[number] = "busy"
    site.restcomm.fails_to_look = True
    try:
        started = site.api.start(number, channels=["flashcall", "sms"])
        code = code_in(site.message_to(number).body)
    finally:
        site.restcomm.fails_to_look = False
    assert site.moves(started)[0] == ("ended", "unknown")
    assert site.api.confirm(started, code_evidence(code)).json()["status"] == "verified"


def test_a_server_whose_settings_are_wrong_says_which(tmp_path: Path) -> None:
    """All at once, and without their values."""
    wrong = {
        "RINGPROOF_CARRIERS": "restcomm",
        "RINGPROOF_RESTCOMM_BASE_URL": "http://restcomm.example",
        "RINGPROOF_RESTCOMM_AUTH_TOKEN": "two words",
    }
    server = Server(tmp_path, settings=wrong)
    server.prepare()
    with pytest.raises(RuntimeError) as caught:
        server.start()
    assert "base_url" in str(caught.value)
    assert "account_sid" in str(caught.value)
    assert "two words" not in str(caught.value)


class TestCallsThatAskForKeys(CallsThatAskForKeys):
    PREFIX = "+4474001259"

    def answers(self, site: RestcommSite, number: str, keys: list[str]) -> None:
        site.restcomm.behaviours[number] = "answer"
        site.restcomm.keys[number] = keys

    def heard(self, site: RestcommSite, number: str) -> str:
        call = site.call_to(number)
        wait_until(lambda: call.is_over)
        return " ".join(call.heard)
