"""Whole verifications of real numbers over Vonage: a server process, and Vonage's far side behind HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ringproof_rcml import Dialect, confirmed, confirming, spoken_text
from tests.end_to_end.calls_with_keys import CallsThatAskForKeys
from tests.support import leaks
from tests.support.api import Started, code_in
from tests.support.carrier_site import CarrierSite
from tests.support.servers import GENEROUS, Server, running
from tests.support.vonage_fake import (
    SIGNATURE_SECRET,
    Call,
    FakeVonage,
    Fault,
    Message,
    Phone,
    private_key,
)
from tests.support.vonage_fake_webhooks import Faults, Webhook, post
from tests.support.waiting import only, wait_until


@dataclass(frozen=True)
class Site(CarrierSite):
    """A server whose only carrier is the fake Vonage."""

    vonage: FakeVonage

    def wait_for_move(self, started: Started, channel: str, move: tuple[str, str | None]) -> None:
        wait_until(lambda: move in self.moves(started, channel))

    def call_to(self, number: str) -> Call:
        """The only call to this number, once there is one."""
        digits = number.lstrip("+")
        return only(lambda: [call for call in list(self.vonage.calls.values()) if call.to == digits])

    def message_to(self, number: str) -> Message:
        digits = number.lstrip("+")
        return only(lambda: [one for one in list(self.vonage.messages.values()) if one.said["to"] == digits])

    def behave(self, number: str, phone: Phone) -> None:
        self.vonage.phones[number.lstrip("+")] = phone

    def code_sent_to(self, number: str) -> str:
        code = code_in(self.message_to(number).said["text"])
        leaks.secret(code, "code")
        return code


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    vonage = FakeVonage()
    account = {f"RINGPROOF_VONAGE_{name.upper()}": text for name, text in vonage.settings().items()}
    settings = {
        **GENEROUS,
        **account,
        "RINGPROOF_CARRIERS": "vonage",
        "RINGPROOF_RING_SECONDS": "1.0,1.5",
        # The client's library logs at its most talkative too; the search for secrets reads it.
        "RINGPROOF_LOG_LEVEL": "debug",
    }
    server = Server(tmp_path_factory.mktemp("vonage"), settings=settings)
    try:
        with running(server):
            yield Site(server, server.tenant(), vonage)
    finally:
        vonage.close()


@pytest.fixture
def delivery(site: Site) -> Iterator[Faults]:
    """The faults on the webhooks' way; none after the test."""
    assert site.vonage.delivery is not None
    faults = site.vonage.delivery.faults = Faults()
    yield faults
    site.vonage.delivery.faults = Faults()


def evidence_of(call: Call) -> dict[str, object]:
    return {"channel": "flashcall", "caller_id": f"+{call.caller}", "basis": "phone_state"}


def status_of(site: Site, started: Started) -> str:
    return str(site.api.read(started).json()["attempt"]["status"])


# --- what people go through


def test_a_flash_call_is_verified_by_its_caller_id_and_hung_up(site: Site) -> None:
    """Ringing is heard of by webhook, the caller ID verifies, and Vonage is told to end the call."""
    number = "+447400124001"
    started = site.api.start(number)
    call = site.call_to(number)
    wait_until(lambda: status_of(site, started) == "ringing")
    answer = site.api.confirm(started, evidence_of(call)).json()
    assert (answer["status"], bool(answer["token"])) == ("verified", True)
    wait_until(lambda: call.status == "cancelled")


def test_a_call_that_nobody_confirms_is_hung_up_after_its_ring_time(site: Site) -> None:
    """The attempt ends as one that rang; nobody was asked to answer, and nothing was said."""
    number = "+447400124002"
    started = site.api.start(number)
    call = site.call_to(number)
    wait_until(lambda: call.status == "cancelled")
    site.api.wait_until_over(started)
    assert site.moves(started)[-1] == ("ended", "rang")
    assert call.heard is None


@pytest.mark.parametrize(
    ("number", "phone"), [("+4915112346001", Phone.ANSWERS), ("+4915112346002", Phone.VOICEMAIL)]
)
def test_whoever_answers_hears_the_truth_in_their_language(site: Site, number: str, phone: Phone) -> None:
    """A German number is spoken to in German, a person like a voicemail; the call counts as answered."""
    site.behave(number, phone)
    started = site.api.start(number)
    call = site.call_to(number)
    wait_until(lambda: call.heard is not None)
    assert call.heard == spoken_text(confirming(Dialect.NCCO, "de-DE"))
    assert call.heard != spoken_text(confirmed(Dialect.NCCO, "de-DE"))
    site.api.wait_until_over(started)
    assert site.moves(started)[-1] == ("ended", "answered")
    answer = site.api.confirm(started, evidence_of(call))
    assert answer.json()["status"] == "verified"


