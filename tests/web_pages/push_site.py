"""A site of its own origin that enrols browsers, with a service worker that imports the server's."""

from __future__ import annotations

import json
from typing import Any, Final

from flask import Flask, Response
from playwright.sync_api import Page, Worker

from tests.support.browser import Window

SCOPE: Final = "/ringproof-push/"
_PAGE: Final = "<!doctype html><title>Shop</title><link rel=icon href=data:,><p>Shop"


def create_site(server: str) -> Flask:
    """Its worker is the one line that the documentation gives; `server` is where Ringproof is."""
    app = Flask(__name__, static_folder=None)

    @app.get("/")
    def page() -> Response:
        return Response(_PAGE, content_type="text/html")

    @app.get("/ringproof-push-worker.js")
    def worker() -> Response:
        line = f'importScripts("{server}/assets/ringproof-push-worker.js");'
        return Response(line, content_type="text/javascript")

    @app.get("/broken-worker.js")
    def broken_worker() -> Response:
        line = 'addEventListener("install", (event) => event.waitUntil(Promise.reject(new Error("broken"))));'
        return Response(line, content_type="text/javascript")

    return app


class Pushed:
    """A page of the site with its worker running, and the browser's end of a push service."""

    def __init__(self, window: Window, site: str) -> None:
        self.window, self.site = window, site
        window.context.grant_permissions(["notifications"], origin=site)
        self._cdp = window.context.new_cdp_session(window.page)
        self._registrations: list[dict[str, Any]] = []
        self._cdp.on("ServiceWorker.workerRegistrationUpdated", self._registered)
        self._cdp.send("ServiceWorker.enable")
        window.page.goto(site)

    @property
    def page(self) -> Page:
        return self.window.page

    @property
    def worker(self) -> Worker:
        (worker,) = self.window.context.service_workers
        return worker

    def register(self) -> None:
        """Register the worker as the module does, and wait until it runs."""
        self.page.evaluate(
            """async (scope) => {
              const { serviceWorker } = navigator;
              const registration = await serviceWorker.register("/ringproof-push-worker.js", { scope });
              const coming = registration.installing;
              if (coming) await new Promise((done) => coming.addEventListener("statechange",
                () => coming.state === "activated" && done()));
            }""",
            SCOPE,
        )

    def deliver(self, message: str | dict[str, Any]) -> None:
        """Give the worker a message, decrypted as the browser hands it over."""
        data = message if isinstance(message, str) else json.dumps(message)
        where = self._registrations[-1]["registrationId"]
        said = {"origin": self.site, "registrationId": where, "data": data}
        self._cdp.send("ServiceWorker.deliverPushMessage", said)

    def shown(self, text: str) -> list[dict[str, Any]]:
        """The notifications, once one of them has this text in it."""
        shown: list[dict[str, Any]] = self.page.evaluate(
            """async ([scope, text]) => {
              const registration = await navigator.serviceWorker.getRegistration(scope);
              for (let turns = 0; turns < 400; turns += 1) {
                const shown = await registration.getNotifications();
                if (shown.some(({ body }) => body.includes(text))) {
                  return shown.map(({ title, body, lang, tag, requireInteraction, data }) =>
                    ({ title, body, lang, tag, requireInteraction, data }));
                }
                await new Promise((done) => setTimeout(done, 25));
              }
              return [];
            }""",
            [SCOPE, text],
        )
        return shown

    def _registered(self, event: dict[str, Any]) -> None:
        self._registrations.extend(one for one in event["registrations"] if one["scopeURL"].endswith(SCOPE))
