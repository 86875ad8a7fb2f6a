"""HTTP requests to a carrier's API at the address that the operator set, where its vendor has no library.

The operator is trusted with that address, so it may be in their own network, and connections to it are kept.
Addresses that others chose are for `ringproof_server.outbound`, which judges each of them and keeps nothing.

What matters is whether a request can have been carried out: one that never left leads to the next carrier,
one that may have been carried out is asked about and never repeated.
"""

from __future__ import annotations

import json
import logging
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from urllib3 import BaseHTTPResponse, PoolManager, Timeout
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from ringproof_server.carriers.plugin import Timeouts
from ringproof_server.carriers.retry_after import seconds_asked
from ringproof_server.domain.errors import CarrierUnavailable, OutcomeUnknown

LONGEST_ANSWER: Final = 1024 * 1024
KEPT_SECONDS: Final = 20.0

_CHUNK: Final = 16 * 1024
_CONNECTIONS: Final = 64
"""Kept open for further requests; more than a carrier is asked at the same time."""
_READS: Final = frozenset({"GET"})


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Header names are lower case. The body may hold numbers and codes, so it stays out of `repr`."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def retry_after(self) -> float | None:
        """The seconds that `Retry-After` asks for, None where it is missing or names a date."""
        return seconds_asked(self.headers.get("retry-after"))

    def json_object(self) -> dict[str, object] | None:
        """The body as a JSON object; None where it is anything else."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None


class OutboundHttp:
    """Sends each request once, follows no redirect, keeps connections. For any number of threads."""

    def __init__(self, carrier: str, timeouts: Timeouts, *, kept_seconds: float = KEPT_SECONDS) -> None:
        """`carrier` names the other side in errors; connections are kept for `kept_seconds` without use."""
        self._carrier = carrier
        self._kept_seconds = kept_seconds
        self._used_at = time.monotonic()
        self._timeouts = timeouts
        self._pool = PoolManager(maxsize=_CONNECTIONS, retries=False)
        keep_addresses_out_of_logs()

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        total: float | None = None,
    ) -> HttpAnswer:
        """The answer, whatever its status. `total` shortens the whole wait, in s.

        Raises `CarrierUnavailable` when nothing was sent, or what was sent only reads (GET); `OutcomeUnknown`
        when the request may have been carried out although no whole answer came.
        """
        wait = self._timeouts.total if total is None else min(total, self._timeouts.total)
        self._drop_idle_connections()
        give_up = time.monotonic() + wait
        try:
            response = self._pool.urlopen(
                method,
                url,
                body=body,
                headers=dict(headers),
                timeout=Timeout(connect=min(self._timeouts.connect, wait), total=wait),
                redirect=False,
                retries=False,
                preload_content=False,
            )
            received = self._read(response, give_up)
        except (HTTPError, OSError) as fault:
            if method in _READS or _never_left(fault):
                raise CarrierUnavailable(f"{self._carrier} does not answer") from None
            raise OutcomeUnknown(f"{self._carrier} did not answer a request") from None
        if received is None:
            if method in _READS:
                raise CarrierUnavailable(f"{self._carrier} does not answer in time, or too much")
            raise OutcomeUnknown(f"{self._carrier} did not answer a request in time, or too much")
        found = {name.lower(): value for name, value in response.headers.items()}
        return HttpAnswer(response.status, found, received)

    def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        self._pool.clear()

    def _drop_idle_connections(self) -> None:
        """A request on a connection that something in between has forgotten would look like a lost one."""
        now = time.monotonic()
        if now - self._used_at > self._kept_seconds:
            self._pool.clear()
        self._used_at = now

    def _read(self, response: BaseHTTPResponse, give_up: float) -> bytes | None:
        """The whole body; None when it is too long or drips in until the time is over."""
        received = bytearray()
        while chunk := response.read1(_CHUNK, decode_content=True):
            received += chunk
            if len(received) > LONGEST_ANSWER or time.monotonic() > give_up:
                response.close()
                return None
        return bytes(received)


def keep_addresses_out_of_logs() -> None:
    """Let urllib3 write none of its lines that hold an address with its query, in which there may be numbers:
    each request at its most talkative, and each answer with a header that it cannot read."""
    logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
    logging.getLogger("urllib3.connection").setLevel(logging.ERROR)


def _never_left(fault: Exception) -> bool:
    """Whether the request cannot have reached the other side."""
    if isinstance(fault, SSLError):
        return isinstance(fault.args[0] if fault.args else None, ssl.SSLCertVerificationError)
    return isinstance(fault, NewConnectionError | ConnectTimeoutError)
