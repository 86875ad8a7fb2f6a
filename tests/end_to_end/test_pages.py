"""The pages in a real browser against a real server with its simulated network: what a person can do."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jwt
import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from ringproof_rcml import load_words
from tests.support import leaks
from tests.support.browser import DESKTOP, PHONE, SMALL_PHONE, Window, chromium, open_window
from tests.support.servers import GENEROUS, POOL, Server
from tests.web_pages.stand_in import running as loopback

__all__ = ["chromium"]

pytestmark = pytest.mark.browser

SETTINGS: Final = {
    **GENEROUS,
    "RINGPROOF_DEMO": "on",
    # Long enough for the handset's page, which looks every 0.7 s, to show it ringing.
    "RINGPROOF_RING_SECONDS": "3.0,4.0",
    "RINGPROOF_INTERCEPTION_TIMEOUT": "6",
    "RINGPROOF_SIMULATED_POST_DIAL_MS": "50-150",
    "RINGPROOF_SIMULATED_MESSAGE_MS": "50-150",
}
WORDS: Final = load_words("en")
_numbers = itertools.count(900_300)


def say(key: str) -> str:
    return WORDS.text("page", key)


def fresh_number() -> str:
    """A fictitious number of no other test."""
    return f"+447700{next(_numbers)}"


def prepared(folder: Path, pool: str) -> Server:
    """A server with one application, whose key the verification page has."""
    server = Server(folder, settings=SETTINGS)
    server.prepare()
    tenant = server.tenant(pool=(pool,))
    leaks.secret(tenant.secret, "key")
    server.environment["RINGPROOF_PAGE_KEY"] = tenant.publishable
    return server


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    try:
        server.start()
        yield server
    finally:
        server.stop()


@dataclass(frozen=True)
class Shop:
    """Another web site, at an origin of its own; `key` belongs to an application that lists it."""

    url: str
    key: str


@pytest.fixture(scope="module")
def unstarted(tmp_path_factory: pytest.TempPathFactory) -> Server:
    return prepared(tmp_path_factory.mktemp("site"), POOL)


@pytest.fixture(scope="module")
def shop(unstarted: Server) -> Iterator[Shop]:
    app = Flask(__name__, static_folder=None)

    @app.get("/")
    def front() -> str:
        return "<!doctype html><title>Shop</title><link rel=icon href=data:,>"

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with loopback(app) as url:
        tenant = unstarted.tenant("shop", origins=(url,), pool=("+442079470000-+442079479999",))
        yield Shop(url, tenant.publishable)


@pytest.fixture(scope="module")
def site(unstarted: Server, shop: Shop) -> Iterator[Server]:
    """A server like that of the demo, with a short interception timeout."""
    with serving(unstarted) as server:
        yield server


@pytest.fixture
def window(chromium: Browser) -> Iterator[Window]:
    with open_window(chromium) as opened:
        yield opened
        assert opened.complaints.texts == []


def open_handset(window: Window, site: Server, *numbers: str) -> Page:
    """The page with these virtual phones, in a window beside the other."""
    page = window.context.new_page()
    page.on("console", window.complaints.hear)
    query = "&".join(f"number={number.replace('+', '%2B')}" for number in numbers)
    page.goto(f"{site.url}/handset?{query}")
    expect(page.locator(".phone")).to_have_count(len(numbers))
    return page


def begin(window: Window, site: Server, number: str) -> Page:
    page = window.page
    page.goto(site.url)
    page.fill("#number", number)
    page.click("#start")
    expect(page.locator("#heading-call")).to_be_focused()
    return page


def caller_of(handset: Page) -> str:
    """The last digits of the number that calls, as the phone shows them while it rings."""
    expect(handset.locator(".incoming")).to_be_visible(timeout=10_000)
    return handset.locator(".incoming .caller strong").inner_text()


def code_of(handset: Page) -> str:
    expect(handset.locator(".event.message .code")).to_be_visible(timeout=15_000)
    return handset.locator(".event.message .code").first.inner_text()


def choose(handset: Page, behaviour: str) -> None:
    handset.select_option(".behaviour select", behaviour)
    expect(handset.locator(".said")).to_contain_text("from now on")


def claims_of(page: Page, site: Server) -> dict[str, Any]:
    """The claims of the token that the page shows; its signature has been checked with the public keys."""
    page.click("#proof-token summary")
    token = page.locator("#token").inner_text()
    keys = page.request.get(f"{site.url}/.well-known/jwks.json").json()
    key = jwt.PyJWKSet.from_dict(keys)[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, Any] = jwt.decode(token, key, algorithms=["EdDSA"], options={"verify_aud": False})
    shown = json.loads(page.locator("#claims").inner_text())
    assert shown == claims
    return claims


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_number_is_verified_by_the_last_digits_of_the_number_that_called(
    chromium: Browser, site: Server, viewport: Any
) -> None:
    number = fresh_number()
    with open_window(chromium, viewport=viewport) as window:
        handset = open_handset(window, site, number)
        page = begin(window, site, number)
        digits = caller_of(handset)
        expect(page.locator("#dial")).to_have_attribute("data-state", "ringing", timeout=10_000)
        page.fill("#digits", digits)
        page.keyboard.press("Enter")
        expect(page.locator("#heading-end")).to_have_text(say("verified_heading"))
        claims = claims_of(page, site)
        assert claims["phone_number"] == number
        assert claims["amr"] == ["flashcall"]
        expect(handset.locator(".event.call")).to_contain_text("Missed call")
        expect(handset.locator(".incoming")).to_be_hidden()
        assert window.complaints.texts == []


def test_a_withheld_call_leads_to_a_text_message_by_itself(window: Window, site: Server) -> None:
    """The person does nothing but read: the server falls back, the page notices, the code proves."""
    number = fresh_number()
    handset = open_handset(window, site, number)
    choose(handset, "withheld")
    page = begin(window, site, number)
    expect(handset.locator(".incoming .caller")).to_have_text("Withheld", timeout=10_000)
    expect(page.locator("#automatic")).to_be_visible()
    expect(page.locator("#heading-code")).to_be_focused(timeout=20_000)
    page.fill("#code", code_of(handset))
    page.keyboard.press("Enter")
    expect(page.locator("#heading-end")).to_have_text(say("verified_heading"))
    assert claims_of(page, site)["amr"] == ["sms"]


def test_a_busy_phone_leads_to_a_text_message_at_once(window: Window, site: Server) -> None:
    number = fresh_number()
    handset = open_handset(window, site, number)
    choose(handset, "busy")
    page = begin(window, site, number)
    expect(page.locator("#heading-code")).to_be_focused(timeout=15_000)
    page.fill("#code", code_of(handset))
    page.click("#check-code")
    expect(page.locator("#heading-end")).to_have_text(say("verified_heading"))


def test_a_text_message_comes_on_demand_and_a_wrong_code_is_told(window: Window, site: Server) -> None:
    number = fresh_number()
    handset = open_handset(window, site, number)
    page = begin(window, site, number)
    page.click("#call-ways button")
    expect(page.locator("#heading-code")).to_be_focused()
    code = code_of(handset)
    page.fill("#code", "000000" if code != "000000" else "111111")
    page.keyboard.press("Enter")
    expect(page.locator("#code-error")).to_contain_text(say("mismatch_code"))
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    expect(page.locator("#heading-end")).to_have_text(say("verified_heading"))


def test_wrong_digits_are_told_and_the_message_comes_all_the_same(window: Window, site: Server) -> None:
    number = fresh_number()
    handset = open_handset(window, site, number)
    page = begin(window, site, number)
    wrong = "0000" if caller_of(handset) != "0000" else "1111"
    page.fill("#digits", wrong)
    page.keyboard.press("Enter")
    expect(page.locator("#digits-error")).to_contain_text(say("mismatch_digits"))
    expect(page.locator("#heading-code")).to_be_focused(timeout=20_000)


def test_the_person_who_answers_hears_a_sentence(window: Window, site: Server) -> None:
    number = fresh_number()
    handset = open_handset(window, site, number)
    choose(handset, "answer")
    begin(window, site, number)
    expect(handset.locator(".event.answered .heard")).to_contain_text("being confirmed", timeout=15_000)


def test_cancelling_stops_the_ringing(window: Window, site: Server) -> None:
    number = fresh_number()
    handset = open_handset(window, site, number)
    page = begin(window, site, number)
    caller_of(handset)
    page.click("#step-call [data-action=cancel]")
    expect(page.locator("#heading-end")).to_have_text(say("cancelled_heading"))
    expect(handset.locator(".incoming")).to_be_hidden(timeout=5_000)


def test_a_small_pool_rings_twice(chromium: Browser, tmp_path: Path) -> None:
    """Fifty numbers are too few for one call; the page says that there are two and asks after each."""
    number = fresh_number()
    fifty = prepared(tmp_path, "+442079460000-+442079460049")
    with serving(fifty) as server, open_window(chromium) as window:
        handset = open_handset(window, server, number)
        page = begin(window, server, number)
        expect(page.locator("#call-progress")).to_contain_text("2")
        first = caller_of(handset)
        page.fill("#digits", first)
        page.keyboard.press("Enter")
        expect(page.locator("#heading-call")).to_have_text(say("another_call_heading"))
        expect(page.locator("#digits")).to_have_value("")
        expect(handset.locator(".event.call")).to_have_count(1, timeout=10_000)
        page.fill("#digits", caller_of(handset))
        page.keyboard.press("Enter")
        expect(page.locator("#heading-end")).to_have_text(say("verified_heading"), timeout=10_000)
        assert window.complaints.texts == []


FROM_ELSEWHERE: Final = """async ([server, key, number]) => {
  const { Ringproof } = await import(`${server}/assets/ringproof.js`);
  try {
    window.session = await Ringproof({ server, key, language: "en" }).start(number);
    return window.session.view.status;
  } catch (problem) {
    return problem.slug;
  }
}"""


def test_another_site_verifies_with_the_module_alone(chromium: Browser, site: Server, shop: Shop) -> None:
    """One import and three calls on a page of another origin, through CORS, to a token."""
    number = fresh_number()
    with open_window(chromium) as window:
        handset = open_handset(window, site, number)
        page = window.page
        page.goto(shop.url)
        assert page.evaluate(FROM_ELSEWHERE, [site.url, shop.key, number]) == "pending"
        digits = caller_of(handset)
        status = page.evaluate("async (digits) => (await session.confirmDigits(digits)).status", digits)
        assert status == "verified"
        assert page.evaluate("session.token").count(".") == 2
        assert window.complaints.texts == []


def test_a_site_that_is_not_listed_is_refused(chromium: Browser, site: Server, shop: Shop) -> None:
    """The key of the page's application, copied to another site, starts nothing there."""
    number = fresh_number()
    key = site.environment["RINGPROOF_PAGE_KEY"]
    with open_window(chromium) as window:
        window.page.goto(shop.url)
        refused = window.page.evaluate(FROM_ELSEWHERE, [site.url, key, number])
        assert refused == "origin-not-allowed"
        path = f"/handset/{number.replace('+', '%2B')}/events"
        assert window.page.request.get(site.url + path).json() == {"events": []}


