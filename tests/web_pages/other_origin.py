"""A real server, and the example of docs/examples as a site of another origin, each on a port of its own."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Final
from unittest.mock import patch
from urllib.parse import quote

from flask import Flask
from playwright.sync_api import Page, expect

from tests.support import leaks
from tests.support.npm import CHECKOUT
from tests.support.ports import free_port
from tests.support.servers import GENEROUS, POOL, Server
from tests.web_pages.stand_in import running

EXAMPLE: Final = CHECKOUT / "docs" / "examples" / "other_origin"
OTHER_POOL: Final = "+442079470000-+442079479999"
SETTINGS: Final = {
    **GENEROUS,
    "RINGPROOF_DEMO": "on",
    "RINGPROOF_RING_SECONDS": "2.0,2.5",
    "RINGPROOF_SIMULATED_POST_DIAL_MS": "50-150",
    "RINGPROOF_SIMULATED_MESSAGE_MS": "50-150",
}


@dataclass(frozen=True)
class Sites:
    """`shop` is the example with a key of its application, `stranger` with that of one which names it not."""

    server: Server
    shop: str
    stranger: str
    key: str = field(repr=False)
    secret: str = field(repr=False)
    application: str

    def caller(self, page: Page, number: str) -> str:
        """Who called the virtual phone of this number last."""
        return str(self._seen(page, number, "call")["caller_id"])

    def message(self, page: Page, number: str) -> str:
        """The last text message of the virtual phone of this number."""
        text = str(self._seen(page, number, "message")["text"])
        leaks.secret(text.rsplit("#", maxsplit=1)[-1][:6], "code")
        return text

    def _seen(self, page: Page, number: str, kind: str) -> dict[str, object]:
        address = f"{self.server.url}/handset/{quote(number)}/events"
        for _ in range(200):
            events = [one for one in page.request.get(address).json()["events"] if one["kind"] == kind]
            if events:
                found: dict[str, object] = events[-1]
                return found
            page.wait_for_timeout(100)
        raise AssertionError(f"the phone has seen no {kind}")


@contextmanager
def running_sites(folder: Path, site: Flask | None = None) -> Iterator[Sites]:
    """Both origins, and the example once more where it is not allowed; or this `site` in its place."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = Server(folder, settings=SETTINGS)
    server.prepare()
    port = free_port()
    tenant = server.tenant("shop", origins=(f"http://127.0.0.1:{port}",), pool=(POOL,))
    other = server.tenant("other", origins=("https://other.example",), pool=(OTHER_POOL,))
    server.environment["RINGPROOF_PAGE_KEY"] = other.publishable
    try:
        server.start()
        apps = [loaded(server.url, one.publishable, one.id) for one in (tenant, other)]
        with running(site or apps[0], port) as shop, running(apps[1]) as stranger:
            yield Sites(server, shop, stranger, tenant.publishable, tenant.secret, tenant.id)
    finally:
        server.stop()


def loaded(server: str, key: str, application: str) -> Flask:
    """The example's back end, configured by its environment like anybody's."""
    spec = importlib.util.spec_from_file_location("other_origin_example", EXAMPLE / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    # Flask looks for its templates beside the module of this name.
    sys.modules[module.__name__] = module
    told = {"SHOP_SERVER": server, "SHOP_KEY": key, "SHOP_APPLICATION": application}
    with patch.dict(os.environ, told):
        spec.loader.exec_module(module)
    app: Flask = module.app
    return app


def join(page: Page, shop: str, number: str) -> None:
    """Fill in the form of the example and send it."""
    page.goto(shop)
    page.fill("#name", "Ada")
    page.fill("#number", number)
    page.click("#join-button")


def began(page: Page) -> None:
    """The person is told that a call comes."""
    expect(page.locator("#prove-heading")).to_have_text("Your phone is about to ring")
