"""`ringproof-server apps webhook`, `apps hook` and `webhooks`: what operators may do about back ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ringproof_server.app import Node, compose
from ringproof_server.domain.application import KeyKind
from ringproof_server.domain.channel import Channel
from ringproof_server.service.outbox import Delivering
from ringproof_server.service.requests import StartRequest
from ringproof_server.settings import Settings
from tests.support.command_line import Run, command_line, environment_in
from tests.support.receiver import BackEnd, running_back_end

NUMBER = "+447700900123"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return environment_in(tmp_path, FICTITIOUS_NUMBERS="2099-12-31", WEBHOOK_PRIVATE_ADDRESSES="on")


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    return command_line(environment, application="shop")


@pytest.fixture
def back_end() -> Iterator[BackEnd]:
    with running_back_end() as running:
        yield running


@contextmanager
def node(environment: dict[str, str]) -> Iterator[Node]:
    made = compose(Settings.from_environ(environment))
    try:
        yield made
    finally:
        made.storage.close()


def print_nothing(_event: str, **_: object) -> None:
    """The log of a server that the test plays."""


def start_one(environment: dict[str, str]) -> str:
    """A verification of the shop, started and told of; its id."""
    with node(environment) as server:
        from_shop = server.administration.application("shop")
        caller = server.access.caller(server.administration.new_key(from_shop.id, KeyKind.SECRET), None)
        asked = StartRequest(phone_number=NUMBER, channels=(Channel.SMS,))
        started = server.verifications.start(caller, asked, None).verification.id
        Delivering(server.parts, print_nothing, print_nothing).run()
    return started


def test_a_secret_is_shown_once_and_kept_when_the_url_changes(run: Run) -> None:
    first = json.loads(run("apps", "webhook", "set", "shop", "https://shop.example/a", "--json").stdout)
    assert first["secret"].startswith("whsec_")
    again = run("apps", "webhook", "set", "shop", "https://shop.example/b", "--json")
    assert json.loads(again.stdout) == {"secret": None}
    shown = run("apps", "webhook", "show", "shop", "--json")
    assert first["secret"] not in shown.stdout
    assert json.loads(shown.stdout) == {
        "url": "https://shop.example/b",
        "disabled_at": None,
        "secrets": [{"retires_at": None}],
    }
    assert first["secret"] not in run("apps", "webhook", "show", "shop").stdout


def test_the_secret_is_not_in_the_database_in_plain(run: Run, environment: dict[str, str]) -> None:
    secret = json.loads(run("apps", "webhook", "set", "shop", "https://shop.example/", "--json").stdout)[
        "secret"
    ]
    stored = b"".join(file.read_bytes() for file in Path(environment["RINGPROOF_DATA_DIR"]).iterdir())
    assert b"https://shop.example/" in stored
    assert secret.removeprefix("whsec_").encode() not in stored


def test_rotating_makes_another_secret_and_lets_the_old_one_retire(run: Run) -> None:
    old = json.loads(run("apps", "webhook", "set", "shop", "https://shop.example/", "--json").stdout)[
        "secret"
    ]
    new = json.loads(run("apps", "webhook", "rotate", "shop", "--json").stdout)["secret"]
    assert old != new
    secrets = json.loads(run("apps", "webhook", "show", "shop", "--json").stdout)["secrets"]
    assert [one["retires_at"] is None for one in secrets] == [True, False]


def test_a_hook_says_how_long_it_may_take_and_what_happens_then(run: Run) -> None:
    made = run(
        "apps", "hook", "set", "shop", "https://shop.example/", "--timeout", "0.5", "--on-timeout", "deny"
    )
    assert "whsec_" in made.stdout
    shown = json.loads(run("apps", "hook", "show", "shop", "--json").stdout)
    assert (shown["timeout"], shown["on_timeout"]) == (0.5, "deny")
    assert "whsec_" in run("apps", "hook", "rotate", "shop").stdout
    assert run("apps", "hook", "remove", "shop").exit_code == 0
    assert run("apps", "hook", "show", "shop").exit_code == 2


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("apps", "webhook", "set", "shop", "http://shop.example/"), "https"),
        (("apps", "webhook", "set", "nobody", "https://shop.example/"), "no application"),
        (("apps", "webhook", "rotate", "shop"), "no webhook"),
        (("apps", "webhook", "show", "shop"), "no webhook"),
        (("apps", "hook", "rotate", "shop"), "no hook"),
        (("apps", "hook", "set", "shop", "https://shop.example/", "--timeout", "3"), "timeout"),
        (("webhooks", "redeliver"), "say which"),
        (("webhooks", "redeliver", "--all-failed", "--since", "1h"), "say which"),
        (("webhooks", "redeliver", "--since", "yesterday"), "--since"),
        (("webhooks", "list", "--app", "nobody"), "no application"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(run: Run, command: tuple[str, ...], says: str) -> None:
    result = run(*command)
    assert result.exit_code == 2
    assert says in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "https://10.0.0.8/", "https://localhost/"])
def test_private_addresses_are_for_the_operator_to_allow(run: Run, url: str) -> None:
    result = run("apps", "webhook", "set", "shop", url, WEBHOOK_PRIVATE_ADDRESSES="off")
    assert result.exit_code == 2
    assert url not in result.stderr


def test_events_are_listed_and_sent_once_more(
    run: Run, environment: dict[str, str], back_end: BackEnd
) -> None:
    back_end.trust(json.loads(run("apps", "webhook", "set", "shop", back_end.url, "--json").stdout)["secret"])
    started = start_one(environment)
    [row] = json.loads(run("webhooks", "list", "--json").stdout)
    assert (row["verification"], row["kind"], row["state"]) == (started, "verification.started", "delivered")
    assert "verification.started" in run("webhooks", "list", "--app", "shop").stdout
    assert json.loads(run("webhooks", "list", "--failed", "--json").stdout) == []
    assert "0 events" in run("webhooks", "redeliver", "--all-failed").stdout
    for which in (("--since", "1h"), ("--since", "2026-01-01"), ("--verification", started)):
        done = run("webhooks", "redeliver", *which, "--app", "shop", "--json")
        assert json.loads(done.stdout) == {"events": 1}
        with node(environment) as server:
            Delivering(server.parts, print_nothing, print_nothing).run()
    assert [one.id for one in back_end.taken] == [row["id"]] * 4
    assert run("apps", "webhook", "remove", "shop").exit_code == 0


def test_the_carrier_of_the_same_name_is_not_told_what_is_not_its_own(run: Run) -> None:
    """`RINGPROOF_WEBHOOK_PRIVATE_ADDRESSES` begins like an option of the carrier `webhook`."""
    carrier = {
        "CARRIERS": "webhook",
        "WEBHOOK_URL": "https://sender.example/",
        "WEBHOOK_SECRET": "whsec_VGhpcyBpcyBhIHNlY3JldCBmb3IgdGVzdHMgb25seSE=",
    }
    assert run("carriers", "list", **carrier).exit_code == 0
