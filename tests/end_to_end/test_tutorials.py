"""Every system of this field's tutorials, one row each, from its start to a proof that a back end checks.

The rows are those of docs/tutorials.md: their names, and the calls that a row must really have made.
"""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from ringproof_rcml import Dialect, confirming, load_words, spoken_text
from ringproof_server.domain import totp
from tests.end_to_end.tutorial_world import World, built
from tests.support import leaks
from tests.support.api import Json, Started, code_heard, code_in, has_ended, is_message, is_ringing
from tests.support.clients import wrong_code
from tests.support.plain_browser import PlainBrowser
from tests.support.restcomm_site import RestcommSite
from tests.support.servers import Tenant
from tests.support.waiting import soon, wait_until

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "tutorials.md"
ONE_NUMBER: Final = "+442079471000"
_numbers = itertools.count(900_700)


@dataclass(frozen=True)
class Row:
    """What people build, the calls it is made of (`{…}` stands for anything), and a whole run of it."""

    name: str
    calls: tuple[str, ...]
    run: Callable[[World], None]


ROWS: Final[list[Row]] = []


def row(name: str, *calls: str) -> Callable[[Callable[[World], None]], Callable[[World], None]]:
    def enter(run: Callable[[World], None]) -> Callable[[World], None]:
        ROWS.append(Row(name, calls, run))
        return run

    return enter


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with built(tmp_path_factory.mktemp("tutorials")) as made:
        yield made


def fresh_number() -> str:
    """A fictitious number of no other row."""
    return f"+447700{next(_numbers)}"


def skipped(started: Started) -> list[tuple[str, str]]:
    return [(item["channel"], item["reason"]) for item in started.view["skipped"]]


# --- the rows


@row("Form with a code by SMS", "GET /verify", "POST /verify", "POST /verify/{id}", "GET /verify/{id}/ok")
def form(world: World) -> None:
    """Right after wrong: the good page, with the token in the demo. Five wrong ones: the other page."""
    browser = PlainBrowser(world.server.url)
    number = fresh_number()
    page = browser.press(browser.open("/verify?lang=en"), "start-sms", number=number)
    code = code_in(world.message(number, "sms"))
    page = browser.press(page, "check", answer=wrong_code(code))
    assert page.texts["code-error"]
    page = browser.press(page, "check", answer=code)
    assert page.path.endswith("/ok")
    assert world.checked(page.texts["token"], "sms").phone_number == number

    number = fresh_number()
    page = browser.press(browser.open("/verify?lang=en"), "start-sms", number=number)
    wrong = wrong_code(code_in(world.message(number, "sms")))
    for _ in range(5):
        page = browser.press(page, "check", answer=wrong)
    assert page.path.endswith("/not-ok")
    world.asked.extend(browser.asked)


@row(
    "Flash call from a fixed number, in RCML", "POST /v1/verifications", "POST /v1/verifications/{id}/confirm"
)
def fixed_number(world: World) -> None:
    """One number proves nothing and is refused; two state one bit; one number can ask for digits."""
    site = world.restcomm
    usual = world.server.tenant("fixed", pool=(ONE_NUMBER,))
    alone = site.server.tenant("fixed", pool=(ONE_NUMBER,))
    refused = world.client(world.server, usual.publishable).start(
        fresh_number(), channels=["flashcall", "sms"]
    )
    assert skipped(refused) == [("flashcall", "pool_too_small")]
    assert refused.view["attempt"]["channel"] == "sms"
    two_of_them(world, site)
    asked_for_digits(world, site, alone)


def two_of_them(world: World, site: RestcommSite) -> None:
    """With a limit that allows it: ten seconds at most, a British woman, and a token that states the odds."""
    number = "+447400126001"
    site.restcomm.behaviours[number] = "answer"
    app = world.client(site.server, site.tenant.publishable)
    started = app.start(number, channels=["flashcall"], language="en-GB")
    assert started.view["assurance_bits"] == 1.0
    call = site.call_to(number)
    assert call.form["Timeout"] == "10"
    wait_until(lambda: call.is_over)
    assert call.heard == [f"woman en-gb: {spoken_text(confirming(Dialect.RCML, 'en-GB'))}"]
    evidence = {"channel": "flashcall", "caller_id": call.sender, "basis": "phone_state"}
    token = app.confirm(started, evidence).json()["token"]
    phone = world.checked(token, "flashcall", server=site.server, tenant=site.tenant)
    assert (phone.assurance_bits, phone.guess_probability) == (1.0, 0.5)

    guessed = app.start("+447400126003", channels=["flashcall"])
    called = site.call_to("+447400126003").sender
    (other,) = {"+442079471001", "+442079471002"} - {called}
    wrong = app.confirm(guessed, {**evidence, "caller_id": other}).json()
    assert wrong["status"] == "failed"


