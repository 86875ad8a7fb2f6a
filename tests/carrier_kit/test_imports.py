"""The suites for third parties need the server, pytest, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

IMPORT_ALL = """
import sys
before = set(sys.modules)
import importlib, json, pkgutil
import ringproof_server.testing
for found in pkgutil.walk_packages(ringproof_server.testing.__path__, "ringproof_server.testing."):
    importlib.import_module(found.name)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules.keys() - before})))
"""


def test_the_suites_import_nothing_but_what_the_server_and_pytest_bring() -> None:
    """Whoever installs the server and pytest can run them; no extra, no tool of our own tests is needed."""
    ran = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=True, timeout=60
    )
    imported = set(json.loads(ran.stdout)) - sys.stdlib_module_names
    owners = metadata.packages_distributions()
    needed = {canonicalize_name(owner) for name in imported for owner in owners.get(name, ())}
    assert {"ringproof_server", "pytest"} <= imported
    assert {"pytest", "sqlalchemy"} <= needed
    assert not needed - _brought("ringproof-server") - _brought("pytest")


def _brought(distribution: str) -> set[str]:
    """The distribution and everything that is installed because of it."""
    found: set[str] = set()
    waiting = [Requirement(distribution)]
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if name in found and not wanted.extras:
            continue
        found.add(name)
        extras = {"", *wanted.extras}
        for text in metadata.requires(name) or ():
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(requirement)
    return found
