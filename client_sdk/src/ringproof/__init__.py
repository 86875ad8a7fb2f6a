"""Ringproof: prove that a person controls a phone number.

    from ringproof import ManualCallSource, Ringproof

    client = Ringproof("https://verify.example", "rp_pk_…")
    verified = client.verify("+447400123456", calls=ManualCallSource(ask_for_digits), codes=ask_for_code)
    send_to_back_end(verified.token)

On a back end `verify_token` checks that token, and `verify_webhook` what the server tells of its own accord.
Exceptions are in `ringproof.errors`, the parts of which sources of calls are made in `ringproof.calls`,
stand-ins for tests in `ringproof.testing`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringproof._client import Ringproof
from ringproof._errors import (
    NotVerifiedError,
    ProblemError,
    RingproofError,
    TokenInvalidError,
    WebhookInvalidError,
)
from ringproof._models import Confirmation, Session, Verification, Verified
from ringproof._progress import Cancellation, Progress
from ringproof._retry import Retry

if TYPE_CHECKING:
    from ringproof._devices import EnrolledDevice
    from ringproof._handset import SimulatedCallSource
    from ringproof._sip_phone import SipPhoneCallSource
    from ringproof._sources import ManualCallSource, ScriptedCallSource, TypedCodes
    from ringproof._tokens import TokenVerifier, VerifiedPhone, verify_token
    from ringproof._webhooks import WebhookEvent, verify_webhook

__all__ = [
    "Cancellation",
    "Confirmation",
    "EnrolledDevice",
    "ManualCallSource",
    "NotVerifiedError",
    "ProblemError",
    "Progress",
    "Retry",
    "Ringproof",
    "RingproofError",
    "ScriptedCallSource",
    "Session",
    "SimulatedCallSource",
    "SipPhoneCallSource",
    "TokenInvalidError",
    "TokenVerifier",
    "TypedCodes",
    "Verification",
    "Verified",
    "VerifiedPhone",
    "WebhookEvent",
    "WebhookInvalidError",
    "verify_token",
    "verify_webhook",
]

# A phone never checks tokens and a back end never hears calls; neither pays for the other.
_LATER = {
    "EnrolledDevice": "_devices",
    "ManualCallSource": "_sources",
    "ScriptedCallSource": "_sources",
    "TypedCodes": "_sources",
    "SimulatedCallSource": "_handset",
    "SipPhoneCallSource": "_sip_phone",
    "TokenVerifier": "_tokens",
    "VerifiedPhone": "_tokens",
    "verify_token": "_tokens",
    "WebhookEvent": "_webhooks",
    "verify_webhook": "_webhooks",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module 'ringproof' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"ringproof.{_LATER[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "calls", "errors", "testing"]
