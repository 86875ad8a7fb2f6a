"""The verification page in a browser that runs no scripts, against a real server with its simulated network.

What axe-core finds is asked in a second window with scripts, on the same pages: they hold none of their own.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import jwt
import pytest
from playwright.sync_api import APIRequestContext, Browser, BrowserContext, Page, ViewportSize, expect

from ringproof_rcml import Words, load_words
from tests.support import leaks
from tests.support.axe import violations
from tests.support.browser import DESKTOP, PHONE, chromium
from tests.support.servers import GENEROUS, POOL, Server, running
from tests.support.waiting import soon

__all__ = ["chromium"]

pytestmark = pytest.mark.browser

SETTINGS: Final = {
    **GENEROUS,
    "RINGPROOF_DEMO": "on",
    "RINGPROOF_RING_SECONDS": "1.0,2.0",
    "RINGPROOF_SIMULATED_POST_DIAL_MS": "50-150",
    "RINGPROOF_SIMULATED_MESSAGE_MS": "50-150",
}
NARROW: Final[ViewportSize] = {"width": 320, "height": 640}
AUDIT: Final = (Path(__file__).parents[1] / "web_pages" / "audit.js").read_text(encoding="utf-8")
NAMED: Final = {"button", "link", "textbox", "combobox", "searchbox", "region"}
WORDS: Final = load_words("en")
_numbers = itertools.count(900_600)

Scheme = Literal["light", "dark"]


def say(key: str) -> str:
    return WORDS.text("page", key)


def fresh_number() -> str:
    """A fictitious number of no other test."""
    return f"+447700{next(_numbers)}"


def wrong(right: str) -> str:
    return "0" * len(right) if right != "0" * len(right) else "1" * len(right)


def prepared(folder: Path, **settings: str) -> Server:
    """A server with one application, whose key the verification page has."""
    server = Server(folder, settings={**SETTINGS, **settings})
    server.prepare()
    tenant = server.tenant(pool=(POOL,))
    leaks.secret(tenant.secret, "key")
    server.environment["RINGPROOF_PAGE_KEY"] = tenant.publishable
    return server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(prepared(tmp_path_factory.mktemp("forms"))) as server:
        yield server


@dataclass
class Phone:
    """The virtual handset of a number, as its events tell of it."""

    site: Server
    number: str
    requests: APIRequestContext

    def behave(self, behaviour: str) -> None:
        answer = self.requests.post(self._address("behaviour"), data={"behaviour": behaviour, "delay_ms": 0})
        assert answer.ok

    def calls(self) -> list[dict[str, Any]]:
        return [event for event in self._events() if event["kind"] == "call"]

    def messages(self) -> list[dict[str, Any]]:
        return [event for event in self._events() if event["kind"] == "message"]

    def digits(self) -> str:
        """The last digits of the number that called."""
        call = soon(lambda: self.calls() or None)[-1]
        return str(call["caller_id"])[-4:]

    def code(self) -> str:
        text: str = soon(lambda: self.messages() or None)[-1]["text"]
        return next(word for word in text.replace(".", " ").split() if word.isdigit() and len(word) == 6)

    def _events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.requests.get(self._address("events")).json()["events"]
        return found

    def _address(self, what: str) -> str:
        return f"{self.site.url}/handset/{self.number.replace('+', '%2B')}/{what}"


def plain_context(
    browser: Browser,
    *,
    viewport: ViewportSize = PHONE,
    scheme: Scheme = "light",
    locale: str = "en-GB",
    scripts: bool = False,
) -> BrowserContext:
    context = browser.new_context(
        viewport=viewport,
        color_scheme=scheme,
        locale=locale,
        java_script_enabled=scripts,
        reduced_motion="reduce",
    )
    context.set_default_timeout(20_000)
    return context


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A window without scripts."""
    context = plain_context(chromium)
    yield context.new_page()
    context.close()


def begin(page: Page, site: Server, number: str | None = None, *, button: str = "#start") -> Phone:
    """From the front page to the first step."""
    phone = Phone(site, number or fresh_number(), page.request)
    page.goto(site.url)
    page.wait_for_url("**/verify?*")
    page.fill("#number", phone.number)
    page.click(button)
    page.wait_for_url("**/verify/vrf_*")
    return phone