def asked_for_digits(world: World, site: RestcommSite, tenant: Tenant) -> None:
    """Whatever the limit, one number is no secret; what is typed in its call is."""
    number = "+447400126002"
    site.restcomm.behaviours[number] = "answer"
    typed = site.restcomm.keys[number] = []
    app = world.client(site.server, tenant.publishable)
    started = app.start(number, channels=["flashcall", "keypad"])
    assert skipped(started) == [("flashcall", "pool_too_small")]
    typed.append(started.view["keypad"]["digits"])
    call = site.call_to(number)
    assert (call.sender, call.form["Timeout"]) == (ONE_NUMBER, "10")
    wait_until(lambda: app.read(started).json()["keypad"]["typed"])
    token = app.confirm(started, {"channel": "keypad"}).json()["token"]
    phone = world.checked(token, "keypad", server=site.server, tenant=tenant)
    assert phone.assurance_bits == pytest.approx(17.6, abs=0.05)


@row("Messenger first, SMS when it is not read", "POST /otp/{token}", "GET /otp/{token}/{code}")
def messenger_first(world: World) -> None:
    """201, 404, 200, 409, and 410 after five wrong ones; a reading ends the wait for the SMS."""
    number = fresh_number()
    world.app.behave(number, "unread")
    code = send_otp(world, "unread", number)
    assert code_in(world.message(number, "sms")) == code
    assert check_otp(world, "unread", wrong_code(code)) == (404, b"Wrong code")
    assert check_otp(world, "unread", code) == (200, b"OK")
    assert check_otp(world, "unread", code)[0] == 409
    assert check_otp(world, "nobody", code)[0] == 404

    code = send_otp(world, "read", fresh_number())
    wait_until(lambda: attempt_of(world, "read")["attempt"]["status"] == "read")
    assert attempt_of(world, "read")["next"].get("automatic") is None
    assert [check_otp(world, "read", wrong_code(code))[0] for _ in range(5)] == [404] * 5
    assert check_otp(world, "read", code)[0] == 410


def send_otp(world: World, token: str, number: str) -> str:
    """The code that arrives on Messenger."""
    body = {"messengerId": "1234567890123456", "phoneNumber": number.lstrip("+")}
    assert world.back_end.post(f"/otp/{token}", body).status == 201
    return code_in(world.message(number, "messenger"))


def check_otp(world: World, token: str, code: str) -> tuple[int, bytes]:
    answer = world.back_end.get(f"/otp/{token}/{code}")
    return answer.status, answer.body


def attempt_of(world: World, reference: str) -> dict[str, Any]:
    (found,) = world.back_end.get(f"/v1/verifications?reference={reference}").json()["verifications"]
    return world.back_end.get(f"/v1/verifications/{found['id']}").json()


@row("Localised SMS whose passcode is told to the back end", "POST /otp")
def told_passcode(world: World) -> None:
    number = fresh_number()
    answer = world.back_end.post("/otp", {"number": number.lstrip("+"), "language": "de"})
    assert answer.status == 200
    text = world.message(number, "sms")
    assert code_in(text) == answer.json()["passcode"]
    assert load_words("de").text("message", "never_share") in text


def by_message(channel: str) -> Callable[[World], None]:
    def run(world: World) -> None:
        started = world.app.start(fresh_number(), channels=[channel])
        world.prove_by_message(started, channel)

    return run


_SIMPLE: Final = ("POST /v1/verifications", "POST /v1/verifications/{id}/confirm")
row("Code by Viber", *_SIMPLE)(by_message("viber"))
row("Code by WhatsApp", *_SIMPLE)(by_message("whatsapp"))


@row("Code by voice call", *_SIMPLE)
def voice(world: World) -> None:
    """Heard after a key press only."""
    number = fresh_number()
    world.app.behave(number, "answer")
    prove_by_voice(world, world.app.start(number, channels=["voice"]))


def prove_by_voice(world: World, started: Started) -> None:
    world.press(started.number, "1")
    heard = world.app.wait_for(started.number, lambda one: has_ended(one) and bool(one["heard"]))["heard"]
    code = code_heard(heard)
    leaks.secret(code, "code")
    world.prove(started, {"channel": "voice", "code": code})


row("Code by SMS", *_SIMPLE)(by_message("sms"))


