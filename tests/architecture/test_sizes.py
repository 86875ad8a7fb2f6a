"""What grows beyond a screen or ten is looked at for the idea it misses."""

from __future__ import annotations

import ast
from typing import Final

from tests.architecture.sources import PACKAGES, ROOT, shipped

LONGEST_FILE: Final = 400
LONGEST_FUNCTION: Final = 40
LISTINGS: Final[dict[str, str]] = {
    "server/src/ringproof_server/carriers/simulated/placing.py insert_call": "a line for each column",
    "server/src/ringproof_server/storage/attempts.py _attempt_of": "a line for each column",
    "server/src/ringproof_server/storage/verifications.py _verification_of": "a line for each column",
}
"""Functions that are one long call, in which every line names one thing, each with what the things are."""
MOST_STATEMENTS: Final = 6
MIGRATIONS: Final = "server/src/ringproof_server/storage/migrations/versions/"
"""A migration lists the columns of a table and is never edited again."""


def test_no_file_has_more_than_400_lines_of_code() -> None:
    long = {str(source): len(source.code_lines) for source in shipped()}
    assert not {name: count for name, count in long.items() if count > LONGEST_FILE}


def test_no_script_or_style_sheet_has_more_than_400_lines() -> None:
    long = {}
    for folder in PACKAGES:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".js", ".css"}:
                count = sum(1 for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
                if count > LONGEST_FILE:
                    long[path.relative_to(ROOT).as_posix()] = count
    assert not long


def test_no_function_has_more_than_40_lines_of_code() -> None:
    long = {}
    for source in shipped():
        for function in source.functions():
            body = range(function.lineno, (function.end_lineno or function.lineno) + 1)
            count = sum(line in source.code_lines for line in body)
            name = f"{source} {function.name}"
            if count > LONGEST_FUNCTION and name not in LISTINGS and not name.startswith(MIGRATIONS):
                long[f"{source}:{function.lineno} {function.name}"] = count
    assert not long


def test_what_counts_as_a_listing_has_hardly_a_statement() -> None:
    for source in shipped():
        for function in source.functions():
            if f"{source} {function.name}" in LISTINGS:
                statements = [item for item in ast.walk(function) if isinstance(item, ast.stmt)]
                assert len(statements) <= MOST_STATEMENTS, function.name
