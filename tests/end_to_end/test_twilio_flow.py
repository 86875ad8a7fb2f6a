"""Whole verifications of real numbers over Twilio: a server process, and Twilio's far side behind HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from ringproof_rcml import Dialect, confirming, spoken_text
from tests.end_to_end.calls_with_keys import CallsThatAskForKeys
from tests.support import leaks
from tests.support.carrier_site import CarrierSite
from tests.support.servers import GENEROUS, Server, running
from tests.support.twilio_fake import Account, Callback, FakeTwilio, Network, Phone
from tests.support.twilio_fake.account import Call, Message
from tests.support.twilio_fake.network import signature
from tests.support.waiting import only, wait_until

SID: Final = "AC" + "7b" * 16
TOKEN: Final = "another-twilio-auth-token-for-tests"
SENDER: Final = "+447480000001"
WHATSAPP_SENDER: Final = "+447480000002"
POOL: Final = tuple(f"+4420718{number:05}" for number in range(40_000, 42_000))


@dataclass(frozen=True)
class Site(CarrierSite):
    """A server whose only carrier is the fake Twilio."""

    twilio: FakeTwilio
    network: Network

    @property
    def account(self) -> Account:
        return self.twilio.account

    def call_to(self, number: str) -> Call:
        """The only call to this number, once there is one."""
        found: Call = only(lambda: [call for call in self.account.calls.values() if call.to == number])
        return found

    def text_to(self, number: str) -> str:
        found: Message = only(lambda: [item for item in self.account.messages.values() if item.to == number])
        return found.body


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    leaks.secret(TOKEN, "password")
    account = Account(sid=SID, token=TOKEN, numbers=POOL, senders=(SENDER, f"whatsapp:{WHATSAPP_SENDER}"))
    network = Network(account)
    twilio = FakeTwilio(account, network=network)
    settings = {
        **GENEROUS,
        "RINGPROOF_CARRIERS": "twilio",
        "RINGPROOF_TWILIO_ACCOUNT_SID": SID,
        "RINGPROOF_TWILIO_AUTH_TOKEN": TOKEN,
        "RINGPROOF_TWILIO_BASE_URL": twilio.url,
        "RINGPROOF_TWILIO_SENDER": SENDER,
        "RINGPROOF_TWILIO_WHATSAPP_SENDER": WHATSAPP_SENDER,
        "RINGPROOF_TWILIO_CALLS_PER_SECOND": "50",
        "RINGPROOF_RING_SECONDS": "1.0,1.5",
        # Every library may say what it wants: the search for secrets reads it.
        "RINGPROOF_LOG_LEVEL": "debug",
    }
    server = Server(tmp_path_factory.mktemp("twilio"), settings=settings)
    try:
        with running(server):
            tenant = server.tenant(pool=[f"{POOL[0]}-{POOL[-1]}"])
            yield Site(server, tenant, twilio, network)
    finally:
        twilio.stop()


def evidence_of(call: Call) -> dict[str, object]:
    return {"channel": "flashcall", "caller_id": call.caller_id, "basis": "phone_state"}


def test_a_flash_call_is_verified_by_its_caller_id_and_hung_up(site: Site) -> None:
    """Ringing is heard of by callback, the caller ID verifies, and Twilio is told to stop the call."""
    number = "+447400123401"
    started = site.api.start(number)
    call = site.call_to(number)
    wait_until(lambda: call.status == "ringing")
    answer = site.api.confirm(started, evidence_of(call))
    assert answer.json()["status"] == "verified"
    assert answer.json()["token"]
    wait_until(call.ended.is_set)
    assert call.status == "canceled"


def test_a_call_that_nobody_confirms_is_hung_up_after_its_ring_time(site: Site) -> None:
    """The attempt ends as one that rang; the person was not asked to answer."""
    number = "+447400123402"
    started = site.api.start(number)
    call = site.call_to(number)
    assert call.ended.wait(20)
    assert call.status == "canceled"
    site.api.wait_until_over(started)
    assert site.moves(started)[-1] == ("ended", "rang")


@pytest.mark.parametrize(("phone", "reason"), [(Phone.BUSY, "busy"), (Phone.FAIL, "invalid_number")])
def test_a_call_that_fails_is_followed_by_an_sms_with_a_code(site: Site, phone: Phone, reason: str) -> None:
    """The person's phone says no; without anyone asking, the code goes out by SMS and verifies."""
    number = f"+4474001235{list(Phone).index(phone):02}"
    site.network.phones[number] = phone
    started = site.api.start(number)
    text = site.text_to(number)
    (code,) = re.findall(r"\b[0-9]{6}\b", text)
    leaks.secret(code, "code")
    wait_until(lambda: ("delivered", None) in site.moves(started, "sms"))
    answer = site.api.confirm(started, {"channel": "sms", "code": code, "source": "manual"})
    assert answer.json()["status"] == "verified"
    assert site.moves(started)[-1] == ("ended", reason)