def test_a_premium_number_is_refused_in_plain_words(chromium: Browser, site: Server) -> None:
    with open_window(chromium) as window:
        page = window.page
        page.goto(site.url)
        page.fill("#number", "+44 909 879 0000")
        page.click("#start")
        expect(page.locator("#number-error")).to_have_text(WORDS.text("problem", "number-not-allowed"))
        expect(page.locator("#number")).to_be_focused()
        assert window.complaints.without_answers(403) == []


def test_a_server_that_is_away_for_a_while_costs_nothing(chromium: Browser, site: Server) -> None:
    """The page says that the connection is lost, and goes on as soon as the server is back."""
    with open_window(chromium) as window:
        page = begin(window, site, fresh_number())
        site.stop()
        try:
            expect(page.locator("#offline")).to_be_visible(timeout=30_000)
        finally:
            site.start()
        page.click("#offline-retry")
        expect(page.locator("#offline")).to_be_hidden(timeout=30_000)
        expect(page.locator("#step-number")).to_be_hidden()


def test_two_phones_stand_beside_each_other_and_only_one_rings(window: Window, site: Server) -> None:
    called, other = fresh_number(), fresh_number()
    handset = open_handset(window, site, called, other)
    begin(window, site, called)
    expect(handset.get_by_role("article", name=called).locator(".incoming")).to_be_visible(timeout=10_000)
    expect(handset.get_by_role("article", name=other).locator(".incoming")).to_be_hidden()
    handset.get_by_role("button", name=f"Remove {other}").click()
    expect(handset.locator(".phone")).to_have_count(1)
    assert other.replace("+", "") not in handset.url


