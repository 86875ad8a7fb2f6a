"""How buildozer 1.6.0 reads its file and what it then asks of python-for-android, as far as ours uses it.

The file is read by its own parser. What it does then stands in methods that want an Android SDK: those rules
were read from `targets/android.py` of its wheel.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from buildozer.specparser import SpecParser

DEMO: Final = Path(__file__).resolve().parents[2] / "mobile_demo"
SPEC: Final = DEMO / "buildozer.spec"
FLAVOURS: Final = (None, "no_call_log", "emulator")
"""Every profile of the file; None is the file as it stands."""

USED_KEYS: Final = frozenset(
    [
        "title",
        "package.name",
        "package.domain",
        "version",
        "source.dir",
        "source.include_exts",
        "source.exclude_dirs",
        "requirements",
        "icon.filename",
        "icon.adaptive_foreground.filename",
        "icon.adaptive_background.filename",
        "presplash.filename",
        "android.presplash_color",
        "orientation",
        "fullscreen",
        "android.api",
        "android.minapi",
        "android.archs",
        "android.permissions",
        "android.add_src",
        "android.gradle_dependencies",
        "android.enable_androidx",
        "android.allow_backup",
        "android.extra_manifest_application_arguments",
        "p4a.branch",
        "p4a.commit",
        "p4a.bootstrap",
        "p4a.local_recipes",
        "p4a.hook",
    ]
)
"""What these rules know; buildozer ignores any other key without a word, misspelt ones included."""


@dataclass(frozen=True)
class Spec:
    """The section `[app]` with one profile applied."""

    values: dict[str, str]

    def __getitem__(self, key: str) -> str:
        return self.values[key]

    def items(self, key: str) -> list[str]:
        """A list: parted by commas, blanks around the parts dropped."""
        return [part.strip() for part in self.values[key].split(",")]

    def path(self, key: str) -> Path:
        return (DEMO / self.values[key]).resolve()


def read_spec(profile: str | None = None) -> Spec:
    """Sections `[app@profile]` replace single keys of `[app]`."""
    parser = SpecParser()
    parser.read(str(SPEC), encoding="utf-8")
    parser.apply_profile(profile)
    return Spec(dict(parser.items("app")))


def package_of(spec: Spec) -> str:
    return f"{spec['package.domain']}.{spec['package.name']}".lower()


def arguments_of(spec: Spec, private: Path) -> list[str]:
    """What `build.py` of python-for-android is called with; paths are whole, `private` holds the app."""
    arguments = ["--name", spec["title"], "--version", spec["version"], "--package", package_of(spec)]
    arguments += ["--minsdk", spec["android.minapi"]]
    arguments += ["--private", str(private)]
    for permission in spec.items("android.permissions"):
        arguments += ["--permission", permission]
    arguments += ["--android-entrypoint", "org.kivy.android.PythonActivity"]
    arguments += ["--android-apptheme", "@android:style/Theme.NoTitleBar"]
    arguments += ["--presplash", str(DEMO / spec["presplash.filename"])]
    arguments += ["--icon", str(DEMO / spec["icon.filename"])]
    arguments += ["--icon-fg", str(DEMO / spec["icon.adaptive_foreground.filename"])]
    arguments += ["--icon-bg", str(DEMO / spec["icon.adaptive_background.filename"])]
    for orientation in spec.items("orientation"):
        arguments += ["--orientation", orientation]
    arguments += _switches(spec)
    arguments += ["--presplash-color", spec["android.presplash_color"]]
    for folder in spec.items("android.add_src"):
        arguments += ["--add-source", str((DEMO / folder).resolve())]
    attributes = DEMO / spec["android.extra_manifest_application_arguments"]
    arguments += ["--extra-manifest-application-arguments", attributes.read_text(encoding="utf-8")]
    for dependency in spec.items("android.gradle_dependencies"):
        arguments += ["--depend", dependency]
    return arguments


def copy_app(spec: Spec, folder: Path) -> Path:
    """The app's files as buildozer copies them: nothing hidden, no excluded folder, known extensions only."""
    extensions = spec.items("source.include_exts")
    excluded = tuple(f"{name}/".lower() for name in spec.items("source.exclude_dirs"))
    source = spec.path("source.dir")
    for file in sorted(source.rglob("*")):
        name = file.relative_to(source)
        hidden = any(part.startswith(".") for part in name.parts)
        wanted = not file.suffix or file.suffix[1:].lower() in extensions
        if file.is_file() and wanted and not hidden and not name.as_posix().lower().startswith(excluded):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, folder / name)
    return folder


def _switches(spec: Spec) -> list[str]:
    """Truth is what ConfigParser takes for it."""
    true = {key: spec[key].lower() in {"1", "yes", "true", "on"} for key in spec.values if spec[key]}
    switches = [] if true["fullscreen"] else ["--window"]
    switches += ["--enable-androidx"] if true["android.enable_androidx"] else []
    return switches if true["android.allow_backup"] else [*switches, "--allow-backup", "false"]
