"""The verification page in languages that are written from right to left, on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from ringproof_rcml import load_words, locales
from tests.support.browser import PHONE, open_window
from tests.web_pages.stand_in import CHALLENGE, StandIn, ended_view, flash_view

pytestmark = pytest.mark.browser

RIGHT_TO_LEFT = [tag for tag in locales() if load_words(tag).direction == "rtl"]


def left_end(page: Page, selector: str) -> float:
    """Where an element ends at the left, in CSS pixels."""
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["x"]


def test_the_languages_written_from_right_to_left_are_these() -> None:
    assert RIGHT_TO_LEFT == ["ar", "fa", "he"]


@pytest.mark.parametrize("tag", RIGHT_TO_LEFT)
def test_numbers_keep_their_direction_and_everything_else_turns_round(
    chromium: Browser, api: StandIn, tag: str
) -> None:
    """Labels stand at the right, values at the left, all of them; digits are those of telephones."""
    with open_window(chromium, viewport=PHONE, locale=tag) as window:
        page = window.page
        first = flash_view()
        api.on("POST /verifications", (201, {**first, "challenge": CHALLENGE}))
        api.on("GET /vrf_1", (200, ended_view("verified")))
        page.goto(api.url)
        assert page.evaluate("getComputedStyle(document.querySelector('#heading-number')).direction") == "rtl"
        page.fill("#number", "+44 7700 900123")
        page.click("#start")
        expect(page.locator("#step-end")).to_be_visible()
        ends = [left_end(page, selector) for selector in ("#proof-number", "#proof-channel", "#proof-chance")]
        assert max(ends) - min(ends) < 1
        assert page.evaluate("getComputedStyle(document.querySelector('#proof-number')).direction") == "ltr"
        assert re.fullmatch(r"\D*1 \D*[0-9.,]+\W*", page.inner_text("#proof-chance"))
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        assert window.complaints.texts == []