def test_a_number_is_confirmed_by_the_last_digits_of_the_number_that_called(page: Page, site: Server) -> None:
    phone = begin(page, site)
    expect(page.locator("h1")).to_have_text(say("calling_heading"))
    page.fill("#digits", phone.digits())
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(say("verified_heading"))
    assert page.url.partition("?")[0].endswith("/ok")
    page.click("#proof-token summary")
    token = page.locator("#token").inner_text()
    keys = page.request.get(f"{site.url}/.well-known/jwks.json").json()
    key = jwt.PyJWKSet.from_dict(keys)[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["EdDSA"], options={"verify_aud": False})
    assert claims["phone_number"] == phone.number
    assert claims["amr"] == ["flashcall"]


def test_wrong_digits_are_told_beside_the_field_and_the_right_ones_still_count(
    page: Page, site: Server
) -> None:
    phone = begin(page, site)
    page.fill("#digits", wrong(phone.digits()))
    page.click("#check")
    expect(page.locator("#digits-error")).to_contain_text(say("mismatch_digits"))
    expect(page.locator("#digits")).to_be_focused()
    page.reload()
    expect(page.locator("#digits-error")).to_contain_text("2")
    page.fill("#digits", phone.digits())
    page.click("#check")
    expect(page.locator("h1")).to_have_text(say("verified_heading"))


def test_the_text_message_that_comes_by_itself_shows_after_a_look(page: Page, site: Server) -> None:
    """The person presses the link below the sentence that announces it."""
    number = fresh_number()
    Phone(site, number, page.request).behave("busy")
    phone = begin(page, site, number)
    code = phone.code()
    page.click("#look")
    expect(page.locator("h1")).to_have_text(say("code_heading"))
    page.fill("#code", wrong(code))
    page.click("#check")
    expect(page.locator("#code-error")).to_contain_text(say("mismatch_code"))
    page.fill("#code", code)
    page.click("#check")
    expect(page.locator("#proof-channel")).to_have_text(say("by_sms"))


@pytest.mark.parametrize("from_the_call", [True, False])
def test_a_text_message_comes_on_demand(page: Page, site: Server, *, from_the_call: bool) -> None:
    phone = begin(page, site, button="#start" if from_the_call else "#start-sms")
    if from_the_call:
        page.click(".ways [value=sms]")
    expect(page.locator("h1")).to_have_text(say("code_heading"))
    page.fill("#code", phone.code())
    page.click("#check")
    expect(page.locator("h1")).to_have_text(say("verified_heading"))


def test_cancelling_ends_it_and_a_new_start_is_one_press_away(page: Page, site: Server) -> None:
    begin(page, site)
    page.click("#cancel")
    expect(page.locator("h1")).to_have_text(say("cancelled_heading"))
    assert "/not-ok" in page.url
    page.click("#start-again")
    expect(page.locator("#number")).to_have_value("")


def test_reloading_and_going_back_never_call_again(page: Page, site: Server) -> None:
    phone = begin(page, site)
    phone.digits()
    for _ in range(3):
        page.reload()
    page.go_back()
    expect(page.locator("#number")).to_be_visible()
    page.go_forward()
    expect(page.locator("h1")).to_have_text(say("calling_heading"))
    assert len({call["call"] for call in phone.calls()}) == 1


def test_two_presses_of_the_same_button_call_once(page: Page, site: Server) -> None:
    number = fresh_number()
    phone = Phone(site, number, page.request)
    page.goto(f"{site.url}/verify?lang=en")
    page.fill("#number", number)
    page.locator("#start").dblclick(no_wait_after=True)
    page.wait_for_url("**/verify/vrf_*")
    page.fill("#digits", phone.digits())
    page.click("#check")
    expect(page.locator("h1")).to_have_text(say("verified_heading"))
    assert len({call["call"] for call in phone.calls()}) == 1


