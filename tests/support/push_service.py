"""A push service and the browsers behind it: checks who sends by PyJWT, opens messages by `http_ece`."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import http_ece  # type: ignore[import-untyped]
import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from ringproof_server.domain.web_push import Subscription, decoded, encoded, public_point

SUBJECT: Final = "mailto:operator@example.com"
LONGEST_LIFE: Final = 24 * 3600
"""What RFC 8292 allows a signature."""


@dataclass(frozen=True)
class Received:
    """A message as a service worker gets it, with what the push service was told about it."""

    said: dict[str, Any] = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    claims: dict[str, Any] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass
class Browser:
    """One subscription. `status` is what the push service answers for it."""

    service: PushService = field(repr=False)
    name: str
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    auth: bytes = field(repr=False)
    status: int = 201
    received: list[Received] = field(default_factory=list, repr=False)

    @property
    def subscription(self) -> Subscription:
        return Subscription(
            endpoint=f"{self.service.url}/push/{self.name}",
            p256dh=public_point(self.key),
            auth=self.auth,
        )

    @property
    def as_json(self) -> dict[str, Any]:
        """What `PushSubscription.toJSON()` gives."""
        return {
            "endpoint": self.subscription.endpoint,
            "expirationTime": None,
            "keys": {"p256dh": encoded(public_point(self.key)), "auth": encoded(self.auth)},
        }


class PushService:
    """Takes what is rightly signed and can be opened; the levers are those of the carriers' contract."""

    def __init__(self) -> None:
        self.browsers: dict[str, Browser] = {}
        self.refused: list[str] = []
        self.keys: set[str] = set()
        self.everyone: int | None = None
        self.headers: dict[str, str] = {}
        self.silent = threading.Event()
        self._over = threading.Event()
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"service": self})
        self._http = _Http(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def browser(self) -> Browser:
        """A new one with a subscription of its own."""
        name = f"b{len(self.browsers)}"
        # The browser's own secrets; nothing depends on which they are.
        browser = Browser(
            self, name, ec.generate_private_key(ec.SECP256R1()), name.encode().rjust(16, b"\x01")
        )
        self.browsers[name] = browser
        return browser

    def take(self, name: str, headers: dict[str, str], body: bytes) -> int:
        """The status for a request."""
        browser = self.browsers[name]
        status = browser.status if self.everyone is None else self.everyone
        if status >= 300:
            return status
        try:
            received = self._opened(browser, headers, body)
        except (ValueError, KeyError, jwt.PyJWTError, http_ece.ECEException) as fault:
            self.refused.append(f"{type(fault).__name__}: {fault}")
            return 400
        with self._lock:
            browser.received.append(received)
        return status

    def _opened(self, browser: Browser, headers: dict[str, str], body: bytes) -> Received:
        scheme, _, rest = headers["authorization"].partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(parts["k"]))
        claims = jwt.decode(
            parts["t"],
            key,
            algorithms=["ES256"],
            audience=self.url,
            options={"require": ["aud", "exp", "sub"], "verify_exp": False},
        )
        if scheme != "vapid" or headers["content-encoding"] != "aes128gcm":
            raise ValueError("not Web Push")
        with self._lock:
            self.keys.add(parts["k"])
        plain = http_ece.decrypt(body, private_key=browser.key, auth_secret=browser.auth, version="aes128gcm")
        return Received(said=json.loads(plain), headers=headers, claims=claims, body=body)

    # --- levers

    def break_down(self) -> None:
        self._over.set()
        self._http.shutdown()
        self._http.server_close()

    close = break_down

    def taken(self) -> int:
        with self._lock:
            return sum(len(browser.received) for browser in self.browsers.values())

    def hang(self) -> None:
        self.silent.set()

    def throttle(self) -> float | None:
        self.everyone, self.headers = 429, {"Retry-After": "7"}
        return 7.0

    def wait_for_the_end(self) -> None:
        self._over.wait(30)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


class _Handler(BaseHTTPRequestHandler):
    service: PushService

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.service.silent.is_set():
            self.service.wait_for_the_end()
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = self.service.take(self.path.removeprefix("/push/"), headers, body)
        self.send_response(status)
        for name, value in {**self.service.headers, "Content-Length": "0"}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@contextmanager
def running_push_service() -> Iterator[PushService]:
    service = PushService()
    yield service
    service.close()
