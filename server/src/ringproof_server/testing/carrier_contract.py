"""What every carrier holds, as tests: subclass `CarrierContract` and give it a `bench` fixture.

    class TestMyCarrier(CarrierContract):
        @pytest.fixture
        def bench(self) -> Iterator[CarrierBench]:
            yield CarrierBench(carrier=MyCarrier(...), ...)

The bench stands between the carrier and the world: no test may reach a real network.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from ringproof_server.domain.attempt import Attempt, AttemptEvent
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import CallbackRefused, CarrierError
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import CallbackRequest, Carrier, OutgoingCall, OutgoingMessage, Seals

CODE = "493817"
"""Stands in every message of these tests and may stand in no error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierBench:
    """A carrier and the levers that the tests need.

    `number` is one that the carrier serves. `seals` is what the carrier was built with. `callbacks` answers
    for a remote id at least two different genuine callbacks about a call placed before, in the order of the
    events and signed as the carrier signs them. After `break_down()` the carrier's own side does not answer
    any more. After `lose_answer()` the next request is carried out but its answer does not arrive; None
    where the carrier cannot be asked afterwards. `secrets` are credentials, which may stand in no error.
    """

    carrier: Carrier
    number: PhoneNumber
    caller_id: str
    seals: Seals
    callbacks: Callable[[str], Sequence[CallbackRequest]]
    break_down: Callable[[], None]
    lose_answer: Callable[[], None] | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)


def call_for(bench: CarrierBench, attempt_id: str = "att_1") -> OutgoingCall:
    """A call such as the dispatcher places."""
    return OutgoingCall(
        attempt_id=attempt_id,
        reference=bench.seals.sign_reference(attempt_id),
        channel=_channel(bench, calls=True),
        to=bench.number.e164,
        caller_id=bench.caller_id,
        dial_timeout=20,
        document_url="https://ringproof.example/rcml/document",
        events_url=f"https://ringproof.example/carriers/{bench.carrier.name}/events",
    )


def message_for(bench: CarrierBench, attempt_id: str = "att_2") -> OutgoingMessage:
    """A message such as the dispatcher sends."""
    return OutgoingMessage(
        attempt_id=attempt_id,
        reference=bench.seals.sign_reference(attempt_id),
        channel=_channel(bench, calls=False),
        to=bench.number.e164,
        sender="Ringproof",
        text=f"{CODE} is your code. Never share it.",
        code=CODE,
        language="en",
        events_url=f"https://ringproof.example/carriers/{bench.carrier.name}/events",
    )


