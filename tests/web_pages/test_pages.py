"""The pages as they leave the server: languages, escaping, caching, and every problem's own page."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ringproof_rcml import load_words, locales
from ringproof_server.domain.errors import CLIENT_ERRORS
from ringproof_server.web import create_pages
from ringproof_server.web.pages import DEMO_NUMBER
from ringproof_server.web.problem_notes import PROBLEM_NOTES
from tests.web_pages.stand_in import KEY, demo_config

SLUGS = [error.slug for error in CLIENT_ERRORS]
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> \"' {{7*7}} {% raw %}"
OPENAPI: dict[str, Any] = {
    "info": {"title": "Ringproof", "version": "1", "description": "Proves `numbers`.\n\nSecond paragraph."},
    "tags": [{"name": "Verifications", "description": "One number each."}],
    "paths": {
        "/v1/verifications": {
            "post": {
                "tags": ["Verifications"],
                "summary": "Start one",
                "parameters": [{"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}}],
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Start"}}}
                },
                "responses": {
                    "201": {"description": "Started"},
                    "409": {"description": "- `early`: Too early\n- `late`: Too late"},
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Start": {
                "type": "object",
                "required": ["phone_number"],
                "properties": {
                    "phone_number": {"type": "string", "maxLength": 32, "examples": ["it's +44"]},
                    "channels": {"type": "array", "items": {"enum": ["sms", "voice"]}},
                    "language": {
                        "description": "Of what people hear.",
                        "anyOf": [{"type": "string", "maxLength": 35}, {"type": "null"}],
                    },
                    "loud": {"type": "boolean", "default": False},
                    "again": {"$ref": "#/components/schemas/Start"},
                },
            }
        }
    },
}


def client(**changes: Any) -> FlaskClient:
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(create_pages(demo_config(**changes)))
    return app.test_client()


class Elements(HTMLParser):
    """All elements of a page with their attributes, and the text of scripts by their type."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str | None, str] = {}
        self._script: str | None = None
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag == "script":
            self._script, self._inside = dict(attrs).get("type"), True

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[self._script] = data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


PAGES = ["/", "/handset", "/problems/", "/problems/too-early", "/problems/none-of-ours", "/docs"]


@pytest.mark.parametrize("address", PAGES)
def test_no_page_needs_more_than_the_strict_policy(address: str) -> None:
    """Nothing inline: no styles, no handlers, no scripts but data and modules of our own origin."""
    elements = Elements(client().get(address).text)
    for tag, attributes in elements.found:
        assert tag not in {"style", "base", "iframe", "object"}
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
    for script in elements.all("script"):
        assert script["type"] == "application/json" or (script["src"] or "").startswith("/assets/")


@pytest.mark.parametrize("address", PAGES)
def test_everything_a_page_asks_for_is_there(address: str) -> None:
    browser = client()
    elements = Elements(browser.get(address).text)
    wanted = [link["href"] for link in elements.all("link")] + [
        script["src"] for script in elements.all("script") if "src" in script
    ]
    assert wanted
    for asset in filter(None, wanted):
        assert browser.get(asset).status_code == 200, asset


@pytest.mark.parametrize("address", PAGES)
def test_a_hostile_brand_stays_text(address: str) -> None:
    """A tenant's name is shown as it is and never becomes markup, a script or a template."""
    page = client(brand=HOSTILE).get(address).text
    elements = Elements(page)
    assert not elements.all("img")
    assert all("alert" not in text for kind, text in elements.scripts.items() if kind != "application/json")
    assert "{{7*7}}" in page
    assert "49" not in Elements(page).scripts.get(None, "")


def test_a_hostile_brand_reaches_the_script_as_the_same_text() -> None:
    data = json.loads(Elements(client(brand=HOSTILE).get("/").text).scripts["application/json"])
    assert data["brand"] == HOSTILE


@pytest.mark.parametrize(
    "lang", ["<script>", "de<b>", "%0d%0aX: y", "x" * 5000, "../../etc", "\u202eevil", ""]
)
def test_a_hostile_language_falls_back(lang: str) -> None:
    """Whatever `?lang=` says, the page is in a language there are words for, and nothing is echoed raw."""
    answer = client().get("/", query_string={"lang": lang})
    assert answer.status_code == 200
    assert answer.headers["Content-Language"] in locales()
    assert "<b>" not in answer.text


@pytest.mark.parametrize("tag", locales())
def test_every_language_has_the_whole_page(tag: str) -> None:
    """Each catalogue fills the page, in its direction."""
    answer = client().get(f"/?lang={tag}")
    html = Elements(answer.text).all("html")[0]
    assert html["lang"] == tag
    assert html["dir"] == load_words(tag).direction
    words = json.loads(Elements(answer.text).scripts["application/json"])["words"]
    assert words.keys() == load_words("en").section("page").keys()


def test_the_language_follows_the_browser_and_the_address_goes_first() -> None:
    browser = client()
    german = browser.get("/", headers={"Accept-Language": "xx, de-AT;q=0.9, en;q=0.8"})
    assert german.headers["Content-Language"] == "de"
    assert "Accept-Language" in german.headers["Vary"]
    asked = browser.get("/?lang=fr", headers={"Accept-Language": "de"})
    assert asked.headers["Content-Language"] == "fr"


def test_the_page_holds_the_publishable_key_and_a_fictitious_number() -> None:
    answer = client().get("/")
    data = json.loads(Elements(answer.text).scripts["application/json"])
    assert data["key"] == KEY
    assert data["demo"] is True
    assert DEMO_NUMBER in answer.text


