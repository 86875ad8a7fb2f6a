"""The system's Chromium for tests, without any way to the network beyond this computer."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, sync_playwright

PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
SMALL_PHONE: Final[ViewportSize] = {"width": 360, "height": 640}
DESKTOP: Final[ViewportSize] = {"width": 1280, "height": 800}

_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Whatever a page or the browser itself asks for, no name but this computer's own can be looked up.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def find_chromium() -> Path | None:
    """The path of the system's Chromium, or None where there is none."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    return Path(found) if found else None


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A running Chromium for the tests of one module; outside CI a machine without one skips them, CI fails.

    Not for the whole session: while Playwright's synchronous interface is open, an event loop counts as
    running in this thread, and no test of another module could have one of its own.
    """
    path = find_chromium()
    if path is None:
        reason = "Chromium is not installed; on Debian: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=list(_FLAGS))
        yield browser
        browser.close()


@dataclass
class Complaints:
    """What the browser complained about: errors on the console, those of the CSP too, and uncaught ones."""

    texts: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.texts.append(f"{message.text} ({message.location.get('url', '')})")

    def without_answers(self, *statuses: int) -> list[str]:
        """All but those that merely say that a request was answered with one of these HTTP statuses."""
        expected = tuple(f"the server responded with a status of {status} " for status in statuses)
        return [text for text in self.texts if not any(one in text for one in expected)]


@dataclass
class Window:
    """A page of its own, with nothing kept from other tests."""

    page: Page
    context: BrowserContext
    complaints: Complaints


@contextmanager
def open_window(
    browser: Browser,
    *,
    viewport: ViewportSize = PHONE,
    locale: str = "en-GB",
    color_scheme: Literal["light", "dark"] = "light",
    reduced_motion: Literal["reduce", "no-preference"] = "reduce",
) -> Iterator[Window]:
    """A new window of this size and language; what it kept is gone afterwards."""
    context = browser.new_context(
        viewport=viewport,
        locale=locale,
        color_scheme=color_scheme,
        reduced_motion=reduced_motion,
        device_scale_factor=2,
    )
    context.set_default_timeout(20_000)
    page = context.new_page()
    complaints = Complaints()
    page.on("console", complaints.hear)
    page.on("pageerror", lambda error: complaints.texts.append(str(error)))
    try:
        yield Window(page, context, complaints)
    finally:
        context.close()
