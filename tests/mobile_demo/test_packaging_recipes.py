"""The SDK and the words get into the app, and work there as they do here."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from tests.mobile_demo.buildozer_rules import read_spec

SECONDS: Final = 120
PROOF: Final = """
import sys
sys.path.insert(0, sys.argv[1])
import ringproof, ringproof_rcml.words
from ringproof import Ringproof, ScriptedCallSource
from ringproof.calls import ringing_once
from ringproof.testing import FakeClock, FakeServer

for module in (ringproof, ringproof_rcml.words):
    print(module.__file__, module.__doc__)
clock = FakeClock()
server = FakeServer(clock)
phone = ScriptedCallSource(ringing_once(server.caller_ids[0]), clock=clock)
client = Ringproof("https://verify.example", "rp_pk_test", transport=server, clock=clock)
print(client.verify("+447400123456", phone).channel)
print(len(ringproof_rcml.words.load_words("de").sections))
"""


def run(program: list[str], said: str = "") -> str:
    done = subprocess.run(
        program, input=said, capture_output=True, text=True, timeout=SECONDS, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    spec = read_spec()
    task = {
        "recipes": str(spec.path("p4a.local_recipes")),
        "storage": str(tmp_path_factory.mktemp("p4a")),
        "requirements": [name.partition("==")[0] for name in spec.items("requirements")],
        "min_api": int(spec["android.minapi"]),
    }
    program = str(Path(__file__).with_name("p4a_recipes.py"))
    outcome: dict[str, Any] = json.loads(run([sys.executable, program], json.dumps(task)).splitlines()[-1])
    return outcome


def test_both_are_recipes_and_only_certifi_comes_from_the_index(packed: dict[str, Any]) -> None:
    """Kivy's recipe asks for a few pure packages more; ours ask for nothing."""
    order = packed["order"]
    assert {"ringproof", "ringproof_rcml", "kivy", "pyjnius", "android", "sdl2"} <= set(order)
    assert order.index("python3") < order.index("ringproof")
    assert order.index("python3") < order.index("ringproof_rcml")
    assert "certifi" in packed["modules"]
    assert not [name for name in packed["modules"] if "ringproof" in name]


def test_python_for_android_finds_them_installed(packed: dict[str, Any]) -> None:
    """Also after the second build, which replaces the copies of the first."""
    assert packed["found"] == [True, True]


def test_the_package_holds_bytecode_and_words_and_no_java(packed: dict[str, Any]) -> None:
    bundle = Path(packed["bundle"])
    names = {path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file()}
    assert {"ringproof/__init__.pyc", "ringproof_rcml/words.pyc", "ringproof_rcml/words/en.toml"} <= names
    assert {Path(name).suffix for name in names} == {".pyc", ".toml", ".typed"}


def test_a_verification_succeeds_in_what_was_packed(packed: dict[str, Any], tmp_path: Path) -> None:
    """Bytecode without sources, docstrings and asserts, as python-for-android makes it, is enough."""
    program = tmp_path / "proof.py"
    program.write_text(PROOF)
    # Isolated, so that nothing of the checkout or of this environment's site-packages helps.
    said = run([sys.executable, "-I", "-S", "-OO", str(program), packed["bundle"]]).splitlines()
    assert [Path(line.split()[0]).parent.parent for line in said[:2]] == [Path(packed["bundle"])] * 2
    assert [line.split()[1] for line in said[:2]] == ["None", "None"]
    assert said[2] == "flashcall"
    assert int(said[3]) > 3


def test_a_recipe_outside_of_a_checkout_ends_the_build(tmp_path: Path) -> None:
    """Rather than packing an app without the SDK."""
    recipes = tmp_path / "some/where/else/recipes"
    shutil.copytree(read_spec().path("p4a.local_recipes"), recipes)
    task = {"recipes": str(recipes), "storage": str(tmp_path / "p4a"), "min_api": 26}
    program = [sys.executable, str(Path(__file__).with_name("p4a_recipes.py"))]
    done = subprocess.run(
        program,
        input=json.dumps(task | {"requirements": ["python3", "ringproof"]}),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode != 0
    assert "FileNotFoundError" in done.stderr
