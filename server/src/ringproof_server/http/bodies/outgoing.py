"""What we answer, field by field as the contract spells it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from ringproof_server.domain.assurance import FlashOffer, bits
from ringproof_server.domain.attempt import Attempt, AttemptState
from ringproof_server.domain.channel import Channel, Reason, SkipReason
from ringproof_server.domain.evidence import Verdict
from ringproof_server.domain.policy import RingTimeRule
from ringproof_server.domain.verification import Status
from ringproof_server.domain.workflow import Skipped
from ringproof_server.http.parts import CallOnHandset, MessageOnHandset
from ringproof_server.ports import TraceEntry
from ringproof_server.service.progress import NextActions, Progress

WrongResult = Literal["mismatch", "more_evidence", "withheld"]


class _View(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, or a part of one."""


class AttemptView(_View, frozen=True):
    """The current send."""

    id: str
    channel: Channel
    status: AttemptState
    reason: Reason | None


class AttemptDetail(_View, frozen=True):
    """One send as the application's back end sees it. Times in RFC 3339, `ring_ms` in ms."""

    id: str
    channel: Channel
    status: AttemptState
    reason: Reason | None
    step: int
    call: int
    carrier: str | None
    routing_reason: str | None
    queued_at: datetime
    accepted_at: datetime | None
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    ring_ms: int | None


class PatternView(_View, frozen=True):
    """What is known of the number that will call; `length` counts the `+` too, null if it varies."""

    prefix: str
    length: int | None


class FlashcallView(_View, frozen=True):
    """What to expect of the flash call. Timeouts in seconds."""

    caller_id_pattern: PatternView
    digits_to_type: int
    calls: int
    call: int
    interception_timeout: int
    report_timeout: int
    ring_time: RingTimeRule


class CodeView(_View, frozen=True):
    """What to expect of the code."""

    length: int


class SkippedView(_View, frozen=True):
    """A channel that is not offered, and why."""

    channel: Channel
    reason: SkipReason


class AutomaticView(_View, frozen=True):
    """What the server will do by itself, in so many seconds."""

    channel: Channel
    seconds: int = msgspec.field(name="in")


class NextView(_View, frozen=True):
    """In how many seconds which action is allowed; `check_in` is null when no check is possible any more."""

    check_in: int | None
    channels: dict[Channel, int]
    automatic: AutomaticView | None


class TraceView(_View, frozen=True):
    """One decision, for the application's back end."""

    at: datetime
    what: str
    detail: dict[str, str | int | float | bool | None]


class VerificationView(_View, frozen=True):
    """A verification as it stands; the phone number is masked."""

    id: str
    status: Status
    reason: Reason | None
    phone_number: str
    reference: str | None
    expires_in: int
    attempt: AttemptView | None
    flashcall: FlashcallView | None
    code: CodeView | None
    skipped: list[SkippedView]
    next: NextView
    checks_left: int
    assurance_bits: float
    challenge: str | UnsetType = UNSET
    token: str | UnsetType = UNSET
    result: WrongResult | UnsetType = UNSET
    attempts: list[AttemptDetail] | UnsetType = UNSET
    trace: list[TraceView] | UnsetType = UNSET


class VerificationList(_View, frozen=True):
    """Verifications, newest first."""

    verifications: list[VerificationView]


class FieldFault(_View, frozen=True):
    """What is wrong with one field; `field` is its path."""

    field: str
    message: str


