"""An operator changes which web sites may use a server while it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.api import Api
from tests.support.servers import GENEROUS, Server, Tenant, running

SITE, MOVED = "https://shop.example", "https://www.shop.example"
PATH = "/v1/verifications/vrf_of_nobody"
ALLOWED = "access-control-allow-origin"
PATIENCE = 60.0


@pytest.fixture
def server(tmp_path: Path, database: str) -> Iterator[Server]:
    with running(Server(tmp_path / "server", database_url=database, settings=GENEROUS)) as started:
        yield started


def test_a_site_that_moves_is_let_in_and_its_old_place_shut_out(server: Server) -> None:
    """No restart: the answers to a preflight and to a request change by themselves, and both together."""
    tenant = server.tenant("shop", origins=(SITE,))
    until(server, tenant, {SITE: True, MOVED: False})
    operate(server, "add", "shop", MOVED)
    until(server, tenant, {SITE: True, MOVED: True})
    operate(server, "remove", "shop", SITE)
    until(server, tenant, {SITE: False, MOVED: True})
    assert json.loads(operate(server, "show", "shop", "--json")) == {"origins": [MOVED]}


def operate(server: Server, *words: str) -> str:
    """What `apps origins` with these words prints, run beside the server as an operator does."""
    return subprocess.run(
        [sys.executable, "-m", "ringproof_server", "apps", "origins", *words],
        env={**os.environ, **server.environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def until(server: Server, tenant: Tenant, wanted: dict[str, bool]) -> None:
    """Wait until pages of exactly these origins may use the server."""
    give_up = time.monotonic() + PATIENCE
    with closing(Api(server.url)) as api:
        while (found := {site: is_let_in(api, tenant, site) for site in wanted}) != wanted:
            assert time.monotonic() < give_up, found
            time.sleep(0.2)


def is_let_in(api: Api, tenant: Tenant, origin: str) -> bool | None:
    """What a page of this origin gets; None while its preflight and its request do not agree yet."""
    asked = api.request("OPTIONS", PATH, None, {"Origin": origin, "Access-Control-Request-Method": "GET"})
    answer = api.get(PATH, {"Origin": origin}, key=tenant.publishable)
    let_in = answer.headers.get(ALLOWED) == origin
    assert let_in is not (answer.problem == "forbidden")
    return let_in if (asked.headers.get(ALLOWED) == origin) is let_in else None
