"""The carrier `vonage` before the fake Vonage, both on one standing clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from ringproof_server.carriers.vonage import VonageCarrier, build
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import CallbackRequest
from ringproof_server.testing.carrier_contract import CarrierBench
from ringproof_server.testing.clock import FakeClock
from ringproof_server.testing.options import LogLines, carrier_options
from tests.support.vonage_fake import SIGNATURE_SECRET, FakeVonage, Fault, private_key
from tests.support.vonage_fake_webhooks import Webhook

NUMBER = PhoneNumber.parse("+447400123456")
CALLER_ID = "+442079460018"
OTHER_CALLER_ID = "+442079460019"
MESSAGE_SENDERS = ("sender", "whatsapp_sender", "viber_sender", "messenger_sender")


def callback(webhook: Webhook) -> CallbackRequest:
    """The webhook as the server hands it to the carrier."""
    path = urlsplit(webhook.url).path.partition("/carriers/vonage/")[2]
    return CallbackRequest(
        path=path, url=webhook.url, method="POST", headers=webhook.headers, body=webhook.body
    )


class VonageSide:
    """The levers of the contract on the fake."""

    def __init__(self, fake: FakeVonage) -> None:
        self.fake = fake

    def break_down(self) -> None:
        self.fake.refuse_connections()

    def taken(self) -> int:
        return len(self.fake.calls) + len(self.fake.messages)

    def up(self) -> int:
        return sum(call.is_up for call in self.fake.calls.values())

    def callbacks(self, remote_id: str) -> Sequence[CallbackRequest]:
        call = self.fake.calls.get(remote_id)
        if call is not None and call.is_up:
            self.fake.end(call)
        item = call or self.fake.messages[remote_id]
        said = [webhook for webhook in item.webhooks if webhook.status not in {"started", "submitted"}]
        return [callback(webhook) for webhook in said]

    def lose_answer(self) -> None:
        self.fake.meet(Fault.LOST_ANSWER, once=True)

    def hang(self) -> None:
        self.fake.meet(Fault.HANG)

    def answer_garbage(self) -> None:
        self.fake.meet(Fault.GARBAGE)

    def throttle(self) -> float | None:
        self.fake.meet(Fault.THROTTLED)
        return 7.0

    def refuse_number(self) -> None:
        self.fake.meet(Fault.NUMBER_REFUSED)

    def refuse_credentials(self) -> None:
        self.fake.credentials_refused = True


@dataclass(frozen=True, slots=True)
class Desk:
    """A carrier, the fake that it speaks to, their clock and the carrier's log."""

    fake: FakeVonage
    carrier: VonageCarrier
    clock: FakeClock
    log: LogLines
    bench: CarrierBench


@contextmanager
def desk(*, without: Sequence[str] = (), **more: str) -> Iterator[Desk]:
    """A desk whose carrier has the fake's settings, but for those `without`, and `more` settings."""
    clock = FakeClock()
    fake = FakeVonage(now=clock.now, delivers=False)
    settings = {name: value for name, value in fake.settings().items() if name not in without} | more
    options = carrier_options(settings, clock=clock)
    carrier = build(options)
    bench = CarrierBench(
        carrier=carrier,
        far_side=VonageSide(fake),
        number=NUMBER,
        caller_id=CALLER_ID,
        other_caller_id=OTHER_CALLER_ID,
        seals=options.seals,
        clock=clock,
        secrets=(SIGNATURE_SECRET, private_key(), private_key().splitlines()[2]),
    )
    log = options.log
    assert isinstance(log, LogLines)
    try:
        yield Desk(fake, carrier, clock, log, bench)
    finally:
        carrier.stop()
        fake.close()