@pytest.mark.parametrize(
    ("number", "phone", "reason"),
    [
        ("+447400124011", Phone.OFF, "unreachable"),
        ("+447400124012", Phone.BUSY, "busy"),
    ],
)
def test_a_call_that_fails_is_followed_by_an_sms_with_a_code(
    site: Site, number: str, phone: Phone, reason: str
) -> None:
    """Without anyone asking the code goes out by SMS; its delivery is heard of, and it verifies."""
    site.behave(number, phone)
    started = site.api.start(number)
    code = site.code_sent_to(number)
    site.wait_for_move(started, "sms", ("delivered", None))
    answer = site.api.confirm(started, {"channel": "sms", "code": code, "source": "manual"})
    assert answer.json()["status"] == "verified"
    assert site.moves(started)[-1] == ("ended", reason)
    assert site.message_to(number).said["from"] == "Ringproof"


@pytest.mark.parametrize("channel", ["whatsapp", "viber"])
def test_a_messenger_s_message_is_known_to_be_read(site: Site, channel: str) -> None:
    """Delivered and then read, as the provider says it, and its code verifies."""
    number = {"whatsapp": "+447400124021", "viber": "+447400124022"}[channel]
    started = site.api.start(number, channels=[channel])
    site.wait_for_move(started, channel, ("read", None))
    states = [state for state, _ in site.moves(started, channel)]
    assert states[-2:] == ["delivered", "read"]
    code = site.code_sent_to(number)
    answer = site.api.confirm(started, {"channel": channel, "code": code, "source": "manual"})
    assert answer.json()["status"] == "verified"


def test_who_has_no_whatsapp_gets_the_code_by_sms(site: Site) -> None:
    """Vonage takes the message and reports later that the number does not use the service."""
    number = "+447400124023"
    site.vonage.rejections["whatsapp"] = 1300
    try:
        started = site.api.start(number, channels=["whatsapp", "sms"])
        site.wait_for_move(started, "sms", ("delivered", None))
    finally:
        site.vonage.rejections.clear()
    assert site.moves(started, "whatsapp")[-1] == ("failed", "unreachable")


def test_a_number_that_vonage_refuses_goes_on_to_the_next_step(site: Site) -> None:
    """Refused for calls and messages alike: nothing is left, and the trace says why."""
    number = "+447400124024"
    site.vonage.meet(Fault.NUMBER_REFUSED)
    try:
        started = site.api.start(number)
        site.wait_for_move(started, "sms", ("failed", "invalid_number"))
    finally:
        site.vonage.meet(Fault.NONE)
    assert site.moves(started)[-1] == ("ended", "invalid_number")


# --- what networks do to it


def test_a_call_whose_answer_was_lost_is_found_and_not_placed_again(site: Site, delivery: Faults) -> None:
    """Vonage took it and the connection broke, and not even its first webhook came."""
    number = "+447400124031"
    delivery.lost = {"started", "ringing"}
    site.vonage.meet(Fault.LOST_ANSWER, once=True)
    started = site.api.start(number)
    call = site.call_to(number)
    wait_until(lambda: status_of(site, started) == "accepted")
    assert site.api.confirm(started, evidence_of(call)).json()["status"] == "verified"
    wait_until(lambda: not call.is_up)
    assert site.call_to(number) is call


def test_a_message_whose_answer_was_lost_is_not_sent_again(site: Site) -> None:
    """Vonage lists no messages; the code that arrived once is the one that counts."""
    number = "+447400124032"
    site.vonage.meet(Fault.LOST_ANSWER, once=True)
    started = site.api.start(number, channels=["sms"])
    code = site.code_sent_to(number)
    wait_until(lambda: status_of(site, started) in {"delivered", "failed"})
    answer = site.api.confirm(started, {"channel": "sms", "code": code, "source": "manual"})
    assert answer.json()["status"] == "verified"
    assert site.message_to(number)


def test_webhooks_that_come_twice_and_in_the_wrong_order_change_nothing(site: Site, delivery: Faults) -> None:
    number = "+447400124033"
    delivery.doubled = delivery.swapped = True
    started = site.api.start(number)
    call = site.call_to(number)
    wait_until(lambda: not call.is_up)
    # The last webhook waits for a neighbour to be swapped with.
    delivery.swapped = False
    site.vonage.send_again(call.webhooks[-1])
    site.api.wait_until_over(started)
    seen = site.moves(started)
    assert [state for state, _ in seen].count("ringing") == 1
    assert seen[-1] == ("ended", "rang")
    assert site.api.confirm(started, evidence_of(call)).json()["status"] == "verified"


def test_a_call_whose_webhooks_are_lost_is_verified_and_hung_up_all_the_same(
    site: Site, delivery: Faults
) -> None:
    """The evidence needs no webhook; what the server does not hear of is ended with the verification."""
    number = "+447400124034"
    delivery.lost = {"started", "ringing", "cancelled"}
    started = site.api.start(number)
    call = site.call_to(number)
    wait_until(lambda: status_of(site, started) == "accepted")
    assert site.api.confirm(started, evidence_of(call)).json()["status"] == "verified"
    wait_until(lambda: not call.is_up)


# --- what strangers try


