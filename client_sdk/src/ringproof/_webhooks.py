"""Checks webhooks on a back end, as Standard Webhooks specifies them (https://www.standardwebhooks.com).

Works for events (`verification.…`, `attempt.updated`) and for the question before a start
(`verification.requested`), which differ in their type and their secret only. Standard library only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ringproof._errors import WebhookExpiredError, WebhookInvalidError
from ringproof._system import Clock, SystemClock

LONGEST_PAYLOAD = 1024 * 1024
MOST_SIGNATURES = 16
PREFIX = "whsec_"
_LONGEST_ID = 256


@dataclass(frozen=True)
class WebhookEvent:
    """A webhook that was signed with your secret.

    `id` is the same each time this event is sent: act on each id once. `type` is such as
    `verification.verified`, `data` what it is about. `sent_at` is when this try was signed, in seconds since
    1970-01-01 UTC.
    """

    id: str
    type: str
    sent_at: int
    data: Mapping[str, Any] = field(repr=False)

    @property
    def verification(self) -> str | None:
        """The verification's id (`vrf_…`); None for the question before it has one."""
        return _text(self.data.get("id"))

    @property
    def sequence(self) -> int | None:
        """The event's place among those of its verification, from 0; they are sent in this order."""
        value = self.data.get("sequence")
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @property
    def reference(self) -> str | None:
        """Your own name for the verification, as the start gave it."""
        return _text(self.data.get("reference"))

    @property
    def phone_number(self) -> str | None:
        """The number in E.164; None once the server has erased it."""
        return _text(self.data.get("phone_number"))


def verify_webhook(
    payload: bytes | str,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    *,
    tolerance: int = 300,
    clock: Clock | None = None,
) -> WebhookEvent:
    """The event in a request, if it is signed with `secret` and of the present.

    `payload` is the body exactly as it came, not parsed and written again. `headers` may have names in any
    case. Several secrets are tried each; a request may carry several signatures, of which one must hold.
    `tolerance` is how many seconds the signature may be old, or in the future.

    Raises WebhookInvalidError, WebhookExpiredError, and ValueError for a secret that is none.
    """
    keys = [_key(one) for one in ([secret] if isinstance(secret, str) else secret)]
    if not keys:
        raise ValueError("At least one secret is needed")
    body = payload.encode() if isinstance(payload, str) else bytes(payload)
    if len(body) > LONGEST_PAYLOAD:
        raise WebhookInvalidError("The request is too long")
    found = {name.lower(): value for name, value in headers.items()}
    message_id, seconds = found.get("webhook-id", ""), found.get("webhook-timestamp", "")
    offered = list(_signatures(found.get("webhook-signature", "")))
    is_named = 0 < len(message_id) <= _LONGEST_ID and message_id.isascii()
    is_timed = 0 < len(seconds) <= 11 and seconds.isascii() and seconds.isdecimal()
    if not is_named or not is_timed or not offered:
        raise WebhookInvalidError("The request is not signed")
    signed = b".".join((message_id.encode(), seconds.encode(), body))
    right = [hmac.new(key, signed, hashlib.sha256).digest() for key in keys]
    # Every pair is compared, so that the time does not tell which secret it was.
    matches = [hmac.compare_digest(one, other) for one in right for other in offered]
    if not any(matches):
        raise WebhookInvalidError("The signature does not hold")
    sent_at = int(seconds)
    if abs((clock or SystemClock()).wall() - sent_at) > tolerance:
        raise WebhookExpiredError("The signature is too old, or from the future")
    return _event(message_id, sent_at, body)


def _key(secret: str) -> bytes:
    """The bytes of a secret in the form `whsec_…`; no error repeats any of it."""
    encoded = secret[len(PREFIX) :] if secret.startswith(PREFIX) else secret
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < 16:
        raise ValueError("A webhook secret is whsec_ and Base64, as the server printed it")
    return key


def _signatures(header: str) -> Iterator[bytes]:
    """The signatures of version 1 in a header; others are of versions to come, and left alone."""
    for part in header.split(" ")[:MOST_SIGNATURES]:
        version, _, encoded = part.partition(",")
        if version == "v1":
            try:
                yield base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                continue


def _event(message_id: str, sent_at: int, body: bytes) -> WebhookEvent:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    kind = said.get("type") if isinstance(said, dict) else None
    data = said.get("data") if isinstance(said, dict) else None
    if not isinstance(kind, str) or not isinstance(data, dict):
        raise WebhookInvalidError("The request is signed, but is no event")
    return WebhookEvent(message_id, kind, sent_at, data)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
