"""HTTP, one request at a time: the `Transport` port and its standard-library implementation."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ringproof._errors import InsecureServerError, ServerUnreachableError, UnexpectedAnswerError
from ringproof._system import Clock, SystemClock

if TYPE_CHECKING:
    import ssl
    import urllib.request
    from http.client import HTTPResponse

MAX_ANSWER_BYTES = 1_048_576


@dataclass(frozen=True)
class Request:
    """One HTTP request. Headers and body hold keys and proofs, so `repr` leaves them out."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    timeout: float = 10.0


@dataclass(frozen=True)
class Response:
    """One HTTP answer, whatever its status. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


class Transport(Protocol):
    """Sends a request and brings the answer. Must be usable from several threads at once."""

    def send(self, request: Request) -> Response:
        """The answer, of any status; redirects are answers, not followed.

        Raises ServerUnreachableError when none came, UnexpectedAnswerError when it was too long,
        InsecureServerError when the URL may not be used.
        """
        ...


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_url(url: str, *, allow_http: bool = False) -> str:
    """The host of a URL that a key may be sent to.

    Raises InsecureServerError for plain HTTP to another machine (unless `allow_http`), for user names in the
    URL and for anything that is not HTTP at all.
    """
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        well_formed = parts.port != 0
    except ValueError:
        host, well_formed = "", False
    clean = url.isascii() and url.isprintable() and " " not in url
    if not host or not well_formed or not clean or parts.scheme not in {"https", "http"}:
        raise InsecureServerError("The server must be an https:// address")
    if parts.username is not None or parts.password is not None:
        raise InsecureServerError("The server's address must not hold a user name or password")
    if parts.scheme == "http" and not allow_http and not is_loopback(host):
        raise InsecureServerError("Plain http:// is refused except to this machine; use https://")
    return host


class UrllibTransport:
    """The default transport: `urllib.request`, verified TLS, no redirects, bounded answers.

    On Android the default certificate store is empty, so `certifi` is used when it can be imported. A
    redirect is never followed, because the authorisation header would travel along.
    """

    def __init__(
        self,
        *,
        allow_http: bool = False,
        ssl_context: ssl.SSLContext | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._allow_http = allow_http
        self._ssl_context = ssl_context
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._openers: dict[bool, urllib.request.OpenerDirector] = {}

    def send(self, request: Request) -> Response:
        import http.client
        import urllib.error
        import urllib.request

        host = check_url(request.url, allow_http=self._allow_http)
        wire = urllib.request.Request(  # noqa: S310 - check_url has allowed http and https only
            request.url, data=request.body, headers=dict(request.headers), method=request.method
        )
        deadline = self._clock.monotonic() + request.timeout
        try:
            answer = self._opener(loopback=is_loopback(host)).open(wire, timeout=request.timeout)
        except urllib.error.HTTPError as error:
            answer = error
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            raise ServerUnreachableError(f"No answer from {host}: {_reason(error)}") from error
        with answer:
            try:
                body = self._read(answer, deadline)
            except (http.client.HTTPException, OSError) as error:
                raise ServerUnreachableError(f"The answer from {host} broke off") from error
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Response(answer.status or 0, headers, body)

    def _read(self, answer: HTTPResponse, deadline: float) -> bytes:
        """The whole body, within the size limit and the request's time."""
        parts: list[bytes] = []
        size = 0
        while part := answer.read1(65_536):
            size += len(part)
            if size > MAX_ANSWER_BYTES:
                raise UnexpectedAnswerError("The answer is too long")
            if self._clock.monotonic() > deadline:
                raise TimeoutError("The answer came too slowly")
            parts.append(part)
        return b"".join(parts)

    def _opener(self, *, loopback: bool) -> urllib.request.OpenerDirector:
        with self._lock:
            opener = self._openers.get(loopback)
            if opener is None:
                opener = self._openers[loopback] = self._new_opener(loopback=loopback)
            return opener

    def _new_opener(self, *, loopback: bool) -> urllib.request.OpenerDirector:
        import urllib.request

        class NoRedirects(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_: object, **__: object) -> None:
                return None

        handlers: list[urllib.request.BaseHandler] = [NoRedirects()]
        if loopback:
            # A system-wide proxy cannot reach this machine's own loopback.
            handlers.append(urllib.request.ProxyHandler({}))
        else:
            handlers.append(urllib.request.HTTPSHandler(context=self._ssl_context or default_ssl_context()))
        return urllib.request.build_opener(*handlers)


def _reason(error: Exception) -> str:
    """What failed, in words that hold nothing of the request."""
    return type(getattr(error, "reason", None) or error).__name__


def default_ssl_context() -> ssl.SSLContext:
    """Verified TLS with certifi's authorities when it is installed, else the system's."""
    import ssl

    try:
        import certifi
    except ImportError:
        return ssl.create_default_context()
    return ssl.create_default_context(cafile=certifi.where())
