"""Calls that ask for keys, as people go through them: the pages, the virtual phone, a real server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from ringproof_rcml import load_words
from tests.support import leaks
from tests.support.api import code_heard
from tests.support.browser import Window, chromium, open_window
from tests.support.servers import GENEROUS, POOL, Server, running

__all__ = ["chromium"]

pytestmark = pytest.mark.browser

WORDS = load_words("en")
KEYPAD_NUMBER = "+447700900401"
VOICE_NUMBER = "+447700900402"


def say(key: str) -> str:
    return WORDS.text("page", key)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose application calls and asks for digits, else tells a code."""
    settings = {
        **GENEROUS,
        "RINGPROOF_DEMO": "on",
        "RINGPROOF_WORKFLOW": "keypad,voice",
        "RINGPROOF_SEND_SPACING": "0",
        "RINGPROOF_VOICE_AFTER": "0",
        "RINGPROOF_SIMULATED_POST_DIAL_MS": "50-150",
        "RINGPROOF_SIMULATED_REACTION_MS": "500",
    }
    server = Server(tmp_path_factory.mktemp("spoken"), settings=settings)
    server.prepare()
    tenant = server.tenant(pool=(POOL,))
    leaks.secret(tenant.secret, "key")
    server.environment["RINGPROOF_PAGE_KEY"] = tenant.publishable
    with running(server):
        yield server


@pytest.fixture
def window(chromium: Browser) -> Iterator[Window]:
    with open_window(chromium) as opened:
        yield opened
        assert opened.complaints.without_answers(400) == []


def answering_phone(window: Window, site: Server, number: str) -> Page:
    """The page with this virtual phone, which answers from now on; its keypad is open."""
    page = window.context.new_page()
    page.on("console", window.complaints.hear)
    page.goto(f"{site.url}/handset?number={number.replace('+', '%2B')}")
    page.select_option(".behaviour select", "answer")
    expect(page.locator(".said")).to_contain_text("from now on")
    page.click(".keypad summary")
    return page


def press(phone: Page, keys: str) -> None:
    """Press the keys one by one, as soon as the call is answered."""
    for key in keys:
        for _ in range(100):
            with phone.expect_response(lambda answer: answer.url.endswith("/keys")) as pressed:
                phone.click(f'[data-key="{key}"]')
            if pressed.value.ok:
                break
            phone.wait_for_timeout(100)


def begin(window: Window, site: Server, number: str) -> Page:
    page = window.page
    page.goto(site.url)
    page.fill("#number", number)
    page.click("#start")
    expect(page.locator("#heading-code")).to_have_text(say("calling_heading"))
    return page


def test_digits_of_the_page_are_typed_on_the_phone_and_the_page_sees_it(window: Window, site: Server) -> None:
    """Nobody reads anything aloud, nobody types anything into the page."""
    phone = answering_phone(window, site, KEYPAD_NUMBER)
    page = begin(window, site, KEYPAD_NUMBER)
    digits = page.locator("#keypad-digits").inner_text().replace(" ", "")
    expect(page.locator("#code-form")).to_be_hidden()
    press(phone, digits)
    expect(page.locator("#heading-end")).to_have_text(say("verified_heading"), timeout=20_000)
    expect(page.locator("#proof-channel")).to_have_text(say("by_keypad"))


def test_a_code_that_is_heard_on_the_phone_is_typed_into_the_page(window: Window, site: Server) -> None:
    phone = answering_phone(window, site, VOICE_NUMBER)
    page = begin(window, site, VOICE_NUMBER)
    page.locator("#code-ways button", has_text=say("use_voice")).click()
    expect(page.locator("#code-form")).to_be_visible()
    expect(page.locator("#code-sent")).to_contain_text("to tell you a code")
    press(phone, "1")
    heard = phone.locator(".heard", has_text="your code is")
    expect(heard).to_be_visible(timeout=60_000)
    code = code_heard(heard.inner_text())
    leaks.secret(code, "code")
    page.fill("#code", code)
    page.keyboard.press("Enter")
    expect(page.locator("#heading-end")).to_have_text(say("verified_heading"))
    expect(page.locator("#proof-channel")).to_have_text(say("by_voice"))
