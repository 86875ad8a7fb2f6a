"""The Python of the app runs on the phone: its language, and what it imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
OURS: Final = {
    "ringproof": ROOT / "client_sdk/src/ringproof",
    "ringproof_rcml": ROOT / "rcml/src/ringproof_rcml",
    "ringproof_demo": ROOT / "mobile_demo/ringproof_demo",
}
FILES: Final = [
    *(file for folder in OURS.values() for file in sorted(folder.rglob("*.py"))),
    *sorted((ROOT / "mobile_demo").glob("*.py")),
]
BRIDGES: Final = ("client_sdk/src/ringproof/android/_bridge/", "mobile_demo/ringproof_demo/phone/_java.py")

# What CPython has removed up to 3.14, the version that python-for-android builds.
REMOVED: Final = frozenset(
    [
        "aifc",
        "asynchat",
        "asyncore",
        "audioop",
        "cgi",
        "cgitb",
        "chunk",
        "crypt",
        "distutils",
        "imghdr",
        "imp",
        "lib2to3",
        "mailcap",
        "msilib",
        "nis",
        "nntplib",
        "ossaudiodev",
        "pipes",
        "smtpd",
        "sndhdr",
        "spwd",
        "sunau",
        "telnetlib",
        "uu",
        "xdrlib",
    ]
)
# What python-for-android leaves out of its package, or Android itself does not have (PEP 738).
NOT_ON_A_PHONE: Final = frozenset(
    ["curses", "ensurepip", "idlelib", "multiprocessing", "readline", "test", "tkinter", "turtle", "venv"]
)
ON_A_PHONE: Final = sys.stdlib_module_names - REMOVED - NOT_ON_A_PHONE
# Kivy's own parts that need packages which are not in the app.
KIVY_NEEDS_MORE: Final = ("kivy.uix.rst", "kivy.uix.codeinput", "kivy.uix.video", "kivy.garden")
# Checks tokens on back ends (`ringproof[backend]`), imported when it is used and never by an app.
FOR_BACK_ENDS: Final = {("client_sdk/src/ringproof/_tokens.py", name) for name in ("jwt", "cryptography")}


def imports(file: Path) -> Iterator[str]:
    """The full names of all modules that a file imports anywhere, but for checks of types only."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for_types = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def allowed(file: str, module: str) -> bool:
    top = module.partition(".")[0]
    if top in {"jnius", "jnius_config", "android"}:
        return file.startswith(BRIDGES)
    if top == "kivy":
        return file.startswith("mobile_demo/") and not module.startswith(KIVY_NEEDS_MORE)
    return top in ON_A_PHONE or top in OURS or top == "certifi" or (file, top) in FOR_BACK_ENDS


def test_the_app_needs_nothing_but_the_standard_library_kivy_certifi_and_us() -> None:
    """Whatever else it imported would have to be built for Android or would be missing there in silence."""
    names = [(file.relative_to(ROOT).as_posix(), module) for file in FILES for module in imports(file)]
    assert len(names) > 300
    assert not [(file, module) for file, module in names if not allowed(file, module)]


def test_the_sdk_knows_neither_kivy_nor_the_words_nor_the_demo() -> None:
    for file in OURS["ringproof"].rglob("*.py"):
        tops = {module.partition(".")[0] for module in imports(file)}
        assert not tops & {"kivy", "ringproof_rcml", "ringproof_demo"}, file


@pytest.mark.parametrize(
    ("version", "folders"),
    [
        ("py314", [*OURS.values(), ROOT / "mobile_demo"]),
        ("py310", [OURS["ringproof"]]),
    ],
    ids=["3.14, the phone's", "3.10, the SDK's oldest"],
)
def test_the_language_is_the_one_of_that_python(version: str, folders: list[Path]) -> None:
    """No syntax that it does not have yet or does not have any more, as the linter's parser knows it."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--quiet"]
    options = ["--target-version", version, "--select", "E9,F5,F6,F7,W605"]
    done = subprocess.run(
        [*command, *options, *map(str, folders)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_code_that_promises_something_stands_in_an_assert_or_a_docstring() -> None:
    """The app is compiled with -OO, which drops both."""
    for file in FILES:
        if "testing" in file.parts:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                assert node.attr != "__doc__", f"{file} reads a docstring"
            if isinstance(node, ast.Assert):
                calls = [call for call in ast.walk(node.test) if isinstance(call, ast.Call)]
                names = [ast.unparse(call.func) for call in calls]
                assert set(names) <= {"isinstance", "len", "callable"}, f"{file}:{node.lineno}"
