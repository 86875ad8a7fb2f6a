"""The back end that the documentation shows, run as it stands there, beside a real server."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask
from werkzeug.serving import make_server

from tests.support.api import Answer, Api, code_evidence, code_in, is_message
from tests.support.ports import free_port
from tests.support.servers import GENEROUS, Server, Tenant, running
from tests.support.waiting import wait_until

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
NUMBER: Final = "+447700900123"


class Site:
    """A server, an application of it, and the documentation's back end."""

    def __init__(self, server: Server, tenant: Tenant, url: str, example: dict[str, Any]) -> None:
        self.server = server
        self.api = Api(server.url, tenant.secret)
        self.back_end = Api(url)
        self.example = example

    def start(self, number: str = NUMBER, **more: Any) -> Answer:
        return self.api.request("POST", "/v1/verifications", {"phone_number": number, **more})

    def verify(self, number: str, reference: str) -> str:
        """Verify a number by the code that its virtual phone shows; the token."""
        started = self.start(number, channels=["sms"], reference=reference).json()
        message = self.api.wait_for(number, is_message)
        body = {"evidence": code_evidence(code_in(message["text"]))}
        answer = self.api.request("POST", f"/v1/verifications/{started['id']}/confirm", body)
        return str(answer.json()["token"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    settings = {
        **GENEROUS,
        "RINGPROOF_WEBHOOK_PRIVATE_ADDRESSES": "on",
        "RINGPROOF_SIMULATED_MESSAGE_MS": "50-100",
    }
    server = Server(tmp_path_factory.mktemp("documented"), settings=settings)
    server.prepare()
    tenant = server.tenant()
    url = f"http://127.0.0.1:{free_port()}"
    with server.node() as node:
        events = node.endpoints.set_webhook(tenant.id, f"{url}/ringproof/events")
        decide = node.endpoints.set_hook(tenant.id, f"{url}/ringproof/decide", timeout=2.0)
    environment = {
        "VERIFY_URL": server.url,
        "VERIFY_APPLICATION": tenant.id,
        "VERIFY_EVENTS_SECRET": str(events),
        "VERIFY_HOOK_SECRET": str(decide),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        example = documented()
    with serving(example["app"], url), running(server):
        yield Site(server, tenant, url, example)


def documented() -> dict[str, Any]:
    """What the only piece of Python on the page defines."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    example: dict[str, Any] = {"__name__": "documented"}
    exec(compile(code, str(PAGE), "exec"), example)
    return example


@contextmanager
def serving(app: Flask, url: str) -> Iterator[None]:
    http = make_server("127.0.0.1", int(url.rpartition(":")[2]), app, threaded=True)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        http.shutdown()
        http.server_close()
        thread.join(10)


def test_it_lets_in_whoever_brings_a_token_once(site: Site) -> None:
    token = site.verify(NUMBER, "signup-42")
    answers = [site.back_end.request("POST", "/login", {"token": token}) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 409]
    assert answers[0].json() == {"welcome": "signup-42", "channel": "sms"}
    forged = site.back_end.request("POST", "/login", {"token": token[:-4] + "AAAA"})
    assert forged.status == 401


def test_it_learns_the_number_from_the_event_alone(site: Site) -> None:
    site.verify("+447700900126", "signup-43")
    wait_until(lambda: "signup-43" in site.example["phones"])
    assert site.example["phones"]["signup-43"] == "+447700900126"
    strange = site.back_end.request(
        "POST", "/ringproof/events", {"type": "verification.verified", "data": {}}
    )
    assert strange.status == 401


def test_it_decides_who_is_verified_and_how(site: Site) -> None:
    site.example["SERVED"].discard("FR")
    denied = site.start("+33639980123", reference="signup-44")
    assert (denied.status, denied.problem) == (403, "forbidden")
    narrowed = site.start("+447700900124").json()
    assert narrowed["attempt"]["channel"] == "sms"
    assert narrowed["expires_in"] <= 120
    wide = site.start("+447700900125", reference="signup-45").json()
    assert wide["attempt"]["channel"] == "flashcall"
    strange = site.back_end.request("POST", "/ringproof/decide", {"type": "verification.requested"})
    assert strange.status == 401