def test_a_premium_number_is_refused_in_words_and_stays_in_the_field(page: Page, site: Server) -> None:
    page.goto(f"{site.url}/verify?lang=en")
    page.fill("#number", "+44 909 879 0000")
    page.click("#start")
    expect(page.locator("#number-error")).to_have_text(WORDS.text("problem", "number-not-allowed"))
    expect(page.locator("#number")).to_have_value("+44 909 879 0000")
    expect(page.locator("#number")).to_be_focused()


def test_without_cookies_nothing_starts(chromium: Browser, site: Server) -> None:
    """As with a browser that keeps none: the form comes back with what was typed."""
    number = fresh_number()
    context = plain_context(chromium)
    page = context.new_page()
    page.goto(f"{site.url}/verify?lang=en")
    context.clear_cookies()
    page.fill("#number", number)
    page.click("#start")
    expect(page.locator("#number-error")).to_have_text(WORDS.text("problem", "invalid-request"))
    expect(page.locator("#number")).to_have_value(number)
    assert Phone(site, number, page.request).calls() == []
    context.close()


STOLEN: Final = """<!doctype html><title>Prize</title><form method="post" action="{action}">
<input name="number" value="{number}"><input name="token" value="{token}"><input name="once" value="{once}">
<button name="way" value="">Claim</button></form>"""


def test_a_form_on_another_site_starts_nothing(page: Page, site: Server) -> None:
    """Not even with the very token of this browser: its cookie stays at home, and the browser says whence."""
    number = fresh_number()
    page.goto(f"{site.url}/verify?lang=en")
    token, once = (page.locator(f"#number-form [name={name}]").input_value() for name in ("token", "once"))
    elsewhere = STOLEN.format(action=f"{site.url}/verify", number=number, token=token, once=once)
    page.route(
        "http://elsewhere.test/", lambda route: route.fulfill(body=elsewhere, content_type="text/html")
    )
    page.goto("http://elsewhere.test/")
    page.click("button")
    expect(page.locator("h1")).to_have_text(WORDS.text("problem_title", "forbidden"))
    assert number.removeprefix("+") not in page.content()
    assert Phone(site, number, page.request).calls() == []


def test_another_browser_neither_sees_nor_ends_it(chromium: Browser, page: Page, site: Server) -> None:
    begin(page, site)
    context = plain_context(chromium)
    stranger = context.new_page()
    stranger.goto(page.url)
    expect(stranger.locator("h1")).to_have_text(WORDS.text("problem_title", "verifier-mismatch"))
    context.close()
    page.reload()
    expect(page.locator("h1")).to_have_text(say("calling_heading"))


def test_a_server_that_starts_again_in_between_is_not_noticed(page: Page, tmp_path: Path) -> None:
    """Killed, so nothing could be put away: everything is in the database and in the cookie."""
    with running(prepared(tmp_path)) as server:
        phone = begin(page, server)
        digits = phone.digits()
        server.kill()
        server.start()
        page.fill("#digits", digits)
        page.click("#check")
        expect(page.locator("h1")).to_have_text(say("verified_heading"))


def test_what_took_too_long_says_so(page: Page, tmp_path: Path) -> None:
    with running(prepared(tmp_path, RINGPROOF_TTL="30", RINGPROOF_CODE_TTL="30")) as server:
        begin(page, server, button="#start-sms")
        give_up = time.monotonic() + 60
        while "/not-ok" not in page.url and time.monotonic() < give_up:
            time.sleep(1)
            page.reload()
        expect(page.locator("h1")).to_have_text(say("expired_heading"))


def test_the_whole_way_can_be_gone_with_the_keyboard(page: Page, site: Server) -> None:
    phone = Phone(site, fresh_number(), page.request)
    page.goto(f"{site.url}/verify?lang=en")
    walk_to(page, "#number")
    page.keyboard.type(phone.number)
    walk_to(page, "#start")
    page.keyboard.press("Enter")
    page.wait_for_url("**/verify/vrf_*")
    walk_to(page, "#digits")
    page.keyboard.type(phone.digits())
    walk_to(page, "#check")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(say("verified_heading"))
    walk_to(page, "#start-again")


