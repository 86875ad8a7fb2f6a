"""What carriers hold whose vendor signs its callbacks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import CallbackRefused
from ringproof_server.ports import CallbackRequest, CarrierEvent
from ringproof_server.testing.carrier_contract.bench import CarrierBench, all_channels, channels, place
from ringproof_server.testing.carrier_contract.carrier import CarrierContract, Feature
from ringproof_server.testing.carrier_contract.checks import changed, refused, tells_nothing
from ringproof_server.testing.carrier_contract.far_side import ReportingSide

_CALL_EVENTS = frozenset({AttemptEvent.RING, AttemptEvent.ANSWER, AttemptEvent.END})
_MESSAGE_EVENTS = frozenset({AttemptEvent.DELIVER, AttemptEvent.READ, AttemptEvent.FAIL})
_DESCRIBING_HEADERS = frozenset({"content-type", "content-length", "host", "user-agent", "accept"})

NONSENSE = (
    b"",
    b"null",
    b"[]",
    b"{}",
    b"\xff\xfe\x00",
    b'{"a":' * 5000,
    b"[" * 100_000,
    b"a=b&" * 3000,
    b"%" * 1000,
    b"9" * 5000,
    b'{"id": 1e999, "event": {"a": [null]}, "type": -0.0}',
)
"""Bodies that no vendor sends."""


@dataclass(frozen=True, slots=True)
class Reported:
    """A callback, and the attempt that it is about."""

    attempt_id: str
    remote_id: str
    channel: Channel
    callback: CallbackRequest


def reported(bench: CarrierBench) -> list[Reported]:
    """What the far side reports about two attempts on every channel."""
    far_side = bench.far_side
    assert isinstance(far_side, ReportingSide), "the far side is no ReportingSide"
    found = [
        Reported(attempt_id, remote_id, channel, callback)
        for attempt_id, remote_id, channel in _placed(bench)
        for callback in far_side.callbacks(remote_id)
    ]
    for calls, fewest in ((True, 2), (False, 1)):
        for channel in channels(bench, calls=calls):
            count = sum(item.channel is channel for item in found)
            assert count >= 2 * fewest, f"the bench has too few callbacks about {channel}"
    return found


def _placed(bench: CarrierBench) -> list[tuple[str, str, Channel]]:
    return [
        (attempt_id, place(bench, channel, attempt_id, caller_id=caller_id).remote_id, channel)
        for channel in all_channels(bench)
        for attempt_id, caller_id in (
            (f"att_{channel}_1", bench.caller_id),
            (f"att_{channel}_2", bench.other_caller_id),
        )
    ]


def event_in(bench: CarrierBench, callback: CallbackRequest) -> CarrierEvent:
    """The event in a genuine callback."""
    event = bench.carrier.parse_event(callback)
    assert event is not None, "a genuine callback of the bench says nothing"
    return event


class EventContract(CarrierContract):
    """What genuine callbacks say, however they are proved."""

    covers = Feature.EVENTS

    def test_callbacks_become_events_of_the_closed_lists(self, bench: CarrierBench) -> None:
        """Every genuine callback names its attempt or call, and says something that we have a word for."""
        for item in reported(bench):
            event = event_in(bench, item.callback)
            assert event.key
            assert event.kind in (_CALL_EVENTS if item.channel.is_call else _MESSAGE_EVENTS)
            assert event.reason is None or isinstance(event.reason, Reason)
            assert event.ring_ms is None or 0 <= event.ring_ms < 600_000
            assert event.attempt_id in {item.attempt_id, None}
            assert event.remote_id in {item.remote_id, None}
            assert (event.attempt_id, event.remote_id) != (None, None)

    def test_repeats_share_their_key_and_different_events_do_not(self, bench: CarrierBench) -> None:
        """The key is what repeats of an event are recognised by."""
        callbacks = [item.callback for item in reported(bench)]
        keys = [event_in(bench, callback).key for callback in callbacks]
        assert keys == [event_in(bench, callback).key for callback in callbacks]
        assert len(set(keys)) == len(keys)

    def test_nonsense_is_no_event(self, bench: CarrierBench) -> None:
        """Anybody can send anything to the address: it is refused, or ignored, and breaks nothing."""
        genuine = reported(bench)[0].callback
        described = {"content-type": "application/json"}
        for body in NONSENSE:
            for method in ("POST", "GET"):
                sent = dataclasses.replace(genuine, method=method, body=body)
                for headers in ({}, described, {**genuine.headers, "\xff": "\xff"}):
                    _no_event(bench, dataclasses.replace(sent, headers=headers))
        for text in ("", "\x00", "\xff", "a" * 10_000, "Bearer ..", "t=,v1="):
            headers = {name: text for name in genuine.headers if name not in _DESCRIBING_HEADERS}
            bare = genuine.url.partition("?")[0]
            for url in (bare, f"{bare}?{text}", f"{bare}?{'&'.join(['a=b'] * 2000)}"):
                _no_event(bench, dataclasses.replace(genuine, url=url, headers=headers))


class CallbackContract(EventContract):
    """Nothing is believed that the vendor has not signed. Needs a `ReportingSide`."""

    def test_an_unsigned_callback_is_refused(self, bench: CarrierBench) -> None:
        """Without the headers that carry the proof nothing is believed."""
        for callback in _callbacks(bench):
            bare = {name: text for name, text in callback.headers.items() if name == "content-type"}
            refused(bench, dataclasses.replace(callback, headers=bare))

    def test_a_forged_signature_is_refused(self, bench: CarrierBench) -> None:
        """The proof is checked to its last character."""
        for callback in _callbacks(bench):
            forged = {
                name: text if name in _DESCRIBING_HEADERS else changed(text)
                for name, text in callback.headers.items()
            }
            refused(bench, dataclasses.replace(callback, headers=forged))

    def test_an_altered_body_is_refused(self, bench: CarrierBench) -> None:
        """Nothing of what is signed can be changed, left out or added."""
        for callback in _callbacks(bench):
            for body in _altered(callback.body):
                refused(bench, dataclasses.replace(callback, body=body))

    def test_a_signature_does_not_serve_another_event(self, bench: CarrierBench) -> None:
        """What was captured from one callback proves nothing about another."""
        first, *others = _callbacks(bench)
        for other in others:
            refused(bench, dataclasses.replace(other, headers=first.headers))


class AddressContract(CallbackContract):
    """For vendors whose signature also covers the address."""

    def test_a_signature_does_not_serve_another_address(self, bench: CarrierBench) -> None:
        """A callback for one address, such as another tenant's, is worth nothing at ours."""
        for callback in _callbacks(bench):
            for url in (callback.url + "/elsewhere", changed(callback.url)):
                refused(bench, dataclasses.replace(callback, url=url))


def _no_event(bench: CarrierBench, callback: CallbackRequest) -> None:
    try:
        event = bench.carrier.parse_event(callback)
    except CallbackRefused as error:
        tells_nothing(bench, error)
    else:
        assert event is None


def _callbacks(bench: CarrierBench) -> list[CallbackRequest]:
    return [item.callback for item in reported(bench)]


def _altered(body: bytes) -> Iterator[bytes]:
    for end in range(1, len(body), 7):
        yield changed(body[:end].decode("latin-1")).encode("latin-1") + body[end:]
    yield from (body[:-1], body + b"0", b"")
