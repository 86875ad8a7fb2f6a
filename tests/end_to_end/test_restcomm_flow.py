"""Whole verifications of real numbers over Restcomm: a server process, and its far side behind HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from ringproof_rcml import Dialect, confirming, spoken_text
from tests.support import leaks
from tests.support.api import Api, Started, code_evidence, code_heard, code_in
from tests.support.restcomm_fake import ACCOUNT_SID, AUTH_TOKEN, SMS_FROM, FakeCall, FakeMessage
from tests.support.restcomm_fake_http import Delivery, Fault, RestcommServer, restcomm_server
from tests.support.servers import GENEROUS, Server, Tenant, running

T = TypeVar("T")


@dataclass(frozen=True)
class Site:
    """A server whose only carrier is the fake Restcomm."""

    server: Server
    tenant: Tenant
    restcomm: RestcommServer

    @property
    def api(self) -> Api:
        return Api(self.server.url, self.tenant.publishable)

    def trace(self, started: Started) -> list[dict[str, Any]]:
        """Every decision about a verification, as its back end sees it."""
        answer = Api(self.server.url, self.tenant.secret).get(f"/v1/verifications/{started.id}")
        found: list[dict[str, Any]] = answer.json()["trace"]
        return found

    def moves(self, started: Started, channel: str = "flashcall") -> list[tuple[str, str | None]]:
        """The states that the attempts on a channel went through, with their reasons."""
        found = [entry["detail"] for entry in self.trace(started) if entry["what"] == "attempt_moved"]
        return [(item["state"], item.get("reason")) for item in found if item["channel"] == channel]

    def call_to(self, number: str) -> FakeCall:
        """The only call to this number, as soon as there is one; its secrets may be in no output."""
        account = self.restcomm.account
        call = soon(lambda: next((item for item in list(account.calls.values()) if item.to == number), None))
        register(call.form["StatusCallback"])
        return call

    def message_to(self, number: str) -> FakeMessage:
        account = self.restcomm.account
        message = soon(
            lambda: next((item for item in list(account.messages.values()) if item.to == number), None)
        )
        register(message.form["StatusCallback"])
        leaks.secret(code_in(message.body), "code")
        return message


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with restcomm_server(lively=True) as restcomm:
        settings = {
            **GENEROUS,
            "RINGPROOF_CARRIERS": "restcomm",
            "RINGPROOF_RESTCOMM_BASE_URL": restcomm.url,
            "RINGPROOF_RESTCOMM_ACCOUNT_SID": ACCOUNT_SID,
            "RINGPROOF_RESTCOMM_AUTH_TOKEN": AUTH_TOKEN,
            "RINGPROOF_RESTCOMM_SMS_FROM": SMS_FROM,
            "RINGPROOF_RING_SECONDS": "1.0,1.5",
            # Every library may say what it wants: the search for secrets reads it.
            "RINGPROOF_LOG_LEVEL": "debug",
        }
        with running(Server(tmp_path_factory.mktemp("restcomm"), settings=settings)) as server:
            yield Site(server, server.tenant(), restcomm)
            assert restcomm.complaints == []


def soon(look: Callable[[], T | None], *, seconds: float = 20.0) -> T:
    """What is there, as soon as it is there."""
    give_up = time.monotonic() + seconds
    while (found := look()) is None:
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.02)
    return found


def wait_until(is_so: Callable[[], bool]) -> None:
    soon(lambda: is_so() or None)


def register(address: str) -> None:
    """The secrets of an address for callbacks."""
    query = dict(parse_qsl(urlsplit(address).query))
    for secret in (query["proof"], query["parties"], query["reference"].rpartition(".")[2]):
        leaks.secret(secret, "password")


def evidence_of(call: FakeCall) -> dict[str, object]:
    return {"channel": "flashcall", "caller_id": call.sender, "basis": "phone_state"}


def test_a_flash_call_is_verified_by_its_caller_id_and_hung_up(site: Site) -> None:
    """Restcomm says that it rings, the caller ID verifies, and Restcomm is told to stop the call."""
    started = site.api.start("+447400123401")
    call = site.call_to("+447400123401")
    wait_until(lambda: call.status == "ringing")
    answer = site.api.confirm(started, evidence_of(call))
    assert answer.json()["status"] == "verified"
    assert answer.json()["token"]
    wait_until(lambda: call.is_over)
    assert call.status == "canceled"
    wait_until(lambda: site.moves(started)[-1] == ("ended", "rang"))


def test_a_call_that_rings_long_enough_is_cancelled_and_its_ring_time_fetched(site: Site) -> None:
    """The end's callback says `completed`; the list says that it was cancelled, and how long it rang."""
    started = site.api.start("+447400123402")
    call = site.call_to("+447400123402")
    wait_until(lambda: call.is_over)
    site.api.wait_until_over(started)
    assert (call.status, call.ring_seconds) == ("canceled", 1)
    assert site.moves(started) == [("ringing", None), ("ended", "rang")]
    answer = site.api.confirm(started, {**evidence_of(call), "ring_ms": 1100, "quality": "live"})
    assert answer.json()["status"] == "verified"