def walk_to(page: Page, target: str) -> None:
    """Tab until this element has the focus."""
    for _ in range(25):
        if page.locator(f"{target}:focus").count():
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{target} cannot be reached with the keyboard")


# --- for everybody


def steps(page: Page, site: Server, words: Words) -> Iterator[str]:
    """Leads a window through every kind of page and stops at each."""
    number = fresh_number()
    phone = Phone(site, number, page.request)
    page.goto(f"{site.url}/verify?lang={words.tag}")
    yield "number"
    page.fill("#number", "+44 909 879 0000")
    page.click("#start")
    arrived(page, "#number-error")
    yield "problem"
    page.fill("#number", number)
    page.click("#start")
    arrived(page, "#digits")
    page.click(".trouble summary")
    yield "call"
    page.fill("#digits", wrong(phone.digits()))
    page.click("#check")
    arrived(page, "#digits-error")
    yield "call after a mistake"
    page.fill("#digits", phone.digits())
    page.click("#check")
    arrived(page, "#proof-token")
    page.click("#proof-token summary")
    yield "ok"
    page.click("#start-again")
    page.fill("#number", fresh_number())
    page.click("#start-sms")
    arrived(page, "#code")
    yield "code"
    here = page.url
    page.goto(f"{here}&told=too-early")
    expect(page.locator("#alert")).to_be_focused()
    yield "too early"
    page.click("#cancel")
    arrived(page, "#end-badge[data-status=cancelled]")
    yield "not-ok"
    page.context.clear_cookies()
    page.goto(here)
    yield "refused"


def arrived(page: Page, what: str) -> None:
    """Wait until the page with this on it is whole, so that nothing is asked of one that is being left."""
    expect(page.locator(what)).to_be_visible()
    page.wait_for_load_state("load")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("tag", "viewport"), [("en", PHONE), ("ar", NARROW)], ids=["en", "ar"])
def test_axe_finds_nothing_on_any_page(
    chromium: Browser, site: Server, tag: str, viewport: ViewportSize, scheme: Scheme
) -> None:
    context = plain_context(chromium, viewport=viewport, scheme=scheme, scripts=True)
    page = context.new_page()
    page.goto(f"{site.url}/?lang={tag}")
    found = {"front": violations(page)}
    for step in steps(page, site, load_words(tag)):
        found[step] = violations(page)
    assert {step: what for step, what in found.items() if what} == {}
    assert len(found) == 10
    context.close()


def test_axe_finds_what_is_wrong_with_a_page(chromium: Browser) -> None:
    """The counter-check: a field without a label, pale letters, a refresh by itself."""
    context = plain_context(chromium, scripts=True)
    page = context.new_page()
    page.set_content(
        "<title>x</title><meta http-equiv=refresh content='30'>"
        "<input><p style='color:#eee;background:#fff'>pale"
    )
    found = " ".join(violations(page))
    for rule in ("label", "color-contrast", "meta-refresh", "html-has-lang"):
        assert rule in found
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("tag", "viewport"), [("en", PHONE), ("de", NARROW), ("fr", DESKTOP), ("ar", NARROW)], ids=str
)
def test_every_page_is_for_everybody(
    chromium: Browser, site: Server, tag: str, viewport: ViewportSize, scheme: Scheme
) -> None:
    """Contrast, sizes, headings and names as for the page with scripts; nothing scrolls sideways."""
    context = plain_context(chromium, viewport=viewport, scheme=scheme, scripts=True)
    page = context.new_page()
    found = {step: faults(page) for step in steps(page, site, load_words(tag))}
    assert {step: what for step, what in found.items() if what} == {}
    assert len(found) == 9
    context.close()


def faults(page: Page) -> list[str]:
    page.evaluate(AUDIT)
    measured: list[str] = page.evaluate("audit()")
    return measured + [f"no name for a {role}" for role, name in tree(page) if role in NAMED and not name]


def tree(page: Page) -> list[tuple[str, str]]:
    """Roles and names as assistive technology is given them."""
    session = page.context.new_cdp_session(page)
    nodes: list[dict[str, Any]] = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    return [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node.get("ignored") and "role" in node
    ]
