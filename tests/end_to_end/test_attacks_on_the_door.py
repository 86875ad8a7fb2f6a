"""Attackers at the door: forged callbacks, false addresses, oversized bodies, forbidden numbers."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ringproof_server.carriers.simulated.callbacks import SIGNATURE_HEADER, NetworkEvent, encode, signed
from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Reason
from tests.support.api import (
    Api,
    Json,
    Started,
    call_evidence,
    has_ended,
    is_ringing,
    pkce,
    raw_exchange,
    start_body,
)
from tests.support.servers import GENEROUS, Server, Tenant, running

NUMBERS = (f"+1202555{index:04}" for index in range(100, 200))
CALLBACK = "/carriers/simulated/events"


@pytest.fixture(scope="module", name="tenant")
def _tenant(server: Server) -> Tenant:
    return server.tenant("door")


@pytest.fixture(name="api")
def _api(server: Server, tenant: Tenant) -> Iterator[Api]:
    client = Api(server.url, tenant.publishable)
    yield client
    client.close()


def look(server: Server, statement: str, *values: Any) -> list[Any]:
    """Rows of the server's database."""
    file = server.settings.database_url.reveal().removeprefix("sqlite:///")
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(statement, values).fetchall()


# --- callbacks


def network_key(server: Server) -> bytes:
    """What the simulated network signs with; whoever has it may say anything."""
    with server.node() as node:
        return node.parts.seals.digest("simulated-carrier", "callbacks")


def an_end(server: Server, started: Started, key: str) -> str:
    """The body of an event that ends the attempt as unreachable, which would start the next step."""
    attempt_id = started.view["attempt"]["id"]
    ((remote_id,),) = look(server, "SELECT remote_id FROM attempts WHERE id = ?", attempt_id)
    with server.node() as node:
        reference = node.parts.seals.sign_reference(attempt_id)
    return encode(
        NetworkEvent(
            key=key,
            kind=AttemptEvent.END,
            reference=reference,
            remote_id=remote_id,
            reason=Reason.UNREACHABLE,
        )
    )


def test_only_a_rightly_signed_callback_changes_anything(server: Server, api: Api) -> None:
    """Unsigned, signed with another key, for another address or time, altered: 403 and no effect. The right
    one works once; its signature on another body does not."""
    started = api.start(next(NUMBERS), channels=["flashcall"])
    api.wait_for(started.number, is_ringing)
    key, body = network_key(server), an_end(server, started, "forged-1")
    address, now = server.url + CALLBACK, int(time.time() * 1_000_000)
    right = signed(key, address, body, now).headers[SIGNATURE_HEADER]
    forged = {
        "": body,
        "t=1,v1=" + "0" * 64: body,
        signed(b"another key", address, body, now).headers[SIGNATURE_HEADER]: body,
        signed(key, "http://evil.example" + CALLBACK, body, now).headers[SIGNATURE_HEADER]: body,
        signed(key, address + "?", body, now).headers[SIGNATURE_HEADER]: body,
        signed(key, address, body, now - 400_000_000).headers[SIGNATURE_HEADER]: body,
        signed(key, address, body, now + 400_000_000).headers[SIGNATURE_HEADER]: body,
        right.upper(): body,
        right: body.replace("unreachable", "busy"),
        right + " ": body + " ",
    }
    for signature, sent in forged.items():
        answer = api.post(
            CALLBACK, sent.encode(), {SIGNATURE_HEADER: signature, "Host": "evil.example"}, key=""
        )
        assert (answer.status, answer.problem) == (403, "forbidden"), signature
    assert _state(server, started) == "ringing"
    for _ in range(2):
        assert api.post(CALLBACK, body.encode(), {SIGNATURE_HEADER: right}).status == 204
    assert _state(server, started) == "ended"
    other = an_end(server, started, "forged-2")
    assert api.post(CALLBACK, other.encode(), {SIGNATURE_HEADER: right}).status == 403
    seen = look(server, "SELECT event_key FROM seen_events WHERE event_key LIKE 'forged%'")
    assert seen == [("forged-1",)]


def _state(server: Server, started: Started) -> str:
    ((state,),) = look(server, "SELECT state FROM attempts WHERE id = ?", started.view["attempt"]["id"])
    return str(state)


def test_carriers_that_do_not_exist_take_no_callbacks(api: Api) -> None:
    for name in ("twilio", "restcomm", "simulatedx", "none"):
        assert api.post(f"/carriers/{name}/events", b"{}").status in {403, 404}