def test_outside_the_demo_there_is_no_banner_and_no_handset() -> None:
    browser = client(demo=False)
    page = browser.get("/").text
    assert DEMO_NUMBER not in page
    assert "/handset" not in page
    assert browser.get("/handset").status_code == 404


def test_the_handset_page_is_there_where_fictitious_numbers_are() -> None:
    assert client(demo=False, handset=True).get("/handset").status_code == 200


def test_without_a_key_the_page_says_that_it_is_switched_off() -> None:
    answer = client(page_key=None).get("/")
    assert answer.status_code == 200
    assert "switched off" in answer.text
    assert not Elements(answer.text).scripts


def test_the_configuration_does_not_show_the_key() -> None:
    assert KEY not in repr(demo_config())


def test_a_problem_without_a_status_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="too-early"):
        create_pages(demo_config(problem_status={slug: 400 for slug in SLUGS if slug != "too-early"}))


def test_every_problem_has_notes_and_no_note_is_left_over() -> None:
    assert PROBLEM_NOTES.keys() == set(SLUGS)


@pytest.mark.parametrize("slug", SLUGS)
def test_every_problem_has_a_page(slug: str) -> None:
    """What it means, for people and for developers, with an example of exactly this problem."""
    page = client(problem_status=dict.fromkeys(SLUGS, 429)).get(f"/problems/{slug}").text
    assert load_words("en").text("problem", slug).split("'")[0] in page
    example = re.search(r"\{\n.*\n\}", page.replace("&#34;", '"').replace("&#39;", "'"), re.DOTALL)
    assert example is not None
    problem = json.loads(example.group())
    assert problem["type"] == f"/problems/{slug}"
    assert problem["status"] == 429
    assert ("Retry-After" in page) == ("retry_after" in problem)


def test_the_index_leads_to_every_problem() -> None:
    page = client().get("/problems/").text
    assert all(f'href="/problems/{slug}"' in page for slug in SLUGS)


def test_problem_pages_are_in_the_readers_language() -> None:
    answer = client().get("/problems/too-early", headers={"Accept-Language": "de"})
    assert load_words("de").text("problem_title", "too-early") in answer.text


@pytest.mark.parametrize(
    "slug", ["none", "<script>alert(1)</script>", "..%2f..%2fetc%2fpasswd", "internal%00"]
)
def test_an_unknown_problem_is_not_found_and_not_echoed(slug: str) -> None:
    answer = client().get(f"/problems/{slug}")
    assert answer.status_code == 404
    assert "alert(1)" not in answer.text


def test_versioned_assets_are_kept_for_ever_and_others_asked_for_again() -> None:
    browser = client()
    script = next(one["src"] for one in Elements(browser.get("/").text).all("script") if "src" in one)
    assert "immutable" in browser.get(script or "").headers["Cache-Control"]
    other_version = re.sub(r"/[0-9a-f]{16}/", "/0123456789abcdef/", script or "")
    assert "immutable" not in browser.get(other_version).headers["Cache-Control"]
    module = browser.get("/assets/ringproof.js")
    assert "immutable" not in module.headers["Cache-Control"]
    assert module.headers["Access-Control-Allow-Origin"] == "*"
    again = browser.get("/assets/ringproof.js", headers={"If-None-Match": module.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "name",
    [
        "../pages.py",
        "..%2fpages.py",
        "pages",
        "ringproof.js/..",
        "ringproof.py",
        "%2e%2e/__init__.py",
        "x.js",
    ],
)
def test_nothing_outside_the_assets_is_served(name: str) -> None:
    assert client().get(f"/assets/{name}").status_code == 404


def test_modules_have_the_type_browsers_insist_on() -> None:
    assert client().get("/assets/ringproof.js").mimetype == "text/javascript"


def test_the_reference_shows_operations_fields_and_a_shell_command() -> None:
    page = client(openapi=lambda: OPENAPI).get("/docs").text
    assert "Start one" in page
    assert "<code>numbers</code>" in page
    assert "phone_number" in page
    assert "at most 32 characters" in page
    assert "array of “sms” | “voice”" in page
    assert "curl -X POST" in page
    assert "<td>string | null</td><td><p>Of what people hear.</p>" in page
    assert "at most 35 characters" in page
    assert "default false" in page
    assert "<code>early</code>: Too early<br><code>late</code>: Too late" in page


def test_the_shell_command_survives_a_quote_in_an_example() -> None:
    page = client(openapi=lambda: OPENAPI).get("/docs").text.replace("&#39;", "'").replace("&#34;", '"')
    assert "it'\\''s +44" in page


def test_a_schema_that_contains_itself_ends() -> None:
    page = client(openapi=lambda: OPENAPI).get("/docs").text
    assert "again.again" in page
    assert "again." * 5 + "again" not in page


@pytest.mark.parametrize(
    "document", [{}, {"paths": []}, {"paths": {"/x": {"get": None}}}, {"info": "x", "tags": 3}]
)
def test_a_strange_description_is_shown_as_far_as_it_goes(document: dict[str, Any]) -> None:
    assert client(openapi=lambda: document).get("/docs").status_code == 200


def test_a_description_never_becomes_markup() -> None:
    hostile = {
        "info": {"title": HOSTILE, "description": f"`{HOSTILE}`"},
        "paths": {"/x": {"get": {"summary": HOSTILE}}},
    }
    elements = Elements(client(openapi=lambda: hostile).get("/docs").text)
    assert not elements.all("img")
    assert not elements.scripts
