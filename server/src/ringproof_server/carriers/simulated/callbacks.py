"""The callbacks of the simulated network: what is in them, and the signature that vouches for it."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from typing import Final

from ringproof_server.carriers.simulated.moments import SECOND
from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Reason
from ringproof_server.domain.errors import CallbackRefused
from ringproof_server.ports import CallbackRequest

EVENTS_PATH: Final = "events"
SIGNATURE_HEADER: Final = "ringproof-simulated-signature"

OLDEST_SECONDS: Final = 300
"""A captured callback is worth nothing after five minutes, the tolerance of most signed webhooks."""
FAST_CLOCK_SECONDS: Final = 60
LONGEST_BODY: Final = 4096

_SIGNATURE: Final = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")
_KINDS: Final = {
    event.value: event
    for event in (
        AttemptEvent.RING,
        AttemptEvent.ANSWER,
        AttemptEvent.END,
        AttemptEvent.DELIVER,
        AttemptEvent.READ,
        AttemptEvent.FAIL,
    )
}
_LONGEST_RING_MS: Final = 600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkEvent:
    """What one callback says. `key` is equal in repeats of an event and different in different events."""

    key: str
    kind: AttemptEvent
    reference: str = field(repr=False)
    remote_id: str
    reason: Reason | None = None
    ring_ms: int | None = None


def encode(event: NetworkEvent) -> str:
    """The body of the callback."""
    return json.dumps(
        {
            "key": event.key,
            "kind": event.kind.value,
            "reference": event.reference,
            "remote_id": event.remote_id,
            "reason": None if event.reason is None else event.reason.value,
            "ring_ms": event.ring_ms,
        },
        separators=(",", ":"),
    )


def signed(key: bytes, url: str, body: str, now: int) -> CallbackRequest:
    """The request that delivers `body` to `url` at `now` (microseconds)."""
    seconds = now // SECOND
    payload = body.encode()
    signature = _mac(key, url, payload, seconds).hex()
    return CallbackRequest(
        path=EVENTS_PATH,
        url=url,
        method="POST",
        headers={
            "content-type": "application/json",
            SIGNATURE_HEADER: f"t={seconds},v1={signature}",
        },
        body=payload,
    )


def opened(key: bytes, request: CallbackRequest, now: int) -> NetworkEvent:
    """The event in a callback that comes from this network.

    Raises `CallbackRefused` unless the signature is right for this URL and body and not older than
    `OLDEST_SECONDS`; nothing of the body is looked at before.
    """
    _check_signature(key, request, now)
    try:
        return _decoded(json.loads(request.body))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise CallbackRefused("the callback is not understood") from None


def _check_signature(key: bytes, request: CallbackRequest, now: int) -> None:
    found = _SIGNATURE.fullmatch(request.headers.get(SIGNATURE_HEADER, ""))
    if found is None or len(request.body) > LONGEST_BODY or "\n" in request.url:
        raise CallbackRefused("the callback is not signed")
    seconds, given = int(found[1]), bytes.fromhex(found[2])
    if not hmac.compare_digest(_mac(key, request.url, request.body, seconds), given):
        raise CallbackRefused("the callback's signature is wrong")
    age = now // SECOND - seconds
    if not -FAST_CLOCK_SECONDS <= age <= OLDEST_SECONDS:
        raise CallbackRefused("the callback is too old, or from the future")


def _mac(key: bytes, url: str, body: bytes, seconds: int) -> bytes:
    # Neither the number nor the URL can contain a line feed, so no two requests are signed as the same text.
    return hmac.digest(key, f"{seconds}\n{url}\n".encode() + body, hashlib.sha256)


def _decoded(content: object) -> NetworkEvent:
    if not isinstance(content, dict):
        raise TypeError
    reason, ring_ms = content["reason"], content["ring_ms"]
    if ring_ms is not None and (type(ring_ms) is not int or not 0 <= ring_ms <= _LONGEST_RING_MS):
        raise ValueError
    return NetworkEvent(
        key=_text(content["key"]),
        kind=_KINDS[_text(content["kind"])],
        reference=_text(content["reference"]),
        remote_id=_text(content["remote_id"]),
        reason=None if reason is None else Reason(_text(reason)),
        ring_ms=ring_ms,
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value
