"""How python-for-android puts the words of this checkout, in all their languages, into an app."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pythonforandroid.util import load_source

# Recipes are loaded one by one, each as a module without neighbours.
_beside: Any = load_source(
    "ringproof_copied_package", str(Path(__file__).resolve().parents[1] / "ringproof/__init__.py")
)


class RingproofRcmlRecipe(_beside.CopiedPackageRecipe):  # type: ignore[misc] # found at run time only
    """The catalogue of words."""

    source = _beside.CHECKOUT / "rcml/src/ringproof_rcml"


recipe = RingproofRcmlRecipe()
