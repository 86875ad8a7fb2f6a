"""Signatures of requests and events, as Standard Webhooks specifies them (https://www.standardwebhooks.com).

The same scheme proves us to the operator's sender and the sender to us.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from standardwebhooks import Webhook

from ringproof_server.domain.errors import CallbackRefused

TOLERANCE_SECONDS: Final = 300
"""How old, or how far in the future, a signature may be: the tolerance of the specification's libraries."""

MOST_SIGNATURES: Final = 8

_ID: Final = re.compile(r"[!-\-/-~]{1,128}")
"""Visible ASCII without a full stop, which separates what is signed."""
_SECONDS: Final = re.compile(r"[0-9]{1,11}")


class Signatures:
    """Signs with every secret, and believes what one of them signed."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """`secrets` are in the form `whsec_…`."""
        self._keys = [Webhook(secret) for secret in secrets]

    def headers(self, message_id: str, now: datetime, body: str) -> dict[str, str]:
        """The headers that vouch for a request with this body."""
        at = now.astimezone(UTC)
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(key.sign(message_id, at, body) for key in self._keys),
        }

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """The id of a message that is signed and of the present. Raises `CallbackRefused`.

        `headers` have names in lower case. What the library has for this asks the machine for the time.
        """
        message_id, seconds = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        given = headers.get("webhook-signature", "").split(" ")
        if not (_ID.fullmatch(message_id) and _SECONDS.fullmatch(seconds) and len(given) <= MOST_SIGNATURES):
            raise CallbackRefused("the event is not signed")
        try:
            at, text = datetime.fromtimestamp(int(seconds), UTC), body.decode()
        except (ValueError, OverflowError, OSError):
            raise CallbackRefused("the event is not signed") from None
        if not self._is_signed(message_id, at, text, given):
            raise CallbackRefused("the event's signature is wrong")
        if abs((now - at).total_seconds()) > TOLERANCE_SECONDS:
            raise CallbackRefused("the event is too old, or from the future")
        return message_id

    def _is_signed(self, message_id: str, at: datetime, text: str, given: Sequence[str]) -> bool:
        right = [key.sign(message_id, at, text).encode() for key in self._keys]
        offered = [one.encode(errors="replace") for one in given]
        return any(hmac.compare_digest(one, other) for one in right for other in offered)
