"""axe-core, which checks pages for what keeps people from using them (https://github.com/dequelabs/axe-core).

It is an npm package (MPL-2.0), pinned in tests/web_pages/axe.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from playwright.sync_api import Page

from tests.support.npm import CHECKOUT, installed

_PINS: Final = CHECKOUT / "tests" / "web_pages" / "axe"
_RUN: Final = "axe.run(document, { resultTypes: ['violations'] })"


def violations(page: Page) -> list[str]:
    """What breaks one of its rules on this page, with the element; scripts must be on. Skips without npm.

    It is brought in by the debugger's own door, which the content security policy of a page does not close.
    """
    page.evaluate(_source())
    found: dict[str, Any] = page.evaluate(_RUN)
    assert found["passes"], "no rule was tried"
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found["violations"] for node in rule["nodes"]]


@cache
def _source() -> str:
    return (installed(_PINS, "axe") / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
