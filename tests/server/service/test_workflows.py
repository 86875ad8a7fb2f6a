"""Chains of channels: each with its time and its condition, whatever happens, exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ringproof_server.domain.attempt import AttemptEvent, AttemptState
from ringproof_server.domain.channel import Channel, Reason, SkipReason
from ringproof_server.domain.errors import NoStepsLeft, TooEarly
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.stage import Advance, Stage
from ringproof_server.domain.verification import Status
from tests.support.api import code_in
from tests.support.switchboard import Switchboard
from tests.support.world import App, Session, World, code_report, outcome

CHANNELS = frozenset({Channel.FLASHCALL, Channel.SMS, Channel.WHATSAPP, Channel.VIBER})
NOT_READ = Stage(channel=Channel.WHATSAPP, timeout=120, advance=Advance.NOT_READ)
NOT_DELIVERED = Stage(channel=Channel.WHATSAPP, timeout=90, advance=Advance.NOT_DELIVERED)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Switchboard]:
    """A server with one carrier that obeys the test and has messengers too."""
    made = Switchboard(tmp_path / "board", channels=CHANNELS, config={"claim_lease": 30.0})
    yield made
    made.world.close()


def started(board: Switchboard, first: Stage, policy: Policy | None = None) -> Session:
    """A verification on `first`, then SMS, whose first message the carrier has taken."""
    app = board.world.app(policy)
    session = board.world.start(app, channels=[first, Channel.SMS])
    board.world.server.dispatch_all()
    return session


def channels(session: Session) -> list[Channel]:
    return [item.channel for item in session.attempts]


def code_sent(board: Switchboard) -> str:
    return code_in([item for item in board.first.taken.values() if hasattr(item, "text")][-1].text)


def upcoming(session: Session) -> tuple[Channel, int] | None:
    automatic = session.get().next.automatic
    return None if automatic is None else (automatic.channel, automatic.seconds)


# --- conditions


@pytest.mark.parametrize(
    ("stage", "events", "goes_on"),
    [
        (NOT_READ, (), True),
        (NOT_READ, (AttemptEvent.DELIVER,), True),
        (NOT_READ, (AttemptEvent.READ,), False),
        (NOT_READ, (AttemptEvent.DELIVER, AttemptEvent.READ), False),
        (NOT_DELIVERED, (), True),
        (NOT_DELIVERED, (AttemptEvent.DELIVER,), False),
        (NOT_DELIVERED, (AttemptEvent.READ,), False),
        (Stage(channel=Channel.WHATSAPP, timeout=90), (AttemptEvent.READ,), True),
    ],
)
def test_the_next_channel_starts_at_its_time_when_the_condition_holds(
    board: Switchboard, stage: Stage, events: tuple[AttemptEvent, ...], goes_on: bool
) -> None:
    """A message that did what was waited for keeps its step: the person has the code."""
    session = started(board, stage)
    assert stage.timeout is not None
    assert upcoming(session) == (Channel.SMS, stage.timeout)
    for event in events:
        board.say(session.attempts[0], event)
    assert upcoming(session) == ((Channel.SMS, stage.timeout) if goes_on else None)
    board.world.pass_time(stage.timeout - 0.001)
    assert channels(session) == [Channel.WHATSAPP]
    board.world.pass_time(0.001)
    assert channels(session) == [Channel.WHATSAPP, *([Channel.SMS] if goes_on else [])]
    board.world.pass_time(60)
    assert len(session.attempts) == 1 + goes_on


def test_a_step_that_is_kept_still_proves_or_is_left_on_demand_or_expires(board: Switchboard) -> None:
    session = started(board, NOT_READ)
    board.say(session.attempts[0], AttemptEvent.READ)
    board.world.pass_time(200)
    answer = session.advance(Channel.SMS)
    assert answer.verification.current.channel is Channel.SMS
    board.world.pass_time(99)
    assert session.get().status is Status.PENDING
    board.world.pass_time(1)
    assert session.stored.status is Status.EXPIRED


def test_what_is_read_after_the_next_step_began_changes_telemetry_only(board: Switchboard) -> None:
    session = started(board, NOT_READ)
    board.world.pass_time(121)
    assert channels(session) == [Channel.WHATSAPP, Channel.SMS]
    before = session.stored
    board.say(session.attempts[0], AttemptEvent.READ)
    assert session.attempts[0].state is AttemptState.READ
    assert session.stored.step == before.step
    assert session.stored.wake_at == before.wake_at
    board.world.pass_time(30)
    assert channels(session) == [Channel.WHATSAPP, Channel.SMS]


@pytest.mark.parametrize("reason", [Reason.UNREACHABLE, Reason.REJECTED, Reason.CANCELLED, None])
@pytest.mark.parametrize("stage", [NOT_READ, NOT_DELIVERED])
def test_a_message_that_fails_is_followed_at_once_without_the_wait_between_sends(
    board: Switchboard, stage: Stage, reason: Reason | None
) -> None:
    """It reached nobody, so nobody is bothered twice; one whose fate is unknown may have."""
    session = started(board, stage)
    board.world.clock.move(7)
    board.say(session.attempts[0], AttemptEvent.FAIL, reason=reason)
    assert channels(session) == [Channel.WHATSAPP, *([Channel.SMS] if reason else [])]
    board.world.pass_time(53)
    assert channels(session) == [Channel.WHATSAPP, Channel.SMS]
    assert session.confirm(code_report(code_sent(board))).status is Status.VERIFIED


def test_a_channel_that_fails_every_time_is_not_tried_without_end(board: Switchboard) -> None:
    """Only a channel's first send is forgiven the failed ones before it."""
    app = board.world.app(Policy(workflow=(Channel.WHATSAPP, Channel.VIBER), ttl=3600))
    session = board.world.start(app)
    for name in (Channel.WHATSAPP, Channel.VIBER):
        board.world.server.dispatch_all()
        assert session.attempts[-1].channel is name
        if name is Channel.WHATSAPP:
            board.say(session.attempts[-1], AttemptEvent.FAIL, reason=Reason.UNREACHABLE)
    waits = session.get().next.channels
    assert waits == {Channel.WHATSAPP: 120, Channel.VIBER: 120}
    with pytest.raises(TooEarly):
        session.advance(Channel.WHATSAPP)


