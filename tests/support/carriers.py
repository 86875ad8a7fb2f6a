"""A carrier that does what a test tells it, with callbacks that are signed like anybody's."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from ringproof_server.domain.attempt import Attempt, AttemptEvent
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import CallbackRefused, CarrierError
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import (
    CallbackRequest,
    CarrierCapabilities,
    CarrierEvent,
    DocumentSource,
    EventSink,
    Found,
    OutgoingCall,
    OutgoingMessage,
    Placed,
    Seals,
)

KEY = b"the key that this carrier signs its callbacks with"
SIGNATURE = "obedient-signature"


@dataclass
class Orders:
    """What the carrier is to do, and what it has done; the network behind all processes' carriers.

    `faults` are raised by the next requests, one each, None for none. `loses_answer`: what a request brought
    about is real, although it fails. `meanwhile` is run when a request has been taken but not answered,
    `meanwhile_found` while a look-up is.
    """

    faults: list[CarrierError | Exception | None] = field(default_factory=list)
    loses_answer: bool = False
    meanwhile: Callable[[OutgoingCall | OutgoingMessage, str], None] | None = None
    taken: dict[str, OutgoingCall | OutgoingMessage] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    hung_up: list[str] = field(default_factory=list)
    hang_up_fault: CarrierError | None = None
    find_fault: Exception | None = None
    looked_for: list[str] = field(default_factory=list)
    meanwhile_found: Callable[[], None] | None = None

    def taken_for(self, attempt_id: str) -> list[str]:
        """The names of the calls and messages that exist for this attempt."""
        return [name for name, item in self.taken.items() if item.attempt_id == attempt_id]


class ObedientCarrier:
    """A carrier for real numbers whose every move is an order of the test."""

    def __init__(
        self,
        name: str,
        orders: Orders,
        seals: Seals,
        *,
        channels: frozenset[Channel] = frozenset({Channel.FLASHCALL, Channel.SMS, Channel.VOICE}),
        serves_fictitious: bool = True,
    ) -> None:
        self.name = name
        self.orders = orders
        self._seals = seals
        self.capabilities = CarrierCapabilities(
            channels=channels,
            chooses_caller_id=True,
            hangs_up=True,
            reports_events=True,
            serves_fictitious=serves_fictitious,
        )

    def place_call(self, call: OutgoingCall) -> Placed:
        return self._take(call)

    def send_message(self, message: OutgoingMessage) -> Placed:
        return self._take(message)

    def hang_up(self, remote_id: str) -> None:
        self.orders.hung_up.append(remote_id)
        if self.orders.hang_up_fault is not None:
            raise self.orders.hang_up_fault

    def parse_event(self, request: CallbackRequest) -> CarrierEvent | None:
        expected = hmac.digest(KEY, request.body, hashlib.sha256).hex()
        if not hmac.compare_digest(expected, request.headers.get(SIGNATURE, "")):
            raise CallbackRefused("the callback's signature is wrong")
        said = json.loads(request.body)
        return CarrierEvent(
            key=said["key"],
            kind=AttemptEvent(said["kind"]),
            attempt_id=None if said["reference"] is None else self._seals.read_reference(said["reference"]),
            remote_id=said["remote_id"],
            reason=None if said["reason"] is None else Reason(said["reason"]),
            ring_ms=said["ring_ms"],
        )

    def find(self, attempt: Attempt, to: PhoneNumber) -> Found | None:
        self.orders.looked_for.append(attempt.id)
        if self.orders.meanwhile_found is not None:
            self.orders.meanwhile_found()
        if self.orders.find_fault is not None:
            raise self.orders.find_fault
        names = self.orders.taken_for(attempt.id)
        return Found(remote_id=names[0]) if names else None

    def ping(self) -> None:
        """Always there."""

    def start(self, deliver: EventSink, answer: DocumentSource) -> None:
        """Nothing runs by itself."""

    def stop(self) -> None:
        """Nothing runs by itself."""

    def _take(self, item: OutgoingCall | OutgoingMessage) -> Placed:
        orders = self.orders
        orders.asked.append(item.attempt_id)
        fault = orders.faults.pop(0) if orders.faults else None
        remote_id = f"{self.name}-{len(orders.taken) + 1}"
        if fault is None or orders.loses_answer:
            orders.taken[remote_id] = item
            if orders.meanwhile is not None:
                orders.meanwhile(item, remote_id)
        if fault is not None:
            raise fault
        return Placed(remote_id)


def callback(
    reference: str | None,
    kind: AttemptEvent,
    *,
    key: str,
    remote_id: str | None = None,
    reason: Reason | None = None,
    ring_ms: int | None = None,
    signature: str | None = None,
) -> CallbackRequest:
    """A callback of an `ObedientCarrier`, rightly signed unless another `signature` is given."""
    said = {
        "key": key,
        "kind": kind.value,
        "reference": reference,
        "remote_id": remote_id,
        "reason": None if reason is None else reason.value,
        "ring_ms": ring_ms,
    }
    body = json.dumps(said).encode()
    right = hmac.digest(KEY, body, hashlib.sha256).hex()
    return CallbackRequest(
        path="events",
        url="https://ringproof.example/carriers/obedient/events",
        method="POST",
        headers={SIGNATURE: right if signature is None else signature},
        body=body,
    )
