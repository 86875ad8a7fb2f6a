"""A page enrols its browser by the shipped module, and a code comes through to its service worker."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser

from tests.support import leaks
from tests.support.api import Api, code_in, is_message
from tests.support.browser import chromium, open_window
from tests.support.push_service import SUBJECT, PushService, running_push_service
from tests.support.servers import GENEROUS, Server
from tests.support.servers import running as serving
from tests.web_pages.push_site import SCOPE, Pushed, create_site
from tests.web_pages.stand_in import running as loopback

__all__ = ["chromium"]

pytestmark = pytest.mark.browser

NUMBER: Final = "+447700900316"
SETTINGS: Final = {
    **GENEROUS,
    "RINGPROOF_CARRIERS": "simulated,webpush",
    "RINGPROOF_WEBPUSH_SUBJECT": SUBJECT,
    "RINGPROOF_WEBPUSH_PRIVATE_ADDRESSES": "on",
}

START: Final = """async ([server, key, number, channel]) => {
  const { Ringproof } = await import(`${server}/assets/ringproof.js`);
  window.session = await Ringproof({ server, key, language: "en" }).start(number, { channels: [channel] });
}"""
CONFIRM: Final = "async (code) => (await session.confirmCode(code)).status"
ENROL: Final = """async ([server, key, subscription]) => {
  PushManager.prototype.getSubscription = async () => null;
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    window.sender = applicationServerKey;
    return { toJSON: () => subscription };
  };
  const { enrolBrowser } = await import(`${server}/assets/ringproof-push.js`);
  const { kind, label } = await enrolBrowser(session, { server, key, label: "Desk" });
  const { active } = await navigator.serviceWorker.getRegistration(window.scope);
  return { kind, label, worker: active.state, sender };
}"""
"""Chromium's own push service is out of reach; ours gives the subscription, and opens what is sent to it."""


@pytest.fixture
def service() -> Iterator[PushService]:
    with running_push_service() as running:
        yield running


def test_a_browser_that_a_page_enrolled_shows_the_code_that_proves_the_number(
    chromium: Browser, service: PushService, tmp_path: Path
) -> None:
    """Real server, real encryption, real service worker, on a site of another origin."""
    server = Server(tmp_path, settings=SETTINGS)
    with serving(server), loopback(create_site(server.url)) as shop, open_window(chromium) as window:
        key = server.tenant(origins=[shop]).publishable
        api = Api(server.url, key)
        pushed = Pushed(window, shop)
        page = pushed.page
        page.evaluate("(scope) => { window.scope = scope; }", SCOPE)
        page.evaluate(START, [server.url, key, NUMBER, "sms"])
        sms = code_in(api.wait_for(NUMBER, is_message)["text"])
        assert page.evaluate(CONFIRM, sms) == "verified"
        enrolled = page.evaluate(ENROL, [server.url, key, service.browser().as_json])
        sender = enrolled.pop("sender")
        assert enrolled == {"kind": "push", "label": "Desk", "worker": "activated"}
        assert len(base64.urlsafe_b64decode(sender + "=")) == 65

        page.evaluate(START, [server.url, key, NUMBER, "push"])
        (browser,) = service.browsers.values()
        give_up = time.monotonic() + 30
        while not browser.received:
            assert time.monotonic() < give_up, "no message came"
            time.sleep(0.02)
        assert (service.refused, service.keys) == ([], {sender})
        message = browser.received[0].said
        leaks.secret(message["code"], "code")
        pushed.deliver(message)
        (shown,) = pushed.shown(message["code"])
        assert (shown["title"], shown["body"]) == (message["brand"], message["text"])
        assert page.evaluate(CONFIRM, message["code"]) == "verified"
        assert window.complaints.texts == []
