"""`ringproof-server apps origins`: the web origins of an application, after it has been made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command_line import Run, command_line, environment_in

FIRST, SECOND, THIRD = (f"https://{name}.example" for name in ("shop", "www.shop", "app.shop"))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return command_line(environment_in(tmp_path), application="shop")


def changed(run: Run, *command: str) -> list[str]:
    """The origins after `apps origins add` or `remove`, as a machine is told of them."""
    result = run("apps", "origins", *command, "--json")
    assert result.exit_code == 0, result.output
    told: list[str] = json.loads(result.stdout)["origins"]
    return told


def test_origins_are_added_shown_and_removed(run: Run) -> None:
    assert changed(run, "show", "shop") == []
    assert changed(run, "add", "shop", FIRST, SECOND) == [FIRST, SECOND]
    assert changed(run, "add", "shop", THIRD) == [FIRST, SECOND, THIRD]
    assert changed(run, "remove", "shop", FIRST, THIRD) == [SECOND]
    assert changed(run, "show", "shop") == [SECOND]
    assert [line.strip() for line in run("apps", "origins", "show", "shop").stdout.splitlines()] == [
        "origin",
        SECOND,
    ]


def test_people_are_told_how_many_there_are_and_when_it_counts(run: Run) -> None:
    soon = "Every process knows within five seconds."
    assert (
        run("apps", "origins", "add", "shop", FIRST).stdout == f"The application names 1 origin now. {soon}\n"
    )
    removed = run("apps", "origins", "remove", "shop", FIRST)
    assert removed.stdout == f"The application names 0 origins now. {soon}\n"


def test_those_that_an_application_was_made_with_are_changed_too(run: Run) -> None:
    assert run("apps", "create", "other", "--origin", FIRST, "--origin", FIRST, "--json").exit_code == 0
    assert changed(run, "show", "other") == [FIRST]
    assert changed(run, "add", "other", SECOND) == [FIRST, SECOND]
    assert changed(run, "remove", "other", FIRST) == [SECOND]
    assert changed(run, "show", "shop") == []


def test_an_origin_stands_once_however_often_it_is_added(run: Run) -> None:
    assert changed(run, "add", "shop", FIRST, FIRST) == [FIRST]
    assert changed(run, "add", "shop", SECOND, FIRST) == [FIRST, SECOND]
    assert changed(run, "remove", "shop", FIRST, FIRST) == [SECOND]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (
            ("add", "shop", SECOND, "https://shop.example/"),
            "'https://shop.example/' is not an origin as browser",
        ),
        (("add", "shop", "*"), "'*' is not an origin as browsers send it, such as https://shop.example"),
        (
            ("add", "shop", *(f"https://{number}.example" for number in range(100))),
            "an application has at most 100 origins, these would be 101",
        ),
        (("remove", "shop", FIRST, SECOND), f"the application has no origin '{SECOND}'"),
        (("remove", "shop", FIRST.upper()), f"the application has no origin '{FIRST.upper()}'"),
        (("add", "nobody", FIRST), "there is no application 'nobody'"),
        (("remove", "nobody", FIRST), "there is no application 'nobody'"),
        (("show", "nobody"), "there is no application 'nobody'"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line_and_changes_nothing(
    run: Run, command: tuple[str, ...], told: str
) -> None:
    assert changed(run, "add", "shop", FIRST) == [FIRST]
    result = run("apps", "origins", *command)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("ringproof-server: ")
    assert told in line
    assert changed(run, "show", "shop") == [FIRST]


@pytest.mark.parametrize("command", ["add", "remove"])
def test_an_origin_must_be_named(run: Run, command: str) -> None:
    result = run("apps", "origins", command, "shop")
    assert result.exit_code == 2
    assert "ORIGINS" in result.stderr
