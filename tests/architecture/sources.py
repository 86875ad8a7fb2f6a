"""The repository as text and as syntax trees, for tests that hold rules over all of it."""

from __future__ import annotations

import ast
import io
import shutil
import subprocess
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("server/src", "client_sdk/src", "rcml/src")
_TEXTS: Final = frozenset(
    {".css", ".html", ".js", ".json", ".kv", ".md", ".py", ".toml", ".txt", ".xml", ".yml", ".yaml", ""}
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One file of Python."""

    path: Path

    def __str__(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def code_lines(self) -> frozenset[int]:
        """The lines that hold code: no blank ones, no comments, no docstrings."""
        quiet = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
        lines: set[int] = set()
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type not in quiet and token.string:
                lines.update(range(token.start[0], token.end[0] + 1))
        for node in ast.walk(self.tree):
            # A text that stands alone is a docstring, of an attribute too.
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                lines.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        return frozenset(lines)

    def functions(self) -> Iterator[Function]:
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node


@cache
def shipped() -> tuple[Source, ...]:
    """Every Python file that goes into one of the three distributions."""
    return tuple(Source(path) for folder in PACKAGES for path in sorted((ROOT / folder).rglob("*.py")))


@cache
def suite() -> tuple[Source, ...]:
    """Every Python file of the tests."""
    return tuple(Source(path) for path in sorted((ROOT / "tests").rglob("*.py")))


@cache
def repository() -> tuple[Path, ...]:
    """Every text file that is, or is about to be, in version control."""
    git = shutil.which("git")
    command = [git or "git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False) if git else None
    if listed is None or listed.returncode != 0:
        return tuple(path for path in sorted(ROOT.rglob("*")) if _is_ours(path))
    names = listed.stdout.decode().split("\0")
    return tuple(path for name in sorted(filter(None, names)) if _is_ours(path := ROOT / name))


def _is_ours(path: Path) -> bool:
    hidden = any(part.startswith(".") and part != ".ci" for part in path.relative_to(ROOT).parts[:-1])
    return not hidden and path.suffix in _TEXTS and path.is_file()
