"""An application that decides about its starts: it can forbid, choose and lower, and never more than that."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import ConcurrentVerification, Forbidden
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.webhook import OnTimeout
from ringproof_server.service.hooks import AT_A_TIME, Hooks
from ringproof_server.service.requests import StartRequest
from tests.support.receiver import BackEnd, Reaction, running_back_end
from tests.support.world import NUMBER, OTHER_NUMBER, App, World, code_report, key, right_call


@pytest.fixture
def back_end() -> Iterator[BackEnd]:
    with running_back_end(live=False) as running:
        yield running


def says(**answer: Any) -> Reaction:
    return lambda _: (200, json.dumps(answer).encode())


def asking(
    world: World,
    back_end: BackEnd,
    on_timeout: OnTimeout = OnTimeout.ALLOW,
    *,
    timeout: float = 0.5,
    **options: Any,
) -> App:
    """An application that wants to be asked."""
    app = world.app(**options)
    endpoints = world.server.endpoints
    back_end.trust(
        endpoints.set_hook(app.application.id, back_end.url, timeout=timeout, on_timeout=on_timeout)
    )
    application = world.server.administration.application(app.application.id)
    return replace(
        app,
        application=application,
        client=replace(app.client, application=application),
        back_end=replace(app.back_end, application=application),
    )


def test_the_question_says_who_wants_to_be_verified_how_and_from_where(
    world: World, back_end: BackEnd
) -> None:
    app = asking(world, back_end, address="203.0.113.9")
    back_end.react = says(action="allow")
    world.start(app, reference="signup-42", language="de-DE")
    [asked] = back_end.asked
    assert asked.said["type"] == "verification.requested"
    assert asked.said["data"] == {
        "phone_number": NUMBER,
        "country": "GB",
        "channels": ["flashcall", "sms"],
        "reference": "signup-42",
        "language": "de-DE",
        "address": "203.0.113.9",
    }
    world.start(app, OTHER_NUMBER, caller=app.back_end, channels=[Channel.SMS])
    assert back_end.asked[1].said["data"]["address"] is None
    assert back_end.asked[1].said["data"]["channels"] == ["sms"]
    assert back_end.asked[0].id != back_end.asked[1].id


def test_an_allowed_start_goes_on_as_ever_and_its_trace_says_so(world: World, back_end: BackEnd) -> None:
    app = asking(world, back_end)
    back_end.react = says(action="allow", note="fields that nobody knows are left alone")
    session = world.start(app)
    world.pass_time(5)
    session.confirm(right_call(session))
    assert session.stored.status.value == "verified"
    assert world.server.notes(session.id, "start_decided") == [{"decision": "allow"}]
    assert world.server.metrics.counts["webhook", "verification.requested", "allow"] == 1


def test_a_denied_start_is_forbidden_and_leaves_nothing_behind(world: World, back_end: BackEnd) -> None:
    app = asking(world, back_end)
    back_end.react = says(action="deny")
    with pytest.raises(Forbidden):
        world.start(app)
    assert world.server.dispatch_all() == 0
    assert world.server.service.by_reference(app.back_end, "") == []
    assert world.server.spent() == 0
    assert world.server.metrics.counts["webhook", "verification.requested", "deny"] == 1


def test_channels_can_be_left_out_and_put_in_another_order(world: World, back_end: BackEnd) -> None:
    app = asking(world, back_end)
    back_end.react = says(action="allow", channels=["sms", "flashcall"])
    both = world.start(app)
    assert [step.channel for step in both.stored.plan.steps] == [Channel.SMS, Channel.FLASHCALL]
    back_end.react = says(action="allow", channels=["sms"])
    one = world.start(app, OTHER_NUMBER)
    assert [step.channel for step in one.stored.plan.steps] == [Channel.SMS]
    assert world.server.notes(one.id, "start_decided") == [{"decision": "allow", "channels": "sms"}]


def test_limits_can_be_lowered_and_hold_to_the_end(world: World, back_end: BackEnd) -> None:
    app = asking(world, back_end, policy=Policy(ttl=300))
    back_end.react = says(action="allow", limits={"ttl": 30, "max_guess_probability": 1e-5, "max_calls": 1})
    session = world.start(app)
    stored = session.stored
    assert (stored.expires_at - stored.created_at).total_seconds() == 30
    assert [step.channel for step in stored.plan.steps] == [Channel.SMS]
    [note] = world.server.notes(session.id, "start_decided")
    assert (note["ttl"], note["max_guess_probability"]) == (30, 1e-5)
    world.pass_time(29)
    session.confirm(code_report(world.code_seen()))
    assert session.stored.status.value == "verified"


def test_limits_cannot_be_raised(world: World, back_end: BackEnd) -> None:
    """What is higher than the application's own policy stays at the policy."""
    app = asking(world, back_end, policy=Policy(ttl=60, max_calls=1))
    back_end.react = says(action="allow", limits={"ttl": 3000, "max_guess_probability": 0.4, "max_calls": 3})
    stored = world.start(app).stored
    assert (stored.expires_at - stored.created_at).total_seconds() == 60
    assert stored.plan.guess_probability(2) <= Policy().max_guess_probability


