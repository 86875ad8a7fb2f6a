"""Proving a number by an authenticator: drift, replay, strangers, other numbers and applications, guesses."""

from __future__ import annotations

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from ringproof_server.domain import totp
from ringproof_server.domain.application import Caller
from ringproof_server.domain.assurance import bits
from ringproof_server.domain.attempt import AttemptState
from ringproof_server.domain.channel import Channel, Reason, SkipReason
from ringproof_server.domain.device import DeviceKind
from ringproof_server.domain.errors import (
    AlreadyFinished,
    InvalidRequest,
    NoChannelAvailable,
    NoStepsLeft,
    RateLimited,
)
from ringproof_server.domain.evidence import Verdict
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Status, Transaction
from ringproof_server.domain.workflow import Skipped
from ringproof_server.ports import Session as Unit
from ringproof_server.service.devices import Enrolled, EnrolRequest
from ringproof_server.service.progress import Progress
from ringproof_server.service.requests import StartRequest
from ringproof_server.service.spacing import AUTHENTICATOR_OFFERS, AUTHENTICATOR_WINDOW
from tests.support import leaks
from tests.support.world import (
    NUMBER,
    OTHER_NUMBER,
    App,
    Session,
    World,
    code_report,
    outcome,
    right_call,
    wrong_code,
)

TOTP = (Channel.TOTP,)
LONG = Policy(ttl=900, check_delays=())


def enrol(world: World, app: App, number: str = NUMBER) -> bytes:
    """Verify the number and enrol an authenticator for it; its secret."""
    session = world.start(app, number, channels=[Channel.FLASHCALL])
    world.pass_time(12)
    assert session.confirm(right_call(session)).status is Status.VERIFIED
    secret = secret_in(enrolled(session))
    # The code of the present step belongs to nobody yet; the flash calls of a number have a limit.
    world.pass_time(600)
    return secret


def enrolled(session: Session, label: str | None = None) -> Enrolled:
    request = EnrolRequest(
        kind=DeviceKind.TOTP, label=label, challenge=session.challenge, code_verifier=session.verifier
    )
    return session.process.service.devices.enrol(session.caller, session.id, request, None)


def secret_in(made: Enrolled) -> bytes:
    assert made.secret is not None
    leaks.secret(made.secret, "key")
    return base64.b32decode(made.secret)


def shown(world: World, secret: bytes, steps: int = 0) -> str:
    """What the app shows so many steps from now."""
    return totp.code_at(secret, totp.step_at(world.clock.now()) + steps)


def give(session: Session, text: str) -> Progress:
    return session.confirm(code_report(text, Channel.TOTP))


def none_of(world: World, secret: bytes) -> str:
    """A code that is wrong now."""
    accepted = {shown(world, secret, drift) for drift in (-1, 0, 1)}
    return next(text for text in (str(n).zfill(6) for n in range(9)) if text not in accepted)


def back_end_start(world: World, app: App, number: str = NUMBER, *, client: bool = False) -> Progress:
    """A start by the application's back end, for itself or for a client that takes part."""
    asked = StartRequest(
        phone_number=number,
        code_challenge=world.pkce()[1] if client else None,
        channels=(Channel.TOTP, Channel.SMS),
    )
    return world.server.service.start(app.back_end, asked, None)


# --- proving


def test_a_code_proves_the_number_and_nothing_is_sent(world: World) -> None:
    app = world.app(LONG)
    secret = enrol(world, app)
    before = len(world.messages_seen()), len(world.calls_seen())
    session = world.start(app, channels=TOTP)
    world.pass_time(30)
    [attempt] = session.attempts
    assert (attempt.channel, attempt.state, attempt.carrier) == (Channel.TOTP, AttemptState.ACCEPTED, None)
    answer = give(session, shown(world, secret))
    assert (answer.status, answer.verification.proof) == (Status.VERIFIED, Channel.TOTP)
    assert answer.token is not None
    assert (len(world.messages_seen()), len(world.calls_seen())) == before


@pytest.mark.parametrize(
    ("drift", "status"), [(-2, "pending"), (-1, "verified"), (1, "verified"), (2, "pending")]
)
def test_a_clock_may_be_one_step_off_and_no_more(world: World, drift: int, status: str) -> None:
    app = world.app(LONG)
    secret = enrol(world, app)
    assert give(world.start(app, channels=TOTP), shown(world, secret, drift)).status == status


