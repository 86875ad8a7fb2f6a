"""The command `ringproof-rcml`."""

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from ringproof_rcml import Dialect, confirmed, locales
from ringproof_rcml.__main__ import main
from tests.rcml.test_dialects import SILENT

ENGLISH_FILE = confirmed(Dialect.RCML, "en-gb")


def test_one_document_goes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--dialect", "rcml", "--document", "confirmed", "--locale", "en-gb"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ENGLISH_FILE
    assert captured.err == ""


def test_one_document_goes_to_the_file_that_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rc-flash-call.xml"
    assert main(["export", "--document", "confirmed", "--locale", "EN-gb", "--output", str(file)]) == 0
    assert file.read_bytes() == ENGLISH_FILE.encode()


def test_dialect_and_locale_have_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--document", "confirmed"]) == 0
    assert capsys.readouterr().out == confirmed(Dialect.RCML, "en")


def test_a_folder_gets_every_document_in_every_locale(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "documents"
    assert main(["export", str(folder)]) == 0
    files = {str(file.relative_to(folder)) for file in folder.rglob("*.*")}
    kinds = {"rcml": "xml", "twiml": "xml", "ncco": "json"}
    expected = {
        f"{dialect}/{name}-{tag}.{suffix}"
        for dialect, suffix in kinds.items()
        for name in ("confirmed", "confirming")
        for tag in locales()
    } | {f"{dialect}/{name}.{suffix}" for dialect, suffix in kinds.items() for name in ("hang_up", "reject")}
    assert files == expected
    assert (folder / "twiml/confirmed-ar.xml").read_text("utf-8") == confirmed(Dialect.TWIML, "ar")
    assert (folder / "ncco/confirmed-ar.json").read_text("utf-8") == confirmed(Dialect.NCCO, "ar")
    captured = capsys.readouterr()
    assert captured.out == f"wrote {len(expected)} files to {folder}\n"
    assert captured.err == "".join(
        f"{dialect.value} has no voice for {', '.join(SILENT[dialect])}: English instead\n"
        for dialect in Dialect
    )


def test_a_folder_can_be_narrowed_to_one_file(tmp_path: Path) -> None:
    arguments = [
        "export",
        str(tmp_path),
        "--dialect",
        "twiml",
        "--document",
        "confirmed",
        "--locale",
        "de-AT",
    ]
    assert main(arguments) == 0
    assert [file.name for file in tmp_path.rglob("*.xml")] == ["confirmed-de-at.xml"]


def test_a_locale_the_dialect_cannot_speak_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--document", "confirmed", "--locale", "ar"]) == 0
    captured = capsys.readouterr()
    assert captured.out == confirmed(Dialect.RCML, "en")
    assert captured.err == "rcml has no voice for ar: English instead\n"


def test_list_shows_every_locale_with_its_voices(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    head, *rows, documents = capsys.readouterr().out.splitlines()
    assert head.split() == ["locale", "language", "script", "rcml", "twiml", "ncco"]
    assert [row.split()[0] for row in rows] == list(locales())
    assert "de       Deutsch " in "\n".join(rows)
    assert documents == "documents: confirming, confirmed, hang_up, reject"


def test_segments_shows_what_the_messages_of_every_locale_cost(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["segments"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["locale", "message", "encoding", "bytes", "units", "segments", "whole"]
    kinds = [[tag, kind] for tag in locales() for kind in ("code", "payment")]
    assert [row.split()[:2] for row in rows] == kinds
    assert "en       code     GSM-7     87     87     1         yes" in rows
    for row in rows:
        _, _, encoding, size, units, segments, _ = row.split()
        assert int(size) <= 140
        assert int(segments) <= (1 if encoding == "GSM-7" else 2)
        assert int(units) <= int(segments) * (160 if encoding == "GSM-7" else 70)


def test_segments_takes_a_brand_and_a_host(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["segments", "--brand", "Ex", "--host", "a.example"]) == 0
    row = capsys.readouterr().out.splitlines()[1]
    assert row.split() == ["ar", "code", "UCS-2", "69", "58", "1", "yes"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "arguments are required"),
        (["explode"], "invalid choice"),
        (["list", "--all"], "unrecognized arguments"),
        (["segments", "--brand", " "], "the brand is empty"),
        (["segments", "--host", "https://a.example"], "not a plain host name"),
        (["export"], "name a FOLDER"),
        (["export", "--document", "confirmed", "--locale", "tlh"], "no words for 'tlh'; there are ar, "),
        (["export", "--document", "confirmed", "--locale", "../en"], "no words for '../en'"),
        (
            ["export", "--document", "confirmed", "--dialect", "vxml"],
            "no dialect 'vxml'; there are rcml, twiml, ncco",
        ),
        (["export", "--document", "song"], "no document 'song'; there are confirming, "),
        (["export", "--document", "spoken_code"], "made anew for every call"),
        (["export", "folder", "--output", "file"], "not both"),
        (["export", "--output"], "expected one argument"),
        (["list", "two\nlines"], "unrecognized arguments"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line_with_exit_code_2(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("ringproof-rcml: ")
    assert reason in captured.err
    assert captured.err.count("\n") == 1


def test_a_file_that_cannot_be_written_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "missing" / "out.xml"
    assert main(["export", "--document", "confirmed", "--output", str(file)]) == 2
    assert capsys.readouterr().err == f"ringproof-rcml: cannot write {file}: No such file or directory\n"


def test_the_command_is_installed() -> None:
    (entry,) = entry_points(group="console_scripts", name="ringproof-rcml")
    assert entry.load() is main


def test_the_module_runs_and_writes_utf8_whatever_the_terminal_speaks() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ringproof_rcml",
            "export",
            "--dialect=twiml",
            "--document=confirmed",
            "--locale=ar",
        ],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == confirmed(Dialect.TWIML, "ar").encode()
    assert done.stderr == b""
