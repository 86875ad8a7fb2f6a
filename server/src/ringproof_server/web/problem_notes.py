"""What a developer should know about each problem: why it is answered and what a program does about it.

The sentences for the person in front of the page come from the words catalogue, in their language; these
notes are for the one who writes the program, in English.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

_EXAMPLE_ID = "vrf_06a1k2m3n4p5q6r7s8t9v0w1x2"
_EXAMPLE_REQUEST = "4f0c2b5e9a1d7c3e8b6f0a2d"


@dataclass(frozen=True, slots=True)
class ProblemNote:
    """`cause` and `remedy` are plain sentences; `detail` and `extras` fill the example answer."""

    cause: str
    remedy: str
    detail: str
    extras: Mapping[str, object] = field(default_factory=dict)


PROBLEM_NOTES: Final[Mapping[str, ProblemNote]] = MappingProxyType(
    {
        "invalid-request": ProblemNote(
            "The body is not the JSON that this operation takes: a field is missing, unknown, of the wrong "
            "type or out of its bounds. The member `errors` names each field that is at fault.",
            "Correct the request; sending it again unchanged gives the same answer.",
            "The request is not valid.",
            {"errors": [{"field": "evidence.channel", "message": "is required"}]},
        ),
        "invalid-phone-number": ProblemNote(
            "The number cannot be read as an international number, or no such number can exist.",
            "Send it in E.164 form, for example +447700900123. Show the sentence above next to your input "
            "field and keep what was typed.",
            "The number is too short for its country.",
        ),
        "unauthorized": ProblemNote(
            "The header `Authorization` is missing or brings no key, or the key is unknown or was revoked.",
            "Check which key the program was built with. An application's keys are listed with "
            "`ringproof-server apps keys list`. Do not retry.",
            "The key is missing or unknown.",
        ),
        "forbidden": ProblemNote(
            "The key is valid but may not do this: a publishable key asked for something that only a back "
            "end may do, it was used from a web origin that the application does not list, or the "
            "application's own back end does not allow this verification.",
            "Call this operation from your back end with a secret key, or add the origin to the application. "
            "Where the back end decides about starts, it knows why.",
            "A publishable key may not look verifications up by reference.",
        ),
        "not-found": ProblemNote(
            "There is no verification of this id for this application, or no such address. Someone else's "
            "verification and one that never existed are answered alike.",
            "Check the id, the address and which application's key is used.",
            "There is nothing here.",
        ),
        "number-not-allowed": ProblemNote(
            "The number is of a kind that is never called or written to: premium rate, shared cost, pager, "
            "universal access, or a fictitious number where those are switched off.",
            "Ask for another number. For tests, let the operator set `RINGPROOF_FICTITIOUS_NUMBERS`.",
            "Premium-rate numbers are not verified.",
        ),
        "country-not-allowed": ProblemNote(
            "The number's country is not on the list of countries that this server serves.",
            "Ask for another number, or let the operator extend `RINGPROOF_ALLOWED_COUNTRIES`.",
            "Numbers of this country are not served.",
        ),
        "opted-out": ProblemNote(
            "The owner of the number asked not to be contacted.",
            "Do not retry and do not work around it; offer another way to sign up.",
            "The owner of this number does not want to be contacted.",
        ),
        "concurrent-verification": ProblemNote(
            "This application already has a verification in progress with the same reference, or the number "
            "has as many pending verifications as are allowed at once. The member `verification` "
            "holds the id where the caller may know it.",
            "Go on with that verification, cancel it, or wait for `retry_after` seconds.",
            "Another verification of this reference is pending.",
            {"verification": _EXAMPLE_ID, "retry_after": 212},
        ),
        "too-early": ProblemNote(
            "The channel or the check that was asked for is allowed later: messages to one number and checks "
            "of codes keep growing distances.",
            "Wait for `retry_after` seconds. Every answer says in `next` when which action is allowed, so "
            "that this problem need not be met at all.",
            "A text message may be sent in 42 seconds.",
            {"retry_after": 42},
        ),
        "no-steps-left": ProblemNote(
            "`POST …/next` was called after the last step of the workflow, or with a channel that is not "
            "part of this verification.",
            "Read `skipped` in the answers to see why a channel is not offered. Start a new one later.",
            "There is no other channel left for this number.",
        ),
        "already-finished": ProblemNote(
            "The verification is verified, failed, expired or cancelled; nothing can change that any more.",
            "Read it with `GET` to see how it ended. A repeated confirm with the right verifier still "
            "answers with the result.",
            "This verification has ended.",
        ),
        "challenge-invalid": ProblemNote(
            "The challenge was altered, was signed by someone else, or belongs to another verification.",
            "Send the challenge exactly as the start answered it, together with its own id.",
            "The challenge does not belong to this verification.",
        ),
        "challenge-expired": ProblemNote(
            "The challenge is older than a verification may last (five minutes, or what the policy says).",
            "Start a new verification. If this happens early, check for programs that keep challenges.",
            "The challenge has expired.",
        ),
        "verifier-mismatch": ProblemNote(
            "`code_verifier` is not the secret whose SHA-256 was sent as `code_challenge` (RFC 7636, S256).",
            "Keep the verifier with the session that started the verification. base64url has no padding, and "
            "the verifier has 43 to 128 characters.",
            "The code verifier does not belong to this challenge.",
        ),
        "rate-limited": ProblemNote(
            "Too many verifications were started for this number or from this address.",
            "Wait for `retry_after` seconds, which the header `Retry-After` repeats. Tell people how long "
            "they have to wait; do not retry in the background.",
            "Too many verifications of this number.",
            {"retry_after": 540},
        ),
        "guess-budget-exhausted": ProblemNote(
            "Every verification gives someone without the phone a small chance to guess right. The chances "
            "of one number's verifications within 24 hours are added up, and the sum has reached its limit. "
            "The same is answered after too many wrong answers in a row for one number.",
            "Try again tomorrow. A larger pool of caller IDs makes each chance smaller.",
            "No more guesses are allowed for this number today.",
        ),
        "spend-limit-reached": ProblemNote(
            "The application or the country has reached its limit for calls and messages.",
            "Tell the operator: a limit is meant to be reached only when something is wrong.",
            "The spending limit has been reached.",
            {"retry_after": 1_800},
        ),
        "idempotency-conflict": ProblemNote(
            "The `Idempotency-Key` was already used for a request with another body or address.",
            "Make a new random key for every logical request and keep it only for the repeats of that one.",
            "This idempotency key was used for another request.",
        ),
        "no-channel-available": ProblemNote(
            "None of the channels that were asked for can reach this number now. The reason of each is the "
            "same as in `skipped`: no carrier, a landline, a pool that is too small.",
            "Offer other channels, or ask for another number.",
            "None of the channels can reach this number.",
        ),
        "payload-too-large": ProblemNote(
            "The body is larger than any request of this interface needs to be.",
            "Send only the documented fields.",
            "The request is too large.",
        ),
        "service-unavailable": ProblemNote(
            "The server cannot serve right now: its database does not answer, or it is starting or stopping.",
            "Retry with growing pauses and the same `Idempotency-Key`; the request is then carried out once.",
            "The service is not available right now.",
            {"retry_after": 5},
        ),
        "internal": ProblemNote(
            "Something unforeseen happened. The answer tells nothing about it; the log does, under the id in "
            "`instance`.",
            "Retry once with the same `Idempotency-Key`, then give the id in `instance` to the operator.",
            "Something went wrong on our side.",
        ),
    }
)


def example_problem(slug: str, title: str, status: int) -> dict[str, object]:
    """The answer (`application/problem+json`, RFC 9457) that a client could get for this problem."""
    note = PROBLEM_NOTES[slug]
    return {
        "type": f"/problems/{slug}",
        "title": title,
        "status": status,
        "detail": note.detail,
        "instance": _EXAMPLE_REQUEST,
        **note.extras,
    }