def test_a_used_code_and_an_older_one_prove_nothing_more(world: World) -> None:
    app = world.app(LONG)
    secret = enrol(world, app)
    used, older, newer = (shown(world, secret, drift) for drift in (0, -1, 1))
    assert give(world.start(app, channels=TOTP), used).status is Status.VERIFIED
    session = world.start(app, channels=TOTP)
    assert outcome(give(session, used)) == (Status.PENDING, Verdict.MISMATCH)
    assert give(session, older).result is Verdict.MISMATCH
    assert session.get().checks_left == LONG.code_checks - 2
    assert give(session, newer).status is Status.VERIFIED


def test_a_code_that_is_given_in_many_verifications_at_once_proves_one(tmp_path: Path, database: str) -> None:
    """On every kind of database."""
    world = World(tmp_path / "threads", database=database)
    app = world.app(Policy(ttl=900, pending_per_number=10))
    secret = enrol(world, app)
    sessions = []
    for index in range(8):  # Each client has an address of its own.
        client = Caller(app.application, app.client.key_id, app.client.kind, f"198.51.100.{index}")
        sessions.append(world.start(app, channels=TOTP, caller=client))
    code, ready = shown(world, secret), threading.Barrier(len(sessions))

    def prove(session: Session) -> Status:
        ready.wait()
        return give(session, code).status

    with ThreadPoolExecutor(len(sessions)) as pool:
        outcomes = list(pool.map(prove, sessions))
    assert sorted(outcomes) == [Status.PENDING] * (len(sessions) - 1) + [Status.VERIFIED]
    world.close()


def test_a_repeated_proof_gets_the_same_token(world: World) -> None:
    app = world.app(LONG)
    secret = enrol(world, app)
    session = world.start(app, channels=TOTP)
    code = shown(world, secret)
    first = give(session, code)
    world.clock.move(120)
    assert give(session, code).token == first.token
    with pytest.raises(AlreadyFinished):
        give(session, wrong_code(code))


# --- whose device


def test_it_proves_its_own_number_only(world: World) -> None:
    app = world.app(LONG)
    secret = enrol(world, app)
    assert (
        give(world.start(app, OTHER_NUMBER, channels=TOTP), shown(world, secret)).result is Verdict.MISMATCH
    )


def test_it_proves_to_its_own_application_only(world: World) -> None:
    secret = enrol(world, world.app(LONG))
    other = world.app(LONG)
    assert give(world.start(other, channels=TOTP), shown(world, secret)).result is Verdict.MISMATCH


def test_a_revoked_one_proves_nothing(world: World) -> None:
    app = world.app(LONG)
    secret = enrol(world, app)
    devices = world.server.service.devices
    [device] = devices.of_number(app.back_end, NUMBER)
    session = world.start(app, channels=TOTP)
    devices.revoke(app.back_end, device.id)
    assert give(session, shown(world, secret)).result is Verdict.MISMATCH
    assert devices.of_number(app.back_end, NUMBER) == []


def test_a_new_one_takes_the_place_of_the_one_before(world: World) -> None:
    """A number may have got a new owner, who must not share it with the old one's phone."""
    app = world.app(LONG)
    old = enrol(world, app)
    new = enrol(world, app)
    session = world.start(app, channels=TOTP)
    assert give(session, shown(world, old)).result is Verdict.MISMATCH
    assert give(session, shown(world, new)).status is Status.VERIFIED


def test_a_secret_that_is_moved_to_another_number_does_not_open(world: World) -> None:
    """Who writes into the database can take a device away, not hand it to a number of theirs."""
    app = world.app(LONG)
    secret = enrol(world, app)
    enrol(world, app, OTHER_NUMBER)

    def swap(unit: Unit) -> None:
        stolen, *_ = unit.devices.of(app.application.id, PhoneNumber.parse(NUMBER), 1)
        theirs, *_ = unit.devices.of(app.application.id, PhoneNumber.parse(OTHER_NUMBER), 1)
        unit.devices.remove(stolen.id)
        unit.devices.remove(theirs.id)
        unit.devices.add(PhoneNumber.parse(OTHER_NUMBER), stolen)

    world.server.storage.write(swap)
    session = world.start(app, OTHER_NUMBER, channels=TOTP)
    assert give(session, shown(world, secret)).result is Verdict.MISMATCH


