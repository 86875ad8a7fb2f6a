"""The overview of the carriers lists those that there are, and each has a page for operators."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from ringproof_server.testing import carrier_contract
from tests.carrier_kit.package import ROOT

OVERVIEW = (ROOT / "docs" / "carriers.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "server" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SHIPPED = list(PROJECT["entry-points"]["ringproof.carriers"])
PAGES = sorted((ROOT / "docs" / "carriers").glob("*.md"))


def test_every_carrier_that_is_shipped_has_a_row() -> None:
    """In the order of the distribution's list."""
    assert re.findall(r"^\| \[?`(\w+)`", OVERVIEW.partition("## What happens")[0], re.MULTILINE) == SHIPPED


@pytest.mark.parametrize("name", [name for name in SHIPPED if name != "simulated"])
def test_every_real_carrier_has_a_page_with_its_settings(name: str) -> None:
    """Whoever sets one up finds what to set; the overview leads there."""
    assert f"](carriers/{name}.md)" in OVERVIEW
    page = (ROOT / "docs" / "carriers" / f"{name}.md").read_text(encoding="utf-8")
    assert f"`RINGPROOF_{name.upper()}_" in page


@pytest.mark.parametrize("name", SHIPPED)
def test_every_carrier_that_is_shipped_is_held_to_the_contract(name: str) -> None:
    """Its tests combine suites of the contract, those for its calls or messages among them."""
    folder = ROOT / "tests" / "server" / "carriers"
    file = folder / ("test_simulated_contract.py" if name == "simulated" else f"{name}/test_contract.py")
    classes = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ClassDef)]
    suites = {base.id for node in classes for base in node.bases if isinstance(base, ast.Name)}
    assert suites & {"CallContract", "MessageContract"}


def test_the_page_about_writing_one_names_every_suite() -> None:
    """Whoever follows it finds the one that fits."""
    page = (ROOT / "docs" / "carriers" / "writing_one.md").read_text(encoding="utf-8")
    suites = {name for name in carrier_contract.__all__ if name.endswith("Contract")}
    assert suites == set(re.findall(r"`(\w+Contract)`", page))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_page_is_reached_from_the_overview(page: Path) -> None:
    assert f"](carriers/{page.name}" in OVERVIEW
