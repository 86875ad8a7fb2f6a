"""The example site of another origin in Chromium, over a real server: CORS, its own policy, its back end."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final, Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.support.axe import violations
from tests.support.browser import DESKTOP, PHONE, Window, open_window
from tests.web_pages.other_origin import EXAMPLE, Sites, began, join, running_sites

pytestmark = pytest.mark.browser

_numbers = itertools.count(900_500)

FAKE_PHONE: Final = """
window.OTPCredential = class {};
const get = ({ otp, signal }) => new Promise((resolve, reject) => {
  window.received = (code) => resolve({ code });
  window.waiting = otp.transport.join();
  signal.addEventListener("abort", () => { window.waiting = "no more"; reject(signal.reason); });
});
Object.defineProperty(navigator.credentials, "get", { value: get });
"""
"""The edge of a browser on a phone that reads text messages (WebOTP), which no desktop has."""


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    with running_sites(tmp_path_factory.mktemp("sites")) as made:
        yield made


@pytest.fixture
def window(chromium: Browser) -> Iterator[Window]:
    with open_window(chromium) as opened:
        yield opened


def fresh_number() -> str:
    return f"+447700{next(_numbers)}"


def welcomed(page: Page, number: str) -> None:
    expect(page.locator("#welcome-text")).to_have_text(
        f"The number that ends in {number[-4:]} is yours, and so is the account.", timeout=15_000
    )


def test_a_call_is_enough_for_an_account(sites: Sites, window: Window) -> None:
    """Two origins, a strict policy, a token that the shop's own back end has checked."""
    number, page = fresh_number(), window.page
    join(page, sites.shop, number)
    began(page)
    expect(page.locator("#prefix")).to_contain_text("+44207946")
    caller = sites.caller(page, number)
    page.fill("#typed", "12")
    page.keyboard.press("Enter")
    expect(page.locator("#prove-error")).to_have_text("Some digits are missing.")
    page.fill("#typed", "0000" if not caller.endswith("0000") else "1111")
    page.keyboard.press("Enter")
    expect(page.locator("#prove-error")).to_contain_text("That was not right.")
    page.fill("#typed", caller[-4:])
    page.keyboard.press("Enter")
    welcomed(page, number)
    expect(page.locator("#welcome-heading")).to_be_focused()
    assert window.complaints.texts == []


def test_its_back_end_believes_no_page(sites: Sites, window: Window) -> None:
    """Nothing but a token for this visitor makes an account."""
    window.page.goto(sites.shop)
    for token in ("", "a.b.c", "x" * 5000):
        answer = window.page.request.post(f"{sites.shop}/accounts", data={"token": token})
        assert answer.status == 403


def test_an_origin_that_the_application_does_not_name_is_told_so(sites: Sites, window: Window) -> None:
    """Before anybody is rung: a plain sentence for the person, and for the developer the origin."""
    number, page = fresh_number(), window.page
    join(page, sites.stranger, number)
    expect(page.locator("#join-error")).to_have_text(
        "That did not work. Please try again later.", timeout=20_000
    )
    told = next(text for text in window.complaints.texts if text.startswith("Ringproof: "))
    assert "origin-not-allowed: the server does not let pages of " + sites.stranger in told
    assert "name this origin as one of its own" in told
    events = page.request.get(f"{sites.server.url}/handset/%2B{number[1:]}/events").json()
    assert events == {"events": []}


def test_a_reload_in_the_middle_goes_on(sites: Sites, window: Window) -> None:
    number, page = fresh_number(), window.page
    join(page, sites.shop, number)
    began(page)
    caller = sites.caller(page, number)
    page.reload()
    began(page)
    expect(page.locator("#name")).to_have_value("Ada")
    page.fill("#typed", caller)
    page.keyboard.press("Enter")
    welcomed(page, number)
    page.reload()
    expect(page.locator("#join-heading")).to_be_visible()
    assert window.complaints.texts == []


def test_what_was_typed_without_a_network_arrives_with_it(sites: Sites, window: Window) -> None:
    number, page = fresh_number(), window.page
    join(page, sites.shop, number)
    began(page)
    caller = sites.caller(page, number)
    window.context.set_offline(True)
    page.fill("#typed", caller[-4:])
    page.keyboard.press("Enter")
    expect(page.locator("#prove-error")).to_have_text(
        "There is no connection. We go on trying.", timeout=20_000
    )
    window.context.set_offline(False)
    welcomed(page, number)


