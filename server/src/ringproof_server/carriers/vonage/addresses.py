"""Where Vonage reports about a call, and what a report that comes there may be about.

A webhook's signature covers its body, not its address. The body of a call's event holds no name of ours, so
the address names the attempt, and a second value in it ties the address to the number that is called, which
the signed body holds: the event of one person's call, sent to the address of another one's, does not fit.
That two calls of one person are not mixed up is seen to where their names are known.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from typing import Final
from urllib.parse import parse_qsl, urlencode

from ringproof_server.domain.errors import CallbackRefused
from ringproof_server.ports import CallbackRequest, Seals

EVENTS_PATH: Final = "events"
_REFERENCE: Final = "ref"
_CALLED: Final = "for"
_LONGEST_QUERY: Final = 400


class Addresses:
    """Makes addresses and reads them. `events_url` is the one that all attempts share, without a query."""

    def __init__(self, events_url: str, seals: Seals) -> None:
        self._events_url = events_url
        self._seals = seals

    def of_call(self, events_url: str, reference: str, to: str) -> str:
        """Where events about the call of this reference, to this number (E.164), are to go."""
        query = {_REFERENCE: reference, _CALLED: self._tie(reference, to)}
        return f"{events_url}?{urlencode(query)}"

    def called(self, request: CallbackRequest, to: str) -> str:
        """The attempt that the address names, if it is one that calls `to`. Raises `CallbackRefused`."""
        base, _, query = request.url.partition("?")
        values = self._query(query)
        reference = values.get(_REFERENCE, "")
        attempt_id = self._seals.read_reference(reference)
        if base != self._events_url or attempt_id is None or set(values) != {_REFERENCE, _CALLED}:
            raise CallbackRefused("the webhook's address is not one of a call")
        if not hmac.compare_digest(self._tie(reference, to).encode(), values[_CALLED].encode()):
            raise CallbackRefused("the webhook is about another call than its address")
        return attempt_id

    def check_common(self, request: CallbackRequest) -> None:
        """Raises `CallbackRefused` unless the request came to the address that all messages share."""
        if request.url != self._events_url:
            raise CallbackRefused("the webhook's address is not that of messages")

    def _query(self, query: str) -> dict[str, str]:
        if len(query) > _LONGEST_QUERY:
            return {}
        pairs = parse_qsl(query, keep_blank_values=True)
        values = dict(pairs)
        return values if len(values) == len(pairs) else {}

    def _tie(self, reference: str, to: str) -> str:
        digest = self._seals.digest("vonage-call", f"{reference}\n{to.lstrip('+')}")
        return urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()
