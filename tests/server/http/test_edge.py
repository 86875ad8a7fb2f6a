"""Attacks on the edge: whatever is sent, the answer is a problem document that tells nothing."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
import structlog
from flask import Blueprint
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from ringproof_server.domain.errors import ServiceUnavailable
from tests.server.http.conftest import Door, MakeDoor
from tests.support.world import NUMBER

START = "/v1/verifications"


def is_problem(response: TestResponse, status: int, slug: str) -> dict[str, Any]:
    """Check that the answer is a problem document as the contract has it, and return it."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    problem: dict[str, Any] = json.loads(response.data)
    assert problem["type"] == f"/problems/{slug}"
    assert problem["status"] == status
    assert problem["instance"] == response.headers["X-Request-ID"]
    assert set(problem) <= {
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "retry_after",
        "verification",
        "errors",
    }
    return problem


def send(door: Door, body: bytes | str, content_type: str = "application/json") -> TestResponse:
    return door.post(START, data=body, content_type=content_type)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"\x00",
        b"\xff\xfe{}",
        b'\xef\xbb\xbf{"phone_number": "+447700900123"}',
        b'{"phone_number": "+447700900123"} {}',
        b"{'phone_number': 1}",
        b'{"phone_number": "\\ud800"}',
        b'{"phone_number": "\\x00"}',
        b'{"phone_number": NaN}',
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"phone_number": "' + b"\\" * 60_000,
    ],
)
def test_what_is_not_json_is_refused(common_door: Door, body: bytes) -> None:
    is_problem(send(common_door, body), 400, "invalid-request")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "phone_number"),
        ({"phone_number": None}, "phone_number"),
        ({"phone_number": 447700900123}, "phone_number"),
        ({"phone_number": ["+447700900123"]}, "phone_number"),
        ({"phone_number": ""}, "phone_number"),
        ({"phone_number": "+447700900123\n"}, "phone_number"),
        ({"phone_number": "+447700900123\x00"}, "phone_number"),
        ({"phone_number": "1" * 65}, "phone_number"),
        ({"phonenumber": NUMBER}, "phonenumber"),
        ({"phone_number": NUMBER, "Phone_Number": NUMBER}, "Phone_Number"),
        ({"phone_number": NUMBER, "__proto__": {}}, "__proto__"),
        ({"phone_number": NUMBER, "code_challenge": "short"}, "code_challenge"),
        ({"phone_number": NUMBER, "code_challenge": "=" * 43}, "code_challenge"),
        ({"phone_number": NUMBER, "code_challenge": "a" * 43 + "\n"}, "code_challenge"),
        ({"phone_number": NUMBER, "code_challenge_method": "plain"}, "code_challenge_method"),
        ({"phone_number": NUMBER, "channels": []}, "channels"),
        ({"phone_number": NUMBER, "channels": ["sms", "sms"]}, "channels"),
        ({"phone_number": NUMBER, "channels": ["pigeon"]}, "channels[0]"),
        ({"phone_number": NUMBER, "channels": ["sms"] * 50}, "channels"),
        ({"phone_number": NUMBER, "language": "../../etc/passwd"}, "language"),
        ({"phone_number": NUMBER, "language": "de\n"}, "language"),
        ({"phone_number": NUMBER, "reference": "a" * 129}, "reference"),
        ({"phone_number": NUMBER, "reference": "a\x00b"}, "reference"),
        ({"phone_number": NUMBER, "reference": "line\n"}, "reference"),
        ({"phone_number": NUMBER, "reference": ""}, "reference"),
        ({"phone_number": NUMBER, "nonce": 5}, "nonce"),
        ({"phone_number": NUMBER, "capabilities": {"caller_id": "yes"}}, "capabilities.caller_id"),
        ({"phone_number": NUMBER, "capabilities": {"caller_id": 1}}, "capabilities.caller_id"),
        ({"phone_number": NUMBER, "capabilities": {"sms_app_hash": "x"}}, "capabilities.sms_app_hash"),
        (
            {"phone_number": NUMBER, "capabilities": {"web_origin": "javascript:alert(1)"}},
            "capabilities.web_origin",
        ),
        ({"phone_number": NUMBER, "capabilities": {"web_origin": "https://a/b"}}, "capabilities.web_origin"),
        ({"phone_number": NUMBER, "transaction": {"amount": "1"}}, "transaction.currency"),
        (
            {"phone_number": NUMBER, "transaction": {"amount": "1e9", "currency": "EUR", "payee": "A"}},
            "transaction.amount",
        ),
        (
            {"phone_number": NUMBER, "transaction": {"amount": "1", "currency": "eur", "payee": "A"}},
            "transaction.currency",
        ),
        (
            {"phone_number": NUMBER, "transaction": {"amount": "1", "currency": "EUR", "payee": "A\rB"}},
            "transaction.payee",
        ),
        ([], "body"),
        ("text", "body"),
        (None, "body"),
    ],
)
def test_a_field_that_does_not_fit_is_named(common_door: Door, body: object, field: str) -> None:
    """And the message is short whatever was sent."""
    problem = is_problem(send(common_door, json.dumps(body)), 400, "invalid-request")
    (fault,) = problem["errors"]
    assert fault["field"] == field
    assert 0 < len(fault["message"]) <= 200


