"""Logs: one line per event, and nothing in it that must not be there."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.logs import MASK, REQUEST_ID, configure_logs, redact, redact_text

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ2cmZfMSJ9.c2lnbmF0dXJl"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the logs go; afterwards logging is as it was."""
    root, ours = logging.getLogger(), logging.getLogger("ringproof_server")
    before = (root.handlers[:], root.level, ours.level)
    found = io.StringIO()
    yield found
    root.handlers[:], root.level = before[0], before[1]
    ours.setLevel(before[2])
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object(stream: io.StringIO) -> None:
    configure_logs("info", "json", stream)
    structlog.get_logger().info("request", route="/v1/verifications", status=201, ms=1.5)
    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "request",
        "level": "info",
        "route": "/v1/verifications",
        "status": 201,
        "ms": 1.5,
    }


def test_a_line_stays_one_line(stream: io.StringIO) -> None:
    """A line feed in a field does not begin a line of an attacker's choice."""
    configure_logs("info", "json", stream)
    structlog.get_logger().info("request", route='x\n{"event":"forged"}')
    assert len(stream.getvalue().splitlines()) == 1


def test_the_level_is_kept(stream: io.StringIO) -> None:
    configure_logs("warning", "json", stream)
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_libraries_log_in_the_same_form_and_only_from_warnings_on(stream: io.StringIO) -> None:
    configure_logs("info", "json", stream)
    logging.getLogger("some.package").info("chatter")
    logging.getLogger("some.package").warning("could not reach %s", "+447700900123")
    (line,) = lines(stream)
    assert line["logger"] == "some.package"
    assert line["event"] == f"could not reach {MASK}"


def test_a_traceback_is_redacted_too(stream: io.StringIO) -> None:
    configure_logs("info", "json", stream)

    def fail() -> None:
        raise ValueError("no route to +447700900123 with rp_sk_abcdefghijkl")

    try:
        fail()
    except ValueError:
        structlog.get_logger().exception("unforeseen fault")
        logging.getLogger("some.package").exception("fault")
    for line in lines(stream):
        assert "ValueError" in line["exception"]
        assert "447700900123" not in line["exception"]
        assert "rp_sk_" not in line["exception"]


def test_the_console_form_is_for_people_and_as_silent(stream: io.StringIO) -> None:
    configure_logs("info", "console", stream)
    structlog.get_logger().info("call placed", carrier="simulated", phone_number="+447700900123")
    assert "call placed" in stream.getvalue()
    assert "simulated" in stream.getvalue()
    assert "7700" not in stream.getvalue()


def test_lines_name_the_request_they_belong_to(stream: io.StringIO) -> None:
    configure_logs("info", "json", stream)
    token = REQUEST_ID.set("r-1")
    structlog.get_logger().info("inside")
    REQUEST_ID.reset(token)
    structlog.get_logger().info("outside")
    assert [line.get("request_id") for line in lines(stream)] == ["r-1", None]


@pytest.mark.parametrize(
    "text",
    [
        "+447700900123",
        "+44 7700 900-123",
        "+44 (0) 7700 900123",
        "tel:+447700900123",
        "447700900123",
        "number 07700900123, again",
        "rp_pk_0123456789abcdef",
        "rp_sk_0123456789abcdef-_",
        "rp_sk_onlylettersinthiskey",
        JWT,
        f"Bearer {JWT}",
    ],
)
def test_keys_tokens_and_numbers_are_masked_anywhere(text: str) -> None:
    """Whatever the field is called, and however deep it stands."""
    for field in (text, [text], {"inner": {"deep": text}}, ValueError(text), (text,)):
        shown = repr(redact(None, "info", {"event": "e", "field": field})["field"])
        assert MASK in shown
        assert not re.search(r"[0-9]{3}|rp_|eyJ", shown)


@pytest.mark.parametrize(
    "text",
    [
        "/v1/verifications/<verification:verification_id>",
        "vrf_06a1k2m3n4p5q6r7s8t9v0w1x2",
        "2026-11-20T09:00:00+00:00",
        "127.0.0.1",
        "ConnectionRefusedError",
        "201",
    ],
)
def test_what_operators_need_is_left_alone(text: str) -> None:
    assert redact(None, "info", {"event": "e", "field": text})["field"] == text


@pytest.mark.parametrize(
    "name", ["code", "passcode", "caller_id", "Authorization", "challenge", "to", "from"]
)
def test_fields_with_telling_names_are_masked_whatever_they_hold(name: str) -> None:
    for value in ("x", 5, ["x"], {"a": 1}):
        assert redact(None, "info", {"event": "e", name: value})[name] == MASK
    assert redact(None, "info", {"event": "e", "field": {name: "x"}})["field"] == {name: MASK}


@pytest.mark.parametrize("code", ["1234", "123456", "0000000000", 447700900123])
def test_a_field_that_looks_like_a_code_or_a_number_is_masked(code: object) -> None:
    assert redact(None, "info", {"event": "e", "field": code})["field"] == MASK


@given(
    st.integers(min_value=1, max_value=999),
    st.text("0123456789", min_size=7, max_size=12),
    st.text(max_size=20),
)
def test_no_international_number_survives(country: int, digits: str, around: str) -> None:
    number = f"+{country}{digits}"
    assert number not in redact_text(f"{around} {number} {around}")