class ProblemView(_View, frozen=True, omit_defaults=True):
    """Why a request failed (RFC 9457). `instance` is the request id, `retry_after` is in seconds."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    retry_after: int | None = None
    verification: str | None = None
    errors: list[FieldFault] | None = None


class KeyView(_View, frozen=True):
    """A public Ed25519 key (RFC 8037)."""

    kty: str
    crv: str
    x: str
    kid: str
    use: str
    alg: str


class KeySetView(_View, frozen=True):
    """The JWK set (RFC 7517)."""

    keys: list[KeyView]


class HealthView(_View, frozen=True):
    """The health of this process; `checks` names every part that was asked."""

    status: Literal["ok", "unavailable"]
    checks: dict[str, Literal["ok", "failed", "timeout"]]


class SeenCall(_View, frozen=True, tag_field="kind", tag="call"):
    """A call on a virtual handset; its ringing and its end are two events with one `call`."""

    seq: int
    call: str
    state: Literal["ringing", "ended"]
    caller_id: str | None = None
    ring_ms: int | None = None
    answered: bool = False
    heard: str | None = None


class SeenMessage(_View, frozen=True, tag_field="kind", tag="message"):
    """A message on a virtual handset."""

    seq: int
    channel: Channel
    text: str


class HandsetEvents(_View, frozen=True):
    """What a virtual handset has seen, oldest first."""

    events: list[SeenCall | SeenMessage]


class Nothing(_View, frozen=True):
    """It is done."""


_RESULTS: Final[dict[Verdict, WrongResult]] = {
    Verdict.MISMATCH: "mismatch",
    Verdict.MORE_EVIDENCE: "more_evidence",
    Verdict.WITHHELD: "withheld",
}
_encoder: Final = msgspec.json.Encoder()
_DECIMALS: Final = 1


def encode(view: msgspec.Struct) -> bytes:
    """The JSON text of an answer."""
    return _encoder.encode(view)


def view_of(progress: Progress) -> VerificationView:
    """The one view that every verification answer uses; what does not belong to this answer is left out."""
    verification = progress.verification
    attempt = progress.attempt
    result = progress.result
    left = (verification.expires_at - progress.now).total_seconds()
    trace = progress.trace
    return VerificationView(
        id=verification.id,
        status=progress.status,
        reason=verification.reason,
        phone_number=verification.number.masked,
        reference=verification.reference,
        expires_in=max(0, math.ceil(left)) if progress.status is Status.PENDING else 0,
        attempt=None if attempt is None else _attempt(attempt),
        flashcall=_flashcall(progress, attempt),
        code=_code(progress),
        skipped=_skipped(verification.plan.skipped),
        next=_next(progress.next),
        checks_left=progress.checks_left,
        assurance_bits=round(bits(verification.guess_probability), _DECIMALS),
        challenge=UNSET if progress.challenge is None else progress.challenge,
        token=UNSET if progress.token is None else progress.token,
        result=UNSET if result is None else _RESULTS.get(result, UNSET),
        attempts=UNSET if trace is None else [_detail(item) for item in progress.attempts],
        trace=UNSET if trace is None else [_trace(entry) for entry in trace],
    )


def list_of(found: Iterable[Progress]) -> VerificationList:
    """Several verifications in one answer."""
    return VerificationList(verifications=[view_of(progress) for progress in found])


def handset_events(seen: Iterable[CallOnHandset | MessageOnHandset]) -> HandsetEvents:
    """What a virtual handset has seen."""
    return HandsetEvents(events=[_seen(event) for event in seen])


def _seen(event: CallOnHandset | MessageOnHandset) -> SeenCall | SeenMessage:
    if isinstance(event, MessageOnHandset):
        return SeenMessage(seq=event.seq, channel=Channel(event.channel), text=event.text)
    return SeenCall(
        seq=event.seq,
        call=event.call,
        state="ended" if event.state == "ended" else "ringing",
        caller_id=event.caller_id,
        ring_ms=event.ring_ms,
        answered=event.answered,
        heard=event.heard,
    )


def _attempt(attempt: Attempt) -> AttemptView:
    return AttemptView(id=attempt.id, channel=attempt.channel, status=attempt.state, reason=attempt.reason)


def _detail(attempt: Attempt) -> AttemptDetail:
    return AttemptDetail(
        id=attempt.id,
        channel=attempt.channel,
        status=attempt.state,
        reason=attempt.reason,
        step=attempt.step,
        call=attempt.call,
        carrier=attempt.carrier,
        routing_reason=attempt.routing_reason,
        queued_at=attempt.queued_at,
        accepted_at=attempt.accepted_at,
        ringing_at=attempt.ringing_at,
        answered_at=attempt.answered_at,
        ended_at=attempt.ended_at,
        ring_ms=attempt.ring_ms,
    )


def _flashcall(progress: Progress, attempt: Attempt | None) -> FlashcallView | None:
    offer: FlashOffer | None = progress.verification.current.flash
    if offer is None:
        return None
    return FlashcallView(
        caller_id_pattern=PatternView(prefix=offer.pattern.prefix, length=offer.pattern.length),
        digits_to_type=offer.digits,
        calls=offer.calls,
        call=1 if attempt is None else attempt.call,
        interception_timeout=progress.interception_timeout,
        report_timeout=progress.report_timeout,
        ring_time=RingTimeRule(progress.ring_time),
    )


def _code(progress: Progress) -> CodeView | None:
    if not progress.verification.current.channel.proves_by_code:
        return None
    return CodeView(length=progress.code_digits)


def _skipped(skipped: Iterable[Skipped]) -> list[SkippedView]:
    return [SkippedView(channel=item.channel, reason=item.reason) for item in skipped]


def _next(actions: NextActions) -> NextView:
    coming = actions.automatic
    return NextView(
        check_in=actions.check_in,
        channels=dict(actions.channels),
        automatic=None if coming is None else AutomaticView(channel=coming.channel, seconds=coming.seconds),
    )


def _trace(entry: TraceEntry) -> TraceView:
    return TraceView(at=entry.at, what=entry.what, detail=dict(entry.detail))
