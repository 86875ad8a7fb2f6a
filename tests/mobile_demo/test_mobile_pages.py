"""What the pages about the phone say is what the code does."""

from __future__ import annotations

import json
import re
from ctypes.util import find_library
from pathlib import Path
from typing import Any, Final

import pytest

from ringproof.android._ways import Facts, ways_of
from ringproof_rcml import load_words
from ringproof_server.settings import settings_table
from tests.android.jvm import missing, run_program
from tests.architecture.sources import ROOT
from tests.mobile_demo.buildozer_rules import read_spec

PAGES: Final = sorted((ROOT / "docs/mobile").glob("*.md"))
KIVY: Final = (ROOT / "docs/mobile/kivy.md").read_text(encoding="utf-8")
REVIEW: Final = (ROOT / "docs/mobile/store_review.md").read_text(encoding="utf-8")
DOCUMENTS: Final = [
    *sorted(ROOT.glob("*/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
DISCLOSED: Final = (
    "consent_heading",
    "consent_text",
    "reads_title",
    "reads_text",
    "reads_screening",
    "reads_both",
    "why_title",
    "why_text",
    "stays_title",
    "stays_text",
    "ends_title",
    "ends_text",
    "asks_next",
    "asks_role",
    "screening",
    "screening_text",
    "allow",
    "without",
)


def slug(heading: str) -> str:
    """The anchor that a heading gets."""
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_inside_the_repository_leads_to_a_file_and_to_a_heading_of_it(document: object) -> None:
    path = ROOT / str(document)
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target, anchor in re.findall(r"\]\(([^)#:\s]*)(?:#([^)]*))?\)", text):
        other = path.parent / target if target else path
        assert other.exists(), target
        if anchor and other.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", other.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {slug(heading) for heading in headings}, f"{target}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_setting_that_a_page_names_exists(page: object) -> None:
    known = set(re.findall(r"`(RINGPROOF_\w+)`", settings_table()))
    for name in re.findall(r"RINGPROOF_[A-Z_]+", (ROOT / str(page)).read_text(encoding="utf-8")):
        assert name in known, name


def test_the_disclosure_is_the_one_that_the_app_shows() -> None:
    """Word for word, in English; the store compares what is submitted with what is seen."""
    section = load_words("en").section("app")
    quoted = "\n".join(line.removeprefix(">") for line in REVIEW.splitlines() if line.startswith(">"))
    for key in DISCLOSED:
        assert section[key] in quoted, key


def test_the_table_of_flavours_names_the_permissions_of_the_spec() -> None:
    rows = re.findall(r"^\| `buildozer ([^`]*)android release` \| ([^|]+) \|", REVIEW, re.MULTILINE)
    assert len(rows) == 2
    for options, permissions in rows:
        found = re.search(r"--profile (\w+)", options)
        spec = read_spec(found[1] if found else None)
        named = {f"android.permission.{name}" for name in re.findall("`([A-Z_]+)`", permissions)}
        assert named == set(spec.items("android.permissions"))


def test_the_commands_for_a_phone_name_the_package_of_the_spec() -> None:
    spec = read_spec()
    assert f"`APP={spec['package.domain']}.{spec['package.name']}`" in REVIEW
    assert f"bin/{read_spec('no_call_log')['package.name']}-*.apk" in REVIEW


def test_the_ladder_has_the_rungs_that_the_sdk_describes() -> None:
    page = (ROOT / "docs/mobile/platforms.md").read_text(encoding="utf-8")
    facts = Facts(api_level=35, telephony=True, phone_state="open", call_log="open", screening="off")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == [way.name for way in ways_of(facts)]


def test_the_spec_on_the_page_says_what_the_demo_apps_says() -> None:
    """But for the words package, which only the demo needs, and the folder of the checkout."""
    block = re.search(r"```ini\n(.*?)```", KIVY, re.DOTALL)
    assert block is not None
    spec = read_spec()
    for line in block[1].splitlines():
        key, _, value = line.partition(" = ")
        ours = spec[key].removesuffix(",ringproof_rcml").replace("../", "ringproof/")
        assert value in {ours, f"ringproof/mobile_demo/{ours}"}, key


def test_fifteen_lines_are_fifteen() -> None:
    """Lines of code, as a reader counts them: blank ones do not."""
    block = re.search(r"```python\n(.*?)```", KIVY, re.DOTALL)
    assert block is not None
    lines = [line for line in block[1].splitlines() if line.strip()]
    assert len(lines) <= 15
    assert max(map(len, lines)) <= 110


def run_the_page(person: str) -> dict[str, Any]:
    if find_library("EGL") is None:
        missing("a window without a screen needs EGL; on Debian: apt-get install libegl1")
    program = Path(__file__).with_name("page_app.py")
    outcome: dict[str, Any] = json.loads(run_program(program, person).output.splitlines()[-1])
    assert outcome["crashes"] == []
    assert outcome["dialogs"] == ["android.permission.READ_PHONE_STATE", "android.permission.READ_CALL_LOG"]
    assert outcome["read"].startswith("fake.")
    return outcome


def test_the_app_on_the_page_verifies_without_any_typing() -> None:
    """Kivy, the bridge and a JVM in one process, a thread of Python's own, HTTP: as on a phone."""
    outcome = run_the_page("allows")
    (evidence,) = outcome["evidence"]
    assert evidence["basis"] == "phone_state"
    assert evidence["quality"] == "live"
    assert 5_000 <= evidence["ring_ms"] < 6_500
    assert outcome["receivers"] == 0


def test_the_app_on_the_page_takes_typed_digits_when_the_person_refuses() -> None:
    (evidence,) = run_the_page("refuses")["evidence"]
    assert evidence == {"channel": "flashcall", "last_digits": "0018"}