def test_whoever_answers_hears_one_sentence_of_a_british_woman(site: Site) -> None:
    """Fetched as RCML; the call counts as answered."""
    site.restcomm.behaviours["+447400123403"] = "answer"
    started = site.api.start("+447400123403", language="en-GB")
    call = site.call_to("+447400123403")
    wait_until(lambda: call.status == "completed")
    assert call.heard == [f"woman en-gb: {spoken_text(confirming(Dialect.RCML, 'en-GB'))}"]
    site.api.wait_until_over(started)
    assert site.moves(started) == [("ringing", None), ("answered", None), ("ended", "answered")]


def test_whoever_answers_and_stays_is_hung_up_by_the_server(site: Site) -> None:
    """Where the document did not end the call, a cancel does: a talking call is told `completed`."""
    site.restcomm.behaviours["+447400123404"] = "talk"
    started = site.api.start("+447400123404")
    call = site.call_to("+447400123404")
    wait_until(lambda: call.status == "in-progress")
    wait_until(lambda: site.moves(started)[-1] == ("answered", None))
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
    site: Site, number: str, behaviour: str, reason: str
) -> None:
    """At once, for the reason that Restcomm's list gives; the code in it verifies."""
    site.restcomm.behaviours[number] = behaviour
    started = site.api.start(number, channels=["flashcall", "sms"])
    message = site.message_to(number)
    assert site.moves(started) == [("ended", reason)]
    wait_until(lambda: ("delivered", None) in site.moves(started, "sms"))
    answer = site.api.confirm(started, code_evidence(code_in(message.body)))
    assert answer.json()["status"] == "verified"


def test_a_call_that_nobody_answers_is_waited_for_and_then_followed_by_a_message(site: Site) -> None:
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


def test_a_message_that_cannot_be_delivered_is_known_to_have_failed(site: Site) -> None:
    """With the reason of its error code."""
    site.restcomm.behaviours["+447400123409"] = "undelivered"
    started = site.api.start("+447400123409", channels=["sms"])
    site.message_to("+447400123409")
    wait_until(lambda: ("failed", "unreachable") in site.moves(started, "sms"))


def test_callbacks_without_the_right_secret_are_refused(site: Site) -> None:
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


def test_a_lost_answer_is_asked_about_and_the_phone_rings_once(site: Site) -> None:
    """The call is found in the list by its two numbers, and hung up under the name it has there."""
    site.restcomm.fault = Fault.LOST_ANSWER
    started = site.api.start("+447400123411")
    call = site.call_to("+447400123411")
    wait_until(lambda: call.is_over)
    site.api.wait_until_over(started)
    assert call.status == "canceled"
    assert [item.to for item in site.restcomm.account.calls.values()].count("+447400123411") == 1
    assert site.api.confirm(started, evidence_of(call)).json()["status"] == "verified"


def test_every_callback_was_answered_and_no_secret_is_in_the_log(site: Site) -> None:
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
    site: Site, number: str, delivery: Delivery
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
            wait_until(lambda: site.moves(started)[-1][0] == "ended")
        assert len([state for state, _ in site.moves(started) if state == "ringing"]) <= 1
    finally:
        site.restcomm.delivery = Delivery.ONCE


def test_an_end_whose_reason_cannot_be_fetched_leads_to_the_next_step(site: Site) -> None:
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


# --- calls that ask for keys


def test_a_code_is_heard_after_a_key_and_verifies(site: Site) -> None:
    """Pressed in the call, told to the address that the question named, and spoken twice."""
    number = "+447400125991"
    site.restcomm.behaviours[number] = "answer"
    site.restcomm.keys[number] = ["1"]
    started = site.api.start(number, channels=["voice"])
    call = site.call_to(number)
    wait_until(lambda: call.is_over)
    code = code_heard(" ".join(call.heard))
    leaks.secret(code, "code")
    answer = site.api.confirm(started, {"channel": "voice", "code": code, "source": "manual"})
    assert answer.json()["status"] == "verified"


def test_whoever_presses_nothing_hears_no_code(site: Site) -> None:
    """Such as a machine that answers; nothing of the code is said, and the call ends by itself."""
    number = "+447400125992"
    site.restcomm.behaviours[number] = "answer"
    site.api.start(number, channels=["voice"])
    call = site.call_to(number)
    wait_until(lambda: call.is_over)
    heard = " ".join(call.heard)
    assert heard.endswith("Goodbye.")
    assert "your code is" not in heard.lower()


def test_digits_typed_in_a_call_verify_who_shows_them(site: Site) -> None:
    """Wrong ones first: asked once more, and right then; the client polls and confirms."""
    number = "+447400125993"
    site.restcomm.behaviours[number] = "answer"
    gate = site.restcomm.keys[number] = ["000001"]
    started = site.api.start(number, channels=["keypad"])
    digits = started.view["keypad"]["digits"]
    gate.append(digits)
    site.call_to(number)
    wait_until(lambda: site.api.read(started).json()["keypad"]["typed"])
    answer = site.api.confirm(started, {"channel": "keypad"}).json()
    assert (answer["status"], bool(answer["token"])) == ("verified", True)
    assert answer["assurance_bits"] == 17.6
