"""Requests to push services, whose addresses come from strangers, and what their failures mean."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Final

from ringproof_server.carriers.plugin import Timeouts
from ringproof_server.carriers.retry_after import seconds_asked
from ringproof_server.domain.errors import CarrierUnavailable, NumberUnreachable, OutcomeUnknown
from ringproof_server.outbound import (
    Addresses,
    Blocked,
    Lookup,
    Poster,
    Unanswered,
    Unreached,
    system_lookup,
)

LONGEST_HEAD: Final = 16 * 1024
"""Bytes of an answer after which its end is not waited for."""

ADDRESSES_TRIED: Final = 1
"""Of one name: a stranger's may list very many, and the message is for a single one of them."""

GREATEST_STATUS: Final = 599
"""RFC 9110 section 15: greater ones are invalid, and say nothing about the request."""


class PushPosts:
    """Sends requests, each once. Without `private` only to addresses of the public Internet."""

    def __init__(
        self,
        timeouts: Timeouts,
        *,
        private: bool,
        lookup: Lookup = system_lookup,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls` says whom to trust; the system's authorities if left out."""
        self._timeouts = timeouts
        addresses = Addresses(private=private, lookup=lookup, most=ADDRESSES_TRIED)
        self._poster = Poster(addresses, tls, most_received=LONGEST_HEAD)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, float | None]:
        """The status, and the seconds of `Retry-After` where the push service gives them.

        Raises `NumberUnreachable` for an address that nothing is sent to, `CarrierUnavailable` when nothing
        was sent, `OutcomeUnknown` when no answer came.
        """
        wait = self._timeouts
        try:
            answer = self._poster.post(url, headers, body, connect=wait.connect, total=wait.total)
        except Blocked:
            raise NumberUnreachable("the subscription does not lead to a public address") from None
        except Unreached as reason:
            raise CarrierUnavailable(f"the push service is out of reach: {reason}") from None
        except Unanswered:
            raise OutcomeUnknown("the push service did not answer a request") from None
        if answer.status > GREATEST_STATUS:
            raise OutcomeUnknown("the push service did not answer a request")
        return answer.status, seconds_asked(answer.headers.get("Retry-After"))
