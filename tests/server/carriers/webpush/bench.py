"""The carrier `webpush` with a push service of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ringproof_server.carriers import Timeouts
from ringproof_server.carriers.webpush import WebPushCarrier, WebPushSettings
from ringproof_server.carriers.webpush.posting import PushPosts
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.web_push import Subscription, application_server_seed
from ringproof_server.outbound import Lookup, system_lookup
from ringproof_server.ports import Clock, OutgoingMessage, Random, Seals
from ringproof_server.testing.clock import FakeClock
from ringproof_server.testing.randomness import SeededRandom
from ringproof_server.tokens import SecretSeals
from tests.support.push_service import SUBJECT, PushService, running_push_service

NUMBER = PhoneNumber("+447400123456")
SERVER_SECRET = "a-secret-for-tests-that-is-long-enough-for-anyone"
SEALS = SecretSeals(SERVER_SECRET)
SHORT = Timeouts(connect=0.3, total=0.4)


@dataclass
class Both:
    """A carrier, the push service that its messages go to, and the carrier's clock."""

    carrier: WebPushCarrier
    service: PushService
    clock: FakeClock


@contextmanager
def webpush(*, private: bool = True, lookup: Lookup = system_lookup) -> Iterator[Both]:
    clock = FakeClock()
    with running_push_service() as service:
        carrier = made(clock, SeededRandom("webpush", clock), SEALS, private=private, lookup=lookup)
        yield Both(carrier, service, clock)


def made(
    clock: Clock, random: Random, seals: Seals, *, private: bool = True, lookup: Lookup = system_lookup
) -> WebPushCarrier:
    return WebPushCarrier(
        WebPushSettings(subject=SUBJECT, private_addresses=private),
        clock=clock,
        random=random,
        seed=application_server_seed(seals.digest),
        posts=PushPosts(SHORT, private=private, lookup=lookup),
    )


def message(subscription: Subscription | None, *, lifetime: int = 118, text: str = "…") -> OutgoingMessage:
    return OutgoingMessage(
        attempt_id="att_1",
        reference="reference",
        channel=Channel.PUSH,
        to=NUMBER.e164,
        sender="Bücher & mehr",
        text=text,
        code="493817",
        language="de",
        events_url="https://ringproof.example/carriers/webpush/events",
        recipient="" if subscription is None else subscription.as_text(),
        lifetime=lifetime,
    )