@pytest.mark.parametrize(
    ("evidence", "field"),
    [
        ({}, "evidence.channel"),
        ({"channel": "fax", "code": "1"}, "evidence.channel"),
        ({"channel": ["sms"]}, "evidence.channel"),
        ({"channel": "sms"}, "evidence.code"),
        ({"channel": "sms", "code": 123456}, "evidence.code"),
        ({"channel": "sms", "code": "1" * 65}, "evidence.code"),
        ({"channel": "sms", "code": "1", "caller_id": "+1"}, "evidence.caller_id"),
        ({"channel": "sms", "code": "1", "source": "dream"}, "evidence.source"),
        ({"channel": "flashcall", "caller_id": "+44", "last_digits": "1"}, "evidence.last_digits"),
        ({"channel": "flashcall", "caller_id": "1" * 129}, "evidence.caller_id"),
        ({"channel": "flashcall", "caller_id": "+44\x00"}, "evidence.caller_id"),
        ({"channel": "flashcall", "ring_ms": -1}, "evidence.ring_ms"),
        ({"channel": "flashcall", "ring_ms": 600_001}, "evidence.ring_ms"),
        ({"channel": "flashcall", "ring_ms": 10**400}, "evidence.ring_ms"),
        ({"channel": "flashcall", "ring_ms": 1.5}, "evidence.ring_ms"),
        ({"channel": "flashcall", "ring_ms": "5120"}, "evidence.ring_ms"),
        ({"channel": "flashcall", "ring_ms": True}, "evidence.ring_ms"),
        ({"channel": "flashcall", "quality": "perfect"}, "evidence.quality"),
    ],
)
def test_evidence_that_does_not_fit_is_named(door: Door, evidence: object, field: str) -> None:
    """And it costs no check."""
    started = door.start()
    response = door.confirm(started, evidence)
    assert is_problem(response, 400, "invalid-request")["errors"][0]["field"] == field
    view = door.get(f"{START}/{started.id}", key=door.secret).get_json()
    assert view["checks_left"] == started.view["checks_left"]


def test_the_last_of_two_equal_keys_counts_everywhere(door: Door) -> None:
    """One parser reads a body once, so no two parts of the server can disagree about it."""
    _, challenge = door.world.pkce()
    body = f'{{"phone_number":"+1","code_challenge":"{challenge}","phone_number":"{NUMBER}"}}'
    assert send(door, body).get_json()["phone_number"].endswith("0123")


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
    ],
)
def test_only_json_is_taken(common_door: Door, content_type: str) -> None:
    is_problem(send(common_door, '{"phone_number":"+447700900123"}', content_type), 415, "invalid-request")


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON", "application/json; charset=utf-8"]
)
def test_json_may_be_spelt_in_any_way(door: Door, content_type: str) -> None:
    _, challenge = door.world.pkce()
    body = json.dumps({"phone_number": NUMBER, "code_challenge": challenge})
    assert send(door, body, content_type).status_code == 201


def test_a_body_over_64_kib_is_too_large(common_door: Door) -> None:
    """On every route that takes one; exactly 64 KiB is read."""
    fits = json.dumps({"phone_number": NUMBER}) + " " * (65_536 - 33)
    assert len(fits) == 65_536
    assert send(common_door, fits).get_json().get("type") != "/problems/payload-too-large"
    names = {"name": "simulated", "number": NUMBER, "verification_id": "vrf_" + "0" * 26}
    posts = [
        rule.rule
        for rule in common_door.client.application.url_map.iter_rules()
        if "POST" in (rule.methods or ())
    ]
    assert len(posts) >= 12
    for rule in posts:
        path = re.sub(r"<(?:[^<>]*:)?(\w+)>", lambda found: names.get(found[1], "x"), rule)
        response = common_door.post(path, data=b"x" * 65_537, content_type="application/json")
        # Nothing that comes with the question for a spoken document is read.
        assert (response.status_code, path) == (404 if path == "/rcml/x" else 413, path)