def captured(site: Site, number: str, delivery: Faults) -> tuple[Started, Webhook]:
    """A call whose `ringing` webhook did not reach the server, and that webhook."""
    delivery.lost = {"ringing"}
    started = site.api.start(number)
    call = site.call_to(number)
    wait_until(lambda: status_of(site, started) == "accepted")
    (ringing,) = [webhook for webhook in call.webhooks if webhook.status == "ringing"]
    return started, ringing


def test_webhooks_that_are_not_vonages_are_refused(site: Site, delivery: Faults) -> None:
    """Unsigned, forged, altered, of another account, stale, at another address: 403, and nothing moves."""
    number = "+447400124041"
    started, ringing = captured(site, number, delivery)
    sign = site.vonage.signer.token
    altered = ringing.body.replace(b'"ringing"', b'"answered"')
    stale = int(site.vonage.now().timestamp()) - 600
    tokens = [
        (ringing.body, None),
        (ringing.body, "Bearer "),
        (ringing.body, "Basic YTpi"),
        (ringing.body, f"Bearer {sign(ringing.body, secret='somebody-elses-secret-of-a-good-length')}"),
        (ringing.body, f"Bearer {sign(ringing.body, algorithm='none')}"),
        (ringing.body, f"Bearer {sign(ringing.body, application_id='another')}"),
        (ringing.body, f"Bearer {sign(ringing.body, iat=stale)}"),
        (altered, ringing.headers["authorization"]),
        (ringing.body + b" ", ringing.headers["authorization"]),
    ]
    for body, token in tokens:
        headers = {"content-type": "application/json"} | ({} if token is None else {"authorization": token})
        assert post(ringing.url, headers, body)[0] == 403
    base, _, query = ringing.url.partition("?")
    for url in (base, f"{base}?{query}0", f"{base}/more?{query}", ringing.url.replace("for=", "for=0")):
        assert post(url, ringing.headers, ringing.body)[0] in {403, 404}
    assert status_of(site, started) == "accepted"
    assert post(ringing.url, ringing.headers, ringing.body)[0] == 204
    assert status_of(site, started) == "ringing"


def test_what_was_captured_of_one_call_moves_no_other(site: Site, delivery: Faults) -> None:
    """Neither another person's call nor a second call to the same person; signed as it is."""
    mine, ringing = captured(site, "+447400124042", delivery)
    theirs, other = captured(site, "+447400124043", delivery)
    again = site.api.start("+447400124042", channels=["flashcall"])
    (second,) = [
        call for call in calls_to(site, "+447400124042", 2) if call.uuid != json.loads(ringing.body)["uuid"]
    ]
    wait_until(lambda: status_of(site, again) == "accepted")
    for url in (other.url, second.webhooks[0].url):
        assert post(url, ringing.headers, ringing.body)[0] == 403
    assert {status_of(site, started) for started in (mine, theirs, again)} == {"accepted"}
    assert post(ringing.url, ringing.headers, ringing.body)[0] == 204
    assert status_of(site, mine) == "ringing"


def calls_to(site: Site, number: str, count: int) -> list[Call]:
    def found() -> list[Call]:
        return [call for call in list(site.vonage.calls.values()) if call.to == number.lstrip("+")]

    wait_until(lambda: len(found()) == count)
    return found()


def test_a_replayed_webhook_is_dropped(site: Site) -> None:
    """Whoever captured one moves nothing with it: not now, and not after the end of the call."""
    number = "+447400124044"
    started = site.api.start(number, channels=["flashcall"])
    call = site.call_to(number)
    wait_until(lambda: not call.is_up)
    site.api.wait_until_over(started)
    before = site.trace(started)
    for webhook in call.webhooks:
        assert post(webhook.url, webhook.headers, webhook.body)[0] == 204
    assert site.trace(started) == before


def test_reports_about_messages_are_bound_to_their_message(site: Site) -> None:
    """A report names its message in its signed body; unsigned or altered it is refused."""
    number = "+447400124045"
    started = site.api.start(number, channels=["sms"])
    site.wait_for_move(started, "sms", ("delivered", None))
    delivered = site.message_to(number).webhooks[-1]
    altered = delivered.body.replace(b'"delivered"', b'"rejected"')
    assert post(delivered.url, {}, delivered.body)[0] == 403
    assert post(delivered.url, delivered.headers, altered)[0] == 403
    assert site.moves(started, "sms")[-1] == ("delivered", None)


def test_the_log_at_its_most_talkative_holds_no_secret(site: Site) -> None:
    """The search for secrets reads the whole log at the end; this makes sure that there is one."""
    log = site.server.log
    assert len(log) > 1000
    assert not any(secret in log for secret in (SIGNATURE_SECRET, private_key().splitlines()[3], "eyJ"))
    assert "4474001240" not in log


class TestCallsThatAskForKeys(CallsThatAskForKeys):
    PREFIX = "+4474001249"

    def answers(self, site: Site, number: str, keys: list[str]) -> None:
        site.behave(number, Phone.ANSWERS)
        site.vonage.keys[number.lstrip("+")] = keys

    def heard(self, site: Site, number: str) -> str:
        call = site.call_to(number)
        wait_until(lambda: call.status == "completed")
        return call.heard or ""
