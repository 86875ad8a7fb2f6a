"""The shapes of our answers, field by field as the contract spells them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from ringproof_server.domain.attempt import AttemptState
from ringproof_server.domain.channel import Channel, Reason, SkipReason
from ringproof_server.domain.policy import RingTimeRule
from ringproof_server.domain.verification import Status
from ringproof_server.http.bodies.texts import means

WrongResult = Literal["mismatch", "more_evidence", "withheld"]


class _View(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, or a part of one."""


class AttemptView(_View, frozen=True):
    """The current send."""

    id: Annotated[str, means("Name of the attempt, `att_…`.")]
    channel: Annotated[Channel, means("How it reaches the person.")]
    status: Annotated[
        AttemptState,
        means("How far it has come; a call ends as `ended`, a message as `delivered`, `read` or `failed`."),
    ]
    reason: Annotated[Reason | None, means("Why it ended; null before.")]


class AttemptDetail(_View, frozen=True):
    """One send as the application's back end sees it. Times in RFC 3339, `ring_ms` in ms."""

    id: Annotated[str, means("Name of the attempt, `att_…`.")]
    channel: Annotated[Channel, means("How it reached the person.")]
    status: Annotated[AttemptState, means("How far it has come.")]
    reason: Annotated[Reason | None, means("Why it ended; null before.")]
    step: Annotated[int, means("Which step of the plan it belongs to, counted from 0.")]
    call: Annotated[int, means("Which of its step's calls it is, counted from 1.")]
    carrier: Annotated[str | None, means("Who transports it; null before it was routed.")]
    routing_reason: Annotated[str | None, means("Why this carrier was chosen; null before it was routed.")]
    queued_at: Annotated[datetime, means("When it was planned.")]
    accepted_at: Annotated[datetime | None, means("When the carrier took it.")]
    ringing_at: Annotated[datetime | None, means("When the phone began to ring, as the network says.")]
    answered_at: Annotated[datetime | None, means("When somebody picked up.")]
    ended_at: Annotated[datetime | None, means("When it was over.")]
    ring_ms: Annotated[int | None, means("How long the phone rang by the network's clock, in ms.")]


class PatternView(_View, frozen=True):
    """What is known of the number that will call; `length` counts the `+` too, null if it varies."""

    prefix: Annotated[str, means("The first characters of its international form.")]
    length: Annotated[
        int | None, means("Characters of its international form, the `+` too; null if that varies.")
    ]


class FlashcallView(_View, frozen=True):
    """What to expect of the flash call. Timeouts in seconds."""

    caller_id_pattern: Annotated[PatternView, means("What the number that will call looks like.")]
    digits_to_type: Annotated[int, means("How many of its last digits a person has to type.")]
    calls: Annotated[int, means("How many calls come one after another, each to be reported first.")]
    call: Annotated[int, means("Which of them is the current one, counted from 1.")]
    interception_timeout: Annotated[
        int, means("Seconds after which the server goes on if nothing was reported.")
    ]
    report_timeout: Annotated[int, means("Seconds after which a report of the call is no use any more.")]
    ring_time: Annotated[
        RingTimeRule, means("Whether a ring time is compared if given, demanded, or ignored.")
    ]


class CodeView(_View, frozen=True):
    """What to expect of the code."""

    length: Annotated[int, means("How many digits the code has.")]


class KeypadView(_View, frozen=True):
    """What to show to the person who is called, and whether they have typed it in the call."""

    digits: Annotated[str, means("The digits to show; the call asks for them.")]
    typed: Annotated[
        bool, means("Whether the call has got them; what is left to do then is to confirm with `keypad`.")
    ]


class SkippedView(_View, frozen=True):
    """A channel that is not offered, and why."""

    channel: Annotated[Channel, means("The channel that is left out.")]
    reason: Annotated[SkipReason, means("Why it is left out.")]


class AutomaticView(_View, frozen=True):
    """What the server will do by itself, in so many seconds."""

    channel: Annotated[Channel, means("The channel that comes next.")]
    seconds: Annotated[int, means("Seconds until then.")] = msgspec.field(name="in")


class NextView(_View, frozen=True):
    """In how many seconds which action is allowed; `check_in` is null when no check is possible any more."""

    check_in: Annotated[
        int | None, means("Seconds until evidence may be sent; null when no more is looked at.")
    ]
    channels: Annotated[dict[Channel, int], means("By channel, the seconds until it may be asked for.")]
    automatic: Annotated[AutomaticView | None, means("What the server will do by itself; null if nothing.")]


class TraceView(_View, frozen=True):
    """One decision, for the application's back end."""

    at: Annotated[datetime, means("When it was decided.")]
    what: Annotated[str, means("What was decided.")]
    detail: Annotated[
        dict[str, str | int | float | bool | None], means("What it was decided by; never a secret.")
    ]


