"""An application's own wording in what people get: messages on every channel, documents of calls."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ringproof_rcml import load_words
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.verification import Capabilities
from ringproof_server.ports import Session
from ringproof_server.service.wording import Wording
from tests.support.world import World

OWN = "Welcome! {brand} code: {code}."


def test_a_text_message_comes_in_the_applications_words_with_our_warning(world: World) -> None:
    app = world.app()
    Wording(world.server.storage).set_text(app.application.id, "en", "message.code", OWN)
    capabilities = Capabilities(sms_app_hash="FA+9qCX9VSu")
    world.start(app, channels=[Channel.SMS], capabilities=capabilities)
    world.pass_time(5)
    (message,) = world.messages_seen()
    code = world.code_seen()
    never = load_words("en").text("message", "never_share")
    assert message.text == (f"Welcome! Tests code: {code}. {never}\n\nFA+9qCX9VSu")


def test_other_languages_and_other_applications_keep_our_words(world: World) -> None:
    app, other = world.app(), world.app()
    Wording(world.server.storage).set_text(app.application.id, "en", "message.code", OWN)
    world.start(app, channels=[Channel.SMS], language="de")
    world.pass_time(5)
    assert "ist Ihr Code für Tests." in world.messages_seen()[-1].text
    world.start(other, "+447700900456", channels=[Channel.SMS])
    world.pass_time(5)
    assert "is your Tests code." in world.messages_seen("+447700900456")[-1].text


@pytest.mark.parametrize("channel", [Channel.WHATSAPP, Channel.VIBER])
def test_messengers_say_it_too(world: World, channel: Channel) -> None:
    app = world.app()
    Wording(world.server.storage).set_text(app.application.id, "en", "message.code", OWN)
    world.start(app, channels=[channel], caller=app.back_end)
    world.pass_time(5)
    assert world.messages_seen()[-1].text.startswith("Welcome! Tests code: ")


def test_a_wording_that_is_not_allowed_any_more_gives_way_to_ours(world: World) -> None:
    """Whoever waits for a code gets one."""
    app = world.app()
    texts = {"en": {"message.code": "{code} and {brand} at evil.example", "gone.key": "x"}}

    def work(session: Session) -> None:
        found = session.applications.get(app.application.id)
        assert found is not None
        session.applications.update(replace(found, texts=texts))

    world.server.storage.write(work)
    world.start(app, channels=[Channel.SMS])
    world.pass_time(5)
    assert "is your Tests code." in world.messages_seen()[-1].text