def test_only_fictitious_numbers_have_a_phone(chromium: Browser, site: Server) -> None:
    with open_window(chromium) as window:
        page = window.page
        page.goto(f"{site.url}/handset")
        expect(page.locator("#empty")).to_be_visible()
        page.fill("#add-number", "+44 20 7946 0018")
        page.keyboard.press("Enter")
        expect(page.locator("#add-error")).to_contain_text("fictitious")
        expect(page.locator(".phone")).to_have_count(0)
        page.click("#empty button >> nth=0")
        expect(page.locator(".phone .number")).to_be_focused()
        expect(page.locator("#empty")).to_be_hidden()
        assert window.complaints.without_answers(404) == []


def test_the_whole_way_can_be_gone_with_the_keyboard(window: Window, site: Server) -> None:
    """Tab and Enter and nothing else, with the focus visible wherever it stops."""
    number = fresh_number()
    handset = open_handset(window, site, number)
    page = window.page
    page.goto(site.url)
    walk_to(page, "number")
    page.keyboard.type(number)
    walk_to(page, "start")
    page.keyboard.press("Enter")
    expect(page.locator("#heading-call")).to_be_focused()
    digits = caller_of(handset)
    walk_to(page, "digits")
    page.keyboard.type(digits)
    walk_to(page, "check-digits")
    page.keyboard.press("Enter")
    expect(page.locator("#heading-end")).to_be_focused()
    walk_to(page, "start-again")
    page.keyboard.press("Enter")
    expect(page.locator("#number")).to_be_focused()


