"""An attempt whose answer was lost is looked for in the account's list."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

from ringproof_server.domain.attempt import Attempt, AttemptState
from ringproof_server.domain.channel import Channel
from tests.server.carriers.restcomm.bench import CALLER_ID, NUMBER, OTHER_CALLER_ID, Restcomm, restcomm
from tests.support.restcomm_fake import SMS_FROM


def attempt(both: Restcomm, channel: Channel = Channel.FLASHCALL) -> Attempt:
    return Attempt(
        id="att_1",
        verification_id="vrf_1",
        channel=channel,
        step=0,
        state=AttemptState.DIALING,
        caller_id=CALLER_ID if channel.is_call else None,
        queued_at=both.clock.now(),
        claimed_at=both.clock.now(),
    )


def test_it_is_asked_for_by_both_numbers() -> None:
    """Numbers with `+`, the newest first; the time is compared here, since a date there has no zone."""
    with restcomm() as both:
        lost = both.call()
        found = both.carrier.find(attempt(both), NUMBER)
        query = dict(parse_qsl(urlsplit(both.server.requests[-1][1]).query))
        message = both.message()
        found_message = both.carrier.find(attempt(both, Channel.SMS), NUMBER)
        asked = dict(parse_qsl(urlsplit(both.server.requests[-1][1]).query))
    assert found is not None
    assert found.remote_id == lost.sid
    assert (query["To"], query["From"], query["Page"]) == (NUMBER.e164, CALLER_ID, "0")
    assert found_message is not None
    assert found_message.remote_id == message.sid
    assert asked["From"] == SMS_FROM


def test_it_is_found_on_a_later_page() -> None:
    """A number that gets many messages from the same sender has a long list."""
    with restcomm() as both:
        for _ in range(120):
            both.message()
        both.clock.move(3600)
        newest = both.message()
        found = both.carrier.find(attempt(both, Channel.SMS), NUMBER)
    assert found is not None
    assert found.remote_id == newest.sid


def test_the_search_has_an_end() -> None:
    """Four pages, then nothing is known."""
    with restcomm() as both:
        for _ in range(250):
            both.message()
        both.clock.move(3600)
        both.message()
        asked = len(both.server.requests)
        assert both.carrier.find(attempt(both, Channel.SMS), NUMBER) is None
        assert len(both.server.requests) - asked == 4


def test_a_server_that_does_not_filter_its_list_misleads_nobody() -> None:
    """The numbers are compared here too."""
    with restcomm() as both:
        both.server.ignores_filters = True
        both.call("att_2", caller_id=OTHER_CALLER_ID)
        assert both.carrier.find(attempt(both), NUMBER) is None
        lost = both.call()
        found = both.carrier.find(attempt(both), NUMBER)
    assert found is not None
    assert found.remote_id == lost.sid


def test_of_two_messages_of_the_same_moment_neither_is_taken() -> None:
    """Which of them belongs to this attempt nobody can say."""
    with restcomm() as both:
        both.message("att_1")
        both.message("att_2")
        assert both.carrier.find(attempt(both, Channel.SMS), NUMBER) is None


def test_a_clock_that_differs_a_little_hides_nothing() -> None:
    """Restcomm's own clock dates the list."""
    with restcomm() as both:
        lost = both.call()
        for seconds in (-25, 25):
            lost.created = both.clock.now() + timedelta(seconds=seconds)
            assert both.carrier.find(attempt(both), NUMBER) is not None
        lost.created = both.clock.now() - timedelta(seconds=40)
        assert both.carrier.find(attempt(both), NUMBER) is None


def test_without_a_number_to_send_from_no_message_can_be_its_own() -> None:
    """Nothing was sent, so nothing is asked."""
    with restcomm(sms_from=None) as both:
        assert both.carrier.find(attempt(both, Channel.SMS), NUMBER) is None
        assert not both.server.requests
