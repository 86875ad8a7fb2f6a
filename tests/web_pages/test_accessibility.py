"""Every step of the pages for everybody: names, contrast, targets, order, width, and nothing that moves.

Measured in Chromium's own accessibility tree and layout, in both colour schemes (WCAG 2.2: 1.4.3, 1.4.10,
2.3.3, 2.5.5, 4.1.2). The windows ask for reduced motion.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.support.browser import DESKTOP, PHONE, Window, open_window
from tests.web_pages.stand_in import CHALLENGE, StandIn, code_view, ended_view, flash_view, keypad_view

pytestmark = pytest.mark.browser

AUDIT: Final = Path(__file__).with_name("audit.js").read_text(encoding="utf-8")
NARROW: Final[ViewportSize] = {"width": 320, "height": 640}
"""WCAG 2.2, 1.4.10: nothing scrolls sideways at 320 CSS pixels, which is 1280 at 400 %."""
NAMED: Final = {
    "button",
    "link",
    "textbox",
    "combobox",
    "searchbox",
    "spinbutton",
    "checkbox",
    "region",
}

CUT_OFF: Final = """[...document.querySelectorAll('main *, footer *, aside *')]
  .filter((one) => one.checkVisibility() && !one.closest('pre, select, .visually-hidden'))
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
  .map((one) => one.outerHTML.slice(0, 80))"""


def faults(page: Page) -> list[str]:
    page.evaluate(AUDIT)
    found: list[str] = page.evaluate("audit()")
    return found + [f"no name for a {role}" for role, name in tree(page) if role in NAMED and not name]


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


def steps(page: Page, api: StandIn) -> Iterator[str]:
    """Leads the page through all its steps and stops at each."""
    api.on("POST /verifications", (201, {**flash_view(), "challenge": CHALLENGE}))
    api.on("GET /vrf_1", (200, flash_view()))
    page.goto(api.url)
    yield "number"
    page.click("#start")
    yield "number with a complaint"
    page.fill("#number", "+44 7700 900123")
    page.click("#start")
    expect(page.locator("#step-call")).to_be_visible()
    page.click(".trouble summary")
    yield "call"
    api.on("POST /confirm", (200, {**flash_view(checks_left=2), "result": "mismatch"}))
    page.fill("#digits", "1111")
    page.click("#check-digits")
    expect(page.locator("#digits-error")).not_to_be_empty()
    yield "call after a mistake"
    api.on("POST /confirm", (200, {**code_view(), "result": "mismatch"}))
    page.fill("#digits", "1112")
    page.click("#check-digits")
    expect(page.locator("#moved-on")).to_be_visible()
    yield "code"
    token = "eyJhbGciOiJFZERTQSJ9.eyJhdWQiOiJhcHBfMSJ9.c2ln"
    api.on("POST /confirm", (200, {**keypad_view(), "result": "mismatch"}))
    page.fill("#code", "123456")
    page.click("#check-code")
    expect(page.locator("#keypad-digits")).to_be_visible()
    yield "digits to type in a call"
    api.on("POST /confirm", (200, {**ended_view("verified"), "token": token}))
    api.on("GET /vrf_1", (200, keypad_view(keypad={"digits": "482915", "typed": True})))
    expect(page.locator("#proof")).to_be_visible(timeout=20_000)
    page.click("#proof-token summary")
    yield "verified"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("viewport", "locale"), [(PHONE, "en-GB"), (NARROW, "de"), (DESKTOP, "fr"), (PHONE, "ar")], ids=str
)
def test_every_step_is_for_everybody(
    chromium: Browser, api: StandIn, viewport: ViewportSize, locale: str, scheme: Literal["light", "dark"]
) -> None:
    with open_window(chromium, viewport=viewport, locale=locale, color_scheme=scheme) as window:
        found = {step: faults(window.page) for step in steps(window.page, api)}
        assert {step: what for step, what in found.items() if what} == {}
        assert len(found) == 7


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ["/handset", "/problems/", "/problems/too-early", "/docs"])
def test_the_other_pages_are_for_everybody(
    chromium: Browser, api: StandIn, address: str, scheme: Literal["light", "dark"]
) -> None:
    with open_window(chromium, viewport=NARROW, color_scheme=scheme) as window:
        window.page.goto(api.url + address)
        assert faults(window.page) == []


def test_what_changes_by_itself_is_told_without_interrupting(window: Window, api: StandIn) -> None:
    """A polite live region from the start, alerts at the fields, a timer that is not read out."""
    page = window.page
    page.goto(api.url)
    expect(page.locator("#live")).to_have_attribute("aria-live", "polite")
    for field in ("number", "digits", "code"):
        error = page.locator(f"#{field}-error")
        expect(error).to_have_attribute("role", "alert")
        described = page.locator(f"#{field}").get_attribute("aria-describedby") or ""
        assert f"{field}-error" in described.split()
    expect(page.locator("[role=timer]").first).to_have_attribute("aria-live", "off")


def test_text_may_be_twice_as_large(chromium: Browser, api: StandIn) -> None:
    """WCAG 2.2, 1.4.4: with letters of 200 % nothing is cut off or lies outside the window."""
    with open_window(chromium, viewport=PHONE, locale="de") as window:
        page = window.page
        for step in steps(page, api):
            page.evaluate("document.documentElement.style.fontSize = '200%'")
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], step
            assert page.evaluate(CUT_OFF) == [], step
            for field in page.locator(".combined input:visible").all():
                box = field.bounding_box()
                assert box is not None
                assert box["width"] > 100, step
            page.evaluate("document.documentElement.style.fontSize = ''")


def test_without_reduced_motion_the_ringing_moves(chromium: Browser, api: StandIn) -> None:
    """The counter-check of the audit: what it looks for is there when nobody asked against it."""
    with open_window(chromium, reduced_motion="no-preference") as window:
        for step in steps(window.page, api):
            if step == "call":
                assert window.page.evaluate(
                    "document.getAnimations().some((one) => one.playState === 'running')"
                )
                break
