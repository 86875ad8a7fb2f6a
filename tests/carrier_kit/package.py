"""The package that the page about writing a carrier builds, taken from the page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "carriers" / "writing_one.md"
_FILE: Final = re.compile(r"^`([\w./]+)`\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def files() -> dict[str, str]:
    """Every file that the page shows, by its path."""
    return dict(_FILE.findall(PAGE.read_text(encoding="utf-8")))


def write(folder: Path, contents: dict[str, str]) -> None:
    for name, text in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def project(folder: Path) -> dict[str, Any]:
    """The `[project]` table of the package in this folder."""
    found: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    return found


def install(folder: Path, site: Path) -> None:
    """Install the package in place, as an installer would: its folder on the path, and who it is."""
    about = project(folder)
    info = site / f"{about['name'].replace('-', '_')}-{about['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {about['name']}\nVersion: {about['version']}\n"
    )
    lines = []
    for group, points in about["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {target}" for name, target in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    (site / "editable.pth").write_text(f"{folder / 'src'}\n")


def search_path(folder: Path, site: Path) -> str:
    """The value of `PYTHONPATH` under which the installed package is found."""
    return os.pathsep.join([str(site), str(folder / "src")])


def run_pytest(folder: Path, path: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a project of its own, with this search path."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "CI"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", *arguments],
        cwd=folder,
        env={**inherited, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
