"""A verification: one session that proves one number, and the states it goes through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import ImpossibleTransition
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.workflow import Plan, Step


class Status(StrEnum):
    PENDING = "pending"
    VERIFIED = "verified"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Ending(StrEnum):
    """What can end a verification."""

    PROVE = "prove"
    FAIL = "fail"
    EXPIRE = "expire"
    CANCEL = "cancel"


_LATE = "late: what comes after the end never changes the verdict"
_REPEAT = "a repeat"

TRANSITIONS: Final[dict[tuple[Status, Ending], tuple[Status, str]]] = {
    (Status.PENDING, Ending.PROVE): (Status.VERIFIED, ""),
    (Status.PENDING, Ending.FAIL): (Status.FAILED, ""),
    (Status.PENDING, Ending.EXPIRE): (Status.EXPIRED, ""),
    (Status.PENDING, Ending.CANCEL): (Status.CANCELLED, ""),
    (Status.VERIFIED, Ending.PROVE): (Status.VERIFIED, "a repeat: the answer to the first one was lost"),
    (Status.VERIFIED, Ending.FAIL): (Status.VERIFIED, _LATE),
    (Status.VERIFIED, Ending.EXPIRE): (Status.VERIFIED, _LATE),
    (Status.VERIFIED, Ending.CANCEL): (Status.VERIFIED, _LATE),
    (Status.FAILED, Ending.PROVE): (Status.FAILED, _LATE),
    (Status.FAILED, Ending.FAIL): (Status.FAILED, _REPEAT),
    (Status.FAILED, Ending.EXPIRE): (Status.FAILED, _LATE),
    (Status.FAILED, Ending.CANCEL): (Status.FAILED, _LATE),
    (Status.EXPIRED, Ending.PROVE): (Status.EXPIRED, _LATE),
    (Status.EXPIRED, Ending.FAIL): (Status.EXPIRED, _LATE),
    (Status.EXPIRED, Ending.EXPIRE): (Status.EXPIRED, _REPEAT),
    (Status.EXPIRED, Ending.CANCEL): (Status.EXPIRED, _LATE),
    (Status.CANCELLED, Ending.PROVE): (Status.CANCELLED, _LATE),
    (Status.CANCELLED, Ending.FAIL): (Status.CANCELLED, _LATE),
    (Status.CANCELLED, Ending.EXPIRE): (Status.CANCELLED, _LATE),
    (Status.CANCELLED, Ending.CANCEL): (Status.CANCELLED, _REPEAT),
}


def follow(status: Status, ending: Ending) -> tuple[Status, str]:
    """The status that follows and why, for the odd rows; raises `ImpossibleTransition` without a row."""
    try:
        return TRANSITIONS[status, ending]
    except KeyError:
        raise ImpossibleTransition(f"a {status} verification cannot {ending}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What the client says it can do; the server chooses channels and evidence by it."""

    caller_id: bool = False
    ring_time: bool = False
    sms_app_hash: str | None = None
    web_origin: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """What a payment is bound to (PSD2 RTS article 5); `amount` is a decimal in `currency` (ISO 4217)."""

    amount: str
    currency: str
    payee: str

    @property
    def binding(self) -> bytes:
        """What a code is bound to; different for every other amount, currency or payee."""
        return "\n".join((self.amount, self.currency, self.payee)).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """`client` is a keyed digest of the address that an app or page started it from, None for back ends.

    `reports` counts wrong call reports, `checks` wrong codes; `wake_at` is when the server acts next.

    `code_salt` is what the code is made of (see `domain.code`); `proof` is the channel that proved it.
    `recipients` are the person's addresses on channels that do not go by phone number.
    """

    id: str
    application_id: str
    number: PhoneNumber
    status: Status = Status.PENDING
    reason: Reason | None = None
    reference: str | None = None
    nonce: str | None = None
    language: str | None = None
    code_challenge: str | None = None
    client: str | None = None
    capabilities: Capabilities = field(default_factory=Capabilities)
    transaction: Transaction | None = None
    recipients: Mapping[Channel, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    plan: Plan
    step: int = 0
    reports: int = 0
    checks: int = 0
    next_check_at: datetime | None = None
    code_salt: bytes | None = field(default=None, repr=False)
    code_made_at: datetime | None = None
    created_at: datetime
    expires_at: datetime
    finished_at: datetime | None = None
    wake_at: datetime | None = None
    proof: Channel | None = None
    token_id: str | None = field(default=None, repr=False)
    version: int = 0

    @property
    def current(self) -> Step:
        return self.plan.steps[self.step]

    @property
    def code_seed(self) -> bytes | None:
        """What the code is made of: another transaction has another code. None before there is one."""
        if self.code_salt is None or self.transaction is None:
            return self.code_salt
        return self.code_salt + self.transaction.binding

    def status_at(self, now: datetime) -> Status:
        """The status by the clock: pending past its time means expired, whoever writes it down."""
        if self.status is Status.PENDING and now >= self.expires_at:
            return Status.EXPIRED
        return self.status

    @property
    def guess_probability(self) -> float:
        """The chance to pass without the phone, summed over the channels tried so far.

        A flash call that was reported on counts, also when the client has gone back to a channel before it;
        so does an authenticator, whose codes are easier to guess than others, once there was a wrong code.
        """
        tried = self.step + 1
        flash = self.plan.position_of(Channel.FLASHCALL)
        if flash is not None and (self.reports or self.proof is Channel.FLASHCALL):
            tried = max(tried, flash + 1)
        authenticator = self.plan.position_of(Channel.TOTP)
        if authenticator is not None and (self.checks or self.proof is Channel.TOTP):
            tried = max(tried, authenticator + 1)
        return self.plan.guess_probability(tried)
