"""The published modules are typed by their comments, and TypeScript finds nothing wrong there."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.support.npm import CHECKOUT, find_node, installed

PINS: Final = CHECKOUT / "tests" / "web_pages" / "types"
STATIC: Final = CHECKOUT / "server/src/ringproof_server/web/static"
SECONDS: Final = 200


@pytest.fixture(scope="module")
def compiler() -> list[str]:
    """TypeScript from npm (Apache-2.0), pinned beside these tests, as a command line."""
    modules = installed(PINS, "types")
    return [str(find_node().node), str(modules / "typescript" / "bin" / "tsc")]


def compiled(compiler: list[str], *arguments: str | Path) -> str:
    done = subprocess.run(
        [*compiler, *map(str, arguments)],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


def test_the_modules_hold_what_their_comments_promise_and_a_page_that_does_not_is_told(
    compiler: list[str],
) -> None:
    """Strictly; a page's misuse is an error at the line (`@ts-expect-error` fails where there is none)."""
    listed = compiled(compiler, "--project", PINS, "--listFilesOnly")
    for module in (
        STATIC / "ringproof.js",
        STATIC / "ringproof-push.js",
        *(STATIC / "ringproof").glob("*.js"),
    ):
        assert str(module) in listed, module.name
    assert compiled(compiler, "--project", PINS) == ""