def test_the_database_holds_no_secret_and_no_number(world: World) -> None:
    app = world.app(LONG)
    secret = enrol(world, app)
    rows = world.server.storage.look(
        lambda connection: connection.exec_driver_sql("SELECT * FROM devices").mappings().all()
    )
    assert len(rows) == 1
    kept = b"\n".join(
        value if isinstance(value, bytes) else str(value).encode() for value in rows[0].values()
    )
    for plain in (secret, base64.b32encode(secret), base64.b64encode(secret), secret.hex().encode()):
        assert plain not in kept
    assert NUMBER[1:].encode() not in kept


# --- what strangers learn


def everything_told(world: World, app: App, number: str) -> list[object]:
    """What a client sees of a verification that it cannot prove, from start to end."""
    session = world.start(app, number, channels=[Channel.TOTP, Channel.SMS])
    answers = [session.started, session.get()]
    for guess in ("000000", "111111"):
        answers.append(give(session, guess))
    world.pass_time(60)
    answers.append(session.advance())
    world.pass_time(830)
    answers.append(session.get())
    return [
        (
            answer.status,
            answer.result,
            answer.verification.plan,
            answer.verification.guess_probability,
            answer.next,
            answer.checks_left,
            [(item.channel, item.state, item.reason) for item in answer.attempts],
        )
        for answer in answers
    ]


def test_a_client_is_told_the_same_of_a_number_with_a_device_and_of_one_without(world: World) -> None:
    app = world.app(LONG)
    enrol(world, app)
    world.pass_time(3600)
    assert everything_told(world, app, NUMBER) == everything_told(world, app, OTHER_NUMBER)


def test_a_back_end_is_told_that_a_number_has_none(world: World) -> None:
    app = world.app(LONG)
    enrol(world, app)
    with_device, without = back_end_start(world, app), back_end_start(world, app, OTHER_NUMBER)
    assert [step.channel for step in with_device.verification.plan.steps] == [Channel.TOTP, Channel.SMS]
    assert without.verification.plan.skipped == (Skipped(Channel.TOTP, SkipReason.NOT_ENROLLED),)


def test_a_back_end_that_starts_for_a_client_is_told_no_more_than_the_client(world: World) -> None:
    """The client reads the same answer, with the challenge that the back end passes on."""
    app = world.app(LONG)
    told = back_end_start(world, app, OTHER_NUMBER, client=True)
    assert [step.channel for step in told.verification.plan.steps] == [Channel.TOTP, Channel.SMS]


def test_where_nothing_else_is_left_a_back_end_hears_why(world: World) -> None:
    app = world.app(LONG)
    asked = StartRequest(phone_number=NUMBER, channels=TOTP)
    with pytest.raises(NoChannelAvailable, match="totp: not_enrolled"):
        world.server.service.start(app.back_end, asked, None)


# --- guesses


def test_three_codes_of_a_million_are_right_in_each_check(world: World) -> None:
    """The plan says so, the ledger keeps so much, and of that remains what was really tried."""
    app = world.app(LONG)
    secret = enrol(world, app)
    spent = world.server.spent()
    session = world.start(app, channels=TOTP)
    assert session.started.verification.guess_probability == pytest.approx(1.5e-5)
    assert world.server.spent() - spent == pytest.approx(1.5e-5)
    give(session, none_of(world, secret))
    answer = give(session, shown(world, secret))
    assert world.server.spent() - spent == pytest.approx(6e-6)
    assert bits(answer.verification.guess_probability) == pytest.approx(16.02, abs=0.01)


def test_wrong_codes_count_as_checks_and_as_failures_of_the_number(world: World) -> None:
    app = world.app(LONG)
    secret = enrol(world, app)
    session = world.start(app, channels=TOTP)
    for _ in range(LONG.code_checks):
        answer = give(session, none_of(world, secret))
    assert outcome(answer) == (Status.FAILED, Verdict.MISMATCH)
    assert world.server.failures() == LONG.code_checks


def test_codes_that_were_sent_share_their_checks_with_it_and_its_odds(world: World) -> None:
    app = world.app(LONG)
    secret = enrol(world, app)
    session = world.start(app, channels=[Channel.SMS, Channel.TOTP])
    assert session.started.verification.guess_probability == pytest.approx(5e-6)
    world.pass_time(2)
    session.advance(Channel.TOTP)
    give(session, none_of(world, secret))
    world.pass_time(60)
    session.advance(Channel.SMS)
    world.pass_time(2)
    answer = session.confirm(code_report(world.code_seen()))
    assert answer.status is Status.VERIFIED
    assert answer.verification.guess_probability == pytest.approx(1.5e-5)