VISIBLE_FOCUS: Final = """() => {
  const element = document.activeElement;
  const rings = [element, element.parentElement].map((one) => getComputedStyle(one));
  return rings.some((style) => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2);
}"""


def walk_to(page: Page, target: str) -> None:
    """Tab until the element of this id has the focus; every stop on the way shows that it has it."""
    for _ in range(20):
        page.keyboard.press("Tab")
        assert page.evaluate(VISIBLE_FOCUS), page.evaluate("document.activeElement.outerHTML")
        if page.evaluate("document.activeElement.id") == target:
            return
    raise AssertionError(f"#{target} cannot be reached with the keyboard")


def test_the_reference_and_the_problems_describe_this_server(chromium: Browser, site: Server) -> None:
    with open_window(chromium, viewport=DESKTOP) as window:
        page = window.page
        document = page.request.get(f"{site.url}/openapi.json").json()
        page.goto(f"{site.url}/docs")
        for path, operations in document["paths"].items():
            for method in operations:
                name = f"{method.upper()} {path}"
                assert page.get_by_role("article", name=name, exact=True).count() == 1, name
        page.goto(f"{site.url}/problems/too-early")
        expect(page.locator("main")).to_contain_text("409 Conflict")
        assert window.complaints.texts == []


@pytest.mark.parametrize(
    "address", ["/", "/handset?number=%2B447700900299", "/docs", "/problems/", "/problems/internal"]
)
def test_no_page_is_wider_than_a_small_phone(chromium: Browser, site: Server, address: str) -> None:
    with open_window(chromium, viewport=SMALL_PHONE, locale="de") as window:
        window.page.goto(site.url + address)
        assert window.page.evaluate("document.documentElement.scrollWidth") <= SMALL_PHONE["width"]
        assert window.complaints.texts == []
