"""The verification page where a real server cannot be brought on demand: rare states, faults, attacks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from ringproof_rcml import load_words
from ringproof_server.domain.errors import CLIENT_ERRORS
from tests.support.browser import Window, open_window
from tests.web_pages.stand_in import (
    CHALLENGE,
    Json,
    StandIn,
    code_view,
    create_stand_in,
    demo_config,
    ended_view,
    flash_view,
    keypad_view,
    problem,
    running,
)

pytestmark = pytest.mark.browser

WORDS = load_words("en")
TOKEN = "eyJhbGciOiJFZERTQSJ9.eyJhdWQiOiJhcHBfMSIsImFtciI6WyJmbGFzaGNhbGwiXX0.c2ln"


@pytest.fixture(autouse=True)
def quiet(window: Window) -> Iterator[None]:
    """Whatever happens in these tests, the console says no more than which answers were problems."""
    yield
    assert window.complaints.without_answers(400, 403, 404, 409, 410, 413, 422, 429, 500, 502, 503) == []


def say(key: str, **values: str | int) -> str:
    return WORDS.text("page", key, **values)


def open_page(window: Window, api: StandIn) -> Page:
    window.page.goto(api.url)
    return window.page


def start(window: Window, api: StandIn, first: Json) -> Page:
    """The page right after a start that was answered with `first`; its clock stands until it is moved."""
    api.on("POST /verifications", (201, {**first, "challenge": CHALLENGE}))
    api.on("GET /vrf_1", (200, first))
    window.page.clock.install(time=0)
    page = open_page(window, api)
    page.clock.pause_at(60_000)
    page.fill("#number", "+44 7700 900123")
    page.click("#start")
    expect(page.locator("#step-number")).to_be_hidden()
    page.clock.run_for(1)
    return page


def plain(page: Page, selector: str) -> str:
    """The text without the marks that keep the direction of numbers."""
    text = page.locator(selector).inner_text()
    return text.translate({0x2066: None, 0x2068: None, 0x2069: None, 0xA0: " "})


@pytest.mark.parametrize(
    ("country", "typed", "sent"),
    [
        ("GB", "07700 900123", "+4407700900123"),
        ("GB", "+49 (30) 901820-0", "+49309018200"),
        ("GB", "0033 6 39 98 12 34", "+33639981234"),
        ("US", "(202) 555-0142", "+12025550142"),
        ("GB", "tel:+447700900123", "+447700900123"),
        ("GB", "٠٧٧٠٠ ٩٠٠١٢٣", "+4407700900123"),
        ("GB", "+44 7700 900123", "+447700900123"),
    ],
)
def test_numbers_are_taken_however_they_are_written(
    window: Window, api: StandIn, country: str, typed: str, sent: str
) -> None:
    api.on("POST /verifications", (201, {**flash_view(), "challenge": CHALLENGE}))
    api.on("GET /vrf_1", (200, flash_view()))
    page = open_page(window, api)
    page.select_option("#country", country)
    page.fill("#number", typed)
    page.keyboard.press("Enter")
    expect(page.locator("#step-call")).to_be_visible()
    [request] = api.requests("POST /verifications")
    assert request.body["phone_number"] == sent
    assert request.body["capabilities"] == {"caller_id": False, "ring_time": False, "web_origin": api.url}
    assert request.body["language"] == "en-gb"


def test_what_is_no_number_is_told_at_the_field_and_not_sent(window: Window, api: StandIn) -> None:
    page = open_page(window, api)
    nothing = dict.fromkeys(("", "  + ", "call me"), "number_missing")
    wrong = dict.fromkeys(("12a456789", "+1", "12345678901234567890"), "number_invalid")
    for typed, complaint in {**nothing, **wrong}.items():
        page.fill("#number", typed)
        expect(page.locator("#number-error")).to_be_empty()
        page.click("#start")
        expect(page.locator("#number-error")).to_have_text(say(complaint))
        expect(page.locator("#number")).to_be_focused()
        expect(page.locator("#number")).to_have_attribute("aria-invalid", "true")
    assert api.seen == []


def test_the_country_comes_from_the_browser_and_follows_a_pasted_number(window: Window, api: StandIn) -> None:
    page = open_page(window, api)
    expect(page.locator("#country")).to_have_value("GB")
    expect(page.locator("#dialling-code")).to_have_text("+44")
    page.fill("#number", "+49 30 901820")
    expect(page.locator("#country")).to_have_value("DE")
    expect(page.locator("#dialling-code")).to_be_hidden()
    page.select_option("#country", "CA")
    page.fill("#number", "+1 416 555 0142")
    expect(page.locator("#country")).to_have_value("CA")


def test_countries_are_named_in_the_readers_language(chromium: Browser, api: StandIn) -> None:
    with open_window(chromium, locale="de-AT") as window:
        page = open_page(window, api)
        expect(page.locator("#country")).to_have_value("AT")
        assert "Deutschland" in page.locator("#country option[value=DE]").inner_text()


def test_a_text_message_can_be_asked_for_instead_of_a_call_at_once(window: Window, api: StandIn) -> None:
    api.on("POST /verifications", (201, {**code_view(), "challenge": CHALLENGE}))
    api.on("GET /vrf_1", (200, code_view()))
    page = open_page(window, api)
    page.fill("#number", "+44 7700 900123")
    page.click("#start-sms")
    expect(page.locator("#step-code")).to_be_visible()
    assert api.requests("POST /verifications")[0].body["channels"] == ["sms"]


def test_the_call_shows_what_is_known_of_the_caller_and_takes_digits_from_the_first_second(
    window: Window, api: StandIn
) -> None:
    rung = {"id": "att_1", "channel": "flashcall", "status": "ended", "reason": "rang"}
    page = start(window, api, flash_view(attempt=rung))
    assert plain(page, "#caller-prefix") == "+44 20 ••••"
    expect(page.locator("#digits-label")).to_contain_text("4")
    expect(page.locator("#digits")).to_be_editable()
    expect(page.locator("#heading-call")).to_be_focused()
    page.clock.run_for(11_000)
    assert plain(page, "#call-seconds") == "0:30"
    assert plain(page, "#automatic") == say("automatic_sms", seconds=30)


def test_a_pool_of_several_lengths_shows_no_number_of_digits(window: Window, api: StandIn) -> None:
    view = flash_view()
    view["flashcall"]["caller_id_pattern"] = {"prefix": "+", "length": None}
    page = start(window, api, view)
    assert plain(page, "#caller-prefix") == "+ …"


def test_the_whole_number_may_be_typed_where_its_end_was_asked_for(window: Window, api: StandIn) -> None:
    page = start(window, api, flash_view())
    api.on("POST /confirm", (200, {**ended_view("verified"), "token": TOKEN}))
    page.fill("#digits", "020 7946 0018")
    page.keyboard.press("Enter")
    expect(page.locator("#heading-end")).to_be_focused()
    evidence = api.requests("POST /confirm")[0].body["evidence"]
    whole = {"channel": "flashcall", "caller_id": "020 7946 0018", "basis": "manual", "quality": "late"}
    assert evidence == whole


def test_too_few_digits_are_not_sent(window: Window, api: StandIn) -> None:
    page = start(window, api, flash_view())
    page.fill("#digits", "12")
    page.keyboard.press("Enter")
    expect(page.locator("#digits-error")).to_contain_text("4")
    assert api.requests("POST /confirm") == []


def test_a_wrong_answer_says_what_is_left_and_waits_as_long_as_it_must(window: Window, api: StandIn) -> None:
    """The answer's `check_in` counts down on the button; until then nothing is sent."""
    page = start(window, api, flash_view())
    waiting = flash_view(checks_left=2)
    waiting["next"]["check_in"] = 30
    api.on("POST /confirm", (200, {**waiting, "result": "mismatch"}))
    api.on("GET /vrf_1", (200, waiting))
    page.fill("#digits", "1111")
    page.keyboard.press("Enter")
    expect(page.locator("#digits-error")).to_contain_text("2")
    expect(page.locator("#digits")).to_be_focused()
    expect(page.locator("#check-digits")).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Enter")
    assert len(api.requests("POST /confirm")) == 1
    later = flash_view(checks_left=2)
    api.on("GET /vrf_1", (200, later))
    page.clock.run_for(31_000)
    expect(page.locator("#check-digits")).to_have_attribute("aria-disabled", "false")