def test_failed_sends_count_for_the_day(board: Switchboard) -> None:
    app = board.world.app(Policy(sends_per_day=1))
    session = board.world.start(app, channels=[NOT_READ, Channel.SMS])
    board.world.server.dispatch_all()
    board.say(session.attempts[0], AttemptEvent.FAIL, reason=Reason.UNREACHABLE)
    board.world.pass_time(200)
    assert channels(session) == [Channel.WHATSAPP]


# --- exactly once


def test_the_next_step_starts_once_however_many_processes_look_and_restart(board: Switchboard) -> None:
    session = started(board, NOT_READ)
    board.say(session.attempts[0], AttemptEvent.DELIVER)
    world = board.world
    others = [world.process(), world.process()]
    world.clock.move(120)
    assert sum(process.due.run() for process in (world.server, *others)) == 1
    restarted = world.process()
    assert restarted.due.run() == 0
    assert [item.channel for item in restarted.attempts(session.id)] == [Channel.WHATSAPP, Channel.SMS]
    queued = session.attempts[-1].id
    assert sum(process.dispatching.dispatch(queued) for process in (world.server, *others)) == 1
    assert len(board.first.taken_for(queued)) == 1


def test_a_server_that_was_away_when_a_message_was_read_starts_nothing_when_it_is_back(
    board: Switchboard,
) -> None:
    """The carrier's repeat comes before the overdue deadline is looked at, or after: the state decides."""
    session = started(board, NOT_READ)
    board.world.clock.move(150)
    back = board.world.process()
    board.say(session.attempts[0], AttemptEvent.READ, process=back)
    back.due.run()
    assert channels(session) == [Channel.WHATSAPP]
    assert [
        entry.what
        for entry in session.process.storage.read(lambda unit: unit.verifications.trace(session.id))
    ].count("step_kept") == 1


# --- one code, one spacing, one count of checks, whatever the channel


