"""`ringproof-server apps policy`: rules of an application's own, from the command to what it plans by."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ringproof_server.app import compose
from ringproof_server.domain.policy import POLICY_FIELDS, Policy
from ringproof_server.settings import Settings, spell
from tests.support.command_line import Run, command_line, environment_in

WORKFLOW = "messenger:120:not_read,sms"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return environment_in(tmp_path, TTL="200")


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    return command_line(environment, application="shop")


def policy(environment: dict[str, str]) -> Policy:
    return compose(Settings.from_environ(environment)).administration.application("shop").policy


def shown(run: Run) -> dict[str, str]:
    rules: dict[str, str] = json.loads(run("apps", "policy", "show", "shop", "--json").stdout)
    return rules


def test_a_rule_is_kept_shown_and_removed(run: Run, environment: dict[str, str]) -> None:
    """What is removed is the server's again, not the default."""
    assert shown(run) == {}
    assert run("apps", "policy", "set", "shop", "workflow", WORKFLOW).exit_code == 0
    assert run("apps", "policy", "set", "shop", "ttl", "120").exit_code == 0
    assert shown(run) == {"workflow": WORKFLOW, "ttl": "120"}
    assert WORKFLOW in run("apps", "policy", "show", "shop").stdout
    assert policy(environment).ttl == 120
    assert run("apps", "policy", "remove", "shop", "ttl").exit_code == 0
    assert policy(environment).ttl == 200
    assert shown(run) == {"workflow": WORKFLOW}


@pytest.mark.parametrize("name", POLICY_FIELDS)
def test_every_rule_can_be_set_to_what_is_shown(run: Run, environment: dict[str, str], name: str) -> None:
    """The spelling that the README gives for the server's setting is understood here too."""
    value = spell(getattr(Policy(), name))
    assert run("apps", "policy", "set", "shop", name, value).exit_code == 0
    assert getattr(policy(environment), name) == getattr(Policy(), name)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("speed", "9", "no rule 'speed'"),
        ("ttl", "soon", "ttl must be a whole number"),
        ("ttl", "5", "ttl must be between"),
        ("workflow", "pigeon", "workflow"),
        ("ring_seconds", "9,3", "ring_seconds must be two times"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(run: Run, name: str, value: str, told: str) -> None:
    result = run("apps", "policy", "set", "shop", name, value)
    assert result.exit_code == 2
    assert told in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert shown(run) == {}


def test_an_unknown_application_is_refused(run: Run) -> None:
    assert run("apps", "policy", "set", "nobody", "ttl", "120").exit_code == 2
