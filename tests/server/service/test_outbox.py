"""Events reach the application's back end: all of them, signed, in order for each verification."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ringproof_server.domain.errors import InvalidRequest, NotFound
from ringproof_server.domain.webhook import SealedSecret
from ringproof_server.ports import OutboxItem
from ringproof_server.service.outbox import Courier
from tests.support.listening import deliver, events_kept, in_order, kinds, listening, verify
from tests.support.receiver import BackEnd, Request, running_back_end, takes_all
from tests.support.world import NUMBER, OTHER_NUMBER, App, World

DAY = 86_400


@pytest.fixture
def world(tmp_path: Path, database: str) -> Iterator[World]:
    """A server on each kind of database."""
    made = World(tmp_path / "world", database=database)
    yield made
    made.close()


@pytest.fixture
def back_end() -> Iterator[BackEnd]:
    with running_back_end(live=False) as running:
        yield running


def test_a_receiver_that_fails_half_the_time_gets_everything_in_order(
    world: World, back_end: BackEnd
) -> None:
    """Also what arrived although the answer was lost comes again, under the same name."""
    app = listening(world, back_end)
    coins = iter(world.random.below(2) for _ in range(10_000))

    def half(_: Request) -> tuple[int, bytes]:
        return (204 if next(coins) else 503), b"try again"

    back_end.react = half
    sessions = [verify(world, app, f"+4477009001{n:02d}") for n in range(5)]
    deliver(world, DAY)
    assert in_order(back_end)
    assert all(len(kinds(back_end, session)) == 5 for session in sessions)
    assert len(back_end.asked) > len(back_end.taken) == 25
    for events in back_end.by_verification().values():
        again = [one for one in back_end.asked if one.verification == events[0].verification]
        positions = [one.sequence for one in again]
        assert positions == sorted(positions), "a later event was sent before an earlier one had arrived"
        assert len({(one.id, one.sequence, one.body) for one in again}) == 5


def test_a_receiver_that_was_away_for_hours_misses_nothing(world: World, back_end: BackEnd) -> None:
    app = listening(world, back_end)
    back_end.go_away()
    session = verify(world, app)
    deliver(world, 10 * 3600)
    assert back_end.taken == []
    back_end.come_back()
    deliver(world, 2 * 3600)
    assert len(kinds(back_end, session)) == 5
    assert in_order(back_end)


def test_what_a_day_of_tries_does_not_deliver_is_kept_and_sent_again_on_demand(
    world: World, back_end: BackEnd
) -> None:
    app = listening(world, back_end)
    back_end.react = lambda _: (500, b"")
    session = verify(world, app)
    deliver(world, 3 * DAY)
    tried = [one for one in back_end.asked if one.sequence == 0]
    assert 20 < len(tried) < 60
    assert world.server.delivering.next_at() is None
    endpoints = world.server.endpoints
    assert len(endpoints.events(100, failed=True)) == 5
    back_end.react = takes_all
    assert endpoints.send_again(failed=True, application_id="app_other") == 0
    assert endpoints.send_again(failed=True) == 5
    deliver(world)
    assert len(kinds(back_end, session)) == 5
    assert in_order(back_end)
    assert back_end.taken[0].id == tried[0].id
    assert endpoints.events(100, failed=True) == []


def test_what_was_delivered_can_be_sent_again_for_one_verification(world: World, back_end: BackEnd) -> None:
    app = listening(world, back_end)
    session, other = verify(world, app), verify(world, app, OTHER_NUMBER)
    deliver(world)
    before = [one.id for one in back_end.taken if one.verification == session.id]
    world.clock.move(1)
    assert world.server.endpoints.send_again(verification_id=session.id) == 5
    deliver(world)
    after = [one.id for one in back_end.taken if one.verification == session.id]
    assert after == before * 2
    assert len([one for one in back_end.taken if one.verification == other.id]) == 5


def test_a_receiver_that_is_gone_is_not_asked_again_until_it_is_set_anew(
    world: World, back_end: BackEnd
) -> None:
    app = listening(world, back_end)
    back_end.react = lambda _: (410, b"")
    session = verify(world, app)
    deliver(world, DAY)
    assert len(back_end.asked) == 1
    application = world.server.administration.application(app.application.id)
    assert application.webhook is not None
    assert application.webhook.disabled_at is not None
    before = events_kept(world)
    world.start(world_app(world, app), OTHER_NUMBER)
    assert events_kept(world) == before
    back_end.react = takes_all
    assert world.server.endpoints.set_webhook(app.application.id, back_end.url) is None
    assert world.server.endpoints.send_again(failed=True) == 5
    deliver(world)
    assert len(kinds(back_end, session)) == 5


def test_the_end_of_an_old_receiver_is_not_the_end_of_the_new_one(world: World, back_end: BackEnd) -> None:
    """An answer from where events went before does not stop them from going where they go by now."""
    app = listening(world, back_end)

    def moves_away(_: Request) -> tuple[int, bytes]:
        world.server.endpoints.set_webhook(app.application.id, f"{back_end.url}/new")
        back_end.react = takes_all
        return 410, b""

    back_end.react = moves_away
    session = world.start(app)
    deliver(world, 60)
    application = world.server.administration.application(app.application.id)
    assert application.webhook is not None
    assert application.webhook.is_open
    assert kinds(back_end, session)[0] == "verification.started"
    assert {one.path for one in back_end.taken} == {"/events/new"}


def test_events_that_nobody_could_send_for_two_days_are_given_up_until_they_are_sent_again(
    world: World, back_end: BackEnd
) -> None:
    app = listening(world, back_end)
    old = verify(world, app)
    world.clock.move(2 * DAY)
    new = world.start(app, OTHER_NUMBER)
    deliver(world)
    assert kinds(back_end, old) == []
    assert kinds(back_end, new)[0] == "verification.started"
    assert world.server.endpoints.send_again(failed=True) == 5
    deliver(world)
    assert len(kinds(back_end, old)) == 5


def world_app(world: World, app: App) -> App:
    """The same application as a request would find it now."""
    application = world.server.administration.application(app.application.id)
    return replace(app, application=application, client=replace(app.client, application=application))


@pytest.mark.parametrize("status", [201, 202, 299])
def test_any_success_means_that_it_arrived(world: World, back_end: BackEnd, status: int) -> None:
    app = listening(world, back_end)
    back_end.react = lambda _: (status, b"x" * 100_000)
    world.start(app)
    deliver(world, 3600)
    assert len(back_end.asked) == len(back_end.taken) == 1


def test_a_redirect_is_a_refusal_and_is_not_followed(world: World, back_end: BackEnd) -> None:
    app = listening(world, back_end)
    back_end.react = lambda _: (307, b"")
    world.start(app)
    deliver(world, 10)
    assert {one.path for one in back_end.asked} == {"/events"}
    assert back_end.taken == []
    assert len(back_end.asked) > 1


def test_after_a_change_of_the_secret_both_sign_for_a_day(world: World, back_end: BackEnd) -> None:
    app = listening(world, back_end)
    [old] = back_end.secrets
    new = world.server.endpoints.rotate_webhook(app.application.id)
    for secrets in ([old], [new]):
        back_end.secrets = secrets
        world.start(app, NUMBER if secrets == [old] else OTHER_NUMBER)
        deliver(world)
    assert (len(back_end.taken), back_end.refused) == (2, 0)
    world.clock.move(DAY)
    back_end.secrets = [old]
    world.server.endpoints.send_again()
    deliver(world)
    assert back_end.refused == 2
    back_end.secrets = [new]
    deliver(world, 3600)
    assert len(back_end.taken) == 4


def test_an_event_of_an_erased_verification_is_sent_without_its_number(
    world: World, back_end: BackEnd
) -> None:
    session = verify(world, listening(world, back_end))
    deliver(world)
    world.clock.move(1)
    assert world.server.storage.erase(world.clock.now()) == 1
    assert world.server.endpoints.send_again(verification_id=session.id) == 5
    deliver(world)
    assert [one.said["data"]["phone_number"] for one in back_end.taken] == [NUMBER] * 5 + [None] * 5


def test_what_a_process_had_claimed_when_it_died_another_sends(world: World, back_end: BackEnd) -> None:
    app = listening(world, back_end)
    world.start(app)
    dead = world.process()
    assert len(dead.delivering.claim()) == 1
    other = world.process()
    deliver(world, 29, other)
    assert back_end.asked == []
    deliver(world, 1, other)
    assert len(back_end.taken) == 1


def test_whoever_waited_in_line_for_too_long_leaves_the_event_to_others(
    world: World, back_end: BackEnd
) -> None:
    """Else it could arrive twice at once, and out of order."""
    app = listening(world, back_end)
    world.start(app)
    [claimed] = world.server.delivering.claim()
    world.clock.move(21)
    world.server.delivering.deliver(claimed)
    assert back_end.asked == []


def test_many_processes_send_each_event_once_and_in_order(world: World, back_end: BackEnd) -> None:
    app = listening(world, back_end)
    sessions = [verify(world, app, f"+4477009001{n:02d}") for n in range(8)]
    processes = [world.process() for _ in range(3)]
    couriers = [Courier(one.parts, one.delivering, one.log, poll=0.01) for one in processes]
    for courier in couriers:
        courier.start()
    try:
        finished = threading.Event()

        def last(_: Request) -> tuple[int, bytes]:
            if len(back_end.asked) >= 5 * len(sessions):
                finished.set()
            return 204, b""

        back_end.react = last
        if len(back_end.asked) < 5 * len(sessions):
            assert finished.wait(60)
    finally:
        for courier in couriers:
            courier.stop()
    assert len(back_end.asked) == 5 * len(sessions)
    assert in_order(back_end)


def test_a_slow_receiver_delays_nobody_else(world: World, back_end: BackEnd) -> None:
    slow_app = listening(world, back_end)
    with running_back_end(live=False) as quick:
        quick_app = listening(world, quick)
        arrived, release = threading.Event(), threading.Event()

        def hang(_: Request) -> tuple[int, bytes]:
            release.wait(20)
            return 204, b""

        def note(_: Request) -> tuple[int, bytes]:
            arrived.set()
            return 204, b""

        back_end.react, quick.react = hang, note
        for n in range(30):
            world.start(slow_app, f"+4477009001{n:02d}")
        courier = Courier(world.server.parts, world.server.delivering, world.server.log, poll=0.01)
        courier.start()
        try:
            world.start(quick_app, OTHER_NUMBER)
            assert arrived.wait(20)
            assert back_end.taken == []
        finally:
            release.set()
            courier.stop()


def test_the_pause_between_tries_grows_and_ends_after_a_day(world: World, back_end: BackEnd) -> None:
    app = listening(world, back_end)
    back_end.react = lambda _: (500, b"")
    times: list[datetime] = []

    def note(_: Request) -> tuple[int, bytes]:
        times.append(world.clock.now())
        return 500, b""

    back_end.react = note
    world.start(app)
    deliver(world, 3 * DAY)
    pauses = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(times)]
    for number, pause in enumerate(pauses):
        longest = min(3600.0, 2.0 * 2**number)
        assert longest / 2 <= pause <= longest + 0.001
    assert times[-1] - times[0] <= timedelta(days=1)
    assert pauses[-1] >= 1800


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x.example/",
        "http://shop.example/events",
        "https://u:p@shop.example/",
        "https://",
        "https://a b/",
    ],
)
def test_a_url_that_nothing_can_be_sent_to_is_refused(world: World, url: str) -> None:
    app = world.app()
    with pytest.raises(InvalidRequest, match="URL"):
        world.server.endpoints.set_webhook(app.application.id, url)


def test_an_application_that_does_not_exist_has_no_webhook(world: World) -> None:
    endpoints = world.server.endpoints
    with pytest.raises(NotFound):
        endpoints.set_webhook("app_none", "https://shop.example/events")
    with pytest.raises(NotFound):
        endpoints.rotate_webhook(world.app().application.id)


def test_a_webhook_that_was_removed_gets_nothing_any_more(world: World, back_end: BackEnd) -> None:
    app = listening(world, back_end)
    session = verify(world, app)
    world.server.endpoints.remove_webhook(app.application.id)
    deliver(world, 60)
    assert back_end.asked == []
    found: list[OutboxItem] = world.server.endpoints.events(10, failed=True)
    assert {item.event.verification_id for item in found} == {session.id}
    assert len(found) == 5


def test_what_cannot_be_signed_any_more_is_not_sent(world: World, back_end: BackEnd) -> None:
    """A server with another secret key opens none of the signing secrets."""
    app = listening(world, back_end)
    application = world.server.administration.application(app.application.id)
    assert application.webhook is not None
    strange = replace(application.webhook, secrets=(SealedSecret(sealed="c3RyYW5nZQ=="),))
    world.server.storage.write(
        lambda session: session.applications.update(replace(application, webhook=strange))
    )
    world.start(app)
    deliver(world, 10)
    assert (back_end.asked, back_end.refused) == ([], 0)
    [(_, facts), *_] = [line for line in world.server.log.lines if line[0] == "event_not_delivered"]
    assert facts["why"] == "blocked"


def test_each_try_is_one_line_in_the_log_without_number_and_address(world: World, back_end: BackEnd) -> None:
    app = listening(world, back_end)
    answers = iter([500, 204])
    back_end.react = lambda _: (next(answers), b"")
    session = world.start(app)
    deliver(world, 10)
    lines = [line for line in world.server.log.lines if line[0].startswith("event_")]
    assert [name for name, _ in lines] == ["event_not_delivered", "event_delivered"]
    [first, second] = [facts for _, facts in lines]
    assert first == {
        "id": back_end.taken[0].id,
        "kind": "verification.started",
        "application": app.application.id,
        "verification": session.id,
        "tries": 1,
        "why": "refused",
        "status": 500,
    }
    assert (second["tries"], second["status"]) == (2, 204)
    assert "127.0.0.1" not in repr(lines)
