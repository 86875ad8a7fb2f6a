"""What is written to the back ends of applications, and what they may answer. Times in RFC 3339, UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

import msgspec

from ringproof_server.domain.assurance import bits
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.verification import Status
from ringproof_server.domain.webhook import AttemptFacts
from ringproof_server.ports import OutboxItem, StartDecision, StartQuestion, Undecided

REQUESTED: Final = "verification.requested"
LONGEST_ANSWER: Final = 16 * 1024


class _EventData(msgspec.Struct, frozen=True, kw_only=True):
    """`phone_number` is null once it has been erased. `sequence` counts the verification's events from 0."""

    id: str
    sequence: int
    status: Status
    reason: Reason | None
    phone_number: str | None
    reference: str | None
    created_at: datetime
    expires_at: datetime
    finished_at: datetime | None
    channel: Channel | None
    assurance_bits: float | None
    guess_probability: float | None
    token_id: str | None
    attempt: AttemptFacts | None


class _RequestedData(msgspec.Struct, frozen=True, kw_only=True):
    phone_number: str
    country: str | None
    channels: list[Channel]
    reference: str | None
    language: str | None
    address: str | None


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    timestamp: datetime
    data: _EventData | _RequestedData


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    action: Literal["allow", "deny"]
    channels: list[Channel] | None = None
    limits: dict[str, float] | None = None


_messages = msgspec.json.Encoder()
_answers = msgspec.json.Decoder(_Answer)


def event_body(item: OutboxItem) -> bytes:
    """The same bytes on every try, until the number is erased."""
    event, facts = item.event, item.event.facts
    odds = facts.guess_probability
    data = _EventData(
        id=event.verification_id,
        sequence=item.position,
        status=facts.status,
        reason=facts.reason,
        phone_number=item.number,
        reference=facts.reference,
        created_at=facts.created_at,
        expires_at=facts.expires_at,
        finished_at=facts.finished_at,
        channel=facts.channel,
        assurance_bits=None if odds is None else round(bits(odds), 1),
        guess_probability=odds,
        token_id=facts.token_id,
        attempt=facts.attempt,
    )
    return _messages.encode(_Message(type=event.kind.value, timestamp=facts.at, data=data))


def question_body(question: StartQuestion) -> bytes:
    data = _RequestedData(
        phone_number=question.number.e164,
        country=question.number.region,
        channels=list(question.channels),
        reference=question.reference,
        language=question.language,
        address=question.address,
    )
    return _messages.encode(_Message(type=REQUESTED, timestamp=question.at, data=data))


def read_decision(body: bytes) -> StartDecision:
    """Raises `Undecided` for what is no answer; fields that nobody knows are left alone."""
    try:
        answer = _answers.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Undecided("invalid") from None
    channels = None if answer.channels is None else tuple(answer.channels)
    return StartDecision(allow=answer.action == "allow", channels=channels, limits=answer.limits or {})