@row("Missed call, its last digits typed", *_SIMPLE)
def missed_call(world: World) -> None:
    """Nobody answers; other digits than those of the caller are a mismatch."""
    started = world.app.start(fresh_number(), channels=["flashcall"], capabilities={"caller_id": False})
    call = world.app.wait_for(started.number, is_ringing)
    digits = call["caller_id"][-started.view["flashcall"]["digits_to_type"] :]
    wrong = world.app.confirm(started, {"channel": "flashcall", "last_digits": wrong_code(digits)}).json()
    assert (wrong["status"], wrong["result"]) == ("pending", "mismatch")
    world.prove(started, {"channel": "flashcall", "last_digits": digits})
    end = world.app.wait_for(started.number, has_ended)
    assert not end["answered"]


@row(
    "Push, and SMS when nobody confirms", *_SIMPLE, "GET /v1/push-key", "POST /v1/verifications/{id}/devices"
)
def push_failover(world: World) -> None:
    number = fresh_number()
    browser = world.push.browser()
    assert world.app.get("/v1/push-key").json()["key"]
    enrol(world, number, kind="push", subscription=browser.as_json)
    before = world.app.phone_events(number)[-1]["seq"]
    started = world.app.start(number, channels=[{"channel": "push", "timeout": 2}, "sms"])
    (pushed,) = soon(lambda: browser.received or None)
    text = world.app.wait_for(number, is_message, after=before)["text"]
    leaks.secret(code_in(text), "code")
    assert pushed.said["code"] == code_in(text)
    world.prove(started, {"channel": "sms", "code": code_in(text)})


def enrol(world: World, number: str, **device: object) -> Json:
    """A device of a number that was just proved by SMS."""
    started = world.app.start(number, channels=["sms"])
    world.prove_by_message(started, "sms")
    body = {"challenge": started.challenge, "code_verifier": started.verifier, **device}
    answer = world.app.post(f"/v1/verifications/{started.id}/devices", body)
    assert answer.status == 201, answer
    return answer.json()


@row("Channel forced by the caller", *_SIMPLE, "POST /v1/verifications/{id}/next")
def forced_channel(world: World) -> None:
    """One alone, whatever the workflow is; or another one of several, now."""
    alone = world.app.start(fresh_number(), channels=["voice"])
    assert alone.view["attempt"]["channel"] == "voice"
    assert set(alone.view["next"]["channels"]) == {"voice"}
    number = fresh_number()
    world.app.behave(number, "answer")
    started = world.app.start(number, channels=["sms", "viber", "voice"])
    world.message(number, "sms")
    header = {"Ringproof-Challenge": started.challenge}
    path = f"/v1/verifications/{started.id}/next"
    moved = world.app.post(path, {"channel": "voice"}, header)
    assert moved.json()["attempt"]["channel"] == "voice", moved
    prove_by_voice(world, started)


@row("Offline code of an authenticator", *_SIMPLE, "POST /v1/verifications/{id}/devices")
def offline_code(world: World) -> None:
    """Nothing is sent, and no code counts twice."""
    number = fresh_number()
    secret = base64.b32decode(enrol(world, number, kind="totp")["secret"])
    seen = len(world.app.phone_events(number))
    first, second = (world.app.start(number, channels=["totp"]) for _ in range(2))
    evidence = {"channel": "totp", "code": totp.code_at(secret, totp.step_at(datetime.now(UTC)))}
    world.prove(first, evidence)
    assert world.app.confirm(second, evidence).json()["result"] == "mismatch"
    assert len(world.app.phone_events(number)) == seen


@row("Digits typed in a call", *_SIMPLE, "GET /v1/verifications/{id}")
def keypad(world: World) -> None:
    """Shown by the app, typed on the phone; before that a confirm proves nothing."""
    number = fresh_number()
    world.app.behave(number, "answer")
    started = world.app.start(number, channels=["keypad"])
    early = world.app.confirm(started, {"channel": "keypad"}).json()
    assert (early["status"], early["result"]) == ("pending", "more_evidence")
    world.press(number, started.view["keypad"]["digits"])
    wait_until(lambda: world.app.read(started).json()["keypad"]["typed"])
    world.prove(started, {"channel": "keypad"})


# --- the tests


@pytest.mark.parametrize("system", ROWS, ids=lambda system: system.name)
def test_what_tutorials_build_works_from_its_start_to_its_proof(system: Row, world: World) -> None:
    """With the calls that the page names."""
    world.asked.clear()
    system.run(world)
    for call in system.calls:
        pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(call))
        assert any(re.fullmatch(pattern, asked) for asked in world.asked), call


def test_the_page_has_these_rows_and_no_others() -> None:
    """In their order, each with its calls."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]
    shown = [(first, tuple(re.findall(r"`((?:GET|POST) [^`]+)`", last))) for first, _, last in cells]
    assert shown == [(system.name, system.calls) for system in ROWS]
