"""Workflows on the wire: plain lists as ever, and entries with times and conditions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ringproof_server.domain.channel import SkipReason
from tests.server.http.conftest import Door


def test_channels_may_be_names_and_objects_in_one_list(door: Door) -> None:
    """The flash call's own time is shown, and so is when the next channel starts by itself."""
    started = door.start(channels=[{"channel": "flashcall", "timeout": 20}, "sms"])
    assert started.view["flashcall"]["interception_timeout"] == 20
    assert started.view["next"]["automatic"] == {"channel": "sms", "in": 20}


def test_a_message_with_a_time_of_its_own_is_followed_at_that_time(door: Door) -> None:
    flow = [{"channel": "sms", "timeout": 90, "advance": "not_delivered"}, "flashcall"]
    started = door.start(channels=flow)
    assert started.view["next"]["automatic"] == {"channel": "flashcall", "in": 90}
    door.world.pass_time(5)
    headers = {"Ringproof-Challenge": started.challenge}
    view = door.get(f"/v1/verifications/{started.id}", headers=headers).get_json()
    assert view["attempt"]["status"] == "delivered"
    assert view["next"]["automatic"] is None
    assert view["next"]["channels"] == {"flashcall": 0, "sms": 55}


@pytest.mark.parametrize(
    ("channels", "field"),
    [
        ([{"channel": "sms"}, "sms"], "channels"),
        ([{"channel": "flashcall", "advance": "not_read"}], "channels[0]"),
        (["sms", {"channel": "voice", "timeout": 60, "advance": "not_delivered"}], "channels[1]"),
        ([{"channel": "sms", "timeout": 1}], "channels[0].timeout"),
        ([{"channel": "sms", "timeout": 3601}], "channels[0].timeout"),
        ([{"channel": "sms", "timeout": True}], "channels[0].timeout"),
        ([{"channel": "sms", "advance": "never"}], "channels[0].advance"),
        ([{"channel": "pigeon"}], "channels[0].channel"),
        ([{"channel": "sms", "after": 60}], "channels[0].after"),
        ([{}], "channels[0].channel"),
        ([], "channels"),
        ([["sms"]], "channels[0]"),
    ],
)
def test_a_workflow_that_cannot_be_is_refused_with_its_place(
    common_door: Door, channels: list[Any], field: str
) -> None:
    _, challenge = common_door.world.pkce()
    body = {"phone_number": "+447700900300", "code_challenge": challenge, "channels": channels}
    answer = common_door.post("/v1/verifications", body)
    assert answer.status_code == 400
    assert answer.get_json()["type"] == "/problems/invalid-request"
    assert [fault["field"] for fault in answer.get_json()["errors"]] == [field]


def test_a_back_end_names_the_recipient_on_messenger(door: Door) -> None:
    """It is stored, never answered; the verification goes to Messenger first."""
    flow = [{"channel": "messenger", "timeout": 120, "advance": "not_read"}, "sms"]
    recipients = {"messenger": "1234567890123456"}
    started = door.start(channels=flow, recipients=recipients, key=door.secret)
    assert started.view["attempt"]["channel"] == "messenger"
    assert "1234567890123456" not in str(started.view)
    assert started.view["next"]["automatic"] == {"channel": "sms", "in": 120}


@pytest.mark.parametrize("recipient", ["", "x" * 129, "a b", "a\nb", "é", 5, "a/b"])
def test_a_recipient_has_bounds(common_door: Door, recipient: object) -> None:
    body = {"phone_number": "+447700900301", "recipients": {"messenger": recipient}}
    answer = common_door.post("/v1/verifications", body, key=common_door.secret)
    assert answer.status_code == 400
    assert answer.get_json()["errors"][0]["field"] == "recipients.messenger"


def test_an_app_that_names_a_recipient_is_refused(common_door: Door) -> None:
    _, challenge = common_door.world.pkce()
    body = {
        "phone_number": "+447700900301",
        "code_challenge": challenge,
        "recipients": {"messenger": "1234567890123456"},
    }
    answer = common_door.post("/v1/verifications", body)
    assert answer.status_code == 400
    assert answer.get_json()["errors"][0]["field"] == "recipients"


def test_the_documentation_names_every_reason_why_a_channel_is_left_out() -> None:
    page = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
    table = page.partition("| `reason` | why |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == {str(reason) for reason in SkipReason}
