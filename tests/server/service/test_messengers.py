"""Messengers: delivered and read events drive the failover, and nobody names an address of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringproof_server.domain.attempt import AttemptState
from ringproof_server.domain.channel import Channel, SkipReason
from ringproof_server.domain.errors import InvalidRequest
from ringproof_server.domain.stage import Advance, Stage
from ringproof_server.domain.verification import Capabilities, Status
from ringproof_server.ports import OutgoingMessage
from tests.support.switchboard import Switchboard
from tests.support.world import World, code_report

MESSENGERS = [Channel.WHATSAPP, Channel.VIBER, Channel.MESSENGER]
RECIPIENTS = {Channel.MESSENGER: "1234567890123456"}


def flow(channel: Channel, advance: Advance = Advance.NOT_READ) -> list[Channel | Stage]:
    return [Stage(channel=channel, timeout=120, advance=advance), Channel.SMS]


@pytest.mark.parametrize("channel", MESSENGERS)
def test_a_code_that_is_read_on_a_messenger_proves_the_number(world: World, channel: Channel) -> None:
    app = world.app()
    session = world.start(app, channels=flow(channel), caller=app.back_end, recipients=RECIPIENTS)
    world.pass_time(10)
    assert session.attempts[0].state is AttemptState.READ
    world.pass_time(130)
    assert [item.channel for item in session.attempts] == [channel]
    done = session.confirm(code_report(world.code_seen(), channel))
    assert (done.status, done.verification.proof) == (Status.VERIFIED, channel)


@pytest.mark.parametrize("channel", MESSENGERS)
@pytest.mark.parametrize(
    ("behaviour", "advance", "seconds"),
    [
        ("unread", Advance.NOT_READ, 120),
        ("unread", Advance.NOT_DELIVERED, None),
        ("off", Advance.NOT_DELIVERED, 120),
        ("undelivered", Advance.NOT_READ, 2),
        ("undelivered", Advance.NO_REPORT, 2),
    ],
)
def test_the_sms_follows_what_the_messenger_reports(
    world: World, channel: Channel, behaviour: str, advance: Advance, seconds: int | None
) -> None:
    """Unread after two minutes, turned back at once, and not at all when the condition is not met."""
    world.behave(behaviour)
    app = world.app()
    session = world.start(app, channels=flow(channel, advance), caller=app.back_end, recipients=RECIPIENTS)
    world.pass_time(200)
    sms = [item for item in session.attempts if item.channel is Channel.SMS]
    if seconds is None:
        assert sms == []
        return
    waited = (sms[0].queued_at - session.attempts[0].queued_at).total_seconds()
    assert waited == seconds if seconds == 120 else waited <= seconds


def test_a_messenger_without_a_recipient_is_skipped_with_the_reason(world: World) -> None:
    session = world.start(world.app(), channels=[*MESSENGERS, Channel.SMS])
    assert [(skip.channel, skip.reason) for skip in session.stored.plan.skipped] == [
        (Channel.MESSENGER, SkipReason.NO_RECIPIENT)
    ]


def test_an_app_may_not_name_the_recipient(world: World) -> None:
    """Whoever asks could name their own address and would prove nothing."""
    with pytest.raises(InvalidRequest) as refused:
        world.start(world.app(), channels=[Channel.MESSENGER], recipients=RECIPIENTS)
    assert refused.value.faults[0][0] == "recipients"


def test_the_carrier_is_given_the_recipient_on_its_own_channel_only(tmp_path: Path) -> None:
    board = Switchboard(tmp_path, channels=frozenset({Channel.MESSENGER, Channel.WHATSAPP}))
    app = board.world.app()
    session = board.world.start(
        app, channels=[Channel.MESSENGER, Channel.WHATSAPP], caller=app.back_end, recipients=RECIPIENTS
    )
    board.world.server.dispatch_all()
    board.world.clock.move(60)
    session.advance(Channel.WHATSAPP)
    board.world.server.dispatch_all()
    sent = [item for item in board.first.taken.values() if isinstance(item, OutgoingMessage)]
    assert [(item.channel, item.recipient) for item in sent] == [
        (Channel.MESSENGER, "1234567890123456"),
        (Channel.WHATSAPP, ""),
    ]
    board.world.close()


def test_only_the_sms_holds_what_apps_and_pages_read(world: World) -> None:
    """On a messenger no program reads the text, so hash and host line would only puzzle the person."""
    app = world.app()
    capabilities = Capabilities(sms_app_hash="FA+9qCX9VSu")
    session = world.start(app, channels=flow(Channel.VIBER), capabilities=capabilities)
    world.pass_time(5)
    world.pass_time(60)
    session.advance(Channel.SMS)
    world.pass_time(5)
    messenger, sms = (message.text for message in world.messages_seen())
    assert "FA+9qCX9VSu" in sms
    assert sms.startswith(messenger)
    assert "\n" not in messenger
