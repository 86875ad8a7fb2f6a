"""Whoever follows the page about writing a carrier ends with one that works."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ringproof_server.ports import CallbackRequest
from tests.carrier_kit import package
from tests.support import leaks
from tests.support.api import Api, Started, call_evidence, code_evidence, code_in
from tests.support.servers import Server, running
from tests.support.waiting import wait_until

NUMBER = "+447400123456"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as the page leaves it."""
    found = tmp_path_factory.mktemp("ringproof-acme")
    package.write(found, package.files())
    package.install(found, found / "site")
    return found


@pytest.fixture
def acme(folder: Path) -> Iterator[Any]:
    """The page's stand-in for the vendor, running, with what its module says."""
    names: dict[str, Any] = {}
    source = (folder / "tests" / "fake_acme.py").read_text()
    exec(compile(source, "fake_acme.py", "exec"), names)
    leaks.secrets((names["TOKEN"], names["SIGNING_SECRET"]), "key")
    running_acme = names["FakeAcme"]()
    yield SimpleNamespace(fake=running_acme, token=names["TOKEN"], signing_secret=names["SIGNING_SECRET"])
    running_acme.close()


@pytest.fixture
def server(folder: Path, acme: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server for which the package is installed, set as the page says; this process knows it too."""
    path = package.search_path(folder, folder / "site")
    for place in path.split(os.pathsep):
        monkeypatch.syspath_prepend(place)
    settings = {
        "RINGPROOF_CARRIERS": "acme",
        "RINGPROOF_ACME_TOKEN": acme.token,
        "RINGPROOF_ACME_SIGNING_SECRET": acme.signing_secret,
        "RINGPROOF_ACME_BASE_URL": acme.fake.url,
    }
    found = Server(tmp_path, settings=settings)
    found.environment["PYTHONPATH"] = path
    with running(found):
        yield found
    for name in [name for name in sys.modules if name.partition(".")[0] == "ringproof_acme"]:
        del sys.modules[name]


def test_the_page_shows_every_file_of_its_tree() -> None:
    """Nothing has to be guessed, and nothing is shown that has no place."""
    tree = re.findall(r"── (\S+\.\w+)", package.PAGE.read_text())
    assert sorted(Path(name).name for name in package.files()) == sorted(tree)


def test_the_contract_passes_as_the_page_shows_it(folder: Path) -> None:
    """Every promise is tested, and none skips."""
    ran = package.run_pytest(folder, package.search_path(folder, folder / "site"), "-q")
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    passed = re.search(r"^(\d+) passed in", ran.stdout, re.MULTILINE)
    assert passed is not None, ran.stdout[-2000:]
    assert int(passed[1]) >= 30


def test_the_pages_commands_show_the_carrier_and_ask_it(server: Server) -> None:
    """What an operator types to see whether it is installed and works."""
    commands = re.findall(r"^ringproof-server (carriers .+)$", package.PAGE.read_text(), re.MULTILINE)
    assert commands == ["carriers list", "carriers ping"]
    for command in commands:
        ran = subprocess.run(
            [sys.executable, "-m", "ringproof_server", *command.split(), "--json"],
            env={**os.environ, **server.environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        (row,) = [row for row in json.loads(ran.stdout) if row["name"] == "acme"]
        assert row.get("configured") or row.get("ok"), row


def test_a_number_is_verified_by_a_call_through_it(server: Server, acme: Any) -> None:
    """A real server, told by settings alone, rings through the package, believes its callbacks, hangs up."""
    api = Api(server.url, server.tenant().publishable)
    started = api.start(NUMBER, channels=["flashcall", "sms"])
    remote_id, order = _order(acme.fake)
    assert (order["kind"], order["to"]) == ("/calls", NUMBER)
    assert _tell(api, acme.fake.callback(remote_id, "ringing")) == 204
    answer = api.confirm(started, call_evidence(order["from"]))
    assert answer.json()["status"] == "verified"
    wait_until(lambda: acme.fake.up() == 0)


def test_a_code_reaches_the_person_through_it(server: Server, acme: Any) -> None:
    """A busy phone leads to a message, and its code is right."""
    api = Api(server.url, server.tenant().publishable)
    started = api.start(NUMBER, channels=["flashcall", "sms"])
    remote_id, _ = _order(acme.fake)
    forged = acme.fake.callback(remote_id, "busy")
    forged.headers["acme-signature"] = "0" * 64
    assert _tell(api, forged) == 403
    assert _tell(api, acme.fake.callback(remote_id, "busy")) == 204
    _, message = _order(acme.fake, count=2)
    assert message["kind"] == "/messages"
    answer = api.confirm(started, code_evidence(code_in(message["text"])))
    assert answer.json()["status"] == "verified"


def test_after_a_lost_answer_the_person_is_called_once(server: Server, acme: Any) -> None:
    """The server asks the package what became of the call, and goes on with it."""
    api = Api(server.url, server.tenant().publishable)
    acme.fake.lose_answer()
    started: Started = api.start(NUMBER, channels=["flashcall", "sms"])
    remote_id, order = _order(acme.fake)
    assert _tell(api, acme.fake.callback(remote_id, "ringing")) == 204
    assert api.confirm(started, call_evidence(order["from"])).json()["status"] == "verified"
    wait_until(lambda: acme.fake.up() == 0)
    assert acme.fake.taken() == 1


def _order(fake: Any, *, count: int = 1) -> tuple[str, dict[str, Any]]:
    """The newest of so many calls and messages that the vendor has taken."""
    wait_until(lambda: fake.taken() >= count)
    assert fake.taken() == count
    name = list(fake.orders)[-1]
    return name, fake.orders[name]


def _tell(api: Api, callback: CallbackRequest) -> int:
    """Post a callback to the server as the vendor does; the status of the answer."""
    return api.post(f"/carriers/acme/{callback.path}", callback.body, callback.headers).status
