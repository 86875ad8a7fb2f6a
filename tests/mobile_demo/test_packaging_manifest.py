"""What Android is told of the app: python-for-android's own build.py and templates, then our hook."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest

from tests.android import jvm
from tests.architecture.sources import ROOT
from tests.mobile_demo.buildozer_rules import (
    DEMO,
    FLAVOURS,
    Spec,
    arguments_of,
    copy_app,
    package_of,
    read_spec,
)

ANDROID: Final = "{http://schemas.android.com/apk/res/android}"
TOOLS: Final = "{http://schemas.android.com/tools}"
CALL_LOG: Final = "android.permission.READ_CALL_LOG"
SECONDS: Final = 120
IMPORTS: Final = """
import importlib, pathlib, sys
sys.path[:0] = sys.argv[1:]
for file in sorted(pathlib.Path(sys.argv[1], "ringproof_demo").glob("*.pyc")):
    if file.stem not in {"__main__", "app", "theme"}:
        importlib.import_module(f"ringproof_demo.{file.stem}")
        print(file.stem)
"""


@dataclass(frozen=True)
class Built:
    """What the build left for Gradle."""

    spec: Spec
    whole: bool
    rendered: str
    hooked: str
    hooked_again: str
    gradle: str
    gradle_properties: str
    packed: str
    pictures: list[str]
    refusal: str

    @property
    def manifest(self) -> ET.Element:
        return ET.fromstring(self.hooked)

    @property
    def asked_for(self) -> set[str | None]:
        """The permissions that would be in the package if no library added one."""
        return {
            element.get(f"{ANDROID}name")
            for element in self.manifest.findall("uses-permission")
            if element.get(f"{TOOLS}node") != "remove"
        }

    @property
    def kept_out(self) -> set[str | None]:
        """The permissions that no library can bring in."""
        return {
            element.get(f"{ANDROID}name")
            for element in self.manifest.findall("uses-permission")
            if element.get(f"{TOOLS}node") == "remove"
        }


@pytest.fixture(scope="module", params=FLAVOURS, ids=str)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    place = tmp_path_factory.mktemp("dist")
    spec = read_spec(request.param)
    app = copy_app(spec, place / "app")
    if request.param is not None:
        # The app is the same in every flavour, and python-for-android compiles file by file.
        shutil.rmtree(app / "ringproof_demo")
    task: dict[str, Any] = {
        "arguments": arguments_of(spec, app),
        "api": int(spec["android.api"]),
        "min_api": int(spec["android.minapi"]),
        "hook": str(spec.path("p4a.hook")),
        "folder": str(place / "dists" / spec["package.name"]),
    }
    program = Path(__file__).with_name("p4a_dist.py")
    done = subprocess.run(
        [sys.executable, str(program)],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return Built(spec=spec, whole=request.param is None, **json.loads(done.stdout.splitlines()[-1]))


def test_the_package_asks_for_exactly_what_the_spec_says(built: Built) -> None:
    assert built.asked_for == set(built.spec.items("android.permissions"))


def test_no_library_can_bring_in_a_restricted_permission(built: Built) -> None:
    """Without READ_CALL_LOG in the spec Gradle's merge of manifests drops it whoever declares it."""
    assert (CALL_LOG in built.kept_out) == (CALL_LOG not in built.asked_for)
    assert {"android.permission.READ_SMS", "android.permission.RECEIVE_SMS"} <= built.kept_out
    assert not built.kept_out & built.asked_for


def test_a_manifest_without_the_call_log_names_it_only_to_keep_it_out(built: Built) -> None:
    if CALL_LOG in built.asked_for:
        assert CALL_LOG in built.rendered
    else:
        assert CALL_LOG not in built.rendered
        assert built.hooked.count(CALL_LOG) == 1


def test_the_hook_changes_nothing_the_second_time(built: Built) -> None:
    assert built.hooked != built.rendered
    assert built.hooked == built.hooked_again


