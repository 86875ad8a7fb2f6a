"""`ringproof-server carriers`: what operators and machines are told about the carriers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.support import leaks
from tests.support.command_line import Run, command_line, environment_in


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command on a fresh database, with the settings that are given by name."""
    run = command_line(environment_in(tmp_path))

    def watched(*command: str, **settings: str) -> Result:
        result = run(*command, **settings)
        leaks.watch(result.output, "the output of a command")
        return result

    return watched


def _rows(result: Result) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in json.loads(result.stdout)}


def test_a_machine_is_told_what_a_carrier_can_and_for_which_countries(run: Run) -> None:
    result = run("carriers", "list", "--json", ROUTES="DE,FR=simulated:3; 881=")
    row = _rows(result)["simulated"]
    assert row["configured"] is True
    assert {"flashcall", "sms"} <= set(row["channels"])
    assert (row["reports_events"], row["hangs_up"], row["chooses_caller_id"]) == (True, True, True)
    assert row["calls_per_second"] is None
    assert row["routes"] == [
        {"country": "DE", "rank": 1, "weight": 3},
        {"country": "FR", "rank": 1, "weight": 3},
    ]
    assert row["not_for"] == ["881"]


def test_carriers_that_are_installed_only_are_named_without_being_asked(run: Run) -> None:
    rows = _rows(run("carriers", "list", "--json"))
    assert rows["twilio"] == {"name": "twilio", "configured": False, "channels": []}


def test_people_see_the_routes_of_countries_together_and_who_is_served_by_nobody(run: Run) -> None:
    printed = run("carriers", "list", ROUTES="DE=simulated:3; FR=simulated:3; 881=").stdout
    carriers, routes = printed.strip().split("\n\n")
    header, row = carriers.splitlines()[:2]
    assert header.split() == [
        "carrier", "configured", "channels", "calls/s", "messages/s", "events", "hangs", "up", "caller", "ID",
    ]  # fmt: skip
    assert row.split()[-5:] == ["any", "any", "yes", "yes", "any"]
    assert [line.split() for line in routes.splitlines()] == [
        ["country", "carriers"],
        ["DE,", "FR", "simulated:3"],
        ["881", "nobody"],
        ["all", "others", "simulated"],
    ]


def test_without_routes_only_the_carriers_are_listed(run: Run) -> None:
    assert "country" not in run("carriers", "list").stdout


def test_a_rate_that_the_operator_set_is_shown(run: Run) -> None:
    row = _rows(run("carriers", "list", "--json", SIMULATED_CALLS_PER_SECOND="2.5"))["simulated"]
    assert row["calls_per_second"] == 2.5


def test_a_carrier_that_answers_is_ready_and_its_time_is_told(run: Run) -> None:
    result = run("carriers", "ping", "--json")
    (row,) = json.loads(result.stdout)
    assert result.exit_code == 0
    assert row.pop("ms") >= 0
    assert row == {"name": "simulated", "ok": True, "error": None, "fault": None}
    assert run("carriers", "ping").stdout.splitlines()[1].split()[:2] == ["simulated", "ready"]


def test_a_carrier_that_cannot_work_is_told_by_the_class_of_its_error_and_the_exit_code(run: Run) -> None:
    away = {"SIMULATED_OUTAGE_SHARE": "1"}
    result = run("carriers", "ping", "--json", **away)
    (row,) = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (row["ok"], row["error"]) == (False, "CarrierUnavailable")
    assert row["fault"]
    printed = run("carriers", "ping", **away)
    assert printed.exit_code == 1
    assert printed.stdout.splitlines()[1].split()[:2] == ["simulated", "CarrierUnavailable"]


def test_routes_that_cannot_be_used_end_the_command_with_one_line_and_code_two(run: Run) -> None:
    result = run("carriers", "list", ROUTES="DE=twilio")
    assert result.exit_code == 2
    assert "RINGPROOF_ROUTES must be corrected: 'twilio' is not one of the carriers" in result.stderr