def test_a_wrong_answer_that_led_to_another_way_says_so(window: Window, api: StandIn) -> None:
    page = start(window, api, flash_view())
    api.on("POST /confirm", (200, {**code_view(), "result": "mismatch"}))
    page.fill("#digits", "1111")
    page.keyboard.press("Enter")
    expect(page.locator("#moved-on")).to_have_text(say("moved_on"))
    expect(page.locator("#heading-code")).to_be_focused()


def test_a_second_call_is_announced_as_one(window: Window, api: StandIn) -> None:
    """Serial calls: the answer to the first tells nothing, the page asks again with an empty field."""
    first = flash_view()
    first["flashcall"].update(calls=2)
    page = start(window, api, first)
    expect(page.locator("#call-progress")).to_contain_text("2")
    second = flash_view(attempt={"id": "att_9", "channel": "flashcall", "status": "queued", "reason": None})
    second["flashcall"].update(calls=2, call=2)
    api.on("POST /confirm", (200, {**second, "result": "more_evidence"}))
    page.fill("#digits", "0018")
    page.keyboard.press("Enter")
    expect(page.locator("#heading-call")).to_have_text(say("another_call_heading"))
    expect(page.locator("#heading-call")).to_be_focused()
    expect(page.locator("#digits")).to_have_value("")
    expect(page.locator("#digits-error")).to_be_empty()