def test_another_number_cancels_the_call_to_the_first(sites: Sites, window: Window) -> None:
    page = window.page
    join(page, sites.shop, fresh_number())
    began(page)
    page.click("#change")
    expect(page.locator("#join-error")).to_have_text("You can begin again with any number.")
    expect(page.locator("#join-heading")).to_be_focused()
    number = fresh_number()
    page.fill("#number", number)
    page.click("#join-button")
    began(page)
    page.fill("#typed", sites.caller(page, number)[-4:])
    page.keyboard.press("Enter")
    welcomed(page, number)


def test_a_browser_on_a_phone_reads_the_code_by_itself(sites: Sites, window: Window) -> None:
    """The message names the page's host, the browser hands the code over, and nobody types anything."""
    number, page = fresh_number(), window.page
    window.context.add_init_script(FAKE_PHONE)
    join(page, sites.shop, number)
    began(page)
    page.click("text=Send me a text message")
    expect(page.locator("#prove-heading")).to_have_text("We have sent you a message")
    text = sites.message(page, number)
    code = text.split("@127.0.0.1 #")[1][:6]
    assert page.evaluate("window.waiting") == "sms"
    page.evaluate("(code) => received(code)", code)
    welcomed(page, number)


def test_a_code_that_is_typed_first_ends_the_browsers_wait(sites: Sites, window: Window) -> None:
    number, page = fresh_number(), window.page
    window.context.add_init_script(FAKE_PHONE)
    join(page, sites.shop, number)
    began(page)
    page.click("text=Send me a text message")
    expect(page.locator("#prove-heading")).to_have_text("We have sent you a message")
    expect(page.locator("#typed")).to_have_attribute("autocomplete", "one-time-code")
    code = sites.message(page, number).split("@127.0.0.1 #")[1][:6]
    page.fill("#typed", f"{code[:3]} {code[3:]}")
    page.keyboard.press("Enter")
    welcomed(page, number)
    assert page.evaluate("window.waiting") == "no more"


def test_two_tabs_know_nothing_of_each_other(sites: Sites, window: Window) -> None:
    """Each goes on with its own verification, also after a reload."""
    tabs = [window.page, window.context.new_page()]
    numbers = [fresh_number() for _ in tabs]
    for tab, number in zip(tabs, numbers, strict=True):
        join(tab, sites.shop, number)
        began(tab)
    callers = [sites.caller(tab, number) for tab, number in zip(tabs, numbers, strict=True)]
    tabs[0].reload()
    began(tabs[0])
    for tab, caller in zip(tabs, reversed(callers), strict=True):
        if callers[0][-4:] != callers[1][-4:]:
            tab.fill("#typed", caller[-4:])
            tab.keyboard.press("Enter")
            expect(tab.locator("#prove-error")).to_contain_text("That was not right.")
    tabs[0].fill("#typed", callers[0][-4:])
    tabs[0].keyboard.press("Enter")
    welcomed(tabs[0], numbers[0])
    began(tabs[1])


def test_the_back_end_is_as_short_as_it_can_be_read() -> None:
    assert len((EXAMPLE / "app.py").read_text(encoding="utf-8").splitlines()) <= 40


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_example_is_for_everybody(
    chromium: Browser, sites: Sites, viewport: ViewportSize, scheme: Literal["light", "dark"]
) -> None:
    """No rule of axe-core is broken at any step, and nothing scrolls sideways."""
    number = fresh_number()
    with open_window(chromium, viewport=viewport, color_scheme=scheme) as opened:
        page, found = opened.page, {}

        def look(step: str) -> None:
            found[step] = violations(page)
            if page.evaluate("document.documentElement.scrollWidth") > viewport["width"]:
                found[step].append("scrolls sideways")

        page.goto(sites.shop)
        look("form")
        page.fill("#number", "123")
        page.click("#join-button")
        expect(page.locator("#join-error")).not_to_be_empty()
        look("error")
        join(page, sites.shop, number)
        began(page)
        look("call")
        page.click("text=Send me a text message")
        expect(page.locator("#prove-heading")).to_have_text("We have sent you a message")
        look("code")
        page.fill("#typed", sites.message(page, number).split("@127.0.0.1 #")[1][:6])
        page.keyboard.press("Enter")
        welcomed(page, number)
        look("end")
        assert {step: faults for step, faults in found.items() if faults} == {}
        assert len(found) == 5