class Drops:
    """A body that comes in small pieces, as from a slow network."""

    def __init__(self, body: bytes) -> None:
        self._body = io.BytesIO(body)

    def read(self, size: int = -1) -> bytes:
        return self._body.read(min(size, 1000))


@pytest.mark.parametrize(("spaces", "status"), [(0, 400), (65_536 - 2, 400), (65_536 - 1, 413), (10**6, 413)])
def test_a_body_in_chunks_is_bounded_too(common_door: Door, spaces: int, status: int) -> None:
    """Without a length it is read piece by piece, and never further than the bound."""
    stream = Drops(b"{}" + b" " * spaces)
    environ = {"wsgi.input": stream, "wsgi.input_terminated": True, "CONTENT_TYPE": "application/json"}
    response = common_door.post(START, environ_overrides=environ)
    is_problem(response, status, "invalid-request" if status == 400 else "payload-too-large")
    assert stream._body.tell() <= 65_537


@pytest.mark.parametrize("length", ["-1", "1e3", "９", "9" * 40, "2, 2", "0x10"])
def test_a_false_length_is_survived(common_door: Door, length: str) -> None:
    environ = {"CONTENT_LENGTH": length, "wsgi.input": io.BytesIO(b"{}"), "CONTENT_TYPE": "application/json"}
    assert common_door.post(START, environ_overrides=environ).status_code in {400, 413}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing",
        "/v1",
        "/v1/",
        "/v2/verifications",
        "/v1/verifications/",
        "/v1//verifications",
        "/v1/verifications/vrf_1/",
        "/v1/verifications/../livez",
        "/v1/verifications/%2e%2e/livez",
        "/v1/verifications/vrf_%00",
        "/v1/verifications/vrf_1%0a",
        "/v1/verifications/vrf_1'or'1",
        "/v1/verifications/app_1",
        "/v1/verifications/vrf_" + "a" * 65,
        "/V1/verifications/vrf_1",
        "/.well-known/jwks.json/",
        "/%ff%fe",
        "/rcml/",
        "/rcml/a/b",
    ],
)
def test_unknown_addresses_are_problems_too(common_door: Door, path: str) -> None:
    is_problem(common_door.get(path), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", START, {"GET", "HEAD", "OPTIONS", "POST"}),
        ("PATCH", f"{START}/vrf_1", {"DELETE", "GET", "HEAD", "OPTIONS"}),
        ("GET", f"{START}/vrf_1/confirm", {"OPTIONS", "POST"}),
        ("TRACE", "/livez", {"GET", "HEAD", "OPTIONS"}),
        ("BREW", "/livez", {"GET", "HEAD", "OPTIONS"}),
        ("POST", "/livez", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(
    common_door: Door, method: str, path: str, allowed: set[str]
) -> None:
    response = common_door.client.open(
        path, method=method, headers={"Authorization": f"Bearer {common_door.secret}"}
    )
    is_problem(response, 405, "invalid-request")
    assert set(response.headers["Allow"].split(", ")) == allowed


def test_a_request_id_is_repeated_when_it_is_harmless(common_door: Door) -> None:
    given = "checkout-7f3a.1_B"
    assert common_door.get("/livez", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize(
    "given",
    [
        "short",
        "a" * 65,
        "-leading-dash",
        "with space",
        "semi;colon",
        "<script>",
        "ü" * 10,
        "+447700900123",
        "",
    ],
)
def test_any_other_request_id_is_replaced(common_door: Door, given: str) -> None:
    answered = common_door.get("/livez", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert answered != given
    assert re.fullmatch("[0-9a-f]{24}", answered)


def test_nothing_a_client_sends_becomes_a_header(door: Door) -> None:
    """A reference, an origin or a path with line breaks adds no header of its own."""
    started = door.start(reference="a b")
    for response in (
        door.get(f"{START}?reference=a%0d%0aSet-Cookie:%20x=1", key=door.secret),
        door.get("/%0d%0aSet-Cookie:%20x=1"),
        door.get(f"{START}/{started.id}%0d%0aX-Injected:%201"),
    ):
        assert "Set-Cookie" not in response.headers
        assert "X-Injected" not in response.headers


def test_every_answer_carries_the_protecting_headers(common_door: Door) -> None:
    for path in ("/livez", "/nothing", START, "/.well-known/jwks.json", "/openapi.json"):
        headers = common_door.client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Strict-Transport-Security"] == "max-age=31536000"
        assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert "Set-Cookie" not in headers
        assert "Server" not in headers
    assert common_door.client.get(START).headers["Cache-Control"] == "no-store"


def test_pages_may_load_what_is_ours_and_nothing_else(make_door: MakeDoor) -> None:
    """A blueprint of pages is served without a key, under a policy without inline scripts."""
    pages = Blueprint("pages", __name__)
    pages.add_url_rule("/page", view_func=lambda: "<!doctype html>")
    response = make_door(blueprints=(pages,)).client.get("/page")
    assert response.status_code == 200
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_http_without_tls_promises_no_tls(make_door: MakeDoor) -> None:
    door = make_door(public_url="http://127.0.0.1:8000")
    assert "Strict-Transport-Security" not in door.client.get("/livez").headers


def test_an_unforeseen_fault_tells_nothing(make_door: MakeDoor) -> None:
    """500, the request id, and neither message nor traceback."""
    pages = Blueprint("pages", __name__)

    def broken() -> str:
        raise RuntimeError("password=hunter2 for +447700900123")

    pages.add_url_rule("/broken", view_func=broken)
    response = make_door(blueprints=(pages,)).client.get("/broken")
    problem = is_problem(response, 500, "internal")
    assert problem["detail"] == problem["title"] == "Something went wrong on our side"
    assert "hunter2" not in response.text


def test_a_missing_database_is_a_503(make_door: MakeDoor) -> None:
    pages = Blueprint("pages", __name__)

    def away() -> str:
        raise ServiceUnavailable(retry_after=1.2)

    pages.add_url_rule("/away", view_func=away)
    response = make_door(blueprints=(pages,)).client.get("/away")
    assert is_problem(response, 503, "service-unavailable")["retry_after"] == 2
    assert response.headers["Retry-After"] == "2"


def test_each_request_is_one_log_line_without_anything_secret(make_door: MakeDoor) -> None:
    """Method, route template, status, time, ids; the path with its number is not there."""
    with structlog.testing.capture_logs() as lines:
        door = make_door()
        started = door.start()
        door.world.pass_time(20)
        door.confirm(started, door.seen_call())
        door.get(f"/handset/{NUMBER}/events")
        door.get("/nothing/+447700900123")
    requests = [line for line in lines if line["event"] == "request"]
    assert [(line["method"], line["route"], line["status"]) for line in requests] == [
        ("POST", "/v1/verifications", 201),
        ("POST", "/v1/verifications/<verification:verification_id>/confirm", 200),
        ("GET", "/handset/<handset:number>/events", 200),
        ("GET", "unmatched", 404),
    ]
    assert requests[0]["verification"] == started.id
    assert requests[0]["application"] == door.application_id
    assert requests[3]["problem"] == "not-found"
    written = repr(lines)
    for secret in (NUMBER, NUMBER[1:], started.challenge, started.verifier, door.publishable):
        assert secret not in written


def test_metrics_have_no_numbers_and_no_ids(door: Door) -> None:
    started = door.start()
    door.world.pass_time(20)
    door.confirm(started, door.seen_call())
    door.get(f"/handset/{NUMBER}/events")
    door.get("/unknown/path/4711")
    door.client.open("/livez", method="MADEUP")
    text = door.client.get("/metrics").text
    assert 'route="/v1/verifications"' in text
    assert 'problem="not-found"' in text
    assert 'method="other"' in text
    for secret in (NUMBER, NUMBER[1:], started.id, door.application_id, "4711", "MADEUP"):
        assert secret not in text


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_no_body_makes_the_server_stumble(common_door: Door, body: object) -> None:
    assert 400 <= send(common_door, json.dumps(body)).status_code < 500


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "Authorization",
                "X-Request-ID",
                "Idempotency-Key",
                "Ringproof-Challenge",
                "Origin",
                "Content-Type",
            ]
        ),
        st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=80),
    ),
    st.sampled_from(["GET", "POST", "DELETE", "OPTIONS"]),
)
def test_no_header_makes_the_server_stumble(common_door: Door, headers: dict[str, str], method: str) -> None:
    response = common_door.client.open(f"{START}/vrf_1", method=method, headers=headers)
    assert response.status_code < 500