@pytest.mark.parametrize(("phone", "reason"), [(Phone.DECLINE, "rejected"), (Phone.NO_ANSWER, "no_answer")])
def test_a_call_that_was_seen_and_not_taken_still_verifies(site: Site, phone: Phone, reason: str) -> None:
    """Declined, or left alone: the phone has seen the caller ID, and its app may report it."""
    number = f"+4474001236{list(Phone).index(phone):02}"
    site.network.phones[number] = phone
    started = site.api.start(number)
    call = site.call_to(number)
    site.api.wait_until_over(started)
    assert site.moves(started)[-1] == ("ended", reason)
    assert site.api.confirm(started, evidence_of(call)).json()["status"] == "verified"


def test_a_code_by_whatsapp_is_delivered_read_and_verifies(site: Site) -> None:
    """The person reads it on WhatsApp; the server knows that too."""
    number = "+447400123410"
    site.network.message_ends = ("read", None)
    try:
        started = site.api.start(number, channels=["whatsapp"])
        (code,) = re.findall(r"\b[0-9]{6}\b", site.text_to(f"whatsapp:{number}"))
        leaks.secret(code, "code")
        wait_until(lambda: ("read", None) in site.moves(started, "whatsapp"))
    finally:
        site.network.message_ends = ("delivered", None)
    evidence = {"channel": "whatsapp", "code": code, "source": "manual"}
    assert site.api.confirm(started, evidence).json()["status"] == "verified"


@pytest.mark.parametrize(
    ("error", "reason"), [(30003, "unreachable"), (30005, "invalid_number"), (30450, "fraud_blocked")]
)
def test_a_message_that_is_not_delivered_ends_with_its_reason(site: Site, error: int, reason: str) -> None:
    """Twilio's code, as a callback brings it, becomes a word of the closed list."""
    number = f"+4474001{error:05}"
    site.network.message_ends = ("undelivered", error)
    try:
        started = site.api.start(number, channels=["sms"])
        wait_until(lambda: ("failed", reason) in site.moves(started, "sms"))
    finally:
        site.network.message_ends = ("delivered", None)


def test_whoever_answers_hears_the_sentence_in_their_language(site: Site) -> None:
    """A German number is spoken to in German; then the call ends and counts as answered."""
    number = "+4915112345678"
    site.network.phones[number] = Phone.ANSWER
    started = site.api.start(number)
    call = site.call_to(number)
    assert call.ended.wait(20)
    assert call.heard == spoken_text(confirming(Dialect.TWIML, "de-DE"))
    site.api.wait_until_over(started)
    assert site.moves(started)[-1] == ("ended", "answered")


def test_callbacks_that_come_twice_or_out_of_order_change_nothing(site: Site) -> None:
    """The phone rings as usual, each status counts once, and the caller ID verifies."""
    number = "+447400123403"
    site.network.delivery.doubled = {"ringing", "canceled"}
    site.network.delivery.held = {"initiated"}
    try:
        started = site.api.start(number)
        call = site.call_to(number)
        assert call.ended.wait(20)
        site.api.wait_until_over(started)
    finally:
        site.network.delivery.doubled = set()
        site.network.delivery.held = set()
    seen = site.moves(started)
    assert [state for state, _ in seen].count("ringing") == 1
    assert seen[-1] == ("ended", "rang")
    assert site.api.confirm(started, evidence_of(call)).json()["status"] == "verified"


def test_a_call_whose_callbacks_are_lost_is_verified_and_hung_up_all_the_same(site: Site) -> None:
    """The evidence needs no callback; what the server does not hear of is ended with the verification."""
    number = "+447400123404"
    site.network.delivery.lost = {"initiated", "ringing", "canceled"}
    try:
        started = site.api.start(number)
        call = site.call_to(number)
        wait_until(lambda: call.status == "ringing")
        assert site.api.confirm(started, evidence_of(call)).json()["status"] == "verified"
        assert call.ended.wait(20)
    finally:
        site.network.delivery.lost = set()
    assert call.status == "canceled"


def test_a_call_whose_answer_was_lost_is_found_and_not_placed_again(site: Site) -> None:
    """Twilio took it and the connection broke: the server asks, and goes on with the same call."""
    number = "+447400123407"
    site.twilio.faults.lose_answers = 1
    started = site.api.start(number)
    call = site.call_to(number)
    wait_until(lambda: call.status == "ringing")
    assert site.api.confirm(started, evidence_of(call)).json()["status"] == "verified"
    assert call.ended.wait(20)
    assert site.call_to(number) is call
    assert site.api.read(started).json()["attempt"]["id"] == started.view["attempt"]["id"]


