"""Packs an app as python-for-android does, up to the point where Gradle would begin: its own build.py with
its own templates in a distribution made here, then its own call of the hook, twice.

Standard input: {"arguments": […], "api": 36, "min_api": 26, "hook": path, "folder": path}; `folder` is made.
Standard output, the last line: what came of it, or of the hook's refusal, as JSON. Run as a program, since
build.py reads the current folder and leaves when something is wrong.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pythonforandroid
from pythonforandroid.toolchain import ToolchainCL
from pythonforandroid.util import BuildInterruptingException, load_source

BOOTSTRAPS = Path(pythonforandroid.__file__).parent / "bootstraps"


def make_distribution(folder: Path, api: int, min_api: int) -> None:
    """The parts of a distribution that the bootstrap brings, without the compiled ones."""
    for bootstrap in ("common", "_sdl_common", "sdl2"):
        shutil.copytree(BOOTSTRAPS / bootstrap / "build", folder, dirs_exist_ok=True)
    # They patch Java sources of SDL, which the recipe of SDL downloads.
    shutil.rmtree(folder / "src/patches")
    (folder.parent / "sdk/build-tools/36.0.0").mkdir(parents=True)
    (folder / "project.properties").write_text(f"target=android-{api}\n")
    (folder / "local.properties").write_text(f"sdk.dir={folder.parent / 'sdk'}\n")
    about: dict[str, Any] = {"bootstrap": "sdl2", "hostpython": sys.executable, "ndk_api": min_api}
    (folder / "dist_info.json").write_text(json.dumps(about | {"archs": [], "use_setup_py": False}))


def main() -> None:
    task = json.load(sys.stdin)
    folder = Path(task["folder"])
    make_distribution(folder, task["api"], task["min_api"])
    os.chdir(folder)
    build: Any = load_source("build", str(folder / "build.py"))
    build.parse_args_and_make_package(task["arguments"])
    manifest = folder / "src/main/AndroidManifest.xml"
    outcome: dict[str, Any] = {"rendered": manifest.read_text(encoding="utf-8")}
    toolchain = SimpleNamespace(args=SimpleNamespace(hook=task["hook"]))
    for name in ("hooked", "hooked_again"):
        for moment in ("before_apk_build", "after_apk_build", "before_apk_assemble"):
            ToolchainCL.hook(toolchain, moment)
        outcome[name] = manifest.read_text(encoding="utf-8")
    outcome["gradle"] = (folder / "build.gradle").read_text(encoding="utf-8")
    outcome["gradle_properties"] = (folder / "gradle.properties").read_text(encoding="utf-8")
    outcome["packed"] = str(folder / "src/main/assets/private.tar")
    outcome["pictures"] = sorted(str(path.relative_to(folder)) for path in folder.glob("src/main/res/*/*.*"))
    manifest.write_text("<manifest/>")
    try:
        ToolchainCL.hook(toolchain, "before_apk_assemble")
    except BuildInterruptingException as refusal:
        outcome["refusal"] = refusal.args[0]
    print(json.dumps(outcome))


main()
