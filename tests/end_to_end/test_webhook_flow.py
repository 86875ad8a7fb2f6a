"""Whole verifications of real numbers through the sender that the documentation shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from standardwebhooks import Webhook

from ringproof_rcml import Dialect, confirming
from tests.support import leaks
from tests.support.api import Answer, Started, code_evidence, code_in
from tests.support.carrier_site import CarrierSite
from tests.support.servers import GENEROUS, Server, running
from tests.support.waiting import soon, wait_until
from tests.support.webhook_sender import SECRET, signed_event
from tests.support.webhook_sender_example import Call, Switch, documented_sender

T = TypeVar("T")
OTHER_SECRET = "whsec_QW5vdGhlciBzZWNyZXQgZm9yIHRlc3RzIG9ubHkhISE="


@dataclass(frozen=True)
class Site(CarrierSite):
    """A server whose only carrier is the documentation's sender."""

    switch: Switch

    def odd_events(self, started: Started) -> int:
        """How many events came that were repeats, late or out of order."""
        return sum(entry["what"] == "odd_event" for entry in self.trace(started))

    def call_to(self, number: str) -> Call:
        return soon(lambda: next((one for one in list(self.switch.calls.values()) if one.to == number), None))

    def code_to(self, number: str) -> str:
        sent = self.switch.messages
        text = soon(lambda: next((text for to, text in list(sent.values()) if to == number), None))
        leaks.secret(code_in(text), "code")
        return code_in(text)

    def send_event(
        self, body: str, *, secret: str = SECRET, message_id: str = "evt_1", age: float = 0
    ) -> Answer:
        """Post an event, signed with this secret so many seconds ago."""
        at = datetime.now(UTC) - timedelta(seconds=age)
        url = f"{self.server.url}/carriers/webhook/events"
        signed = signed_event(Webhook(secret), url, message_id, at, body)
        return self.api.post("/carriers/webhook/events", signed.body, dict(signed.headers))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("webhook")
    with documented_sender(folder) as (url, switch):
        settings = {
            **GENEROUS,
            "RINGPROOF_CARRIERS": "webhook",
            "RINGPROOF_WEBHOOK_URL": url,
            "RINGPROOF_WEBHOOK_SECRET": SECRET,
            "RINGPROOF_RING_SECONDS": "1.0,1.5",
            # Every library may say what it wants: the search for secrets reads it.
            "RINGPROOF_LOG_LEVEL": "debug",
        }
        with running(Server(folder, settings=settings)) as server:
            yield Site(server, server.tenant(), switch)


def evidence_of(call: Call) -> dict[str, object]:
    return {"channel": "flashcall", "caller_id": call.caller_id, "basis": "phone_state"}


def test_a_flash_call_is_verified_by_its_caller_id_and_hung_up(site: Site) -> None:
    """The sender dials, reports that it rings, and is told to stop."""
    started = site.api.start("+447400123501")
    call = site.call_to("+447400123501")
    wait_until(lambda: site.moves(started) == [("ringing", None)])
    answer = site.api.confirm(started, evidence_of(call))
    assert answer.json()["status"] == "verified"
    assert answer.json()["token"]
    wait_until(call.hung_up.is_set)
    wait_until(lambda: site.moves(started)[-1] == ("ended", "rang"))


def test_a_call_that_rings_long_enough_is_hung_up_by_the_server(site: Site) -> None:
    """And its ring time is the sender's: an honest report agrees with it, also after the end."""
    started = site.api.start("+447400123502")
    call = site.call_to("+447400123502")
    site.api.wait_until_over(started)
    assert call.hung_up.is_set()
    answer = site.api.confirm(started, {**evidence_of(call), "ring_ms": 1200, "quality": "live"})
    assert answer.json()["status"] == "verified"


def test_a_busy_phone_gets_a_text_message(site: Site) -> None:
    """At once, and its code verifies."""
    site.switch.behaviours["+447400123503"] = "busy"
    started = site.api.start("+447400123503", channels=["flashcall", "sms"])
    code = site.code_to("+447400123503")
    assert site.moves(started) == [("ended", "busy")]
    wait_until(lambda: ("delivered", None) in site.moves(started, "sms"))
    assert site.api.confirm(started, code_evidence(code)).json()["status"] == "verified"


def test_whoever_answers_is_to_hear_the_document(site: Site) -> None:
    """In the dialect that was set, in the language that was asked for."""
    site.switch.behaviours["+447400123504"] = "answer"
    started = site.api.start("+447400123504", language="de-DE")
    call = site.call_to("+447400123504")
    site.api.wait_until_over(started)
    assert call.document == confirming(Dialect.TWIML, "de-DE")
    assert site.moves(started) == [("ringing", None), ("answered", None), ("ended", "answered")]


def test_events_that_are_forged_altered_or_stale_are_refused(site: Site) -> None:
    """Without the secret nobody moves an attempt."""
    started = site.api.start("+447400123505")
    call = site.call_to("+447400123505")
    wait_until(lambda: site.moves(started) == [("ringing", None)])
    reference = site.switch.example["taken"][call.attempt]["reference"]
    body = f'{{"type": "ended", "reference": "{reference}", "reason": "busy"}}'
    unsigned = site.api.post("/carriers/webhook/events", body.encode())
    forged = site.send_event(body, secret=OTHER_SECRET)
    stale = site.send_event(body, age=301)
    strange = site.send_event(body.replace(reference, "att_1.aaaaaaaaaaaaaaaaaaaaaa"))
    elsewhere = site.api.post("/carriers/webhook/else", body.encode())
    assert {answer.status for answer in (unsigned, forged, stale, strange, elsewhere)} == {403}
    assert site.moves(started) == [("ringing", None)]


def test_a_captured_event_changes_nothing_when_it_is_sent_again(site: Site) -> None:
    """A second `ringing` is remarked on; sent once more under the same id it is answered, and dropped."""
    started = site.api.start("+447400123506")
    call = site.call_to("+447400123506")
    wait_until(lambda: site.moves(started) == [("ringing", None)])
    reference = site.switch.example["taken"][call.attempt]["reference"]
    body = f'{{"type": "ringing", "reference": "{reference}"}}'
    before = site.odd_events(started)
    for _ in range(3):
        assert site.send_event(body, message_id="evt_captured").status == 204
    assert site.odd_events(started) == before + 1


def test_the_sender_was_never_refused_and_took_each_attempt_once(site: Site) -> None:
    """What the documentation shows is what the server takes."""
    assert site.switch.refused == []
    assert site.switch.unheard == 0
    assert len({call.to for call in site.switch.calls.values()}) == len(site.switch.calls)
