"""How a proof can reach a person, and how it ended: the closed lists that everything else refers to."""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    FLASHCALL = "flashcall"
    SMS = "sms"
    VOICE = "voice"
    KEYPAD = "keypad"
    WHATSAPP = "whatsapp"
    VIBER = "viber"
    MESSENGER = "messenger"
    PUSH = "push"
    TOTP = "totp"

    @property
    def is_call(self) -> bool:
        """Whether an attempt on this channel goes through the states of a call rather than of a message."""
        return self in _CALLS

    @property
    def proves_by_code(self) -> bool:
        """Whether the evidence on this channel is a code rather than a caller ID."""
        return self is not Channel.FLASHCALL

    @property
    def is_transported(self) -> bool:
        """Whether a carrier brings something to the person; an authenticator has it already."""
        return self is not Channel.TOTP


_CALLS = frozenset({Channel.FLASHCALL, Channel.VOICE, Channel.KEYPAD})


class Reason(StrEnum):
    """Why an attempt or a verification ended."""

    RANG = "rang"
    ANSWERED = "answered"
    BUSY = "busy"
    REJECTED = "rejected"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    INVALID_NUMBER = "invalid_number"
    WITHHELD = "withheld"
    ALTERED = "altered"
    LATE = "late"
    NO_CALL = "no_call"
    CARRIER_ERROR = "carrier_error"
    CONFIG_ERROR = "config_error"
    FRAUD_BLOCKED = "fraud_blocked"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class SkipReason(StrEnum):
    """Why a channel that was asked for is not offered."""

    POOL_TOO_SMALL = "pool_too_small"
    GUESS_BUDGET = "guess_budget"
    NO_CARRIER = "no_carrier"
    NUMBER_KIND = "number_kind"
    RATE_LIMITED = "rate_limited"
    RING_TIME_UNAVAILABLE = "ring_time_unavailable"
    TRANSACTION_NOT_SHOWN = "transaction_not_shown"
    NO_SUBSCRIPTION = "no_subscription"
    NOT_ENROLLED = "not_enrolled"
    NO_RECIPIENT = "no_recipient"