def test_the_automatic_text_message_is_noticed_without_doing_anything(window: Window, api: StandIn) -> None:
    page = start(window, api, flash_view())
    api.on("GET /vrf_1", (200, code_view()))
    page.clock.run_for(43_000)
    expect(page.locator("#heading-code")).to_be_focused()
    assert say("code_sent_sms", number="+44 7700 900123") in plain(page, "#live")
    expect(page.locator("#code")).to_have_attribute("autocomplete", "one-time-code")
    expect(page.locator("#code")).to_have_attribute("inputmode", "numeric")


def test_a_code_of_an_authenticator_is_asked_for_without_claiming_that_one_was_sent(
    window: Window, api: StandIn
) -> None:
    offered = {"id": "att_5", "channel": "totp", "status": "accepted", "reason": None}
    page = start(window, api, code_view(attempt=offered))
    assert plain(page, "#code-sent") == say("code_sent_totp", number="+44 7700 900123")
    assert say("code_sent_other", number="+44 7700 900123") not in plain(page, "body")
    api.on("POST /confirm", (200, ended_view("verified", token=TOKEN)))
    page.fill("#code", "123456")
    page.keyboard.press("Enter")
    expect(page.locator("#step-end")).to_be_visible()
    evidence = {"channel": "totp", "code": "123456", "source": "manual"}
    assert api.requests("POST /confirm")[0].body["evidence"] == evidence


@pytest.mark.parametrize(("channel", "key"), [("totp", "mismatch_totp"), ("sms", "mismatch_code")])
def test_a_wrong_code_is_answered_with_where_the_right_one_stands(
    window: Window, api: StandIn, channel: str, key: str
) -> None:
    """An authenticator has no latest message to look at."""
    offered = {"id": "att_5", "channel": channel, "status": "accepted", "reason": None}
    page = start(window, api, code_view(attempt=offered))
    api.on("POST /confirm", (200, code_view(attempt=offered, result="mismatch", checks_left=2)))
    page.fill("#code", "123456")
    page.keyboard.press("Enter")
    expect(page.locator("#code-error")).to_contain_text(say(key))
    assert plain(page, "#code-error") == f"{say(key)} {say('checks_left', checks=2)}"


def test_a_code_for_an_enrolled_browser_is_said_to_be_there_and_not_at_the_number(
    window: Window, api: StandIn
) -> None:
    offered = {"id": "att_6", "channel": "push", "status": "accepted", "reason": None}
    page = start(window, api, code_view(attempt=offered))
    assert plain(page, "#code-sent") == say("code_sent_push")


