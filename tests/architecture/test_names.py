"""Names say what a thing is, and the repository knows nothing of the machines it was written on."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

from tests.architecture.sources import ROOT, repository, shipped, suite

SAYS_NOTHING: Final = {"util", "utils", "helper", "helpers", "manager", "managers", "misc", "common"}
FEWEST_WORDS: Final = 3

_MACHINE_PATH: Final = re.compile(r"/(?:home|Users)/[a-z]+/")
_TO_DO: Final = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")


def test_no_module_has_a_name_that_says_nothing() -> None:
    named = {path: set(re.split(r"[_.]", path.stem)) | {*path.parts} for path in repository()}
    assert not [str(path) for path, words in named.items() if words & SAYS_NOTHING]


def test_nothing_names_a_path_of_somebodys_machine() -> None:
    assert not _lines_with(_MACHINE_PATH)


def test_no_task_is_left_in_the_code() -> None:
    """What has to be done stands in an issue, where somebody looks for it."""
    assert not _lines_with(_TO_DO)


def test_every_test_promises_something() -> None:
    """By a name of several words, or by its docstring."""
    silent = []
    for source in suite():
        for function in source.functions():
            if not function.name.startswith("test_") or ast.get_docstring(function):
                continue
            if len(function.name.split("_")) - 1 < FEWEST_WORDS:
                silent.append(f"{source}:{function.lineno} {function.name}")
    assert not silent


def test_every_test_file_and_test_class_says_what_it_is_about() -> None:
    silent = [str(source) for source in suite() if source.text.strip() and not ast.get_docstring(source.tree)]
    for source in suite():
        silent += [
            f"{source}:{node.lineno} {node.name}"
            for node in ast.walk(source.tree)
            if isinstance(node, ast.ClassDef) and node.name.startswith("Test") and not _says(node)
        ]
    assert not silent


def test_every_public_module_of_the_packages_says_what_it_is_for() -> None:
    assert not [str(item) for item in shipped() if item.text.strip() and not ast.get_docstring(item.tree)]


def _says(node: ast.ClassDef) -> bool:
    """A class of tests may also say it by what it inherits, or by a name of several words."""
    return bool(ast.get_docstring(node) or node.bases or len(re.findall("[A-Z]", node.name)) >= FEWEST_WORDS)


def _lines_with(pattern: re.Pattern[str]) -> list[str]:
    here = Path(__file__)
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in repository()
        if path != here and path.name != "uv.lock"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