class CarrierContract:
    """The promises. A test whose feature the carrier's capabilities leave out is skipped."""

    @pytest.fixture
    def bench(self) -> CarrierBench | Iterator[CarrierBench]:
        """A fresh carrier for each test; every subclass has its own."""
        raise NotImplementedError

    def test_it_says_who_it_is_and_what_it_can_do(self, bench: CarrierBench) -> None:
        """The name can stand in a URL, and there is at least one channel."""
        assert bench.carrier.name
        assert bench.carrier.name == bench.carrier.name.strip().lower()
        assert bench.carrier.name.replace("-", "").replace("_", "").isalnum()
        assert bench.carrier.capabilities.channels

    def test_every_placed_call_has_a_name_of_its_own(self, bench: CarrierBench) -> None:
        """Placing answers a remote id, a different one for each call."""
        names = {
            bench.carrier.place_call(call_for(bench, attempt)).remote_id for attempt in ("att_1", "att_2")
        }
        assert len(names) == 2
        assert all(names)

    def test_every_sent_message_has_a_name_of_its_own(self, bench: CarrierBench) -> None:
        """Sending answers a remote id, a different one for each message."""
        names = {
            bench.carrier.send_message(message_for(bench, attempt)).remote_id
            for attempt in ("att_1", "att_2")
        }
        assert len(names) == 2
        assert all(names)

    def test_hanging_up_can_be_repeated(self, bench: CarrierBench) -> None:
        """A second hang-up of the same call is no error."""
        remote_id = bench.carrier.place_call(call_for(bench)).remote_id
        bench.carrier.hang_up(remote_id)
        bench.carrier.hang_up(remote_id)

    def test_hanging_up_an_unknown_call_is_harmless(self, bench: CarrierBench) -> None:
        """A call that the carrier has forgotten, or never had, is over."""
        bench.carrier.hang_up("call-that-nobody-placed")

    def test_callbacks_become_events_of_the_closed_lists(self, bench: CarrierBench) -> None:
        """Every genuine callback names its attempt or call, and says something that we have a word for."""
        remote_id, callbacks = self._called(bench)
        for callback in callbacks:
            event = bench.carrier.parse_event(callback)
            assert event is not None
            assert event.key
            assert isinstance(event.kind, AttemptEvent)
            assert event.reason is None or isinstance(event.reason, Reason)
            assert event.ring_ms is None or 0 <= event.ring_ms < 600_000
            assert event.attempt_id == "att_1" or (event.attempt_id is None and event.remote_id == remote_id)

    def test_repeats_share_their_key_and_different_events_do_not(self, bench: CarrierBench) -> None:
        """The key is what repeats of an event are recognised by."""
        _, callbacks = self._called(bench)
        once = [bench.carrier.parse_event(callback) for callback in callbacks]
        again = [bench.carrier.parse_event(callback) for callback in callbacks]
        keys = [event.key for event in once if event is not None]
        assert keys == [event.key for event in again if event is not None]
        assert len(set(keys)) == len(keys)

    def test_an_unsigned_callback_is_refused(self, bench: CarrierBench) -> None:
        """Without the headers that carry the proof nothing is believed."""
        for callback in self._called(bench)[1]:
            bare = {name: text for name, text in callback.headers.items() if name == "content-type"}
            _refused(bench, dataclasses.replace(callback, headers=bare))

    def test_a_forged_signature_is_refused(self, bench: CarrierBench) -> None:
        """The proof is checked to its last character."""
        for callback in self._called(bench)[1]:
            forged = {
                name: text if name in _DESCRIBING_HEADERS else _changed(text)
                for name, text in callback.headers.items()
            }
            _refused(bench, dataclasses.replace(callback, headers=forged))

    def test_an_altered_body_is_refused(self, bench: CarrierBench) -> None:
        """No byte of what is signed can be changed, left out or added."""
        for callback in self._called(bench)[1]:
            body = callback.body
            altered = [
                _changed(body[:end].decode("latin-1")).encode("latin-1") + body[end:]
                for end in range(1, len(body), 7)
            ]
            for other in (*altered, body[:-1], body + b"0", b""):
                if other != body:
                    _refused(bench, dataclasses.replace(callback, body=other))

    def test_a_signature_does_not_serve_another_event(self, bench: CarrierBench) -> None:
        """What was captured from one callback proves nothing about another."""
        first, second, *_ = self._called(bench)[1]
        _refused(bench, dataclasses.replace(second, headers=first.headers))

    def test_a_signature_does_not_serve_another_address(self, bench: CarrierBench) -> None:
        """A callback for one address, such as another tenant's, is worth nothing at ours."""
        for callback in self._called(bench)[1]:
            _refused(bench, dataclasses.replace(callback, url=callback.url + "/elsewhere"))

    def test_a_carrier_that_is_away_raises_carrier_errors_only(self, bench: CarrierBench) -> None:
        """Whatever breaks behind the carrier, the services meet a `CarrierError` without secrets."""
        call, message = call_for(bench), None
        if _has(bench, calls=False):
            message = message_for(bench)
        bench.break_down()
        errors = [_error_of(lambda: bench.carrier.place_call(call)), _error_of(bench.carrier.ping)]
        if message is not None:
            sent = message
            errors.append(_error_of(lambda: bench.carrier.send_message(sent)))
        for error in errors:
            _tells_nothing(bench, error)

    def test_hanging_up_through_a_carrier_that_is_away_raises_a_carrier_error(
        self, bench: CarrierBench
    ) -> None:
        """A hang-up that did not reach the carrier is known as such, so that it is tried again."""
        remote_id = bench.carrier.place_call(call_for(bench)).remote_id
        bench.break_down()
        _tells_nothing(bench, _error_of(lambda: bench.carrier.hang_up(remote_id)))

    def test_a_call_whose_answer_was_lost_is_found(self, bench: CarrierBench) -> None:
        """After a crash the carrier says under which name it took the call, so nobody dials twice."""
        self._lose_answer(bench)
        _tells_nothing(bench, _error_of(lambda: bench.carrier.place_call(call_for(bench, "att_lost"))))
        found = bench.carrier.find(_attempt("att_lost", _channel(bench, calls=True)), bench.number)
        assert found is not None
        assert found.remote_id
        bench.carrier.hang_up(found.remote_id)

    def test_a_message_whose_answer_was_lost_is_found(self, bench: CarrierBench) -> None:
        """The same for messages."""
        channel = _channel(bench, calls=False)
        self._lose_answer(bench)
        _tells_nothing(bench, _error_of(lambda: bench.carrier.send_message(message_for(bench, "att_lost"))))
        found = bench.carrier.find(_attempt("att_lost", channel), bench.number)
        assert found is not None
        assert found.remote_id

    def test_an_attempt_that_never_reached_the_carrier_is_not_found(self, bench: CarrierBench) -> None:
        """Another call to the same number is not taken for it."""
        bench.carrier.place_call(call_for(bench, "att_other"))
        attempt = _attempt("att_never", _channel(bench, calls=True))
        assert bench.carrier.find(attempt, bench.number) is None

    def test_a_carrier_in_order_answers_a_ping(self, bench: CarrierBench) -> None:
        """No error, no effect."""
        bench.carrier.ping()

    def test_stopping_can_be_repeated_and_needs_no_start(self, bench: CarrierBench) -> None:
        """Whoever tidies up need not know how far the start came."""
        bench.carrier.stop()
        bench.carrier.stop()

    def _called(self, bench: CarrierBench) -> tuple[str, Sequence[CallbackRequest]]:
        if not bench.carrier.capabilities.reports_events:
            pytest.skip("this carrier reports no events")
        remote_id = bench.carrier.place_call(call_for(bench)).remote_id
        callbacks = bench.callbacks(remote_id)
        assert len(callbacks) >= 2, "the bench must make at least two callbacks"
        return remote_id, callbacks

    def _lose_answer(self, bench: CarrierBench) -> None:
        if bench.lose_answer is None:
            pytest.skip("this carrier cannot be asked afterwards")
        bench.lose_answer()