def test_another_way_counts_down_until_it_is_allowed(window: Window, api: StandIn) -> None:
    page = start(window, api, code_view())
    again = page.locator("#code-ways button").first
    expect(again).to_have_attribute("aria-disabled", "true")
    again.click(force=True)
    assert api.requests("POST /next") == []
    # A look at the server during the wait must not be answered as if the wait began only then.
    api.on("GET /vrf_1", (200, code_view(next={"check_in": 0, "channels": {"sms": 0}, "automatic": None})))
    page.clock.run_for(61_000)
    expect(again).to_have_attribute("aria-disabled", "false")
    api.on("POST /next", (200, code_view()))
    again.click()
    expect(page.locator("#live")).to_contain_text("+44")
    assert api.requests("POST /next")[0].body == {"channel": "sms"}


def test_a_phone_that_did_not_ring_is_reported_and_leads_on(window: Window, api: StandIn) -> None:
    page = start(window, api, flash_view())
    api.on("POST /reports", (200, flash_view()))
    api.on("POST /next", (200, code_view()))
    page.click(".trouble summary")
    page.click("#no-call")
    expect(page.locator("#step-code")).to_be_visible()
    assert api.requests("POST /reports")[0].body == {"kind": "no_call"}


@pytest.mark.parametrize("status", ["failed", "expired", "cancelled"])
def test_every_end_says_what_to_do_and_leads_back_to_the_start(
    window: Window, api: StandIn, status: str
) -> None:
    page = start(window, api, flash_view())
    api.on("GET /vrf_1", (200, ended_view(status)))
    page.clock.run_for(3_000)
    expect(page.locator("#heading-end")).to_have_text(say(f"{status}_heading"))
    expect(page.locator("#heading-end")).to_be_focused()
    expect(page.locator("#proof")).to_be_hidden()
    page.click("#start-again")
    expect(page.locator("#number")).to_be_focused()
    expect(page.locator("#number")).to_have_value("+44 7700 900123")


def test_cancel_ends_the_verification_at_the_server(window: Window, api: StandIn) -> None:
    page = start(window, api, flash_view())
    api.on("DELETE /vrf_1", (200, ended_view("cancelled")))
    page.click("#step-call [data-action=cancel]")
    expect(page.locator("#heading-end")).to_have_text(say("cancelled_heading"))
    assert api.requests("DELETE /vrf_1")[0].headers["Ringproof-Challenge"] == CHALLENGE


def test_the_number_can_be_changed_while_it_rings(window: Window, api: StandIn) -> None:
    page = start(window, api, flash_view())
    api.on("DELETE /vrf_1", (200, ended_view("cancelled")))
    page.click("#step-call [data-action=change]")
    expect(page.locator("#number")).to_be_focused()
    assert len(api.requests("DELETE /vrf_1")) == 1


def test_the_proof_is_shown_and_in_the_demo_the_token_too(window: Window, api: StandIn) -> None:
    page = start(window, api, flash_view())
    api.on("POST /confirm", (200, {**ended_view("verified"), "token": TOKEN}))
    page.fill("#digits", "0018")
    page.click("#check-digits")
    expect(page.locator("#heading-end")).to_have_text(say("verified_heading"))
    assert plain(page, "#proof-number") == "+44••••••0123"
    assert plain(page, "#proof-chance") == say("proof_chance_value", times="3,300")
    page.click("#proof-token summary")
    expect(page.locator("#token")).to_have_text(TOKEN)
    assert json.loads(plain(page, "#claims")) == {"aud": "app_1", "amr": ["flashcall"]}


def test_outside_the_demo_the_token_is_not_shown(chromium: Browser) -> None:
    api = StandIn()
    with running(create_stand_in(api, demo_config(demo=False))) as url, open_window(chromium) as window:
        api.url = url
        page = start(window, api, flash_view())
        api.on("POST /confirm", (200, {**ended_view("verified"), "token": TOKEN}))
        page.fill("#digits", "0018")
        page.click("#check-digits")
        expect(page.locator("#proof")).to_be_visible()
        expect(page.locator("#proof-token")).to_be_hidden()
        assert TOKEN not in page.content()


