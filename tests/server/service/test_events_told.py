"""What the back end of an application is told of a verification, and what is never told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import select

from ringproof_server.domain.channel import Channel
from ringproof_server.domain.verification import Status
from ringproof_server.storage import tables
from tests.support.listening import deliver, events_kept, in_order, kinds, listening, verify
from tests.support.receiver import BackEnd, running_back_end
from tests.support.world import NUMBER, OTHER_NUMBER, World, code_report


@pytest.fixture
def back_end() -> Iterator[BackEnd]:
    with running_back_end(live=False) as running:
        yield running


def test_a_verified_call_is_told_from_its_start_to_its_end(world: World, back_end: BackEnd) -> None:
    session = verify(world, listening(world, back_end))
    deliver(world)
    told = back_end.by_verification()[session.id]
    assert [(one.said["type"], one.said["data"]["attempt"]["status"]) for one in told] == [
        ("verification.started", "queued"),
        ("attempt.updated", "accepted"),
        ("attempt.updated", "ringing"),
        ("verification.verified", "ringing"),
        ("attempt.updated", "ended"),
    ]
    assert in_order(back_end)
    assert back_end.refused == 0
    data = told[3].said["data"]
    stored = session.stored
    assert data["phone_number"] == NUMBER
    assert (data["id"], data["status"], data["reference"]) == (session.id, "verified", "signup-42")
    assert (data["channel"], data["token_id"]) == ("flashcall", stored.token_id)
    assert data["guess_probability"] == stored.guess_probability
    assert 0 < data["assurance_bits"] < 20
    assert datetime.fromisoformat(told[3].said["timestamp"]) == stored.finished_at


def test_no_event_tells_the_caller_id_or_a_token(world: World, back_end: BackEnd) -> None:
    """The caller ID is the evidence, the token a bearer's proof: neither lies in the outbox."""
    session = verify(world, listening(world, back_end))
    deliver(world)
    bodies = b"".join(one.body for one in back_end.taken)
    assert session.caller_id[1:].encode() not in bodies
    assert b"eyJ" not in bodies


def test_the_outbox_holds_no_phone_number(world: World, back_end: BackEnd) -> None:
    verify(world, listening(world, back_end))
    dump = world.server.storage.look(lambda connection: repr(connection.execute(select(tables.outbox)).all()))
    assert "signup-42" in dump
    assert NUMBER[1:] not in dump


def test_without_a_webhook_nothing_is_written(world: World) -> None:
    verify(world, world.app())
    assert events_kept(world) == 0


def test_every_end_has_an_event_of_its_own(world: World, back_end: BackEnd) -> None:
    app = listening(world, back_end)
    cancelled = world.start(app)
    world.server.service.cancel(app.back_end, cancelled.id, challenge=None)
    expired = world.start(app, OTHER_NUMBER)
    world.pass_time(400)
    assert expired.stored.status is Status.EXPIRED
    world.behave("off", "+447700900789")
    failed = world.start(app, "+447700900789", channels=[Channel.FLASHCALL])
    world.pass_time(400)
    deliver(world, 60)
    ends = {session.id: kinds(back_end, session)[-1] for session in (cancelled, expired, failed)}
    assert ends[cancelled.id] == "verification.cancelled"
    assert ends[expired.id] == "verification.expired"
    assert ends[failed.id] == f"verification.{failed.stored.status}"
    assert in_order(back_end)


def test_a_code_that_verifies_is_told_with_its_channel(world: World, back_end: BackEnd) -> None:
    app = listening(world, back_end)
    session = world.start(app, channels=[Channel.SMS])
    world.pass_time(5)
    session.confirm(code_report(world.code_seen()))
    deliver(world)
    [end] = [one for one in back_end.taken if one.said["type"] == "verification.verified"]
    assert end.said["data"]["channel"] == "sms"
