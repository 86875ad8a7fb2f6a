"""What docs/web.md shows is what works: its ten lines and its import map, in a browser over a real server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from flask import Flask, request
from playwright.sync_api import Browser, Page, expect

from ringproof import verify_token
from tests.support.browser import Window, open_window
from tests.support.npm import CHECKOUT
from tests.web_pages.module_site import run, site
from tests.web_pages.other_origin import Sites, running_sites

__all__ = ["site"]

pytestmark = pytest.mark.browser

PAGE: Final = (CHECKOUT / "docs" / "web.md").read_text(encoding="utf-8")
MODULES: Final = CHECKOUT / "server/src/ringproof_server/web/static"
NUMBER: Final = "+447700900580"


class Shop:
    """A site of the allowed origin: what the test puts at `/`, and a back end that keeps what it is sent."""

    def __init__(self) -> None:
        self.page = ""
        self.tokens: list[str] = []
        self.app = Flask(__name__, static_folder=None)
        self.app.add_url_rule("/", "page", lambda: f"<!doctype html><title>Shop</title>{self.page}")
        self.app.add_url_rule("/accounts", "accounts", self._accounts, methods=["POST"])

    def _accounts(self) -> str:
        self.tokens.append(request.get_data(as_text=True))
        return ""


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sites, Shop]]:
    shop = Shop()
    with running_sites(tmp_path_factory.mktemp("docs"), shop.app) as made:
        yield made, shop


@pytest.fixture
def window(chromium: Browser) -> Iterator[Window]:
    with open_window(chromium) as opened:
        yield opened


def block(heading: str) -> str:
    """The first block of code below this heading."""
    found = re.search(rf"^## {heading}$.*?^```html\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return found[1]


def test_ten_lines_are_enough(sites: tuple[Sites, Shop], window: Window) -> None:
    """As they stand, but for the server's address and the key; the token is good."""
    (made, shop), page = sites, window.page
    lines = block("Verify in your web page in 10 lines")
    assert len(lines.splitlines()) <= 10
    shop.page = lines.replace("https://verify.example", made.server.url).replace("rp_pk_…", made.key)
    page.goto(made.shop)
    page.fill("[name=number]", NUMBER)
    page.click("text=Verify")
    expect(page.locator("#ask")).to_have_text("The number that rings you ends in")
    page.fill("[name=typed]", made.caller(page, NUMBER)[-4:])
    with page.expect_response("**/accounts"):
        page.click("text=Check")
    keys = page.request.get(f"{made.server.url}/.well-known/jwks.json").json()
    phone = verify_token(shop.tokens[-1], issuer=made.server.url, audience=made.application, jwks=keys)
    assert phone.phone_number == NUMBER


LEAVES: Final = """async ([server, key, number]) => {
  const { Ringproof } = await import(`${server}/assets/ringproof.js`);
  const session = await Ringproof({ server, key }).start(number, { keep: false });
  return session.view.id;
}"""


def test_a_verification_that_is_not_kept_ends_with_the_page(
    sites: tuple[Sites, Shop], window: Window
) -> None:
    """The last request of a page that goes away reaches the server of another origin."""
    (made, shop), page = sites, window.page
    shop.page = ""
    page.goto(made.shop)
    started = page.evaluate(LEAVES, [made.server.url, made.key, "+447700900581"])
    page.goto("about:blank")
    seen = ""
    for _ in range(100):
        answer = page.request.get(
            f"{made.server.url}/v1/verifications/{started}",
            headers={"Authorization": f"Bearer {made.secret}"},
        )
        seen = answer.json()["status"]
        if seen != "pending":
            break
        page.wait_for_timeout(100)
    assert seen == "cancelled"


IMPORTED: Final = "import('ringproof').then((one) => one.PROGRESS_KINDS.length, () => 'refused')"


def import_map(page: Page, made: Sites) -> dict[str, Any]:
    answer = page.request.get(f"{made.server.url}/assets/importmap.json")
    assert answer.headers["access-control-allow-origin"] == "*"
    found: dict[str, Any] = answer.json()
    return found


def test_the_import_map_loads_this_version_and_no_other(sites: tuple[Sites, Shop], window: Window) -> None:
    """Every file that is loaded has its hash, so a page that pins them runs no other code."""
    (made, shop), page = sites, window.page
    pinned = import_map(page, made)
    loaded: list[str] = []
    page.on("request", lambda one: loaded.append(one.url))
    shop.page = f"<script type=importmap>{json.dumps(pinned)}</script>"
    page.goto(made.shop)
    assert page.evaluate(IMPORTED) == 12
    modules = [one for one in loaded if one.endswith(".js")]
    assert len(modules) > 5
    assert set(modules) <= set(pinned["integrity"])
    for changed in modules:
        other = {**pinned["integrity"], changed: "sha384-" + "A" * 64}
        shop.page = f"<script type=importmap>{json.dumps({**pinned, 'integrity': other})}</script>"
        page.goto(made.shop)
        assert page.evaluate(IMPORTED) == "refused", changed


def test_the_page_names_every_problem_of_browsers_and_every_kind_of_progress(site: Page) -> None:
    module = "await import('/assets/ringproof.js')"
    for kind in run(site, f"return ({module}).PROGRESS_KINDS;"):
        assert f"`{kind}`" in PAGE
    for slug in run(site, f"return ({module}).OWN_PROBLEMS;"):
        shortened = f"`-{slug.rpartition('-')[2]}`"
        assert f"`{slug}`" in PAGE or shortened in PAGE or slug.startswith("push-"), slug


def test_all_modules_are_fetched_at_once() -> None:
    """The first one names all others, so a page waits for two round trips and not for four."""
    named = re.findall(r'"\./ringproof/(\w+\.js)"', (MODULES / "ringproof.js").read_text(encoding="utf-8"))
    assert set(named) == {one.name for one in (MODULES / "ringproof").glob("*.js")}


def test_what_a_site_loads_is_small() -> None:
    """All modules together stay below what one picture weighs."""
    files = [MODULES / "ringproof.js", *(MODULES / "ringproof").glob("*.js")]
    assert sum(len(one.read_bytes()) for one in files) < 80_000