_DESCRIBING_HEADERS = frozenset({"content-type", "content-length", "host", "user-agent", "accept"})


def _has(bench: CarrierBench, *, calls: bool) -> bool:
    return any(channel.is_call is calls for channel in bench.carrier.capabilities.channels)


def _channel(bench: CarrierBench, *, calls: bool) -> Channel:
    for channel in Channel:
        if channel.is_call is calls and channel in bench.carrier.capabilities.channels:
            return channel
    pytest.skip("this carrier has no channel of this kind")


def _attempt(attempt_id: str, channel: Channel) -> Attempt:
    queued_at = datetime(2026, 11, 20, tzinfo=UTC)
    return Attempt(id=attempt_id, verification_id="vrf_1", channel=channel, step=0, queued_at=queued_at)


def _changed(text: str) -> str:
    """The text with its last letter or digit replaced by another one."""
    for place in range(len(text) - 1, -1, -1):
        if text[place].isalnum():
            other = "0" if text[place] != "0" else "1"
            return text[:place] + other + text[place + 1 :]
    return text + "0"


def _refused(bench: CarrierBench, callback: CallbackRequest) -> None:
    with pytest.raises(CallbackRefused) as caught:
        bench.carrier.parse_event(callback)
    _tells_nothing(bench, caught.value)


def _error_of(act: Callable[[], object]) -> CarrierError:
    with pytest.raises(CarrierError) as caught:
        act()
    return caught.value


def _tells_nothing(bench: CarrierBench, error: BaseException) -> None:
    """Neither the error nor what a traceback shows of its causes holds a number, a code or a credential."""
    secrets = (bench.number.e164[1:], bench.caller_id.lstrip("+"), CODE, *bench.secrets)
    shown: BaseException | None = error
    while shown is not None:
        for secret in secrets:
            assert secret not in f"{shown} {shown!r}", "an error tells a secret"
        hidden = shown.__suppress_context__
        shown = shown.__cause__ or (None if hidden else shown.__context__)
