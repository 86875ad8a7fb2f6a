"""The webhooks of the fake Vonage: bodies as documented, signed as documented, delivered with faults."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import jwt

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Webhook:
    """One request to the customer. `status` is repeated from the body, for tests that look for it."""

    url: str
    status: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs as Vonage does: a JWT with the hash of the body, HS256 with the account's signature secret."""

    secret: str = field(repr=False)
    application_id: str
    api_key: str
    now: Callable[[], datetime]

    def webhook(self, url: str, content: Json, **claims: Any) -> Webhook:
        """The signed request; `claims` replace those that the token would hold."""
        body = json.dumps(content, separators=(",", ":")).encode()
        headers = {
            "authorization": f"Bearer {self.token(body, **claims)}",
            "content-type": "application/json",
        }
        return Webhook(url, str(content.get("status")), headers, body)

    def token(
        self, body: bytes, *, algorithm: str = "HS256", secret: str | None = None, **claims: Any
    ) -> str:
        said = {
            "iat": int(self.now().timestamp()),
            "jti": str(uuid4()),
            "iss": "Vonage",
            "payload_hash": hashlib.sha256(body).hexdigest(),
            "api_key": self.api_key,
            "application_id": self.application_id,
            **claims,
        }
        kept = {name: value for name, value in said.items() if value is not None}
        key = self.secret if secret is None else secret
        return jwt.encode(kept, key if algorithm != "none" else None, algorithm=algorithm)  # type: ignore[arg-type]


def written(moment: datetime) -> str:
    """A time as the webhooks write it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


@dataclass
class Faults:
    """What goes wrong on the way: statuses that get lost; everything twice; neighbours swapped."""

    lost: set[str] = field(default_factory=set)
    doubled: bool = False
    swapped: bool = False


class Delivery:
    """Posts webhooks in the background, one after the other."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.answers: list[tuple[str, int]] = []
        self._waiting: queue.Queue[Webhook | Callable[[], None] | None] = queue.Queue()
        self._held: Webhook | None = None
        self._thread = threading.Thread(target=self._work, name="vonage-webhooks", daemon=True)
        self._thread.start()

    def send(self, webhook: Webhook) -> None:
        self._waiting.put(webhook)

    def then(self, act: Callable[[], None]) -> None:
        """Do this once everything before has been delivered."""
        self._waiting.put(act)

    def stop(self) -> None:
        self._waiting.put(None)
        self._thread.join(timeout=10)

    def _work(self) -> None:
        while (item := self._waiting.get()) is not None:
            if isinstance(item, Webhook):
                self._pass_on(item)
            else:
                item()

    def _pass_on(self, webhook: Webhook) -> None:
        if webhook.status in self.faults.lost:
            return
        if self.faults.swapped and self._held is None:
            self._held = webhook
            return
        held, self._held = self._held, None
        for one in (webhook, held):
            for _ in range(0 if one is None else 1 + self.faults.doubled):
                assert one is not None
                self.answers.append((one.status, post(one.url, one.headers, one.body)[0]))


def post(url: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (lower case) and body of the answer; status 0 when there is none."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, found, answer.read()
    return 0, {}, b""