class VerificationView(_View, frozen=True):
    """A verification as it stands; the phone number is masked."""

    id: Annotated[str, means("Name of the verification, `vrf_…`.")]
    status: Annotated[Status, means("Where it stands; everything but `pending` is final.")]
    reason: Annotated[Reason | None, means("Why it failed or was given up; null otherwise.")]
    phone_number: Annotated[str, means("The number to prove, masked.")]
    reference: Annotated[str | None, means("Your own name for it, as the start gave it.")]
    expires_in: Annotated[int, means("Whole seconds until it expires; 0 when it is finished.")]
    attempt: Annotated[AttemptView | None, means("The current send.")]
    flashcall: Annotated[
        FlashcallView | None, means("What to expect of the flash call; null unless it is the current step.")
    ]
    code: Annotated[
        CodeView | None, means("What to expect of the code; null unless the current step sends one.")
    ]
    skipped: Annotated[list[SkippedView], means("The channels that are not offered.")]
    next: Annotated[NextView, means("What may be done next, and what will happen.")]
    checks_left: Annotated[int, means("How many wrong answers the current step still bears.")]
    assurance_bits: Annotated[float, means("−log₂ of the chance that somebody without the phone would pass.")]
    keypad: Annotated[
        KeypadView | UnsetType,
        means("Digits for the person to type; only while the current step is a call that asks for them."),
    ] = UNSET
    challenge: Annotated[
        str | UnsetType, means("The signed statement of what must be proved, a JWT; only after the start.")
    ] = UNSET
    token: Annotated[
        str | UnsetType, means("The signed result, a JWT; only after the confirm that verified.")
    ] = UNSET
    result: Annotated[
        WrongResult | UnsetType,
        means("What the evidence was not enough for; only after a confirm that did not verify."),
    ] = UNSET
    attempts: Annotated[
        list[AttemptDetail] | UnsetType, means("All sends, oldest first; for secret keys only.")
    ] = UNSET
    trace: Annotated[
        list[TraceView] | UnsetType, means("Every decision, oldest first; for secret keys only.")
    ] = UNSET


class VerificationList(_View, frozen=True):
    """Verifications, newest first."""

    verifications: Annotated[list[VerificationView], means("What was found.")]


class FieldFault(_View, frozen=True):
    """What is wrong with one field; `field` is its path."""

    field: Annotated[str, means("Path of the field, with dots.")]
    message: Annotated[str, means("What is wrong with it.")]


class ProblemView(_View, frozen=True, omit_defaults=True):
    """Why a request failed (RFC 9457). `instance` is the request id, `retry_after` is in seconds."""

    type: Annotated[str, means("Which problem it is: the address of a page about it.")]
    title: Annotated[str, means("The problem in a few words, the same each time.")]
    status: Annotated[int, means("The HTTP status.")]
    detail: Annotated[str, means("What happened this time.")]
    instance: Annotated[str, means("The id of this request, as in the log and in `X-Request-ID`.")]
    retry_after: Annotated[int | None, means("Seconds after which it is worth trying again.")] = None
    verification: Annotated[str | None, means("The verification that stands in the way.")] = None
    errors: Annotated[list[FieldFault] | None, means("What is wrong with which field.")] = None


class KeyView(_View, frozen=True):
    """A public Ed25519 key (RFC 8037)."""

    kty: Annotated[str, means("Type of the key: `OKP`.")]
    crv: Annotated[str, means("Its curve: `Ed25519`.")]
    x: Annotated[str, means("The public key in base64url.")]
    kid: Annotated[str, means("Its name, as in the header of a token.")]
    use: Annotated[str, means("What it is for: `sig`.")]
    alg: Annotated[str, means("Its algorithm: `EdDSA`.")]


class KeySetView(_View, frozen=True):
    """The JWK set (RFC 7517)."""

    keys: Annotated[list[KeyView], means("All keys whose tokens may still be valid.")]


class HealthView(_View, frozen=True):
    """The health of this process; `checks` names every part that was asked."""

    status: Annotated[Literal["ok", "unavailable"], means("`ok` when every part that is needed answers.")]
    checks: Annotated[
        dict[str, Literal["ok", "failed", "timeout"]], means("How each part that was asked is, by name.")
    ]


class SeenCall(_View, frozen=True, tag_field="kind", tag="call"):
    """A call on a virtual handset; its ringing and its end are two events with one `call`."""

    seq: Annotated[int, means("Number of the event, growing.")]
    call: Annotated[str, means("Name of the call, the same for its ringing and its end.")]
    state: Annotated[Literal["ringing", "ended"], means("What has happened to it.")]
    caller_id: Annotated[str | None, means("The number that was shown; null when it was withheld.")] = None
    ring_ms: Annotated[int | None, means("How long it rang, in ms; null before its end.")] = None
    answered: Annotated[bool, means("Whether it was picked up.")] = False
    heard: Annotated[str | None, means("The text that was spoken to whoever picked up.")] = None


class SeenMessage(_View, frozen=True, tag_field="kind", tag="message"):
    """A message on a virtual handset."""

    seq: Annotated[int, means("Number of the event, growing.")]
    channel: Annotated[Channel, means("How it came.")]
    text: Annotated[str, means("The whole message.")]


class HandsetEvents(_View, frozen=True):
    """What a virtual handset has seen, oldest first."""

    events: Annotated[list[SeenCall | SeenMessage], means("What happened, one by one.")]


class Nothing(_View, frozen=True):
    """It is done."""
