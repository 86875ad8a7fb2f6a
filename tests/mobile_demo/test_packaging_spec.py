"""buildozer.spec says what it should, in words that buildozer and python-for-android understand."""

from __future__ import annotations

from configparser import ConfigParser
from importlib.metadata import version

import pytest
from buildozer.specparser import SpecParser

from tests.mobile_demo.buildozer_rules import DEMO, FLAVOURS, SPEC, USED_KEYS, read_spec

BASE = {
    "android.permission.INTERNET",
    "android.permission.READ_PHONE_STATE",
}
PATHS = (
    "source.dir",
    "icon.filename",
    "icon.adaptive_foreground.filename",
    "icon.adaptive_background.filename",
    "presplash.filename",
    "android.add_src",
    "android.extra_manifest_application_arguments",
    "p4a.local_recipes",
    "p4a.hook",
)


@pytest.mark.parametrize("profile", FLAVOURS)
def test_every_key_is_one_that_these_tests_carry_to_the_build(profile: str | None) -> None:
    """buildozer ignores unknown keys in silence, so a misspelt one must be found here."""
    assert set(read_spec(profile).values) == USED_KEYS


def test_every_section_is_the_app_a_known_profile_or_buildozer_itself() -> None:
    parser = ConfigParser(allow_no_value=True)
    parser.read(SPEC, encoding="utf-8")
    profiles = {f"app@{profile}" for profile in FLAVOURS if profile}
    assert set(parser.sections()) == {"app", "buildozer"} | profiles


def test_no_line_carries_a_comment_behind_its_value() -> None:
    """The parser would take it for a part of the value."""
    for line in SPEC.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            key, _, value = line.partition(" = ")
            assert value, line
            assert " #" not in value, line
            assert key == key.strip(), line


@pytest.mark.parametrize("profile", FLAVOURS)
@pytest.mark.parametrize("key", PATHS)
def test_every_path_exists(key: str, profile: str | None) -> None:
    assert read_spec(profile).path(key).exists()


def test_the_ordinary_flavour_asks_for_the_call_log_and_nothing_else_beyond_the_base() -> None:
    assert set(read_spec().items("android.permissions")) == BASE | {"android.permission.READ_CALL_LOG"}


def test_the_other_flavour_asks_for_nothing_that_the_store_restricts() -> None:
    assert set(read_spec("no_call_log").items("android.permissions")) == BASE


def test_flavours_have_packages_and_distributions_of_their_own() -> None:
    """The package name names python-for-android's distribution and buildozer's file: one must not overwrite
    the other, and both can be installed side by side."""
    assert read_spec()["package.name"] != read_spec("no_call_log")["package.name"]
    assert read_spec()["title"] != read_spec("no_call_log")["title"]


@pytest.mark.parametrize("profile", FLAVOURS)
def test_the_store_would_take_it_and_android_8_runs_it(profile: str | None) -> None:
    """Google Play: API 36 or more since 31 August 2026; the SDK promises Android 8.0 (API 26)."""
    spec = read_spec(profile)
    assert int(spec["android.api"]) >= 36
    assert spec["android.minapi"] == "26"
    assert spec["android.allow_backup"] == "False"


def test_the_build_is_pinned_to_the_version_that_is_tested_here() -> None:
    """The tests run the templates, the hooks and the recipes of the version from the package index."""
    year, month, day = version("python-for-android").split(".")
    assert read_spec()["p4a.commit"] == f"v{year}.{int(month):02d}.{int(day):02d}"


def test_only_one_folder_of_java_is_added() -> None:
    """build.gradle would name a second one on the same line, which Groovy does not understand."""
    assert len(read_spec().items("android.add_src")) == 1


def test_what_is_not_the_app_stays_out_of_it() -> None:
    spec = read_spec()
    assert "packaging" in spec.items("source.exclude_dirs")
    shipped = {f".{extension}" for extension in spec.items("source.include_exts")}
    for file in (DEMO / "ringproof_demo").rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            assert file.suffix in shipped, f"{file.name} would not be in the app"


@pytest.mark.parametrize("profile", FLAVOURS)
@pytest.mark.parametrize(
    "key", ["android.permissions", "android.archs", "requirements", "android.gradle_dependencies"]
)
def test_lists_are_parted_as_buildozer_parts_them(profile: str | None, key: str) -> None:
    parser = SpecParser()
    parser.read(str(SPEC), encoding="utf-8")
    parser.apply_profile(profile)
    assert parser.getlist("app", key) == read_spec(profile).items(key)
