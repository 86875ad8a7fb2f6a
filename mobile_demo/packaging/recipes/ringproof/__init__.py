"""How python-for-android puts the SDK of this checkout into an app.

The package is pure Python, so it is copied as it is: no index, no build backend, no wheel. It is copied at
every build of a distribution, so that a changed SDK is never shadowed by an older copy of it.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from pythonforandroid.recipe import PythonRecipe

CHECKOUT = Path(__file__).resolve().parents[4]


class CopiedPackageRecipe(PythonRecipe):  # type: ignore[misc] # python-for-android has no types
    """Copies one package of the checkout to site-packages; subclasses say which."""

    version = "checkout"
    url = None
    depends = ("python3",)
    hostpython_prerequisites = ()
    source = CHECKOUT

    def should_build(self, arch: Any) -> bool:  # noqa: ARG002 - the same for every processor
        """Always: a copy is cheap, and an old one would be used in silence."""
        return True

    def build_arch(self, arch: Any) -> None:
        """Copy. Raises FileNotFoundError when the recipe does not lie in a checkout of Ringproof."""
        target = Path(self.ctx.get_python_install_dir(arch.arch)) / self.source.name
        shutil.rmtree(target, ignore_errors=True)
        # The Java sources are compiled by Gradle (android.add_src) and of no use at run time.
        shutil.copytree(self.source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "java"))


class RingproofRecipe(CopiedPackageRecipe):
    """The client SDK."""

    source = CHECKOUT / "client_sdk/src/ringproof"


recipe = RingproofRecipe()
