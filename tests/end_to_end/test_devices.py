"""Devices over a real server: an authenticator and a browser, enrolled once, prove the number later."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import jwt
import pytest

from ringproof_server.domain import totp
from tests.support import leaks
from tests.support.api import Api, Json, Started, code_evidence, code_in, is_message
from tests.support.push_service import SUBJECT, PushService, running_push_service
from tests.support.servers import GENEROUS, Server, Tenant, running
from tests.support.waiting import wait_until

SHOP = "https://shop.example"


@dataclass(frozen=True)
class Site:
    """A server that sends push messages, beside the simulated network."""

    server: Server
    tenant: Tenant
    service: PushService

    @property
    def api(self) -> Api:
        return Api(self.server.url, self.tenant.publishable)

    @property
    def back_end(self) -> Api:
        return Api(self.server.url, self.tenant.secret)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    settings = {
        **GENEROUS,
        "RINGPROOF_CARRIERS": "simulated,webpush",
        "RINGPROOF_WEBPUSH_SUBJECT": SUBJECT,
        "RINGPROOF_WEBPUSH_PRIVATE_ADDRESSES": "on",
    }
    server = Server(tmp_path_factory.mktemp("devices"), settings=settings)
    with running_push_service() as service, running(server):
        yield Site(server, server.tenant(origins=[SHOP]), service)


def verified(site: Site, number: str) -> Started:
    """A verification that was proved by the code of an SMS."""
    started = site.api.start(number, channels=["sms"])
    event = site.api.wait_for(number, is_message)
    answer = site.api.confirm(started, code_evidence(code_in(event["text"])))
    assert answer.json()["status"] == "verified"
    return started


def enrol(site: Site, started: Started, **fields: object) -> Json:
    body = {"challenge": started.challenge, "code_verifier": started.verifier, **fields}
    answer = site.api.post(f"/v1/verifications/{started.id}/devices", body)
    assert answer.status == 201, answer
    return answer.json()


def channel_of(site: Site, token: str) -> list[str]:
    """What a token says about how the number was proved, after its signature was checked."""
    keys = jwt.PyJWKClient(f"{site.server.url}/.well-known/jwks.json")
    key = keys.get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key, algorithms=["EdDSA"], audience=site.tenant.id)
    amr: list[str] = claims["amr"]
    return amr


def test_an_authenticator_proves_the_number_and_no_code_twice(site: Site) -> None:
    number = "+447700900311"
    view = enrol(site, verified(site, number), kind="totp", label="Phone")
    step = totp.step_at(datetime.now(UTC))
    code = totp.code_at(base64.b32decode(view["secret"]), step)
    evidence = {"channel": "totp", "code": code}
    first, second = (site.api.start(number, channels=["totp"]) for _ in range(2))
    proved = site.api.confirm(first, evidence).json()
    assert channel_of(site, proved["token"]) == ["totp"]
    assert site.api.confirm(second, evidence).json()["result"] == "mismatch"
    assert len([event for event in site.api.phone_events(number) if is_message(event)]) == 1


def test_a_browser_gets_the_code_and_proves_the_number(site: Site) -> None:
    number = "+447700900312"
    browser = site.service.browser()
    key = site.api.get("/v1/push-key", {"Origin": SHOP}).json()["key"]
    enrol(site, verified(site, number), kind="push", subscription=browser.as_json)
    started = site.api.start(number, channels=["push"])
    wait_until(lambda: len(browser.received) == 1)
    code = browser.received[0].said["code"]
    leaks.secret(code, "code")
    proved = site.api.confirm(started, {"channel": "push", "code": code}).json()
    assert channel_of(site, proved["token"]) == ["push"]
    assert site.service.keys == {key}
    assert site.service.refused == []


def test_a_browser_that_is_gone_is_forgotten_and_the_sms_comes(site: Site) -> None:
    number = "+447700900313"
    browser = site.service.browser()
    browser.status = 410
    enrol(site, verified(site, number), kind="push", subscription=browser.as_json)
    answer = site.back_end.post("/v1/verifications", {"phone_number": number, "channels": ["push", "sms"]})
    assert answer.status == 201
    wait_until(lambda: len([event for event in site.api.phone_events(number) if is_message(event)]) == 2)
    query = f"/v1/devices?phone_number=%2B{number[1:]}"
    assert site.back_end.get(query).json() == {"devices": []}


def test_a_page_of_the_application_may_enrol_and_ask_for_the_key(site: Site) -> None:
    """Its browser asks first whether it may (CORS)."""
    for path, method in (("/v1/push-key", "GET"), ("/v1/verifications/vrf_1/devices", "POST")):
        asked = {"Origin": SHOP, "Access-Control-Request-Method": method}
        answer = site.api.request("OPTIONS", path, None, asked)
        assert answer.status < 300
        assert answer.headers["access-control-allow-origin"] in {"*", SHOP}


def test_what_is_enrolled_outlives_the_server(site: Site) -> None:
    number = "+447700900314"
    view = enrol(site, verified(site, number), kind="totp")
    site.server.kill()
    site.server.start()
    started = site.api.start(number, channels=["totp"])
    code = totp.code_at(base64.b32decode(view["secret"]), totp.step_at(datetime.now(UTC)))
    assert site.api.confirm(started, {"channel": "totp", "code": code}).json()["status"] == "verified"
