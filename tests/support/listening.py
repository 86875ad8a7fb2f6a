"""Applications of a test's world whose back end hears of their verifications."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from ringproof_server.storage import tables
from tests.support.receiver import BackEnd
from tests.support.world import NUMBER, App, Process, Session, World, right_call


def listening(world: World, back_end: BackEnd, **options: Any) -> App:
    """An application whose back end hears of its verifications."""
    app = world.app(**options)
    back_end.trust(world.server.endpoints.set_webhook(app.application.id, back_end.url))
    application = world.server.administration.application(app.application.id)
    return replace(
        app,
        application=application,
        client=replace(app.client, application=application),
        back_end=replace(app.back_end, application=application),
    )


def deliver(world: World, seconds: float = 0, process: Process | None = None) -> None:
    """Send what is due within so many seconds, each thing at its time."""
    process = process or world.server
    end = world.clock.now() + timedelta(seconds=seconds)
    while True:
        while process.delivering.run():
            pass
        at = process.delivering.next_at()
        if at is None or at > end:
            break
        world.clock.move_to(at)
    world.clock.move_to(end)


def verify(world: World, app: App, number: str = NUMBER) -> Session:
    """A flash call from its start to the end of the call."""
    session = world.start(app, number, reference="signup-42")
    world.pass_time(5)
    session.confirm(right_call(session))
    world.pass_time(30)
    return session


def kinds(back_end: BackEnd, session: Session) -> list[str]:
    return [one.said["type"] for one in back_end.by_verification().get(session.id, [])]


def in_order(back_end: BackEnd) -> bool:
    return all(
        [one.sequence for one in events] == list(range(len(events)))
        for events in back_end.by_verification().values()
    )


def events_kept(world: World) -> int:
    """How many events are stored, whether they have arrived or not."""
    count = select(func.count()).select_from(tables.outbox)
    return int(world.server.storage.look(lambda connection: connection.execute(count).scalar_one()))
