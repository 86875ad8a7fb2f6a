"""The pages on a stand-in for the server, seen by a real browser."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Window, chromium, open_window
from tests.web_pages.stand_in import StandIn, create_stand_in, demo_config, running

__all__ = ["chromium"]


@pytest.fixture
def api() -> Iterator[StandIn]:
    """The pages of a demo with a scripted API behind them, on a free port."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    stand_in = StandIn()
    with running(create_stand_in(stand_in, demo_config())) as url:
        stand_in.url = url
        yield stand_in


@pytest.fixture
def window(chromium: Browser) -> Iterator[Window]:
    """A phone-sized window whose console stays silent."""
    with open_window(chromium) as opened:
        yield opened
