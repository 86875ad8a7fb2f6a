"""What an operator types to set a server up: applications, their keys, numbers to call from, signing keys."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import datetime
from pathlib import Path

import pytest

from ringproof_server.app import compose
from ringproof_server.settings import Settings
from ringproof_server.tokens.signing_keys import KEPT_AFTER, PUBLISH_AHEAD, base64url
from tests.support import leaks
from tests.support.command_line import Run, command_line, environment_in

POOL = ("pool", "add", "--app", "shop")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return command_line(environment_in(tmp_path))


@pytest.fixture
def shop(run: Run) -> dict[str, str]:
    """A fresh application, as a machine is told of it."""
    made: dict[str, str] = json.loads(run("apps", "create", "shop", "--json").stdout)
    leaks.secrets([made["publishable_key"], made["secret_key"]], "key")
    return made


def told(run: Run, *command: str) -> str:
    """The one line that refuses a command."""
    result = run(*command)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("ringproof-server: ")
    return line.removeprefix("ringproof-server: ")


def pool_of(run: Run) -> dict[str, bool]:
    listing = json.loads(run("pool", "list", "--app", "shop", "--json").stdout)
    return {item["number"]: item["healthy"] for item in listing}


def test_keys_are_shown_once_and_then_only_how_they_begin(run: Run, shop: dict[str, str]) -> None:
    listing = run("apps", "keys", "list", "shop", "--json").stdout
    kinds = {row["kind"]: row["begins"].rstrip("…") for row in json.loads(listing)}
    for kind in ("publishable", "secret"):
        assert shop[f"{kind}_key"].startswith(kinds[kind])
        assert shop[f"{kind}_key"] not in listing
    assert shop["publishable_key"] not in run("apps", "list").stdout


def test_a_lost_key_is_replaced(run: Run, shop: dict[str, str]) -> None:
    before = {row["id"] for row in json.loads(run("apps", "keys", "list", "shop", "--json").stdout)}
    made = run("apps", "keys", "create", "shop", "--kind", "secret").stdout.strip()
    leaks.secret(made, "key")
    assert made.startswith("rp_sk_")
    for key in before:
        assert run("apps", "keys", "revoke", key).exit_code == 0
    rows = json.loads(run("apps", "keys", "list", "shop", "--json").stdout)
    assert {row["id"] for row in rows if row["revoked_at"] is not None} == before
    assert "there is no key" in told(run, "apps", "keys", "revoke", *list(before)[:1])


@pytest.mark.parametrize(
    "origin",
    [
        "https://shop.example",
        "http://localhost:3000",
        "http://127.0.0.1:8000",
        "http://[::1]:8000",
        "https://xn--bcher-kva.example:8443",
        "capacitor://localhost",
    ],
)
def test_an_origin_is_taken_as_a_browser_sends_it(run: Run, origin: str) -> None:
    assert run("apps", "create", "shop", "--origin", origin, "--json").exit_code == 0


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "*",
        "null",
        "shop.example",
        "https://",
        "https://shop.example/",
        "https://shop.example/page",
        "https://*.shop.example",
        "https://Shop.example",
        "https://shop.example:443",
        "http://shop.example:80",
        "https://shop.example:99999",
        "https://user@shop.example",
        "https://shop.example https://b.example",
        "https://" + "a" * 300,
    ],
)
def test_an_origin_that_no_browser_sends_is_refused(run: Run, origin: str) -> None:
    """It would never equal a page's, and nobody would see why the page is refused."""
    line = told(run, "apps", "create", "shop", "--origin", origin)
    assert "is not an origin as browsers send it, such as https://shop.example" in line
    assert json.loads(run("apps", "list", "--json").stdout) == []


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (("apps", "create", "shop"), "there is an application named 'shop' already"),
        (("apps", "create", " "), "an application's name has 1 to 64 printable characters"),
        (("apps", "create", "x", "--brand", "b" * 25), "a brand has 1 to 24 printable characters"),
        (("apps", "keys", "list", "nobody"), "there is no application 'nobody'"),
        (("pool", "list", "--app", "nobody"), "there is no application 'nobody'"),
        ((*POOL, "02079460000"), "'02079460000' is not a number or a range"),
        ((*POOL, "+442079460009-+442079460000"), "both ends need the same length, in order"),
        (("pool", "health", "+442079460000", "--app", "shop"), "--good or --bad"),
        (("pool", "health", "+442079460000", "--app", "shop", "--bad"), "the pool has no such number"),
        (("pool", "sync", "twilio", "--app", "shop"), "the carrier 'twilio' is not configured"),
        (("pool", "sync", "simulated", "--app", "shop"), "cannot list its numbers"),
        (("apps", "webhook", "show", "shop"), "has no webhook; give it one with: apps webhook set"),
        (("apps", "hook", "show", "shop"), "has no hook; give it one with: apps hook set"),
        (("apps", "policy", "remove", "shop", "ttl"), "has no rule of its own for 'ttl'"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    run: Run, shop: dict[str, str], command: tuple[str, ...], line: str
) -> None:
    assert line in told(run, *command)