def test_only_the_system_can_bind_to_the_screening_service(built: Built) -> None:
    """Exported, or the telephone app could not reach it; behind the permission that only the system holds,
    without which Android ignores it."""
    services = [
        service
        for service in built.manifest.findall("application/service")
        if service.find(f"intent-filter/action[@{ANDROID}name='android.telecom.CallScreeningService']")
        is not None
    ]
    assert len(services) == 1
    assert services[0].get(f"{ANDROID}exported") == "true"
    assert services[0].get(f"{ANDROID}permission") == "android.permission.BIND_SCREENING_SERVICE"


def test_the_screening_service_is_a_class_that_the_spec_adds(built: Built) -> None:
    service = built.manifest.find("application/service")
    assert service is not None
    name = service.get(f"{ANDROID}name", "")
    source = built.spec.path("android.add_src") / (name.replace(".", "/") + ".java")
    assert f"class {name.rpartition('.')[2]} extends CallScreeningService" in source.read_text()


def test_every_part_that_others_may_start_says_whether_it_is_exported(built: Built) -> None:
    """From Android 12 on a package without it is not installed."""
    application = built.manifest.find("application")
    assert application is not None
    parts = [part for part in application if part.find("intent-filter") is not None]
    assert parts
    for part in parts:
        assert part.get(f"{ANDROID}exported") in {"true", "false"}, part.get(f"{ANDROID}name")


def test_nothing_but_the_screen_and_the_screening_service_is_exported(built: Built) -> None:
    exported = {
        part.get(f"{ANDROID}name")
        for part in built.manifest.findall("application/*")
        if part.get(f"{ANDROID}exported") == "true"
    }
    assert exported == {"org.kivy.android.PythonActivity", "org.ringproof.android.CallScreening"}


def test_the_app_can_see_play_services_and_no_other_package(built: Built) -> None:
    queries = built.manifest.findall("queries")
    assert [query.get(f"{ANDROID}name") for query in queries[0]] == ["com.google.android.gms"]
    assert len(queries) == 1


def test_the_application_keeps_its_data_and_its_back_key(built: Built) -> None:
    """No backup of what the app stores; at API 36 SDL hears of the Back key only with the attribute."""
    application = built.manifest.find("application")
    assert application is not None
    assert application.get(f"{ANDROID}allowBackup") == "false"
    assert application.get(f"{ANDROID}enableOnBackInvokedCallback") == "false"
    assert application.get(f"{ANDROID}usesCleartextTraffic") is None


def test_the_levels_are_those_of_the_spec(built: Built) -> None:
    levels = built.manifest.find("uses-sdk")
    assert levels is not None
    assert levels.get(f"{ANDROID}minSdkVersion") == "26"
    assert levels.get(f"{ANDROID}targetSdkVersion") == built.spec["android.api"]
    assert f"compileSdkVersion {built.spec['android.api']}" in built.gradle


def test_gradle_gets_the_java_the_libraries_and_androidx(built: Built) -> None:
    assert len(re.findall(r"(?<!\.)srcDir '", built.gradle)) == 1
    assert f"srcDir '{built.spec.path('android.add_src')}'" in built.gradle
    for dependency in built.spec.items("android.gradle_dependencies"):
        assert f"implementation '{dependency}'" in built.gradle
    assert f"namespace '{package_of(built.spec)}'" in built.gradle
    assert "JavaVersion.VERSION_1_8" in built.gradle
    assert "android.useAndroidX=true" in built.gradle_properties


def test_the_app_is_in_the_package_and_its_packaging_is_not(built: Built) -> None:
    """As bytecode without docstrings and asserts: python-for-android compiles with -OO."""
    with tarfile.open(built.packed) as packed:
        names = packed.getnames()
    assert "main.pyc" in names
    assert ("ringproof_demo/__init__.pyc" in names) == built.whole
    assert not [name for name in names if name.startswith(("packaging", "bin"))]
    assert not [name for name in names if name.endswith((".py", ".md", ".spec"))]


