"""What a server and its SIP agent say to each other, as JSON inside the frames of a `Wire`."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

import msgspec

from ringproof_server.carriers.sip.wire import Wire, WireBroken

T = TypeVar("T")


class Refusal(StrEnum):
    """Why a call was not placed: one for each reaction of ours."""

    UNAVAILABLE = "unavailable"
    THROTTLED = "throttled"
    MISCONFIGURED = "misconfigured"
    NUMBER = "number"


class Place(msgspec.Struct, tag="place", frozen=True, kw_only=True):
    """Place this call; the same attempt is never dialled twice by one agent."""

    attempt: str
    reference: str
    called: str
    caller: str
    dial_timeout: int
    events_url: str

    def __repr__(self) -> str:
        return f"Place(attempt={self.attempt!r})"


class HangUp(msgspec.Struct, tag="hang_up", frozen=True):
    """End this call if it is still up."""

    call: str


class Find(msgspec.Struct, tag="find", frozen=True):
    """Say under which name the call of this attempt was taken."""

    attempt: str


class Ping(msgspec.Struct, tag="ping", frozen=True):
    """Say whether a trunk answers."""


class Subscribe(msgspec.Struct, tag="subscribe", frozen=True):
    """From now on send events through this connection; each is answered by `Taken`."""


class Retire(msgspec.Struct, tag="retire", frozen=True):
    """End all calls and go, to make room for an agent with other settings."""


class Greeting(msgspec.Struct, tag="greeting", frozen=True):
    """The agent's first words: who it is, and a digest of what it was set to."""

    agent: str
    fingerprint: str


class Accepted(msgspec.Struct, tag="accepted", frozen=True):
    call: str


class Refused(msgspec.Struct, tag="refused", frozen=True):
    """`why` is for the operator and names no number."""

    refusal: Refusal
    why: str


class Known(msgspec.Struct, tag="known", frozen=True):
    call: str | None


class Done(msgspec.Struct, tag="done", frozen=True):
    pass


class Delivery(msgspec.Struct, tag="delivery", frozen=True, kw_only=True):
    """An event as a signed callback."""

    url: str
    headers: dict[str, str]
    body: str


class Taken(msgspec.Struct, tag="taken", frozen=True):
    """Whether the event needs not be sent again."""

    is_taken: bool


Request = Place | HangUp | Find | Ping | Subscribe | Retire | Taken
Answer = Greeting | Accepted | Refused | Known | Done | Delivery

_encoder = msgspec.json.Encoder()
_requests = msgspec.json.Decoder(Request)
_answers = msgspec.json.Decoder(Answer)


def say(wire: Wire, message: Request | Answer) -> None:
    """Send a message. Raises `WireBroken`."""
    wire.send(_encoder.encode(message))


def hear_request(wire: Wire, timeout: float | None) -> Request:
    """The next message of a server. Raises `WireBroken`, also for what is not understood."""
    request: Request = _decoded(_requests, wire.receive(timeout))
    return request


def hear_answer(wire: Wire, timeout: float | None) -> Answer:
    """The next message of an agent. Raises `WireBroken`, also for what is not understood."""
    answer: Answer = _decoded(_answers, wire.receive(timeout))
    return answer


def _decoded(decoder: msgspec.json.Decoder[T], message: bytes) -> T:
    try:
        return decoder.decode(message)
    except (msgspec.DecodeError, ValueError):
        raise WireBroken("a message is not understood") from None