def test_a_pending_verification_can_be_made_the_only_one(world: World, back_end: BackEnd) -> None:
    app = asking(world, back_end)
    back_end.react = says(action="allow", limits={"pending_per_number": 1})
    world.start(app)
    with pytest.raises(ConcurrentVerification):
        world.start(app)


INVALID = {
    "no JSON": (200, b"allow"),
    "a list": (200, b"[]"),
    "no action": (200, b"{}"),
    "another action": (200, b'{"action": "maybe"}'),
    "an error": (500, b'{"action": "deny"}'),
    "a redirect": (307, b'{"action": "deny"}'),
    "no content": (204, b""),
    "a channel that was not wanted": (200, b'{"action": "allow", "channels": ["voice"]}'),
    "no channel": (200, b'{"action": "allow", "channels": []}'),
    "a channel twice": (200, b'{"action": "allow", "channels": ["sms", "sms"]}'),
    "no such channel": (200, b'{"action": "allow", "channels": ["pigeon"]}'),
    "no such limit": (200, b'{"action": "allow", "limits": {"code_digits": 4}}'),
    "half a second": (200, b'{"action": "allow", "limits": {"ttl": 30.5}}'),
    "out of bounds": (200, b'{"action": "allow", "limits": {"ttl": 1}}'),
    "beyond all bounds": (200, b'{"action": "allow", "limits": {"ttl": 1e400}}'),
    "endless": (200, b'{"action": "allow", "x": "' + b"x" * 100_000 + b'"}'),
}


@pytest.mark.parametrize("name", INVALID)
def test_an_answer_that_cannot_be_used_counts_as_none(world: World, back_end: BackEnd, name: str) -> None:
    back_end.react = lambda _: INVALID[name]
    session = world.start(asking(world, back_end))
    [note] = world.server.notes(session.id, "start_decided")
    assert note["decision"] == "undecided"
    assert note["why"] in {"invalid", "refused", "unreachable"}
    with pytest.raises(Forbidden):
        world.start(asking(world, back_end, OnTimeout.DENY), OTHER_NUMBER)


def test_without_an_answer_in_time_only_who_wants_that_is_denied(world: World, back_end: BackEnd) -> None:
    release = threading.Event()

    def hang(_: object) -> tuple[int, bytes]:
        release.wait(20)
        return 200, b'{"action": "deny"}'

    back_end.react = hang
    try:
        session = world.start(asking(world, back_end))
        assert world.server.notes(session.id, "start_decided") == [
            {"decision": "undecided", "why": "unreachable"}
        ]
        with pytest.raises(Forbidden):
            world.start(asking(world, back_end, OnTimeout.DENY), OTHER_NUMBER)
    finally:
        release.set()
    assert world.server.metrics.counts["webhook", "verification.requested", "undecided"] == 2


def test_a_back_end_that_is_away_is_no_answer(world: World, back_end: BackEnd) -> None:
    app = asking(world, back_end)
    back_end.go_away()
    assert world.server.notes(world.start(app).id, "start_decided")


def test_while_the_application_is_asked_the_database_is_free(world: World, back_end: BackEnd) -> None:
    """SQLite has one writer: a start that held a unit of work would hold up every other."""
    app = asking(world, back_end)
    other = world.app()

    def write(_: object) -> tuple[int, bytes]:
        world.start(other, OTHER_NUMBER)
        return 200, b'{"action": "allow"}'

    back_end.react = write
    assert world.server.notes(world.start(app).id, "start_decided") == [{"decision": "allow"}]


def test_more_questions_than_an_application_may_have_open_count_as_not_answered(
    world: World, back_end: BackEnd
) -> None:
    """An application that hangs takes no more threads than these."""
    release, arrived = threading.Event(), threading.Semaphore(0)

    def hang(_: object) -> tuple[int, bytes]:
        arrived.release()
        release.wait(20)
        return 200, b'{"action": "allow"}'

    app = asking(world, back_end, timeout=2.0)
    back_end.react = hang
    hooks = Hooks(world.server.parts)
    asked = partial(hooks.ask, app.client, StartRequest(phone_number=NUMBER), PhoneNumber.parse(NUMBER), None)
    with ThreadPoolExecutor(AT_A_TIME) as people:
        waiting = [people.submit(asked) for _ in range(AT_A_TIME)]
        try:
            assert all(arrived.acquire(timeout=10) for _ in waiting)
            assert asked().note == {"decision": "undecided", "why": "busy"}
        finally:
            release.set()
    assert len(back_end.asked) == AT_A_TIME
    assert asked().note == {"decision": "allow"}


def test_a_repeated_request_asks_nobody_again(world: World, back_end: BackEnd) -> None:
    app = asking(world, back_end)
    back_end.react = says(action="allow")
    first = world.start(app, key=key("k"))
    back_end.react = says(action="deny")
    assert world.start(app, key=key("k")).id == first.id
    assert len(back_end.asked) == 1


def test_who_wants_not_to_be_asked_is_not(world: World, back_end: BackEnd) -> None:
    session = world.start(world.app())
    assert back_end.asked == []
    assert "start_decided" not in world.server.trace(session.id)
