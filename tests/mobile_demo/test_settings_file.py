"""What the app keeps of its settings, and what it does not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ringproof.testing import FakeClock
from ringproof_demo.phone.desk import Desk
from ringproof_demo.presenter import Presenter
from ringproof_demo.settings import Settings, SettingsFile

OWN = Settings("https://own.example", "rp_pk_own", "de", "light")


def given(stored: Settings) -> Settings:
    """As with `--server` and `--key`."""
    return replace(stored, server="https://given.example", key="rp_pk_given")


def test_what_was_given_at_the_start_is_in_force_and_is_not_kept(tmp_path: Path) -> None:
    """Another appearance is remembered; the server of one start does not become that of all others."""
    path = tmp_path / "settings.json"
    SettingsFile(path).save(OWN)
    presenter = Presenter(Desk(), SettingsFile(path, given=given), lambda _: None, clock=FakeClock())
    assert presenter.settings.server == "https://given.example"
    presenter.choose_appearance("dark", presenter.settings)
    assert SettingsFile(path).load() == replace(OWN, appearance="dark")
    assert "given" not in path.read_text(encoding="utf-8")


def test_what_a_person_changes_is_kept_also_where_something_was_given(tmp_path: Path) -> None:
    """Their own entry wins; a field that they leave as it was given stays as it is stored."""
    path = tmp_path / "settings.json"
    file = SettingsFile(path, given=given)
    file.save(replace(file.load(), key="rp_pk_new"))
    assert SettingsFile(path).load() == Settings("", "rp_pk_new")


@pytest.mark.parametrize(
    "content", ["", "[]", "7", '{"server": 1, "appearance": "pink", "language": "tlh"}', "\x00"]
)
def test_a_file_that_makes_no_sense_is_no_settings(tmp_path: Path, content: str) -> None:
    """The app opens all the same, and can remember again."""
    path = tmp_path / "settings.json"
    path.write_text(content, encoding="utf-8")
    file = SettingsFile(path)
    assert file.load() == Settings()
    file.save(OWN)
    assert file.load() == OWN


@pytest.mark.parametrize("value", [1, "true", "yes", [True], None])
def test_only_a_plain_yes_takes_the_place_of_somebodys_call_filter(tmp_path: Path, value: object) -> None:
    """Whatever else stands in the file."""
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"screening": value}), encoding="utf-8")
    assert not SettingsFile(path).load().screening
    path.write_text('{"screening": true}', encoding="utf-8")
    assert SettingsFile(path).load().screening


def test_a_secret_key_is_never_taken_out_of_a_file(tmp_path: Path) -> None:
    """Nor is anything kept but the five settings."""
    path = tmp_path / "settings.json"
    path.write_text(
        json.dumps({"server": OWN.server, "key": "rp_sk_x", "phone_number": "1"}), encoding="utf-8"
    )
    file = SettingsFile(path)
    assert file.load() == Settings(OWN.server)
    file.save(OWN)
    kept = {"server", "key", "language", "appearance", "screening"}
    assert set(json.loads(path.read_text(encoding="utf-8"))) == kept
