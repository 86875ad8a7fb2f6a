"""Every way a verification can end without a proof, and what the person can do about it."""

from __future__ import annotations

from ringproof.errors import (
    InsecureServerError,
    InvalidPhoneNumberError,
    NotVerifiedError,
    ProblemError,
    ServerUnreachableError,
    UnexpectedAnswerError,
    VerificationCancelledError,
    VerificationExpiredError,
)
from ringproof_demo.view import EndedView, Ending, Remedy
from ringproof_demo.words import AppWords

_OTHER_NUMBER = frozenset({"invalid-phone-number", "number-not-allowed", "country-not-allowed", "opted-out"})
_OTHER_SETTINGS = frozenset({"unauthorized", "forbidden", "not-found"})
# The number itself must rest, or the server has to: starting again at once would only fail again.
_LATER = frozenset({"guess-budget-exhausted", "spend-limit-reached", "no-channel-available"})


def belongs_to_the_number(error: Exception) -> bool:
    """Whether the number field is the place to say it."""
    return isinstance(error, InvalidPhoneNumberError)


def advice(error: Exception, words: AppWords, *, number: str, server: str) -> EndedView:
    """The last screen for an error of the SDK, or for anything else that went wrong.

    `number` and `server` are as people read them.
    """
    if isinstance(error, NotVerifiedError):
        return _not_verified(error, words, number)
    if isinstance(error, ProblemError):
        return _refused(error, words)
    if isinstance(error, ServerUnreachableError):
        text = words.app("unreachable_text", server=server)
        return _ended("offline", words.page("connection_heading"), text, words, "again", "settings")
    if isinstance(error, UnexpectedAnswerError):
        text = words.app("unexpected_text", server=server)
        return _ended("refused", words.app("unexpected_heading"), text, words, "settings", "again")
    if isinstance(error, InsecureServerError):
        text = words.app("server_insecure")
        return _ended("refused", words.app("insecure_heading"), text, words, "settings")
    return _ended("refused", words.page("error_heading"), words.app("unknown_text"), words, "again")


def _not_verified(error: NotVerifiedError, words: AppWords, number: str) -> EndedView:
    if isinstance(error, VerificationExpiredError):
        heading, text = words.page("expired_heading"), words.page("expired_text")
        return _ended("expired", heading, text, words, "again", "number")
    if isinstance(error, VerificationCancelledError):
        heading, text = words.page("cancelled_heading"), words.page("cancelled_text")
        return _ended("cancelled", heading, text, words, "again", "number")
    no_codes = error.reason == "no_codes"
    text = words.app("no_codes_text") if no_codes else words.page("failed_text", number=number)
    return _ended("failed", words.page("failed_heading"), text, words, "again", "number")


def _refused(problem: ProblemError, words: AppWords) -> EndedView:
    told = words.problem(problem.slug)
    if told is None:
        told = words.page("error_heading"), words.app("unknown_text")
    heading, text = told
    if problem.slug == "rate-limited" and problem.retry_after:
        text = words.page("rate_limited_text", wait=words.wait(problem.retry_after))
    elif problem.retry_after:
        text = f"{text} {words.page('too_early_text', wait=words.wait(problem.retry_after))}"
    detail = words.page("error_reference", reference=problem.instance) if problem.instance else None
    if problem.slug in _OTHER_NUMBER:
        remedies: tuple[Remedy, ...] = ("number",)
    elif problem.slug in _OTHER_SETTINGS:
        remedies = ("settings", "again")
    elif problem.slug in _LATER:
        remedies = ("number", "again")
    else:
        remedies = ("again", "number")
    return _ended("refused", heading, text, words, *remedies, detail=detail)


def _ended(
    kind: Ending, heading: str, text: str, words: AppWords, *remedies: Remedy, detail: str | None = None
) -> EndedView:
    labels: dict[Remedy, str] = {
        "again": words.page("start_again"),
        "number": words.page("change_number"),
        "settings": words.app("open_settings"),
    }
    chosen = tuple((remedy, labels[remedy]) for remedy in remedies)
    return EndedView(kind, heading, text, detail, chosen)
