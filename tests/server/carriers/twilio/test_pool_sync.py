"""`pool sync`: the pool gets what the carrier's account owns, and loses nothing unless it is told to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.server.carriers.twilio.far_side import SID, TOKEN
from tests.support import leaks
from tests.support.servers import Server
from tests.support.twilio_fake import Account, FakeTwilio

OWNED = tuple(f"+4420718{number:05}" for number in range(38_750, 38_760))
FOREIGN = "+442071838999"
SILENT = "+447480000001"


@dataclass(frozen=True)
class Desk:
    """An operator's terminal beside a database and an account."""

    server: Server
    twilio: FakeTwilio

    def run(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        inherited = {name: text for name, text in os.environ.items() if not name.startswith("RINGPROOF_")}
        done = subprocess.run(
            [sys.executable, "-m", "ringproof_server", *words],
            env={**inherited, **self.server.environment, **settings},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        leaks.watch(done.stderr.replace(FOREIGN, ""), f"what {words[0]} {words[1]} says")
        assert TOKEN not in done.stdout + done.stderr
        return done

    def sync(self, *words: str) -> dict[str, int]:
        done = self.run("pool", "sync", "twilio", "--app", "shop", "--json", *words)
        assert done.returncode == 0, done.stderr
        found: dict[str, int] = json.loads(done.stdout)
        return found

    def pool(self) -> set[str]:
        done = self.run("pool", "list", "--app", "shop", "--json")
        return {item["number"] for item in json.loads(done.stdout)}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    leaks.secret(TOKEN, "password")
    account = Account(sid=SID, token=TOKEN, numbers=OWNED, silent_numbers=(SILENT,))
    twilio = FakeTwilio(account)
    settings = {
        "RINGPROOF_CARRIERS": "twilio,simulated",
        "RINGPROOF_TWILIO_ACCOUNT_SID": SID,
        "RINGPROOF_TWILIO_AUTH_TOKEN": TOKEN,
        "RINGPROOF_TWILIO_BASE_URL": twilio.url,
    }
    server = Server(tmp_path_factory.mktemp("desk"), settings=settings)
    server.prepare()
    server.tenant("shop", pool=[FOREIGN])
    try:
        yield Desk(server, twilio)
    finally:
        twilio.stop()


def test_a_pool_follows_the_account(desk: Desk) -> None:
    """New numbers are added, again changes nothing, and what is not owned stays until it is to go."""
    first = {"owned": 10, "added": 10, "removed": 0, "not_owned": 1, "size": 11}
    assert desk.sync() == first
    assert desk.pool() == {*OWNED, FOREIGN}
    assert desk.sync() == {**first, "added": 0}
    assert desk.sync("--remove") == {"owned": 10, "added": 0, "removed": 1, "not_owned": 0, "size": 10}
    assert desk.pool() == set(OWNED)


def test_people_get_a_table_and_a_hint(desk: Desk) -> None:
    """The counts, and how to take out what is left over."""
    desk.run("pool", "add", FOREIGN, "--app", "shop")
    done = desk.run("pool", "sync", "twilio", "--app", "shop")
    assert done.returncode == 0
    assert "in the pool of shop" in done.stdout
    assert "--remove takes them out" in done.stderr


@pytest.mark.parametrize(
    ("carrier", "line"),
    [
        ("simulated", "cannot list its numbers"),
        ("vonage", "is not configured; configured are: twilio, simulated"),
    ],
)
def test_a_carrier_without_numbers_is_refused_in_one_line(desk: Desk, carrier: str, line: str) -> None:
    done = desk.run("pool", "sync", carrier, "--app", "shop")
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert line in done.stderr


def test_numbers_that_cannot_be_read_change_nothing(desk: Desk) -> None:
    """Wrong credentials, or Twilio away: one line, and the pool is as it was."""
    before = desk.pool()
    desk.twilio.faults.credentials = True
    try:
        done = desk.run("pool", "sync", "twilio", "--app", "shop", "--remove")
    finally:
        desk.twilio.faults.credentials = False
    assert done.returncode == 2
    assert "20003" in done.stderr
    assert desk.pool() == before


def test_an_account_that_owns_nothing_does_not_empty_the_pool(desk: Desk) -> None:
    """Whoever means that says so with `pool remove`."""
    before = desk.pool()
    desk.twilio.account.numbers = ()
    try:
        done = desk.run("pool", "sync", "twilio", "--app", "shop", "--remove")
    finally:
        desk.twilio.account.numbers = OWNED
    assert done.returncode == 2
    assert "owns no numbers" in done.stderr
    assert desk.pool() == before
