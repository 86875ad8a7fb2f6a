"""A Twilio account in which nothing moves by itself, and a carrier that uses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from ringproof_server.carriers import CallbackRequest, Channel, OutgoingCall, OutgoingMessage, Timeouts
from ringproof_server.carriers.twilio import TwilioCarrier, build
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import Seals
from ringproof_server.testing.clock import FakeClock
from ringproof_server.testing.options import SHORT, carrier_options
from tests.support import leaks
from tests.support.twilio_fake import Account, Callback, FakeTwilio
from tests.support.twilio_fake.network import signature

SID: Final = "AC" + "5e" * 16
TOKEN: Final = "a-twilio-auth-token-only-for-tests"
SERVICE: Final = "MG" + "7a" * 16
TEMPLATE: Final = "HX" + "3c" * 16
NUMBER: Final = "+447400123456"
CALLER_ID: Final = "+442071838750"
OTHER_CALLER_ID: Final = "+442071838751"
SENDER: Final = "+447480000001"
WHATSAPP_SENDER: Final = "+447480000002"
EVENTS_URL: Final = "https://ringproof.example/carriers/twilio/events"
DOCUMENT: Final = "https://ringproof.example/rcml/a-reference"

SETTINGS: Final = {
    "account_sid": SID,
    "auth_token": TOKEN,
    "sender": SENDER,
    "whatsapp_sender": WHATSAPP_SENDER,
}


def call() -> OutgoingCall:
    return OutgoingCall(
        attempt_id="att_1",
        reference="a-reference",
        channel=Channel.FLASHCALL,
        to=NUMBER,
        caller_id=CALLER_ID,
        dial_timeout=20,
        document_url=DOCUMENT,
        events_url=EVENTS_URL,
    )


def message(channel: Channel) -> OutgoingMessage:
    return OutgoingMessage(
        attempt_id="att_1",
        reference="a-reference",
        channel=channel,
        to=NUMBER,
        sender="Ringproof",
        text="493817 is your code.",
        code="493817",
        language="en",
        events_url=EVENTS_URL,
    )


class FarSide:
    """The account as its vendor sees it, with the levers of the carriers' contract."""

    def __init__(self, clock: FakeClock) -> None:
        leaks.secret(TOKEN, "password")
        self.account = Account(
            sid=SID,
            token=TOKEN,
            numbers=(CALLER_ID, OTHER_CALLER_ID),
            silent_numbers=(SENDER,),
            senders=(SENDER, f"whatsapp:{WHATSAPP_SENDER}", "Ringproof"),
            services=(SERVICE,),
            now=clock.now,
        )
        self.twilio = FakeTwilio(self.account)

    def break_down(self) -> None:
        self.twilio.go_away()

    def taken(self) -> int:
        return len(self.account.calls) + len(self.account.messages)

    def up(self) -> int:
        return sum(not call.ended.is_set() for call in self.account.calls.values())

    def callbacks(self, remote_id: str) -> list[CallbackRequest]:
        if remote_id in self.account.calls:
            told = [
                self.account.move_call(remote_id, "ringing"),
                self.account.move_call(remote_id, "in-progress"),
                self.account.move_call(remote_id, "completed", sip=200),
            ]
        else:
            told = [self.account.move_message(remote_id, status) for status in ("delivered", "read")]
        return [signed(callback) for callback in told if callback is not None]

    def lose_answer(self) -> None:
        self.twilio.faults.lose_answers = 1

    def hang(self) -> None:
        self.twilio.faults.hang = True

    def answer_garbage(self) -> None:
        self.twilio.faults.garbage = b'{"status": "queued", "sid": 17}'

    def throttle(self) -> float:
        self.twilio.faults.retry_after = "7"
        return 7.0

    def refuse_number(self) -> None:
        self.account.refused.add(NUMBER)

    def refuse_credentials(self) -> None:
        self.twilio.faults.credentials = True


@dataclass(frozen=True, slots=True)
class Bench:
    """A carrier and its far side."""

    carrier: TwilioCarrier
    far_side: FarSide
    seals: Seals
    clock: FakeClock

    @property
    def number(self) -> PhoneNumber:
        return PhoneNumber.parse(NUMBER)


@contextmanager
def bench_with(settings: Mapping[str, str] | None = None, *, timeouts: Timeouts = SHORT) -> Iterator[Bench]:
    """A carrier with these settings beside the usual ones; an empty text takes one out."""
    clock = FakeClock()
    far_side = FarSide(clock)
    chosen = {**SETTINGS, "base_url": far_side.twilio.url, **(settings or {})}
    options = carrier_options(
        {name: text for name, text in chosen.items() if text}, timeouts=timeouts, clock=clock
    )
    carrier = build(options)
    try:
        yield Bench(carrier, far_side, options.seals, clock)
    finally:
        carrier.stop()
        far_side.twilio.stop()


def signed(callback: Callback, *, token: str = TOKEN) -> CallbackRequest:
    """The request that brings a callback, signed for its own address."""
    return CallbackRequest(
        path="events",
        url=callback.url,
        method="POST",
        headers={
            "content-type": "application/x-www-form-urlencoded",
            "x-twilio-signature": signature(token, callback.url, callback.form),
        },
        body=urlencode(callback.form).encode(),
    )