def test_a_message_whose_answer_was_lost_is_found_and_not_sent_again(site: Site) -> None:
    """The code that arrived is the one that counts, and it arrived once."""
    number = "+447400123408"
    site.twilio.faults.lose_answers = 1
    started = site.api.start(number, channels=["sms"])
    (code,) = re.findall(r"\b[0-9]{6}\b", site.text_to(number))
    leaks.secret(code, "code")
    wait_until(lambda: ("delivered", None) in site.moves(started, "sms"))
    evidence = {"channel": "sms", "code": code, "source": "manual"}
    assert site.api.confirm(started, evidence).json()["status"] == "verified"
    assert site.text_to(number)


def test_a_number_that_twilio_refuses_goes_straight_to_the_next_step(site: Site) -> None:
    """Refused as not existing, for calls and messages alike: nothing is left, and it says why."""
    number = "+447400123409"
    site.account.refused.add(number)
    started = site.api.start(number)
    wait_until(lambda: len(site.moves(started, "sms")) > 0)
    assert site.moves(started)[-1] == ("ended", "invalid_number")
    assert site.moves(started, "sms")[-1] == ("failed", "invalid_number")
    assert not [call for call in site.account.calls.values() if call.to == number]


def test_callbacks_that_are_not_twilios_are_refused(site: Site) -> None:
    """Unsigned, forged, altered, for another address or account: 403, and the attempt stays as it is."""
    number = "+447400123405"
    site.network.phones[number] = Phone.HOLD
    started = site.api.start(number)
    call = site.call_to(number)
    wait_until(lambda: site.api.read(started).json()["attempt"]["status"] == "accepted")
    ringing = site.account.move_call(call.sid, "ringing")
    assert ringing is not None
    form = dict(ringing.form)
    right = signature(TOKEN, ringing.url, form)
    elsewhere = ringing.url.replace("/events?", "/elsewhere?")
    for url, sent, proof in (
        (ringing.url, form, None),
        (ringing.url, form, ""),
        (ringing.url, form, signature("a-token-of-somebody-else", ringing.url, form)),
        (ringing.url, {**form, "CallStatus": "completed"}, right),
        (ringing.url, {**form, "Extra": "1"}, right),
        (ringing.url + "0", form, right),
        (elsewhere, form, right),
    ):
        headers = {} if proof is None else {"X-Twilio-Signature": proof}
        assert site.network.post(url, sent, headers)[0] == 403
    other = {**form, "AccountSid": "AC" + "0" * 32}
    genuine = {"X-Twilio-Signature": signature(TOKEN, ringing.url, other)}
    assert site.network.post(ringing.url, other, genuine)[0] == 403
    assert site.api.read(started).json()["attempt"]["status"] == "accepted"
    assert site.network.send(ringing) == 204
    assert site.api.read(started).json()["attempt"]["status"] == "ringing"


def test_a_replayed_callback_is_dropped(site: Site) -> None:
    """Whoever captured one moves nothing with it: not now, and not after the end of the call."""
    number = "+447400123406"
    site.network.phones[number] = Phone.HOLD
    started = site.api.start(number)
    call = site.call_to(number)
    # Else the events might overtake the answer to the request, which is odd for a reason of its own.
    wait_until(lambda: site.api.read(started).json()["attempt"]["status"] == "accepted")
    sent: list[Callback] = []
    for status in ("ringing", "busy"):
        callback = site.account.move_call(call.sid, status)
        assert callback is not None
        sent.append(callback)
        assert site.network.send(callback) == 204
    site.text_to(number)
    before = site.moves(started)
    for callback in sent:
        assert site.network.send(callback) == 204
    assert site.moves(started) == before
    assert not [entry for entry in site.trace(started) if entry["what"] == "odd_event"]


def test_the_log_at_its_most_talkative_holds_no_credential(site: Site) -> None:
    """The search for secrets reads the whole log at the end; this makes sure that there is one."""
    log = Path(site.server.log_file).read_text()
    assert len(log) > 1000
    assert TOKEN not in log
    assert "+4474001234" not in log
    assert "%2B4474001234" not in log


class TestCallsThatAskForKeys(CallsThatAskForKeys):
    PREFIX = "+4474001239"

    def answers(self, site: Site, number: str, keys: list[str]) -> None:
        site.network.phones[number] = Phone.ANSWER
        site.network.keys[number] = keys

    def heard(self, site: Site, number: str) -> str:
        call = site.call_to(number)
        # Whoever knows this part of the document's address hears the code too.
        leaks.secret(urlsplit(call.url).path.rpartition(".")[2], "password")
        wait_until(lambda: call.status == "completed")
        return call.heard or ""