@pytest.mark.parametrize("built", [None], indirect=True, ids=str)
def test_what_was_packed_of_the_app_can_be_imported(built: Built, tmp_path: Path) -> None:
    """All but the windows and Android's own parts, which no desk has."""
    with tarfile.open(built.packed) as packed:
        # Python 3.11 has the filter from 3.11.4 on, and 3.12 warns where none is named.
        packed.extraction_filter = getattr(tarfile, "data_filter", None)
        packed.extractall(tmp_path)
    places = [tmp_path, ROOT / "client_sdk/src", ROOT / "rcml/src"]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-OO", "-c", IMPORTS, *map(str, places)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {"presenter", "words", "countries", "settings"} <= set(done.stdout.split())


def test_the_pictures_are_ours(built: Built) -> None:
    for name in ("mipmap/icon.png", "mipmap/icon_foreground.png", "mipmap-anydpi-v26/icon.xml"):
        assert f"src/main/res/{name}" in built.pictures
    assert "src/main/res/drawable/presplash.jpg" in built.pictures


def test_a_manifest_of_another_make_ends_the_build_in_one_line(built: Built) -> None:
    assert built.refusal.startswith("Ringproof's hook cannot complete the manifest: it has 0 <application>")
    assert "\n" not in built.refusal


@pytest.fixture(scope="module")
def hook() -> Any:
    """The hook as python-for-android loads it."""
    from pythonforandroid.util import load_source  # noqa: PLC0415 - as late as the build does

    return load_source("ringproof_hook", str(DEMO / "packaging/hook.py"))


ACTIVITY: Final = "<activity><intent-filter><action/></intent-filter></activity>"
NAMED: Final = 'xmlns:android="http://schemas.android.com/apk/res/android"'
INTERNET: Final = '<uses-permission android:name="android.permission.INTERNET"/>'
LOG: Final = '<uses-permission android:name="android.permission.READ_CALL_LOG"/>'


@pytest.mark.parametrize(
    ("manifest", "complaint"),
    [
        ("", "not XML"),
        ("<manifest>", "not XML"),
        ("<application/>", "begins with <application>"),
        ("<manifest/>", "0 <application>"),
        ("<manifest><application/><application/></manifest>", "2 <application>"),
        ("<manifest><application/></manifest>", "no activity"),
        (f"<manifest><application>{ACTIVITY}</application></manifest>", "INTERNET"),
        (
            f"<manifest {NAMED}>{INTERNET}{LOG}<application>{ACTIVITY}</application></manifest>",
            "READ_CALL_LOG without READ_PHONE_STATE",
        ),
    ],
)
def test_the_hook_says_what_is_wrong(hook: Any, manifest: str, complaint: str) -> None:
    with pytest.raises(hook.ManifestError, match=complaint):
        hook.completed(manifest)


def test_the_hook_leaves_what_others_added(hook: Any) -> None:
    """Services, queries and permissions of the app around it stay as they are."""
    others = '<service android:name="org.example.Other"/>'
    queries = '<queries><intent><action android:name="x"/></intent></queries>'
    sms = '<uses-permission android:name="android.permission.RECEIVE_SMS"/>'
    manifest = (
        f"<manifest {NAMED}>{INTERNET}{sms}{queries}<application>{ACTIVITY}{others}</application></manifest>"
    )
    done = ET.fromstring(hook.completed(manifest))
    assert [service.get(f"{ANDROID}name") for service in done.findall("application/service")] == [
        "org.ringproof.android.CallScreening",
        "org.example.Other",
    ]
    assert [query.tag for query in done.findall("queries/*")] == ["package", "intent"]
    marks = {p.get(f"{ANDROID}name"): p.get(f"{TOOLS}node") for p in done.findall("uses-permission")}
    assert marks["android.permission.RECEIVE_SMS"] is None
    assert marks[CALL_LOG] == "remove"
    assert hook.completed(hook.completed(manifest)) == hook.completed(manifest)


def test_the_java_of_the_sdk_compiles_for_java_8() -> None:
    """With the stand-ins for Android's classes; 52 is the class files' version of Java 8."""
    compiled = jvm.classes() / "org/ringproof/android/CallScreening.class"
    assert int.from_bytes(compiled.read_bytes()[6:8], "big") == 52
