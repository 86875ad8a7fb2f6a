"""How the SDK's requests travel: to which address, for how long, and what a broken connection means."""

from __future__ import annotations

import ssl
import time
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from urllib3.exceptions import MaxRetryError, NewConnectionError

from ringproof_server.carriers.outbound_http import keep_addresses_out_of_logs
from ringproof_server.carriers.plugin import Timeouts
from ringproof_server.carriers.retry_after import seconds_asked
from ringproof_server.domain.errors import CarrierMisconfigured, CarrierThrottled, CarrierUnavailable

KEPT_IDLE: Final = 10.0
"""Seconds after which an idle connection is not used again. The far side closes idle ones when it likes, and
a request that crosses such a close leaves nobody knowing whether it was carried out."""
CONNECTIONS: Final = 32
LARGEST_ANSWER: Final = 8 * 1024 * 1024

_CHUNK: Final = 64 * 1024


class AnswerLost(Exception):
    """The request may have been carried out, but there is no whole answer to it."""


class Connection(TwilioHttpClient):  # type: ignore[misc]
    """The SDK's HTTP client with time limits, bounded answers and errors that say whether anything was sent.

    It repeats nothing, follows no redirect, keeps no cookies and logs nothing: the SDK's own log lines and
    those of the connection pool hold phone numbers.
    """

    def __init__(self, base_url: str | None, timeouts: Timeouts) -> None:
        super().__init__(pool_connections=False, timeout=timeouts.total)
        self._base = None if base_url is None else urlsplit(base_url)
        self._timeouts = timeouts
        self._session = _session()
        self._used_at = time.monotonic()
        keep_addresses_out_of_logs()

    def close(self) -> None:
        """Let go of idle connections; the next request opens a new one."""
        self._session.close()

    def request(
        self,
        method: str,
        url: str,
        params: Any = None,
        data: Any = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ARG002  (the limits of the carrier hold for every request)
        allow_redirects: bool = False,  # noqa: ARG002  (a redirect is an answer like any other)
    ) -> Response:
        """One request, sent once.

        Raises `CarrierUnavailable` when nothing was sent, `CarrierThrottled` for status 429, and `AnswerLost`
        when the request may have been carried out.
        """
        prepared = self._prepared(
            requests.Request(method.upper(), self._address(url), headers, None, data, params, auth)
        )
        self._forget_idle_connections()
        deadline = time.monotonic() + self._timeouts.total
        surroundings = self._session.merge_environment_settings(prepared.url or "", {}, True, None, None)
        try:
            with self._session.send(
                prepared,
                allow_redirects=False,
                timeout=(self._timeouts.connect, self._timeouts.total),
                **surroundings,
            ) as answer:
                content = _whole(answer, deadline)
        except requests.RequestException as fault:
            raise _sorted(fault) from None
        if answer.status_code == 429:
            raise CarrierThrottled(
                "Twilio wants fewer requests", seconds_asked(answer.headers.get("Retry-After"))
            )
        try:
            return Response(answer.status_code, content.decode(), answer.headers)
        except UnicodeDecodeError:
            raise AnswerLost("Twilio's answer is not text") from None

    def _prepared(self, request: requests.Request) -> requests.PreparedRequest:
        try:
            return self._session.prepare_request(request)
        except (requests.RequestException, ValueError):
            raise CarrierMisconfigured("the address or the credentials of Twilio cannot be sent") from None

    def _address(self, url: str) -> str:
        if self._base is None:
            return url
        asked = urlsplit(url)
        path = self._base.path.rstrip("/") + asked.path
        return urlunsplit((self._base.scheme, self._base.netloc, path, asked.query, ""))

    def _forget_idle_connections(self) -> None:
        now = time.monotonic()
        if now - self._used_at > KEPT_IDLE:
            self._session.close()
        self._used_at = now


class _NoCookies(RequestsCookieJar):
    """Takes nothing, so that no request carries what another one was answered."""

    def set_cookie(self, cookie: object, *_: object, **__: object) -> None:
        """Forget it."""


def _session() -> requests.Session:
    session = requests.Session()
    session.cookies = _NoCookies()
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=0, pool_maxsize=CONNECTIONS))
    return session


def _whole(answer: requests.Response, deadline: float) -> bytes:
    """The body; an answer that trickles or never ends counts as none."""
    content = bytearray()
    for chunk in answer.iter_content(_CHUNK):
        content += chunk
        if len(content) > LARGEST_ANSWER:
            raise AnswerLost("Twilio's answer is too large")
        if time.monotonic() > deadline:
            raise AnswerLost("Twilio's answer came too slowly")
    return bytes(content)


def _sorted(fault: requests.RequestException) -> Exception:
    if isinstance(fault, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return CarrierUnavailable("Twilio cannot be connected to in time")
    if _has_not_connected(fault):
        return CarrierUnavailable("Twilio cannot be connected to")
    if isinstance(fault, requests.Timeout):
        return AnswerLost("Twilio did not answer in time")
    return AnswerLost("the connection to Twilio was lost")


def _has_not_connected(fault: requests.RequestException) -> bool:
    """Whether it failed before a byte of the request could leave: no address, no connection, no trust."""
    cause = fault.args[0] if fault.args else None
    if not isinstance(cause, MaxRetryError):
        return False
    reason = cause.reason
    told = reason.args[0] if reason is not None and reason.args else None
    return isinstance(reason, NewConnectionError) or isinstance(told, ssl.SSLCertVerificationError)
