"""A server process whose only carrier is a fake Restcomm, and what a test sees on both sides of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from tests.support import leaks
from tests.support.api import code_in
from tests.support.carrier_site import CarrierSite
from tests.support.restcomm_fake import ACCOUNT_SID, AUTH_TOKEN, SMS_FROM, FakeCall, FakeMessage
from tests.support.restcomm_fake_http import RestcommServer, restcomm_server
from tests.support.servers import GENEROUS, POOL, Server, running
from tests.support.waiting import soon


@dataclass(frozen=True)
class RestcommSite(CarrierSite):
    """A server whose only carrier is the fake Restcomm."""

    restcomm: RestcommServer

    def call_to(self, number: str) -> FakeCall:
        """The only call to this number, as soon as there is one; its secrets may be in no output."""
        account = self.restcomm.account
        call = soon(lambda: next((item for item in list(account.calls.values()) if item.to == number), None))
        _register(call.form["StatusCallback"])
        return call

    def message_to(self, number: str) -> FakeMessage:
        account = self.restcomm.account
        message = soon(
            lambda: next((item for item in list(account.messages.values()) if item.to == number), None)
        )
        _register(message.form["StatusCallback"])
        leaks.secret(code_in(message.body), "code")
        return message


@contextmanager
def restcomm_site(
    folder: Path, *, settings: Mapping[str, str] | None = None, pool: Sequence[str] = (POOL,)
) -> Iterator[RestcommSite]:
    """Running, with one application; at the end Restcomm must have had nothing to complain of."""
    with restcomm_server(lively=True) as restcomm:
        given = {
            **GENEROUS,
            "RINGPROOF_CARRIERS": "restcomm",
            "RINGPROOF_RESTCOMM_BASE_URL": restcomm.url,
            "RINGPROOF_RESTCOMM_ACCOUNT_SID": ACCOUNT_SID,
            "RINGPROOF_RESTCOMM_AUTH_TOKEN": AUTH_TOKEN,
            "RINGPROOF_RESTCOMM_SMS_FROM": SMS_FROM,
            "RINGPROOF_RING_SECONDS": "1.0,1.5",
            # Every library may say what it wants: the search for secrets reads it.
            "RINGPROOF_LOG_LEVEL": "debug",
            **(settings or {}),
        }
        with running(Server(folder, settings=given)) as server:
            yield RestcommSite(server, server.tenant(pool=pool), restcomm)
            assert restcomm.complaints == []


def _register(address: str) -> None:
    """The secrets of an address for callbacks."""
    query = dict(parse_qsl(urlsplit(address).query))
    for secret in (query["proof"], query["parties"], query["reference"].rpartition(".")[2]):
        leaks.secret(secret, "password")