def test_numbers_and_ranges_are_added_taken_out_and_told_apart(run: Run, shop: dict[str, str]) -> None:
    added = run(*POOL, "+442079460000-+442079460003", "+44 20 7946 0009")
    assert added.stdout == "5 numbers added; the pool of shop has 5.\n"
    assert added.stderr == ""
    assert run(*POOL, "+442079460003").stdout == "0 numbers added; the pool of shop has 5.\n"
    assert run("pool", "remove", "+442079460001-+442079460002", "--app", "shop").exit_code == 0
    assert run("pool", "health", "+442079460003", "--app", "shop", "--bad").exit_code == 0
    assert pool_of(run) == {"+442079460000": True, "+442079460003": False, "+442079460009": True}
    assert run("pool", "health", "+442079460003", "--app", "shop", "--good").exit_code == 0
    assert all(pool_of(run).values())


def test_a_file_is_added_whole_or_not_at_all(run: Run, shop: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "numbers.txt"
    file.write_text("# Our own\n+442079460000\n\n+442079460001-+442079460002 # and two more\nabc\n")
    assert "'abc' is not a number or a range" in told(run, "pool", "import", str(file), "--app", "shop")
    assert pool_of(run) == {}
    file.write_text(file.read_text().removesuffix("abc\n"))
    assert run("pool", "import", str(file), "--app", "shop").exit_code == 0
    assert len(pool_of(run)) == 3
    for content, line in ((b"\xff\xfe", "is not a text file in UTF-8"), (b"# none\n", "holds no numbers")):
        file.write_bytes(content)
        assert line in told(run, "pool", "import", str(file), "--app", "shop")


def test_a_rule_may_be_named_like_the_setting_of_the_server(run: Run, shop: dict[str, str]) -> None:
    for name in ("ttl", "TTL", "RINGPROOF_TTL"):
        assert run("apps", "policy", "set", "shop", name, "120").exit_code == 0
    assert json.loads(run("apps", "policy", "show", "shop", "--json").stdout) == {"ttl": "120"}
    assert run("apps", "policy", "remove", "shop", "RINGPROOF_TTL").exit_code == 0
    assert json.loads(run("apps", "policy", "show", "shop", "--json").stdout) == {}


def test_wrong_settings_of_a_carrier_are_told_by_where_they_are_set(run: Run) -> None:
    result = run("carriers", "list", CARRIERS="twilio", TWILIO_AUTH_TOKEN="short", TWILIO_COLOUR="x")
    assert result.exit_code == 2
    assert "the settings RINGPROOF_TWILIO_… of the carrier 'twilio' are wrong" in result.stderr
    for part in ("account_sid must be set", "auth_token is not", "colour is unknown"):
        assert part in result.stderr
    assert "short" not in result.stderr


def test_a_new_signing_key_stands_beside_the_old_one(run: Run) -> None:
    first, second = (run("keys", "rotate").stdout for _ in range(2))
    assert "once every process has published it" in first
    assert first != second


def test_the_signing_keys_are_listed_with_their_times(run: Run) -> None:
    """When each was published, from when until when it signs, until when it stays; the newest first."""
    assert json.loads(run("keys", "list", "--json").stdout) == []
    assert run("keys", "rotate").exit_code == 0
    new, old = json.loads(run("keys", "list", "--json").stdout)
    assert old["signs_from"] == old["published_at"]
    assert new["signs_from"] == old["signs_until"]
    assert seconds(new["published_at"], new["signs_from"]) == PUBLISH_AHEAD.total_seconds()
    assert seconds(old["signs_until"], old["published_until"]) == KEPT_AFTER.total_seconds()
    assert (new["signs_until"], new["published_until"]) == (None, None)
    for key in (new, old):
        assert key["kid"] in run("keys", "list").stdout


def test_a_list_of_signing_keys_shows_nothing_that_signs_or_checks(run: Run, tmp_path: Path) -> None:
    """Five columns, none of them key material; the public halves are where verifiers look for them."""
    run("keys", "rotate")
    node = compose(Settings.from_environ(environment_in(tmp_path)))
    stored = node.storage.read(lambda session: session.signing_keys.listing())
    node.storage.close()
    rows = json.loads(run("keys", "list", "--json").stdout)
    assert [key.kid for key in stored] == [row["kid"] for row in rows]
    assert {name for row in rows for name in row} == {
        "kid",
        "published_at",
        "signs_from",
        "signs_until",
        "published_until",
    }
    printed = run("keys", "list").stdout + json.dumps(rows)
    for raw in (part for key in stored for part in (key.sealed, key.public)):
        for spelled in (raw.hex(), base64url(raw), b64encode(raw).decode()):
            assert spelled not in printed


def seconds(begin: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()
