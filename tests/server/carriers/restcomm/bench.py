"""The carrier `restcomm` against the fake server, with time that stands still."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from ringproof_server.carriers import Timeouts
from ringproof_server.carriers.restcomm import RestcommCarrier, RestcommSettings
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import CallbackRequest, OutgoingCall, OutgoingMessage
from ringproof_server.testing.clock import FakeClock
from ringproof_server.tokens import SecretSeals
from tests.support.restcomm_fake import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    SMS_FROM,
    FakeCall,
    FakeMessage,
    RestcommAccount,
    as_request,
)
from tests.support.restcomm_fake_http import Fault, RestcommServer, restcomm_server

NUMBER = PhoneNumber("+447400123456")
CALLER_ID = "+442079460018"
OTHER_CALLER_ID = "+442079460019"
SECRET = "a-secret-for-tests-that-is-long-enough-for-anyone"
SEALS = SecretSeals(SECRET)
EVENTS_URL = "https://ringproof.example/carriers/restcomm/events"
SHORT = Timeouts(connect=0.3, total=0.4)
PATIENT = Timeouts(connect=3, total=10)


class RestcommFarSide:
    """The levers of the contract's suites on the fake."""

    def __init__(self, server: RestcommServer, clock: FakeClock) -> None:
        self.server = server
        self._account = server.account
        self._clock = clock

    def break_down(self) -> None:
        self.server.stop()

    def taken(self) -> int:
        return len(self._account.calls) + len(self._account.messages)

    def up(self) -> int:
        return sum(not call.is_over for call in self._account.calls.values())

    def lose_answer(self) -> None:
        self.server.fault = Fault.LOST_ANSWER

    def hang(self) -> None:
        self.server.fault = Fault.HANG

    def answer_garbage(self) -> None:
        self.server.fault = Fault.GARBAGE

    def throttle(self) -> float | None:
        self.server.fault = Fault.THROTTLED
        return 7.0

    def refuse_number(self) -> None:
        self._account.refused_numbers.add(NUMBER.e164)

    def refuse_credentials(self) -> None:
        self.server.refuses_credentials = True

    def callbacks(self, remote_id: str) -> Sequence[CallbackRequest]:
        before = len(self._account.callbacks)
        call = self._account.calls.get(remote_id)
        if call is not None:
            self._account.ring(call)
            self._clock.move(4)
            self._account.answer(call)
            self._account.end(call, "completed")
        else:
            self._account.message_state(self._account.messages[remote_id], "delivered")
        made = self._account.callbacks[before:]
        return [as_request(url, form) for url, form in made if form.get("CallStatus") != "initiated"]


@dataclass
class Restcomm:
    """A carrier, the server it talks to, and the clock of both."""

    carrier: RestcommCarrier
    server: RestcommServer
    clock: FakeClock

    @property
    def account(self) -> RestcommAccount:
        return self.server.account

    def call(self, attempt_id: str = "att_1", *, caller_id: str = CALLER_ID) -> FakeCall:
        """Place a call; what the server took."""
        return self.account.calls[self.carrier.place_call(call(attempt_id, caller_id=caller_id)).remote_id]

    def message(self, attempt_id: str = "att_1", text: str = "Your code is 493817.") -> FakeMessage:
        return self.account.messages[self.carrier.send_message(message(attempt_id, text)).remote_id]

    def last_callback(self) -> CallbackRequest:
        return as_request(*self.account.callbacks[-1])


def call(attempt_id: str = "att_1", *, caller_id: str = CALLER_ID) -> OutgoingCall:
    return OutgoingCall(
        attempt_id=attempt_id,
        reference=SEALS.sign_reference(attempt_id),
        channel=Channel.FLASHCALL,
        to=NUMBER.e164,
        caller_id=caller_id,
        dial_timeout=20,
        document_url="https://ringproof.example/rcml/document",
        events_url=EVENTS_URL,
    )


def message(attempt_id: str = "att_1", text: str = "Your code is 493817.") -> OutgoingMessage:
    return OutgoingMessage(
        attempt_id=attempt_id,
        reference=SEALS.sign_reference(attempt_id),
        channel=Channel.SMS,
        to=NUMBER.e164,
        sender="Ringproof",
        text=text,
        code="493817",
        language="en",
        events_url=EVENTS_URL,
    )


def carrier_at(url: str) -> RestcommCarrier:
    """A carrier whose server is there."""
    settings = RestcommSettings(
        base_url=url, account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, sms_from=SMS_FROM
    )
    return RestcommCarrier(settings, seals=SEALS, timeouts=PATIENT)


@contextmanager
def restcomm(*, timeouts: Timeouts = PATIENT, sms_from: str | None = SMS_FROM) -> Iterator[Restcomm]:
    clock = FakeClock()
    start = clock.now()
    account = RestcommAccount(now=clock.now, seconds=lambda: (clock.now() - start) / timedelta(seconds=1))
    with restcomm_server(account) as server:
        settings = RestcommSettings(
            base_url=server.url, account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, sms_from=sms_from
        )
        carrier = RestcommCarrier(settings, seals=SEALS, timeouts=timeouts, sleep=clock.move)
        try:
            yield Restcomm(carrier, server, clock)
        finally:
            carrier.stop()
