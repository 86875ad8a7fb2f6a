"""ringproof.js in a real browser, with a clock and answers that a test commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import open_window
from tests.web_pages.stand_in import StandIn, create_stand_in, demo_config, running

HARNESS: Final = Path(__file__).with_name("harness.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def site(chromium: Browser) -> Iterator[Page]:
    """A page of the server's own origin, under its policy, with the harness."""
    with running(create_stand_in(StandIn(), demo_config())) as url, open_window(chromium) as window:
        window.page.goto(f"{url}/problems/")
        window.page.evaluate(HARNESS)
        yield window.page
        assert window.complaints.texts == []


def run(site: Page, body: str, argument: object = None) -> Any:
    """The value of these lines of JavaScript; no promise may take longer than twenty seconds."""
    late = "new Promise((_, no) => setTimeout(() => no(new Error('this never ends')), 20_000))"
    work = f"(async () => {{ {body} }})()"
    code = f"(argument) => {{ const h = window.harness; return Promise.race([{late}, {work}]); }}"
    return site.evaluate(code, argument)