def test_a_spoken_document_needs_its_own_secret_address(server: Server, api: Api) -> None:
    """Every altered reference is unknown, by GET and by POST."""
    started = api.start(next(NUMBERS), channels=["flashcall"])
    api.wait_for(started.number, is_ringing)
    attempt_id = started.view["attempt"]["id"]
    with server.node() as node:
        reference = node.parts.seals.sign_reference(attempt_id)
    assert api.get(f"/rcml/{reference}").status == 200
    changed = ("B" if reference[-1] == "A" else "A", "B" if reference[0] == "A" else "A")
    for forged in (
        attempt_id,
        reference[:-1] + changed[0],
        changed[1] + reference[1:],
        reference[:-1],
        reference + "A",
        reference.upper(),
        "A" * len(reference),
    ):
        for method in ("GET", "POST"):
            answer = api.request(method, f"/rcml/{forged}")
            assert (answer.status, answer.problem) == (404, "not-found"), forged


# --- addresses


def test_no_header_says_who_we_are(server: Server, api: Api, tenant: Tenant) -> None:
    """Host and forwarding headers change no address that is given out, signed or called."""
    tricks = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "gopher",
        "X-Forwarded-Prefix": "/evil",
        "X-Original-URL": "/evil",
        "Forwarded": "host=evil.example;proto=gopher",
    }
    number = next(NUMBERS)
    answer = api.post("/v1/verifications", start_body(number, pkce()[1]), tricks)
    assert answer.status == 201
    everything = answer.body.decode() + str(dict(answer.headers))
    assert "evil" not in everything
    assert answer.headers["location"] == f"/v1/verifications/{answer.json()['id']}"
    for path in ("/openapi.json", "/.well-known/jwks.json", "/readyz", "/", "/nowhere", "/docs"):
        told = api.get(path, tricks)
        assert "evil" not in told.body.decode() + str(dict(told.headers)), path
    assert server.url in api.get("/openapi.json", tricks).body.decode()
    api.wait_for(number, is_ringing)
    ((document, events),) = look(
        server, "SELECT document_url, events_url FROM simulated_calls WHERE number = ?", number
    )
    assert document.startswith(f"{server.url}/rcml/")
    assert events == server.url + CALLBACK


def test_a_foreign_page_cannot_use_the_api(server: Server, api: Api) -> None:
    """Over the wire: no permission in the preflight, 403 and no permission in the request."""
    origin = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for sent in (origin, {**origin, "Origin": "null"}, {**origin, "Origin": f"{server.url}.evil.example"}):
        preflight = api.request("OPTIONS", "/v1/verifications", None, sent)
        request = api.post(
            "/v1/verifications", start_body(next(NUMBERS), pkce()[1]), {"Origin": sent["Origin"]}
        )
        assert request.problem == "forbidden"
        for answer in (preflight, request):
            assert "access-control-allow-origin" not in answer.headers
            assert "access-control-allow-credentials" not in answer.headers


# --- bodies


def test_a_body_is_bounded_however_it_is_sent(server: Server, tenant: Tenant, api: Api) -> None:
    """Announced, unannounced (chunked) and falsely announced: refused, and the server goes on."""
    head = (
        "POST /v1/verifications HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {tenant.publishable}\r\nConnection: close\r\n"
    )
    large = b"[" + b" " * 300_000 + b"]"
    chunks = b"".join(
        f"{len(part):x}\r\n".encode() + part + b"\r\n"
        for part in (large[start : start + 10_000] for start in range(0, len(large), 10_000))
    )
    sent: dict[str, tuple[bytes, set[bytes]]] = {
        "announced": (f"{head}Content-Length: {len(large)}\r\n\r\n".encode() + large, {b"413"}),
        "chunked": (f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks + b"0\r\n\r\n", {b"413"}),
        "both": (
            f"{head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
            + b"2\r\n{}\r\n0\r\n\r\n",
            {b"400"},
        ),
        "twice": (f"{head}Content-Length: 2\r\nContent-Length: 9\r\n\r\n".encode() + b"{}", {b"400"}),
        "negative": (f"{head}Content-Length: -1\r\n\r\n".encode() + b"{}", {b"400"}),
        "absurd": (f"{head}Content-Length: {10**30}\r\n\r\n".encode() + b"{}", {b"400", b"413"}),
        "header": (f"{head}X-Large: {'a' * 500_000}\r\n\r\n".encode(), {b"400", b"431", b""}),
    }
    for how, (request, statuses) in sent.items():
        received = _exchange(server.port, request)
        assert received[9:12] in statuses, (how, received[:200])
    assert api.get("/livez").status == 200


