"""From what the services answer to the shapes of the contract."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from ringproof_server.domain import totp
from ringproof_server.domain.assurance import FlashOffer, bits
from ringproof_server.domain.attempt import Attempt, AttemptState
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.evidence import Verdict
from ringproof_server.domain.policy import RingTimeRule
from ringproof_server.domain.verification import Status
from ringproof_server.domain.workflow import Skipped
from ringproof_server.http.bodies.views import (
    AttemptDetail,
    AttemptView,
    AutomaticView,
    CodeView,
    FlashcallView,
    HandsetEvents,
    KeypadView,
    NextView,
    PatternView,
    SeenCall,
    SeenMessage,
    SkippedView,
    TraceView,
    VerificationList,
    VerificationView,
    WrongResult,
)
from ringproof_server.http.parts import CallOnHandset, MessageOnHandset
from ringproof_server.ports import TraceEntry
from ringproof_server.service.progress import NextActions, Progress

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
        attempt=None if attempt is None else _attempt(attempt, told_all=trace is not None),
        flashcall=_flashcall(progress, attempt),
        code=_code(progress),
        keypad=_keypad(progress),
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


def _attempt(attempt: Attempt, *, told_all: bool) -> AttemptView:
    """A client is told that a push message was accepted from the first: how long its sending takes would tell
    whether the number has devices."""
    is_hidden = attempt.channel is Channel.PUSH and not told_all and not attempt.state.is_final
    status = AttemptState.ACCEPTED if is_hidden else attempt.state
    return AttemptView(id=attempt.id, channel=attempt.channel, status=status, reason=attempt.reason)


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
    channel = progress.verification.current.channel
    if channel is Channel.KEYPAD or not channel.proves_by_code:
        return None
    return CodeView(length=totp.DIGITS if channel is Channel.TOTP else progress.code_digits)


def _keypad(progress: Progress) -> KeypadView | UnsetType:
    shown = progress.keypad
    return UNSET if shown is None else KeypadView(digits=shown.digits, typed=shown.typed)


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
