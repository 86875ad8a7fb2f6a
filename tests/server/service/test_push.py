"""Codes to enrolled browsers: who gets them, what ends a subscription, and what strangers do not learn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from ringproof_server.carriers.simulated import NetworkSettings, SimulatedCarrier
from ringproof_server.domain.attempt import AttemptState
from ringproof_server.domain.channel import Channel, Reason, SkipReason
from ringproof_server.domain.device import DeviceKind
from ringproof_server.domain.errors import AlreadyFinished, InvalidRequest
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Status
from ringproof_server.domain.web_push import MOST_DEVICES, encoded, public_point
from ringproof_server.domain.workflow import Skipped
from ringproof_server.http.bodies import view_of
from ringproof_server.ports import Carrier, Seals
from ringproof_server.service.devices import Enrolled, EnrolRequest
from ringproof_server.service.progress import Progress
from ringproof_server.service.requests import ConfirmRequest, StartRequest
from ringproof_server.storage import SqlStorage
from ringproof_server.testing.clock import FakeClock
from ringproof_server.testing.randomness import SeededRandom
from tests.server.carriers.webpush.bench import made
from tests.support import leaks
from tests.support.push_service import Browser, PushService, running_push_service
from tests.support.world import NUMBER, OTHER_NUMBER, App, Lines, Session, World, code_report

PUSH = (Channel.PUSH,)
LONG = Policy(ttl=900, check_delays=(), message_timeout=60)


@dataclass
class Place:
    """A world in which simulated phones ring and browsers get push messages."""

    world: World
    service: PushService

    def enrol(self, app: App, number: str = NUMBER, browser: Browser | None = None) -> Browser:
        """Verify the number and enrol a browser for it, in an hour of its own."""
        browser = browser or self.service.browser()
        session = self.world.start(app, number, channels=[Channel.SMS])
        self.world.pass_time(2)
        assert session.confirm(code_report(self.world.code_seen(number))).status is Status.VERIFIED
        enrolled(session, browser)
        self.world.pass_time(7200)
        return browser

    def start(self, app: App, number: str = NUMBER, *channels: Channel) -> Session:
        session = self.world.start(app, number, channels=channels or PUSH)
        self.world.pass_time(1)
        return session


def enrolled(session: Session, browser: Browser) -> Enrolled:
    request = EnrolRequest(
        kind=DeviceKind.PUSH,
        label=browser.name,
        subscription=browser.subscription,
        challenge=session.challenge,
        code_verifier=session.verifier,
    )
    return session.process.service.devices.enrol(session.caller, session.id, request, None)


def code_in(browser: Browser) -> str:
    code: str = browser.received[-1].said["code"]
    leaks.secret(code, "code")
    return code


def back_end_start(place: Place, app: App, *channels: Channel, number: str = NUMBER) -> Progress:
    asked = StartRequest(phone_number=number, channels=channels)
    return place.world.server.service.start(app.back_end, asked, None)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    def carriers(
        storage: SqlStorage, clock: FakeClock, random: SeededRandom, seals: Seals
    ) -> Mapping[str, Carrier]:
        phones = SimulatedCarrier(
            store=storage,
            settings=NetworkSettings(seed=b"push"),
            clock=clock,
            random=random,
            seals=seals,
            log=Lines(),
            sleep=clock.move,
        )
        return {"simulated": phones, "webpush": made(clock, random, seals)}

    with running_push_service() as service:
        world = World(tmp_path / "push", carriers=carriers)
        yield Place(world, service)
        world.close()


def test_a_code_that_came_to_the_browser_proves_the_number(place: Place) -> None:
    app = place.world.app(LONG)
    browser = place.enrol(app)
    session = place.start(app)
    [attempt] = session.attempts
    assert (attempt.state, attempt.carrier) == (AttemptState.ACCEPTED, "webpush")
    answer = session.confirm(code_report(code_in(browser), Channel.PUSH))
    assert (answer.status, answer.verification.proof) == (Status.VERIFIED, Channel.PUSH)


def test_the_message_lives_no_longer_than_its_step(place: Place) -> None:
    app = place.world.app(LONG)
    browser = place.enrol(app)
    place.start(app, NUMBER, Channel.PUSH, Channel.SMS)
    assert int(browser.received[-1].headers["ttl"]) == LONG.message_timeout


def test_every_browser_of_the_number_gets_the_same_code_and_no_other_one(place: Place) -> None:
    app = place.world.app(LONG)
    mine = [place.enrol(app), place.enrol(app)]
    other = place.enrol(app, OTHER_NUMBER)
    stranger = place.enrol(place.world.app(LONG))
    place.start(app)
    assert len({code_in(browser) for browser in mine}) == 1
    assert (other.received, stranger.received) == ([], [])


def test_a_number_has_so_many_browsers_and_then_loses_the_oldest(place: Place) -> None:
    app = place.world.app(LONG)
    browsers = [place.enrol(app) for _ in range(MOST_DEVICES + 1)]
    place.start(app)
    assert [len(browser.received) for browser in browsers] == [0] + [1] * MOST_DEVICES


def test_a_browser_that_is_enrolled_again_gets_each_message_once(place: Place) -> None:
    app = place.world.app(LONG)
    browser = place.enrol(app)
    place.enrol(app, browser=browser)
    place.start(app)
    assert len(browser.received) == 1


def test_a_subscription_that_is_gone_is_forgotten_and_the_others_get_the_code(place: Place) -> None:
    app = place.world.app(LONG)
    gone, here = place.enrol(app), place.enrol(app)
    gone.status = 410
    session = place.start(app)
    assert len(here.received) == 1
    devices = place.world.server.service.devices.of_number(app.back_end, NUMBER)
    assert [device.label for device in devices] == [here.name]
    assert len(place.world.server.notes(session.id, "device_gone")) == 1


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (410, Reason.UNREACHABLE),
        (429, Reason.CARRIER_ERROR),
        (403, Reason.CONFIG_ERROR),
    ],
)
def test_for_a_back_end_the_next_step_starts_at_once_when_no_browser_takes_it(
    place: Place, status: int, reason: Reason
) -> None:
    app = place.world.app(LONG)
    place.enrol(app).status = status
    started = back_end_start(place, app, Channel.PUSH, Channel.SMS)
    place.world.pass_time(2)
    push, sms = place.world.server.attempts(started.verification.id)
    assert (push.state, push.reason) == (AttemptState.FAILED, reason)
    assert sms.channel is Channel.SMS


def test_a_back_end_is_told_that_a_number_has_no_browser(place: Place) -> None:
    app = place.world.app(LONG)
    started = back_end_start(place, app, Channel.PUSH, Channel.SMS)
    assert started.verification.plan.skipped == (Skipped(Channel.PUSH, SkipReason.NO_SUBSCRIPTION),)


def everything_told(place: Place, app: App, number: str) -> list[object]:
    """What a client is shown of a verification that it cannot prove, moment by moment."""
    session = place.world.start(app, number, channels=[Channel.PUSH, Channel.SMS])
    answers = [session.started, session.get()]
    for seconds in (0, 1, 60, 30):
        place.world.pass_time(seconds)
        answers.append(session.get())
    views = [view_of(answer) for answer in answers]
    return [
        msgspec.to_builtins(msgspec.structs.replace(view, id="", phone_number="", challenge="", attempt=None))
        | {"attempt": view.attempt and (view.attempt.channel, view.attempt.status, view.attempt.reason)}
        for view in views
    ]


@pytest.mark.parametrize("status", [201, 410, 429, 500])
def test_a_client_is_told_the_same_whether_there_is_a_browser_or_not(place: Place, status: int) -> None:
    """Nor whether it takes messages still: the next step follows by the clock in every case."""
    app = place.world.app(LONG)
    place.enrol(app).status = status
    assert everything_told(place, app, NUMBER) == everything_told(place, app, OTHER_NUMBER)


def test_while_a_message_is_sent_a_client_sees_what_it_sees_afterwards(place: Place) -> None:
    """How long that takes would tell whether there is anything to send."""
    app = place.world.app(LONG)
    session = place.world.start(app, channels=PUSH)
    assert session.attempts[0].state is AttemptState.QUEUED
    shown = view_of(session.get()).attempt
    assert shown is not None
    assert shown.status is AttemptState.ACCEPTED


def test_the_record_says_what_was_kept_from_the_client(place: Place) -> None:
    app = place.world.app(LONG)
    without = place.start(app)
    assert place.world.server.notes(without.id, "push_unsent") == [{"why": "no_device"}]


def test_a_browser_s_proof_enrols_no_other_browser(place: Place) -> None:
    app = place.world.app(LONG)
    browser = place.enrol(app)
    session = place.start(app)
    session.confirm(code_report(code_in(browser), Channel.PUSH))
    with pytest.raises(AlreadyFinished):
        enrolled(session, place.service.browser())


def test_a_subscription_belongs_to_push_and_push_needs_one(place: Place) -> None:
    app = place.world.app(LONG)
    session = place.world.start(app, channels=[Channel.SMS])
    devices = place.world.server.service.devices
    for request in (
        EnrolRequest(kind=DeviceKind.PUSH),
        EnrolRequest(kind=DeviceKind.TOTP, subscription=place.service.browser().subscription),
    ):
        with pytest.raises(InvalidRequest):
            devices.enrol(app.back_end, session.id, request, None)


def test_the_database_holds_no_subscription(place: Place) -> None:
    app = place.world.app(LONG)
    browser = place.enrol(app)
    rows = place.world.server.storage.look(
        lambda connection: connection.exec_driver_sql("SELECT sealed FROM devices").all()
    )
    kept = bytes(rows[0][0]).decode()
    for plain in (place.service.url, encoded(public_point(browser.key)), encoded(browser.auth)):
        assert plain not in kept


def test_pages_subscribe_for_the_key_that_messages_are_signed_with(place: Place) -> None:
    app = place.world.app(LONG)
    place.enrol(app)
    place.start(app)
    assert place.service.keys == {place.world.server.service.devices.push_key()}


def test_the_code_of_a_message_that_was_kept_quiet_proves_nothing(place: Place) -> None:
    """Nobody has it, and guessing is counted as ever."""
    app = place.world.app(LONG)
    session = place.start(app)
    request = ConfirmRequest(
        evidence=code_report("000000", Channel.PUSH),
        challenge=session.challenge,
        code_verifier=session.verifier,
    )
    answer = place.world.server.service.confirm(app.client, session.id, request, None)
    assert (answer.status, answer.checks_left) == (Status.PENDING, LONG.code_checks - 1)