def test_every_problem_of_a_start_is_told_in_plain_words(window: Window, api: StandIn) -> None:
    page = open_page(window, api)
    for error in CLIENT_ERRORS:
        api.on("POST /verifications", problem(error.slug, 422))
        page.fill("#number", "+44 7700 900123")
        page.click("#start")
        expect(page.locator("#number-error")).to_contain_text(WORDS.text("problem", error.slug))
        expect(page.locator("#number")).to_be_focused()


def test_a_wait_is_told_in_minutes_and_a_fault_with_its_reference(window: Window, api: StandIn) -> None:
    page = open_page(window, api)
    page.fill("#number", "+44 7700 900123")
    api.on("POST /verifications", problem("rate-limited", 429, retry_after=540))
    page.click("#start")
    expect(page.locator("#number-error")).to_contain_text("9")
    assert plain(page, "#number-error") == say("rate_limited_text", wait="9 min")
    api.on("POST /verifications", problem("internal", 500))
    page.click("#start")
    expect(page.locator("#number-error")).to_contain_text("req_7")


def test_a_lost_connection_is_told_and_a_restored_one_too(window: Window, api: StandIn) -> None:
    page = start(window, api, flash_view())
    window.context.set_offline(True)
    expect(page.locator("#offline")).to_be_visible()
    window.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()
    expect(page.locator("#live")).to_have_text(say("connection_restored"))
    window.complaints.texts[:] = [text for text in window.complaints.texts if "ERR_INTERNET" not in text]


def test_a_reload_goes_on_where_it_was(window: Window, api: StandIn) -> None:
    """A phone that throws the page away while its owner looks at the list of calls loses nothing."""
    page = start(window, api, flash_view())
    page.reload()
    expect(page.locator("#step-call")).to_be_visible()
    assert "+44 7700 900123" in plain(page, "#calling-text")
    api.on("POST /confirm", (200, {**ended_view("verified"), "token": TOKEN}))
    page.fill("#digits", "0018")
    page.keyboard.press("Enter")
    expect(page.locator("#heading-end")).to_have_text(say("verified_heading"))
    page.reload()
    expect(page.locator("#step-number")).to_be_visible()


def test_a_browser_that_keeps_nothing_can_verify_all_the_same(window: Window, api: StandIn) -> None:
    """With all storage switched off, touching it throws; only going on after a reload is lost."""
    window.page.add_init_script(
        """Object.defineProperty(window, 'sessionStorage', {
          get() { throw new DOMException('switched off', 'SecurityError'); } });"""
    )
    page = start(window, api, flash_view())
    api.on("POST /confirm", (200, {**ended_view("verified"), "token": TOKEN}))
    page.fill("#digits", "0018")
    page.keyboard.press("Enter")
    expect(page.locator("#heading-end")).to_have_text(say("verified_heading"))


def test_without_https_the_page_says_so_and_starts_nothing(window: Window, api: StandIn) -> None:
    window.page.add_init_script("Object.defineProperty(crypto, 'subtle', { value: undefined });")
    page = open_page(window, api)
    page.fill("#number", "+44 7700 900123")
    page.click("#start")
    expect(page.locator("#number-error")).to_have_text(say("needs_https"))
    assert api.seen == []


def test_a_code_from_a_text_message_fills_itself_in(window: Window, api: StandIn) -> None:
    window.page.add_init_script(
        """window.OTPCredential = class {};
        Object.defineProperty(navigator.credentials, 'get', { value: async () => ({ code: '123456' }) });"""
    )
    api.on("POST /confirm", (200, {**ended_view("verified"), "token": TOKEN}))
    page = start(window, api, code_view())
    expect(page.locator("#heading-end")).to_have_text(say("verified_heading"))
    evidence = api.requests("POST /confirm")[0].body["evidence"]
    assert evidence == {"channel": "sms", "code": "123456", "source": "webotp"}


