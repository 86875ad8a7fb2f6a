"""The closed lists of what can go wrong.

`RingproofError` and its subclasses are answers to a client: one class per thing the client can do next.
`CarrierError` and its subclasses are answers of a carrier, one class per reaction of ours. None knows HTTP.
"""

from __future__ import annotations

from typing import ClassVar


class RingproofError(Exception):
    """Something a client is told; the message may be shown to anyone and never holds a secret or a number.

    `retry_after` is in seconds; None means that waiting does not help. `verification_id` names the
    verification that stands in the way, where there is one that the caller may know of.
    """

    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(
        self, detail: str = "", *, retry_after: float | None = None, verification_id: str | None = None
    ) -> None:
        super().__init__(detail or self.title)
        self.retry_after = retry_after
        self.verification_id = verification_id


class InvalidPhoneNumber(RingproofError):
    slug = "invalid-phone-number"
    title = "This is not a phone number that can be verified"


class InvalidRequest(RingproofError):
    """The request cannot be understood; `faults` holds (field, message) pairs."""

    slug = "invalid-request"
    title = "The request is not valid"

    def __init__(self, detail: str = "", *, faults: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(detail)
        self.faults = faults


class Unauthorized(RingproofError):
    slug = "unauthorized"
    title = "The key is missing or unknown"


class Forbidden(RingproofError):
    slug = "forbidden"
    title = "This key may not do that"


class NotFound(RingproofError):
    slug = "not-found"
    title = "There is nothing here"


class NumberNotAllowed(RingproofError):
    slug = "number-not-allowed"
    title = "This kind of number cannot be verified"


class CountryNotAllowed(RingproofError):
    slug = "country-not-allowed"
    title = "Numbers of this country are not served"


class OptedOut(RingproofError):
    slug = "opted-out"
    title = "The owner of this number does not want to be contacted"


class ConcurrentVerification(RingproofError):
    slug = "concurrent-verification"
    title = "Another verification is under way"


class TooEarly(RingproofError):
    slug = "too-early"
    title = "This is allowed a little later"


class NoStepsLeft(RingproofError):
    slug = "no-steps-left"
    title = "There is no other way left to reach this number"


class AlreadyFinished(RingproofError):
    slug = "already-finished"
    title = "This verification has ended"


class ChallengeInvalid(RingproofError):
    slug = "challenge-invalid"
    title = "The challenge is not one of ours for this verification"


class ChallengeExpired(RingproofError):
    slug = "challenge-expired"
    title = "The challenge has expired"


class VerifierMismatch(RingproofError):
    slug = "verifier-mismatch"
    title = "The code verifier does not belong to this challenge"


class RateLimited(RingproofError):
    slug = "rate-limited"
    title = "Too many requests"


class GuessBudgetExhausted(RingproofError):
    slug = "guess-budget-exhausted"
    title = "Too many guesses were possible for this number; try again later"


class SpendLimitReached(RingproofError):
    slug = "spend-limit-reached"
    title = "The spending limit has been reached"


class IdempotencyConflict(RingproofError):
    slug = "idempotency-conflict"
    title = "This idempotency key was used for another request"


class NoChannelAvailable(RingproofError):
    slug = "no-channel-available"
    title = "None of the channels can reach this number"


class PayloadTooLarge(RingproofError):
    slug = "payload-too-large"
    title = "The request is too large"


class ServiceUnavailable(RingproofError):
    slug = "service-unavailable"
    title = "The service is not available right now"


class Internal(RingproofError):
    """What an unforeseen fault looks like from outside; it never carries a detail of the fault."""


CLIENT_ERRORS: tuple[type[RingproofError], ...] = (
    InvalidPhoneNumber,
    InvalidRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    NumberNotAllowed,
    CountryNotAllowed,
    OptedOut,
    ConcurrentVerification,
    TooEarly,
    NoStepsLeft,
    AlreadyFinished,
    ChallengeInvalid,
    ChallengeExpired,
    VerifierMismatch,
    RateLimited,
    GuessBudgetExhausted,
    SpendLimitReached,
    IdempotencyConflict,
    NoChannelAvailable,
    PayloadTooLarge,
    ServiceUnavailable,
    Internal,
)
"""Every error a client can meet; the HTTP table, the problem pages and the SDK are checked against it."""


class ImpossibleTransition(Exception):
    """A state machine was asked for a pair of state and event that it has no row for."""


class CarrierError(Exception):
    """A carrier did not take the attempt; the subclass says how to react. The message is for the operator."""


class CarrierUnavailable(CarrierError):
    """The request did not reach the carrier, or it said that it did nothing: try the next carrier."""


class OutcomeUnknown(CarrierError):
    """The carrier may have taken the attempt, but its answer is missing or nonsense: ask about it."""


class CarrierThrottled(CarrierError):
    """The carrier wants fewer requests: try the next one. `retry_after` is the wait it asks for, in s."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CarrierMisconfigured(CarrierError):
    """Credentials, account or caller ID are wrong: alert the operator, try the next carrier."""


class NumberRefused(CarrierError):
    """The carrier will not serve this number on this channel: go to the next step."""


class NumberUnreachable(CarrierError):
    """The number cannot be reached on this channel: go to the next step."""


class RecipientGone(NumberUnreachable):
    """The person's address on this channel is gone for good: whoever keeps it can forget it."""


class FraudSuspected(CarrierError):
    """The carrier suspects fraud: stop, never fail over."""


class CallbackRefused(CarrierError):
    """A callback is unsigned, forged, stale or not understood; nothing of it is used."""
