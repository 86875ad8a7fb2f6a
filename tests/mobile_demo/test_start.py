"""How the app is started on a desk, and what it says when it cannot be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ringproof_demo.command import PROBLEM, desk_languages, main
from ringproof_demo.phone.appearance import desk_is_dark

MOBILE_DEMO = Path(__file__).parents[2] / "mobile_demo"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--server", "https://verify.example"], "--key is missing"),
        (["--key", "rp_pk_x"], "--server is missing"),
        (["--server", "http://verify.example", "--key", "rp_pk_x"], "--server: Over http everybody"),
        (["--server", "verify.example", "--key", "rp_pk_x"], "--server: This is no address"),
        (["--server", "https://verify.example", "--key", "rp_sk_x"], "--key: This is a secret key"),
        (["--server", "https://verify.example", "--key", "abc"], "--key: A publishable key begins"),
    ],
)
def test_options_that_cannot_work_are_named_in_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == PROBLEM
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert "rp_sk_x" not in said


@pytest.mark.parametrize("arguments", [["--colour", "red"], ["--language", "tlh"], ["extra"]])
def test_unknown_options_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refusal:
        main(arguments)
    assert refusal.value.code == PROBLEM
    assert "usage: python -m ringproof_demo" in capsys.readouterr().err


def test_without_a_display_it_says_so_instead_of_running_unseen() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ringproof_demo", "--simulated"],
        cwd=MOBILE_DEMO,
        env={"HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == PROBLEM
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("says", "dark"),
    [("'prefer-dark'", True), ("'default'", False), ("; exit 1", False), ("; exec sleep 9", False)],
)
def test_dark_is_what_the_desktop_says_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, dark: bool
) -> None:
    program = tmp_path / "gsettings"
    program.write_text(f"#!/bin/sh\n[ $3 = color-scheme ] && echo {says}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert desk_is_dark("linux") is dark


def test_a_desk_without_such_a_command_is_light(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert [desk_is_dark(system) for system in ("linux", "darwin", "win32", "plan9")] == [False] * 4


@pytest.mark.parametrize(
    ("environment", "languages"),
    [
        ({"LANG": "de_AT.UTF-8"}, ("de-AT",)),
        ({"LANG": "C.UTF-8"}, ()),
        ({"LANGUAGE": "fr:it", "LC_ALL": "", "LANG": "de_DE@euro"}, ("fr", "it", "de-DE")),
        ({"LC_ALL": "POSIX", "LANG": "es"}, ("es",)),
        ({}, ()),
    ],
)
def test_the_language_is_the_computers(environment: dict[str, str], languages: tuple[str, ...]) -> None:
    assert desk_languages(environment) == languages