def test_what_the_server_answers_never_becomes_markup(window: Window, api: StandIn) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    view = flash_view(phone_number=hostile, skipped=[{"channel": hostile, "reason": hostile}])
    view["flashcall"]["caller_id_pattern"]["prefix"] = hostile
    view["next"]["channels"] = {hostile: 0, "sms": 0}
    view["next"]["automatic"] = {"channel": hostile, "in": 41}
    page = start(window, api, view)
    api.on(
        "POST /confirm", (200, {**ended_view("verified", phone_number=hostile), "token": f"{TOKEN}{hostile}"})
    )
    page.fill("#digits", "0018")
    page.keyboard.press("Enter")
    expect(page.locator("#proof-number")).to_have_text(hostile)
    assert page.locator("img").count() == 0


def test_right_to_left_languages_run_from_right_to_left_and_numbers_do_not(
    chromium: Browser, api: StandIn
) -> None:
    with open_window(chromium, locale="ar-EG") as window:
        page = start(window, api, flash_view())
        assert page.evaluate("getComputedStyle(document.querySelector('#step-call')).direction") == "rtl"
        assert page.evaluate("getComputedStyle(document.querySelector('#digits')).direction") == "ltr"
        assert "\u2066+44" in page.locator("#calling-text").inner_text()


def test_the_language_can_be_changed(window: Window, api: StandIn) -> None:
    page = open_page(window, api)
    page.select_option("#lang", "de")
    page.wait_for_url("**/?lang=de")
    assert page.locator("html").get_attribute("lang") == "de"


def test_the_demo_offers_a_number_that_is_nobodys_and_its_phone(window: Window, api: StandIn) -> None:
    page = open_page(window, api)
    page.click("#use-example")
    expect(page.locator("#number")).to_have_value("+44 7700 900123")
    expect(page.locator("#country")).to_have_value("GB")
    href: Any = page.locator("#open-handset").get_attribute("href")
    assert href == "/handset?number=%2B447700900123" or href == "/handset?number=+447700900123"


# --- digits that are typed in a call


def test_the_digits_for_a_call_are_shown_and_nothing_is_asked_here(window: Window, api: StandIn) -> None:
    """Each digit stands for itself, so that it is read out alone; there is no field for a code."""
    page = start(window, api, keypad_view())
    expect(page.locator("#keypad-digits")).to_have_text("4 8 2 9 1 5")
    expect(page.locator("#keypad-digits")).to_have_attribute("dir", "ltr")
    expect(page.locator("#heading-code")).to_have_text(say("calling_heading"))
    expect(page.locator("#code-form")).to_be_hidden()
    assert plain(page, "#code-sent") == say("keypad_text", number="+44 7700 900123")
    assert "4 8 2 9 1 5" in (page.locator("#live").text_content() or "")


def test_once_the_digits_were_typed_the_page_confirms_by_itself(window: Window, api: StandIn) -> None:
    page = start(window, api, keypad_view())
    typed = keypad_view(keypad={"digits": "482915", "typed": True})
    api.on("GET /vrf_1", (200, keypad_view()), (200, typed))
    api.on("POST /confirm", (200, {**ended_view("verified"), "token": TOKEN}))
    for _ in range(2):
        page.clock.run_for(3_000)
        page.wait_for_load_state("networkidle")
    expect(page.locator("#heading-end")).to_have_text(say("verified_heading"))
    [request] = api.requests("POST /confirm")
    assert request.body["evidence"] == {"channel": "keypad"}
    assert request.body["code_verifier"]


def test_after_the_digits_another_way_asks_for_a_code_again(window: Window, api: StandIn) -> None:
    page = start(window, api, keypad_view(next={"check_in": 0, "channels": {"sms": 0}, "automatic": None}))
    api.on("POST /next", (200, code_view()))
    api.on("GET /vrf_1", (200, code_view()))
    page.click("#code-ways button")
    expect(page.locator("#code-form")).to_be_visible()
    expect(page.locator("#keypad-digits")).to_be_hidden()
    expect(page.locator("#heading-code")).to_have_text(say("code_heading"))
