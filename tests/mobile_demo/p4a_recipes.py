"""Loads and runs our recipes through python-for-android's own machinery.

Standard input: {"recipes": folder, "storage": folder}. Standard output, the last line, as JSON: the order of
all recipes of the app, and the folder with what python-for-android would put into the package, for a
processor: compiled as its python3 recipe compiles, sorted out as that sorts out.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pythonforandroid.bootstrap import Bootstrap
from pythonforandroid.build import Context
from pythonforandroid.graph import get_recipe_order_and_bootstrap
from pythonforandroid.recipe import Recipe
from pythonforandroid.util import walk_valid_filens

NAMES = ("ringproof", "ringproof_rcml")


def main() -> None:
    task = json.load(sys.stdin)
    context: Any = Context()
    context.local_recipes = task["recipes"]
    context.setup_dirs(task["storage"])
    context.ndk_api = task["min_api"]
    bootstrap = Bootstrap.get_bootstrap("sdl2", context)
    order, modules, _ = get_recipe_order_and_bootstrap(context, set(task["requirements"]), bootstrap)
    context.recipe_build_order = order
    bootstrap.distribution = SimpleNamespace(name="demo")
    context.bootstrap = bootstrap
    arch = SimpleNamespace(arch="arm64-v8a")
    for _ in range(2):
        for name in NAMES:
            build(Recipe.get_recipe(name, context), arch)
    site = Path(context.get_python_install_dir(arch.arch))
    outcome = {
        "order": order,
        "modules": modules,
        "found": [bool(context.has_package(name, arch)) for name in NAMES],
        "bundle": str(bundle(context, site, Path(task["storage"]) / "bundle")),
    }
    print(json.dumps(outcome))


def build(recipe: Any, arch: Any) -> None:
    """The steps of `build_recipes`, in its order."""
    recipe.download_if_necessary()
    Path(recipe.get_build_container_dir(arch.arch)).mkdir(parents=True, exist_ok=True)
    recipe.prepare_build_dir(arch.arch)
    recipe.prebuild_arch(arch)
    recipe.apply_patches(arch)
    if recipe.should_build(arch):
        recipe.build_arch(arch)
    recipe.install_libraries(arch)
    recipe.postbuild_arch(arch)


def bundle(context: Any, site: Path, target: Path) -> Path:
    """What `create_python_bundle` does with site-packages; the interpreter is the one at hand."""
    python: Any = Recipe.get_recipe("python3", context)
    context.hostpython = sys.executable
    os.chdir(site)
    python.compile_python_files(".")
    chosen = walk_valid_filens(".", python.site_packages_dir_blacklist, python.site_packages_filen_blacklist)
    for name in chosen:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(name, target / name)
    return target


main()