def _exchange(port: int, request: bytes) -> bytes:
    try:
        return raw_exchange(port, request)
    except (ConnectionResetError, BrokenPipeError):
        return b""


def test_repeating_a_key_for_another_request_is_a_conflict(api: Api) -> None:
    """An idempotency key belongs to one body, one path and one caller."""
    started = api.start(next(NUMBERS), channels=["flashcall"])
    key = {"Idempotency-Key": "a-key-that-is-used-twice"}
    left = [
        api.confirm(started, call_evidence("+442079460000"), headers=key).json()["checks_left"]
        for _ in range(3)
    ]
    assert left == [started.view["checks_left"] - 1] * 3
    assert api.confirm(started, call_evidence("+442079460001"), headers=key).problem == "idempotency-conflict"
    other = api.start(next(NUMBERS), channels=["flashcall"])
    assert api.confirm(other, call_evidence("+442079460000"), headers=key).problem == "idempotency-conflict"


# --- numbers


@pytest.mark.parametrize(
    ("number", "problems"),
    [
        ("+449098790000", {"number-not-allowed"}),
        ("+19005550143", {"number-not-allowed"}),
        ("+18005550143", {"number-not-allowed"}),
        ("+33899123456", {"number-not-allowed"}),
        ("+4915", {"invalid-phone-number"}),
        ("112", {"invalid-phone-number"}),
        ("999", {"invalid-phone-number"}),
        ("+99912345678", {"invalid-phone-number"}),
        ("+447700900123;ext=5", {"invalid-phone-number"}),
        ("+447700900123,,1", {"invalid-phone-number"}),
        ("sip:a@b.example", {"invalid-phone-number"}),
        ("+++", {"invalid-phone-number"}),
    ],
)
def test_what_must_not_be_rung_is_not_rung(api: Api, number: str, problems: set[str]) -> None:
    """Premium, toll-free and emergency numbers, and what is no number; nothing is repeated in the answer."""
    answer = api.post("/v1/verifications", start_body(number, pkce()[1]))
    assert answer.problem in problems
    assert number.strip("+").encode() not in answer.body or len(number) < 6


def test_where_virtual_phones_are_not_enabled_there_are_none(tmp_path: Path) -> None:
    """Fictitious numbers are refused, and no handset shows or does anything, without a word about why."""
    settings = {**GENEROUS, "RINGPROOF_FICTITIOUS_NUMBERS": "off"}
    with running(Server(tmp_path, settings=settings)) as server:
        api = Api(server.url, server.tenant().publishable)
        number = "+447700900123"
        assert api.post("/v1/verifications", start_body(number, pkce()[1])).problem == "number-not-allowed"
        for method, end, body in _handset_requests():
            answer = api.request(method, f"/handset/{number}/{end}", body)
            assert (answer.status, answer.problem) == (404, "not-found")


def test_real_numbers_have_no_handset(api: Api) -> None:
    """Nor do those beside the fictitious ranges, in whatever spelling."""
    for number in ("+447400123456", "+447700901000", "+12025550200", "+33639990000", "0447700900123"):
        for method, end, body in _handset_requests():
            assert api.request(method, f"/handset/{number}/{end}", body).status == 404, number


def _handset_requests() -> list[tuple[str, str, Json | None]]:
    return [
        ("GET", "events", None),
        ("POST", "behaviour", {"behaviour": "answer"}),
        ("POST", "keys", {"digits": "1"}),
    ]


# --- what is secret


def test_the_number_that_calls_is_told_to_nobody_but_the_phone(
    server: Server, api: Api, tenant: Tenant
) -> None:
    """Not in any answer, not in the log, not in the metrics, not even to the back end."""
    started = api.start(next(NUMBERS), channels=["flashcall"])
    caller_id = api.wait_for(started.number, has_ended)["caller_id"]
    wrong = api.confirm(started, call_evidence("+442079460000"))
    path = f"/v1/verifications/{started.id}"
    answers = [
        json.dumps(started.view).encode(),
        wrong.body,
        api.read(started).body,
        api.get(path, key=tenant.secret).body,
        api.get("/metrics").body,
        api.get("/readyz").body,
        server.log.encode(),
    ]
    for told in answers:
        assert caller_id.strip("+").encode() not in told
        assert caller_id[-7:].encode() not in told