def test_a_number_is_offered_it_so_often_an_hour(world: World) -> None:
    """With a device or without, so that nobody can use up the wrong answers that a number bears."""
    app = world.app(LONG)
    enrol(world, app)
    for number in (NUMBER, OTHER_NUMBER):
        for _ in range(AUTHENTICATOR_OFFERS):
            world.start(app, number, channels=TOTP).cancel()
        with pytest.raises(RateLimited) as refused:
            world.start(app, number, channels=TOTP)
        assert refused.value.retry_after == AUTHENTICATOR_WINDOW.total_seconds()
        other = world.start(app, number, channels=[Channel.TOTP, Channel.SMS])
        assert other.started.verification.plan.skipped == (Skipped(Channel.TOTP, SkipReason.RATE_LIMITED),)
    world.pass_time(AUTHENTICATOR_WINDOW.total_seconds())
    assert world.start(app, channels=TOTP).started.attempt is not None


def test_its_code_approves_no_payment(world: World) -> None:
    """It would approve any other as well, so it does not help that the application shows what is paid."""
    paid = Transaction(amount="12.30", currency="EUR", payee="ACME")
    allowed = replace(LONG, transactions_from_apps=True)
    for policy in (allowed, replace(allowed, shows_transaction=True)):
        app = world.app(policy)
        secret = enrol(world, app)
        session = world.start(app, channels=[Channel.TOTP, Channel.SMS], transaction=paid)
        assert session.started.verification.plan.skipped == (
            Skipped(Channel.TOTP, SkipReason.TRANSACTION_NOT_SHOWN),
        )
        with pytest.raises(NoStepsLeft):
            session.advance(Channel.TOTP)
        with pytest.raises(InvalidRequest):
            give(session, shown(world, secret))
        assert session.cancel().status is Status.CANCELLED


# --- among other channels


def test_it_delays_no_message_and_is_delayed_by_none(world: World) -> None:
    app = world.app(LONG)
    enrol(world, app)
    session = world.start(app, channels=[Channel.TOTP, Channel.SMS, Channel.VOICE])
    assert dict(session.started.next.channels) == {Channel.SMS: 0, Channel.VOICE: 0}
    session.advance(Channel.SMS)
    world.pass_time(2)
    assert len(world.messages_seen()) == 1
    again = world.start(app, channels=TOTP, caller=app.back_end)
    assert again.started.attempt is not None


def test_the_next_step_follows_by_the_clock_and_the_code_is_taken_still(world: World) -> None:
    app = world.app(Policy(ttl=900, message_timeout=30))
    secret = enrol(world, app)
    session = world.start(app, channels=[Channel.TOTP, Channel.SMS])
    world.pass_time(35)
    assert len(world.messages_seen()) == 1
    assert give(session, shown(world, secret)).verification.proof is Channel.TOTP


def test_it_is_offered_once_in_a_verification(world: World) -> None:
    app = world.app(LONG)
    session = world.start(app, channels=[Channel.TOTP, Channel.SMS])
    assert Channel.TOTP not in session.get().next.channels
    with pytest.raises(NoStepsLeft):
        session.advance(Channel.TOTP)


def test_its_code_is_not_looked_at_where_it_is_not_offered(world: World) -> None:
    app = world.app(LONG)
    secret = enrol(world, app)
    session = world.start(app, channels=[Channel.SMS])
    with pytest.raises(InvalidRequest):
        give(session, shown(world, secret))


def test_what_happened_to_a_device_stands_in_the_record(world: World) -> None:
    app = world.app(LONG)
    secret = enrol(world, app)
    session = world.start(app, channels=TOTP)
    code = shown(world, secret)
    give(session, code)
    [used] = world.server.notes(session.id, "device_used")
    [device] = world.server.service.devices.of_number(app.back_end, NUMBER)
    assert used == {"device": device.id}
    assert device.used_at == world.clock.now()
    replayed = world.start(app, channels=TOTP)
    give(replayed, code)
    assert world.server.notes(replayed.id, "used_code") == [{"channel": "totp"}]
    assert world.server.attempts(replayed.id)[0].reason is None
    assert Reason.CANCELLED not in {item.reason for item in session.attempts}
