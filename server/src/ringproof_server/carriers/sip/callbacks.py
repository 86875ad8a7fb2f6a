"""The agent's events as signed callbacks: what is in them, and the signature that vouches for it."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

import msgspec

from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Reason
from ringproof_server.domain.errors import CallbackRefused
from ringproof_server.ports import CallbackRequest

EVENTS_PATH: Final = "events"
SIGNATURE_HEADER: Final = "ringproof-sip-signature"
OLDEST_SECONDS: Final = 300
"""A captured callback is worth nothing after five minutes, the tolerance of most signed webhooks."""
FAST_CLOCK_SECONDS: Final = 60
LONGEST_BODY: Final = 4096

_SIGNATURE: Final = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")
_KINDS: Final = frozenset({AttemptEvent.RING, AttemptEvent.ANSWER, AttemptEvent.END})
_LONGEST_RING_MS: Final = 600_000


class SipEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What one callback says; `key` is the same in repeats of one event.

    `basis` is the response from which the ring time is counted: 180, or 183 on trunks that never send one.
    """

    key: str
    kind: AttemptEvent
    reference: str
    remote_id: str
    reason: Reason | None = None
    ring_ms: int | None = None
    basis: int | None = None

    def __repr__(self) -> str:
        return f"SipEvent(key={self.key!r})"


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(SipEvent)


def encode(event: SipEvent) -> bytes:
    """The body of the callback."""
    return _encoder.encode(event)


def signature(key: bytes, url: str, body: bytes, seconds: int) -> str:
    """The header that vouches for `body` at `url`; `seconds` since 1970."""
    return f"t={seconds},v1={_mac(key, url, body, seconds).hex()}"


def opened(key: bytes, request: CallbackRequest, seconds: int) -> SipEvent:
    """The event in a callback of our own agent.

    Raises `CallbackRefused` unless the signature is right for this URL and body and not older than
    `OLDEST_SECONDS`; nothing of the body is looked at before.
    """
    found = _SIGNATURE.fullmatch(request.headers.get(SIGNATURE_HEADER, ""))
    if found is None or len(request.body) > LONGEST_BODY or "\n" in request.url:
        raise CallbackRefused("the callback is not signed")
    signed_at = int(found[1])
    if not hmac.compare_digest(_mac(key, request.url, request.body, signed_at), bytes.fromhex(found[2])):
        raise CallbackRefused("the callback's signature is wrong")
    if not -FAST_CLOCK_SECONDS <= seconds - signed_at <= OLDEST_SECONDS:
        raise CallbackRefused("the callback is too old, or from the future")
    try:
        event = _decoder.decode(request.body)
    except (msgspec.DecodeError, ValueError):
        raise CallbackRefused("the callback is not understood") from None
    if event.kind not in _KINDS or not 0 <= (event.ring_ms or 0) <= _LONGEST_RING_MS:
        raise CallbackRefused("the callback is not understood")
    return event


def _mac(key: bytes, url: str, body: bytes, seconds: int) -> bytes:
    # Neither the number nor the URL can contain a line feed, so no two requests are signed as the same text.
    return hmac.digest(key, f"{seconds}\n{url}\n".encode() + body, hashlib.sha256)
