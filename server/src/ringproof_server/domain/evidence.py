"""What a client reports, and the verdict on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ringproof_server.domain.caller_id import Match, compare, compare_last_digits
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.policy import RingTimeRule


class Basis(StrEnum):
    """Where the phone's knowledge of the call comes from."""

    PHONE_STATE = "phone_state"
    CALL_LOG = "call_log"
    SCREENING = "screening"
    SIP = "sip"
    SIMULATED = "simulated"
    MANUAL = "manual"


class Quality(StrEnum):
    """How good the phone's timing is: only `live` was measured while it rang."""

    LIVE = "live"
    BURST = "burst"
    ESTIMATED = "estimated"
    LATE = "late"


class Verdict(StrEnum):
    MATCH = "match"
    MISMATCH = "mismatch"
    MORE_EVIDENCE = "more_evidence"
    WITHHELD = "withheld"


class CodeSource(StrEnum):
    RETRIEVER = "retriever"
    WEBOTP = "webotp"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvidence:
    """A reported call: the caller ID as the phone showed it (None when withheld) or its typed last digits.

    `ring_ms` is what the phone measured between the start and the end of ringing.
    """

    caller_id: str | None = field(default=None, repr=False)
    last_digits: str | None = field(default=None, repr=False)
    ring_ms: int | None = None
    answered: bool | None = None
    basis: Basis = Basis.MANUAL
    quality: Quality = Quality.ESTIMATED


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeEvidence:
    channel: Channel
    code: str = field(repr=False)
    source: CodeSource = CodeSource.MANUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class KeypadEvidence:
    """The client says that the digits it shows were typed in the call; the call knows whether they were."""


Evidence = CallEvidence | CodeEvidence | KeypadEvidence

RING_MAY_BE_SHORTER_MS = 6000
"""Phones filter a call for up to five seconds before they ring (Android's screening limit); plus a second."""
RING_MAY_BE_LONGER_MS = 1500
"""A lost CANCEL is sent again after 0.5 s and 1 s (RFC 3261 timer A), while the phone rings on."""


@dataclass(frozen=True, slots=True)
class NetworkRing:
    """What the network saw of the ringing: its length so far in ms, and whether it has ended.

    `unheard_ms` is for how long it may have rung before we heard of it; 0 where the carrier has measured.
    """

    ms: int
    ended: bool
    unheard_ms: int = 0


def ring_time_agrees(network: NetworkRing, phone_ms: int) -> bool:
    """Whether a live ring time can belong to this call; while it still rings, only the upper bound binds."""
    if phone_ms > network.ms + network.unheard_ms + RING_MAY_BE_LONGER_MS:
        return False
    return not network.ended or phone_ms >= network.ms - RING_MAY_BE_SHORTER_MS


def judge_call(
    evidence: CallEvidence,
    *,
    sent: str,
    callee: str,
    digits: int,
    rule: RingTimeRule,
    network: NetworkRing | None,
) -> Verdict:
    """The verdict on a reported call that was placed from `sent` to `callee` (both E.164).

    Under `require` a report without a live ring time, or before the network knows its own, is answered
    `more_evidence` whichever number it names, so that the answer cannot tell right from wrong. Caller ID and
    ring time are both evaluated before either decides.
    """
    if evidence.last_digits is None:
        match = compare(sent, evidence.caller_id, callee)
    else:
        match = Match.MATCH if compare_last_digits(sent, evidence.last_digits, digits) else Match.MISMATCH
    if match is Match.WITHHELD:
        return Verdict.WITHHELD
    live_ms = evidence.ring_ms if evidence.quality is Quality.LIVE else None
    if rule is RingTimeRule.REQUIRE and (live_ms is None or network is None or not network.ended):
        return Verdict.MORE_EVIDENCE
    agrees = True
    if rule is not RingTimeRule.IGNORE and live_ms is not None and network is not None:
        agrees = ring_time_agrees(network, live_ms)
    return Verdict.MATCH if (match is Match.MATCH) & agrees else Verdict.MISMATCH
