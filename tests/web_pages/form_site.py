"""The forms without scripts over a whole server of a test's own, with time in the test's hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from flask.testing import FlaskClient
from werkzeug.test import Cookie, TestResponse

from ringproof_server.domain.policy import Policy
from ringproof_server.http import PROBLEM_STATUS, FormParts, HttpParts, PrometheusMetrics, create_http
from ringproof_server.web import FormPages, PagesConfig, create_pages
from tests.support import leaks
from tests.support.world import NUMBER, POOL, PUBLIC_URL, Process, World

OURS: Final = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
"""What a browser says of a form of a page that sends no referrer."""


@dataclass
class Form:
    """One form of a page: where it goes, what it carries, the names and values of its buttons."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Shown(HTMLParser):
    """A page as a browser without scripts has it."""

    def __init__(self, answer: TestResponse) -> None:
        super().__init__()
        self.status = answer.status_code
        self.headers = answer.headers
        self.html = answer.text
        self.path = answer.request.path
        self.forms: list[Form] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, str] = {}
        self._ids: list[str | None] = []
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.elements.append((tag, said))
        if tag == "form":
            self.forms.append(Form(said.get("action", ""), said.get("method", "get")))
        elif tag == "input" and self.forms:
            self.forms[-1].fields[said["name"]] = said.get("value", "")
        elif tag == "button" and self.forms and "name" in said:
            self.forms[-1].buttons.append((said["name"], said.get("value", "")))
        if tag not in {"input", "meta", "link", "circle", "path"}:
            self._ids.append(said.get("id"))

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"input", "meta", "link", "circle", "path"} and self._ids:
            self._ids.pop()

    def handle_data(self, data: str) -> None:
        for name in filter(None, self._ids):
            self.texts[name] = self.texts.get(name, "") + data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [said for name, said in self.elements if name == tag]

    def form(self, *, button: tuple[str, str] | None = None, having: str | None = None) -> Form:
        """The form with this button, or with this field."""
        return next(
            one
            for one in self.forms
            if button in one.buttons or (having is not None and having in one.fields)
        )


@dataclass
class Visitor:
    """A browser without scripts."""

    client: FlaskClient
    address: str = "198.51.100.7"
    page: Shown | None = None

    def get(self, path: str, **headers: str) -> Shown:
        return self._arrive(self.client.get(path, follow_redirects=True, **self._with(headers)))

    def send(self, form: Form, forged: Mapping[str, str] | None = None, /, **fields: str) -> Shown:
        """Send a form with these fields, and follow where it leads."""
        return self._arrive(self._post(form, {**fields, **(forged or {})}, None, follow=True))

    @property
    def cookies(self) -> list[Cookie]:
        return list((self.client._cookies or {}).values())

    def sent(self, form: Form, *, headers: dict[str, str] | None = None, **fields: str) -> TestResponse:
        """The same without following."""
        return self._post(form, fields, headers, follow=False)

    def begin(self, number: str = NUMBER, way: str = "", address: str = "/verify") -> Shown:
        """From the number page to the first step."""
        return self.send(self.get(address).form(having="number"), number=number, way=way)

    def press(self, name: str, value: str) -> Shown:
        """Press this button of the present page."""
        assert self.page is not None
        return self.send(self.page.form(button=(name, value)), **{name: value})

    def answer(self, typed: str) -> Shown:
        """Type this into the present page's field and send it."""
        assert self.page is not None
        return self.send(self.page.form(having="answer"), answer=typed)

    def _post(
        self, form: Form, fields: Mapping[str, str], headers: dict[str, str] | None, *, follow: bool
    ) -> TestResponse:
        said = {**form.fields, **fields}
        sent = OURS if headers is None else headers
        return self.client.post(form.action, data=said, follow_redirects=follow, **self._with(sent))

    def _with(self, headers: dict[str, str]) -> dict[str, Any]:
        return {
            "base_url": PUBLIC_URL,
            "headers": headers,
            "environ_overrides": {"REMOTE_ADDR": self.address},
        }

    def _arrive(self, answer: TestResponse) -> Shown:
        self.page = Shown(answer)
        return self.page


@dataclass
class FormSite:
    """A world with one application whose page needs no scripts."""

    world: World
    key: str = field(repr=False)
    application_id: str
    demo: bool
    brand: str

    def visitor(self, process: Process | None = None, public_url: str = PUBLIC_URL) -> Visitor:
        """A new browser at this server process."""
        server = process or self.world.server
        pages = PagesConfig(
            brand=self.brand,
            openapi=dict,
            problem_status=PROBLEM_STATUS,
            page_key=self.key,
            demo=self.demo,
        )
        parts = HttpParts(
            verifications=server.service,
            access=server.access,
            carrier_events=server.events,
            tokens=server.parts.tokens,
            storage=server.storage,
            clock=self.world.clock,
            random=self.world.random,
            metrics=PrometheusMetrics(),
            public_url=public_url,
            blueprints=(create_pages(pages),),
            forms=FormParts(pages=FormPages(pages), seals=server.parts.seals, key=self.key),
        )
        return Visitor(create_http(parts).test_client())

    def caller_id(self, number: str = NUMBER) -> str:
        """Let the phone ring, and look who called."""
        self.world.pass_time(3)
        seen = self.world.calls_seen(number)[-1].caller_id
        assert seen is not None
        return seen

    def code(self, number: str = NUMBER) -> str:
        self.world.pass_time(3)
        return self.world.code_seen(number)


def form_site(
    folder: Path,
    *,
    policy: Policy | None = None,
    pool: str = POOL,
    demo: bool = True,
    brand: str = "Ringproof",
    **options: Any,
) -> FormSite:
    world = World(folder, **options)
    administration = world.server.administration
    made = administration.create_application("shop", brand="Shop", policy=policy)
    for _ in administration.add_numbers(made.application.id, [pool]):
        pass
    leaks.secrets((made.publishable_key, made.secret_key), "key")
    leaks.pool(pool)
    leaks.secret(NUMBER, "number")
    return FormSite(world, made.publishable_key, made.application.id, demo, brand)


def location(answer: TestResponse) -> str:
    """The path that a redirect leads to."""
    return urlsplit(answer.headers["Location"]).path
