"""The carrier `webhook` against a sender that checks its signatures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from ringproof_server.carriers import Timeouts
from ringproof_server.carriers.webhook import WebhookCarrier, WebhookSettings
from ringproof_server.carriers.webhook.settings import CHANNELS
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import CallbackRequest, OutgoingCall, OutgoingMessage
from ringproof_server.testing.clock import FakeClock
from ringproof_server.testing.randomness import SeededRandom
from ringproof_server.tokens import SecretSeals
from tests.support.webhook_sender import SECRET, Fault, Sender, Taken, running_sender

NUMBER = PhoneNumber("+447400123456")
CALLER_ID = "+442079460018"
OTHER_CALLER_ID = "+442079460019"
SERVER_SECRET = "a-secret-for-tests-that-is-long-enough-for-anyone"
SEALS = SecretSeals(SERVER_SECRET)
PUBLIC_URL = "https://ringproof.example"
EVENTS_URL = f"{PUBLIC_URL}/carriers/webhook/events"
SHORT = Timeouts(connect=0.3, total=0.4)
PATIENT = Timeouts(connect=3, total=10)
TOO_MANY = (429, b"", {"Retry-After": "7"})
REQUESTS = ("call.requested", "message.requested")


class WebhookFarSide:
    """The levers of the contract's suites on the sender."""

    def __init__(self, sender: Sender, clock: FakeClock) -> None:
        self._sender = sender
        self._clock = clock

    def break_down(self) -> None:
        self._sender.stop()

    def taken(self) -> int:
        return len(self._sender.taken)

    def up(self) -> int:
        return sum(taken.up for taken in self._sender.taken.values() if "caller_id" in taken.data)

    def lose_answer(self) -> None:
        self._sender.fault = Fault.LOST_ANSWER

    def hang(self) -> None:
        self._sender.fault = Fault.HANG

    def answer_garbage(self) -> None:
        self._sender.fault = Fault.GARBAGE

    def throttle(self) -> float | None:
        self._sender.answers |= dict.fromkeys(REQUESTS, TOO_MANY)
        return 7.0

    def refuse_number(self) -> None:
        self._sender.answers |= dict.fromkeys(REQUESTS, (422, b"", {}))

    def refuse_credentials(self) -> None:
        self._sender.answers |= dict.fromkeys((*REQUESTS, "ping"), (401, b"", {}))

    def callbacks(self, remote_id: str) -> Sequence[CallbackRequest]:
        taken = next(one for one in self._sender.taken.values() if one.id == remote_id)
        if "caller_id" in taken.data:
            kinds: tuple[tuple[str, dict[str, object]], ...] = (
                ("ringing", {}),
                ("answered", {"ring_ms": 5120}),
                ("ended", {"reason": "answered", "ring_ms": 5120}),
            )
        else:
            kinds = (("delivered", {}), ("read", {}), ("failed", {"reason": "unreachable"}))
        return [self._sender.event(taken, kind, self._clock.now(), **more) for kind, more in kinds]


@dataclass
class Both:
    """A carrier, the sender it talks to, and the carrier's clock."""

    carrier: WebhookCarrier
    sender: Sender
    clock: FakeClock

    def call(self, attempt_id: str = "att_1") -> Taken:
        """Place a call; what the sender took."""
        self.carrier.place_call(call(attempt_id))
        return self.sender.taken[attempt_id]


def call(attempt_id: str = "att_1", channel: Channel = Channel.FLASHCALL) -> OutgoingCall:
    return OutgoingCall(
        attempt_id=attempt_id,
        reference=SEALS.sign_reference(attempt_id),
        channel=channel,
        to=NUMBER.e164,
        caller_id=CALLER_ID,
        dial_timeout=20,
        document_url=f"{PUBLIC_URL}/rcml/document",
        events_url=EVENTS_URL,
    )


def message(attempt_id: str = "att_1", channel: Channel = Channel.SMS) -> OutgoingMessage:
    return OutgoingMessage(
        attempt_id=attempt_id,
        reference=SEALS.sign_reference(attempt_id),
        channel=channel,
        to=NUMBER.e164,
        sender="Ringproof",
        text="493817 ist Ihr Code für Ringproof.",
        code="493817",
        language="de",
        events_url=EVENTS_URL,
    )


def settings(url: str, **changes: object) -> WebhookSettings:
    values: dict[str, object] = {"url": url, "secrets": (SECRET,), "channels": frozenset(CHANNELS), **changes}
    return WebhookSettings(**values)  # type: ignore[arg-type]


def carrier_for(chosen: WebhookSettings, clock: FakeClock, timeouts: Timeouts = PATIENT) -> WebhookCarrier:
    return WebhookCarrier(
        chosen,
        clock=clock,
        random=SeededRandom("webhook"),
        seals=SEALS,
        public_url=PUBLIC_URL,
        timeouts=timeouts,
    )


@contextmanager
def webhook(*, timeouts: Timeouts = PATIENT, **changes: object) -> Iterator[Both]:
    """The clock begins at the present, since the sender's library asks the machine for the time."""
    with running_sender() as sender:
        clock = FakeClock(datetime.now(UTC).replace(microsecond=0))
        carrier = carrier_for(settings(sender.url, **changes), clock, timeouts)
        try:
            yield Both(carrier, sender, clock)
        finally:
            carrier.stop()
