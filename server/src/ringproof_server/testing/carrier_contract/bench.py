"""What stands between a carrier and the world in these tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from ringproof_server.domain.attempt import Attempt, AttemptState
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import Carrier, Clock, OutgoingCall, OutgoingMessage, Placed, Seals
from ringproof_server.testing.carrier_contract.far_side import FarSide

CODE = "493817"
"""Stands in every message of these tests and may stand in no error."""

RECIPIENT = "5039482716354820"
"""The person's address on Messenger, which does not go by phone number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierBench:
    """A carrier and a stand-in for its vendor.

    `number` is one that the carrier serves; it may call from `caller_id` and `other_caller_id` (E.164,
    different); `subscription` is where its push messages go. `seals` and `clock` are what the carrier was
    built with; the far side dates by the same clock. `secrets` are credentials, which may stand in no error
    and in no `repr`.
    """

    carrier: Carrier
    far_side: FarSide
    number: PhoneNumber
    caller_id: str
    other_caller_id: str
    seals: Seals
    clock: Clock
    secrets: tuple[str, ...] = field(default=(), repr=False)
    subscription: str = field(default="", repr=False)


def channels(bench: CarrierBench, *, calls: bool) -> list[Channel]:
    """The carrier's channels that are calls, or those that are messages."""
    return [item for item in Channel if item.is_call is calls and item in bench.carrier.capabilities.channels]


def all_channels(bench: CarrierBench) -> list[Channel]:
    """The carrier's channels, calls first."""
    return [*channels(bench, calls=True), *channels(bench, calls=False)]


def call_for(
    bench: CarrierBench, channel: Channel, attempt_id: str = "att_1", *, caller_id: str | None = None
) -> OutgoingCall:
    """A call such as the dispatcher places."""
    return OutgoingCall(
        attempt_id=attempt_id,
        reference=bench.seals.sign_reference(attempt_id),
        channel=channel,
        to=bench.number.e164,
        caller_id=caller_id or bench.caller_id,
        dial_timeout=20,
        document_url=f"https://ringproof.example/rcml/{attempt_id}",
        events_url=f"https://ringproof.example/carriers/{bench.carrier.name}/events",
    )


def message_for(bench: CarrierBench, channel: Channel, attempt_id: str = "att_1") -> OutgoingMessage:
    """A message such as the dispatcher sends."""
    return OutgoingMessage(
        attempt_id=attempt_id,
        reference=bench.seals.sign_reference(attempt_id),
        channel=channel,
        to=bench.number.e164,
        sender="Ringproof",
        text=f"{CODE} is your code. Never share it.",
        code=CODE,
        language="en",
        recipient={Channel.MESSENGER: RECIPIENT, Channel.PUSH: bench.subscription}.get(channel, ""),
        events_url=f"https://ringproof.example/carriers/{bench.carrier.name}/events",
    )


def place(
    bench: CarrierBench, channel: Channel, attempt_id: str = "att_1", *, caller_id: str | None = None
) -> Placed:
    """Place the call or send the message of an attempt, as its channel wants it."""
    if channel.is_call:
        return bench.carrier.place_call(call_for(bench, channel, attempt_id, caller_id=caller_id))
    return bench.carrier.send_message(message_for(bench, channel, attempt_id))


def attempt_for(
    bench: CarrierBench,
    channel: Channel,
    attempt_id: str = "att_1",
    *,
    caller_id: str | None = None,
    claimed_later: timedelta = timedelta(0),
) -> Attempt:
    """The attempt that `place` makes now (or that much later), as the server knows it before an answer."""
    claimed_at = bench.clock.now() + claimed_later
    return Attempt(
        id=attempt_id,
        verification_id="vrf_1",
        channel=channel,
        step=0,
        state=AttemptState.DIALING if channel.is_call else AttemptState.SENDING,
        carrier=bench.carrier.name,
        caller_id=(caller_id or bench.caller_id) if channel.is_call else None,
        queued_at=claimed_at - timedelta(seconds=1),
        claimed_at=claimed_at,
    )
