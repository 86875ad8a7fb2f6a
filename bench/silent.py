"""A carrier that costs nothing and calls nobody: what is measured beside it is Ringproof itself.

It is found like anybody's plug-in, by an entry point; `installed` makes one without installing anything.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sys
from pathlib import Path
from typing import Final

from ringproof_server.carriers import CarrierOptions
from ringproof_server.domain.attempt import Attempt, AttemptEvent
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import CallbackRefused
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

SIGNATURE: Final = "silent-signature"


class SilentCarrier:
    """Takes every call and message at once; its signed callbacks are sent by the benchmark."""

    name: Final = "silent"
    capabilities: Final = CarrierCapabilities(
        channels=frozenset({Channel.FLASHCALL, Channel.SMS}),
        chooses_caller_id=True,
        hangs_up=True,
        reports_events=True,
        serves_fictitious=True,
    )

    def __init__(self, seals: Seals) -> None:
        self._seals = seals
        self._key = callback_key(seals)

    def place_call(self, call: OutgoingCall) -> Placed:
        return Placed(f"call-{call.attempt_id}")

    def send_message(self, message: OutgoingMessage) -> Placed:
        return Placed(f"message-{message.attempt_id}")

    def hang_up(self, remote_id: str) -> None:
        """Nothing rings."""

    def parse_event(self, request: CallbackRequest) -> CarrierEvent | None:
        expected = sign(self._key, request.body)
        if not hmac.compare_digest(expected, request.headers.get(SIGNATURE, "")):
            raise CallbackRefused("the callback's signature is wrong")
        said = json.loads(request.body)
        return CarrierEvent(
            key=said["key"],
            kind=AttemptEvent(said["kind"]),
            attempt_id=self._seals.read_reference(said["reference"]),
        )

    def find(self, attempt: Attempt, to: PhoneNumber) -> Found | None:  # noqa: ARG002  (the port's signature)
        return None

    def ping(self) -> None:
        """Always there."""

    def start(self, deliver: EventSink, answer: DocumentSource) -> None:
        """Nothing runs by itself."""

    def stop(self) -> None:
        """Nothing runs by itself."""


def build(options: CarrierOptions) -> SilentCarrier:
    return SilentCarrier(options.seals)


def callback_key(seals: Seals) -> bytes:
    return seals.digest("silent-carrier", "callbacks")


def sign(key: bytes, body: bytes) -> str:
    return hmac.digest(key, body, hashlib.sha256).hex()


def installed(folder: Path) -> str:
    """Let this process find the carrier; the `PYTHONPATH` under which servers do."""
    described = folder / "bench_silent-0.dist-info"
    described.mkdir(parents=True)
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-silent\nVersion: 0\n")
    (described / "entry_points.txt").write_text("[ringproof.carriers]\nsilent = bench.silent:build\n")
    sys.path.insert(0, str(folder))
    return os.pathsep.join([str(folder), str(Path(__file__).parent.parent)])