def test_every_channel_sends_the_same_code_and_shares_its_checks(board: Switchboard) -> None:
    session = started(board, NOT_DELIVERED)
    board.world.pass_time(91)
    texts = [item.text for item in board.first.taken.values() if hasattr(item, "text")]
    assert len({code_in(text) for text in texts}) == 1 < len(texts)
    code = code_in(texts[0])
    wrong = str((int(code) + 1) % 10**6).zfill(6)
    for channel, delay in ((Channel.WHATSAPP, 0), (Channel.SMS, 0), (Channel.WHATSAPP, 60)):
        answer = session.confirm(code_report(wrong, channel))
        assert answer.next.check_in == delay
    with pytest.raises(TooEarly):
        session.confirm(code_report(code, Channel.SMS))
    board.world.clock.move(60)
    assert session.confirm(code_report(wrong, Channel.SMS)).next.check_in == 120
    board.world.clock.move(120)
    done = session.confirm(code_report(code, Channel.WHATSAPP))
    assert outcome(done) == (Status.VERIFIED, None)
    assert done.verification.proof is Channel.WHATSAPP


def test_sends_are_spaced_by_one_two_five_and_ten_minutes_across_channels(board: Switchboard) -> None:
    policy = Policy(ttl=3600, workflow=(Channel.WHATSAPP, Channel.SMS, Channel.VIBER))
    session = board.world.start(board.world.app(policy))
    for position, wait in enumerate((60, 120, 300, 600, 600)):
        board.world.server.dispatch_all()
        assert session.get().next.channels == dict.fromkeys(policy.workflow, wait)
        channel = (Channel.SMS, Channel.VIBER, Channel.WHATSAPP)[position % 3]
        with pytest.raises(TooEarly) as refused:
            session.advance(channel)
        assert refused.value.retry_after == wait
        board.world.clock.move(wait)
        session.advance(channel)


def test_a_named_channel_may_be_asked_for_in_any_order_within_the_plan(board: Switchboard) -> None:
    app = board.world.app(Policy(workflow=(Channel.FLASHCALL, Channel.SMS, Channel.VIBER), ttl=600))
    session = board.world.start(app)
    assert session.started.next.channels == {Channel.SMS: 0, Channel.VIBER: 0}
    session.advance(Channel.VIBER)
    board.world.clock.move(60)
    session.advance(Channel.SMS)
    assert channels(session) == [Channel.FLASHCALL, Channel.VIBER, Channel.SMS]
    with pytest.raises(NoStepsLeft):
        session.advance(Channel.WHATSAPP)


# --- what may be asked for


def test_every_channel_that_is_off_is_listed_with_its_reason(board: Switchboard) -> None:
    wanted = [*Channel]
    session = board.world.start(board.world.app(), channels=wanted)
    plan = session.started.verification.plan
    planned = {step.channel for step in plan.steps}
    skipped = {item.channel: item.reason for item in plan.skipped}
    assert planned | set(skipped) == set(wanted)
    assert not planned & set(skipped)
    assert skipped[Channel.VOICE] is SkipReason.NO_CARRIER


def test_an_application_s_workflow_is_kept_with_times_and_conditions(world: World) -> None:
    """Stored, read back by another process, and used for every start that names no channels."""
    flow = (
        Stage(channel=Channel.FLASHCALL, timeout=20),
        Stage(channel=Channel.SMS, timeout=30),
        Channel.VOICE,
    )
    app = world.app(Policy(workflow=flow))
    stored = world.process().administration.applications()[-1]
    assert stored.policy.workflow == flow
    progress = world.start(app).started
    assert [step.timeout for step in progress.verification.plan.steps][:2] == [20, 30]
    assert progress.interception_timeout == 20
    assert progress.next.automatic is not None
    assert progress.next.automatic.seconds == 20


def test_a_call_waits_for_no_delivery_and_times_have_bounds() -> None:
    for bad in (
        {"channel": Channel.VOICE, "advance": Advance.NOT_READ},
        {"channel": Channel.SMS, "timeout": 1},
        {"channel": Channel.SMS, "timeout": 3601},
    ):
        with pytest.raises(ValueError, match=r"advance|timeout"):
            Stage(**bad)


def test_two_applications_with_different_workflows_do_not_mix(board: Switchboard) -> None:
    apps: list[App] = [
        board.world.app(Policy(workflow=(NOT_READ, Channel.SMS))),
        board.world.app(Policy(workflow=(Channel.VIBER,))),
    ]
    numbers = ("+447700900211", "+447700900212")
    sessions = [board.world.start(app, number) for app, number in zip(apps, numbers, strict=True)]
    board.world.pass_time(121)
    assert [channels(session) for session in sessions] == [[Channel.WHATSAPP, Channel.SMS], [Channel.VIBER]]
