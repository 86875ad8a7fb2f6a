"""A client of the HTTP contract that hides nothing: what a test sends is what goes over the wire."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import secrets
import select
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from tests.support import leaks

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Json:
        found: Json = json.loads(self.body)
        return found

    @property
    def problem(self) -> str:
        """The slug of a problem document; empty when the answer is none."""
        if self.headers.get("content-type") != "application/problem+json":
            return ""
        return str(self.json()["type"]).removeprefix("/problems/")


@dataclass(frozen=True, slots=True)
class Started:
    """A verification as the client that started it knows it."""

    id: str
    number: str
    challenge: str = field(repr=False)
    verifier: str = field(repr=False)
    view: Json = field(repr=False)


class _Connection(http.client.HTTPConnection):
    """Closes itself when nobody can use it any more, such as after the end of its thread."""

    def __del__(self) -> None:
        self.close()


class Api:
    """Requests to one server with one key; each thread has its own connection, which is kept alive.

    Unless `watched` is false, what goes over the wire takes part in the suite's search for secrets.
    """

    def __init__(
        self, url: str, key: str | None = None, *, timeout: float = 20.0, watched: bool = True
    ) -> None:
        self._host = urlsplit(url).netloc
        self._key = key
        self._timeout = timeout
        self._watched = watched
        self._here = threading.local()

    def request(
        self,
        method: str,
        path: str,
        body: Json | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        key: str | None = None,
    ) -> Answer:
        """One request, tried once. Raises OSError or HTTPException when there is no whole answer."""
        sent = {} if headers is None else dict(headers)
        key = key or self._key
        if key is not None:
            sent.setdefault("Authorization", f"Bearer {key}")
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if isinstance(body, dict):
            sent.setdefault("Content-Type", "application/json")
        connection = self._connection()
        try:
            connection.request(method, path, data, sent)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            received = Answer(answer.status, found, answer.read())
        except (OSError, http.client.HTTPException):
            connection.close()
            raise
        if self._watched:
            leaks.register_request(path, sent, data or b"")
            leaks.watch_answer(method, path.partition("?")[0], found, received.body)
        return received

    def get(self, path: str, headers: Mapping[str, str] | None = None, *, key: str | None = None) -> Answer:
        return self.request("GET", path, None, headers, key=key)

    def post(
        self,
        path: str,
        body: Json | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        key: str | None = None,
    ) -> Answer:
        return self.request("POST", path, body, headers, key=key)

    def start(self, number: str, *, key: str | None = None, **fields: Any) -> Started:
        """Start a verification as an app does, with a fresh code verifier; the answer must be 201."""
        verifier, code_challenge = pkce()
        body = start_body(number, code_challenge, **fields)
        answer = self.post("/v1/verifications", body, key=key)
        assert answer.status == 201, answer
        view = answer.json()
        return Started(view["id"], number, view["challenge"], verifier, view)

    def confirm(
        self,
        started: Started,
        evidence: Json,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        path = f"/v1/verifications/{started.id}/confirm"
        return self.post(path, confirm_body(started, evidence), headers, key=key)

    def read(self, started: Started) -> Answer:
        return self.get(f"/v1/verifications/{started.id}", {"Ringproof-Challenge": started.challenge})

    def wait_until_over(self, started: Started, *, seconds: float = 30.0) -> None:
        """Return once the server, too, knows that the current call has ended; a phone knows it earlier."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            if self.read(started).json()["attempt"]["status"] == "ended":
                return
            time.sleep(0.05)
        raise AssertionError("the server has not heard of the end of the call")

    def close(self) -> None:
        """Close this thread's connection."""
        self._connection().close()

    # --- the virtual phone

    def phone_events(self, number: str, after: int = 0) -> list[Json]:
        answer = self.get(f"/handset/{quote(number)}/events?after={after}")
        assert answer.status == 200, answer
        events: list[Json] = answer.json()["events"]
        return events

    def behave(self, number: str, behaviour: str, delay_ms: int = 0) -> None:
        body = {"behaviour": behaviour, "delay_ms": delay_ms}
        answer = self.post(f"/handset/{quote(number)}/behaviour", body)
        assert answer.status == 200, answer

    def wait_for(
        self, number: str, is_wanted: Callable[[Json], bool], *, after: int = 0, seconds: float = 30.0
    ) -> Json:
        """The first event of this phone that is wanted."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            for event in self.phone_events(number, after):
                if is_wanted(event):
                    return event
            time.sleep(0.05)
        raise AssertionError("the phone has not seen what was waited for")

    def _connection(self) -> http.client.HTTPConnection:
        """This thread's connection; a new one if the server has closed the last one meanwhile."""
        found: http.client.HTTPConnection | None = getattr(self._here, "connection", None)
        if found is not None and found.sock is not None and select.select([found.sock], [], [], 0)[0]:
            found.close()
        if found is None:
            found = self._here.connection = _Connection(self._host, timeout=self._timeout)
        return found


def pkce(verifier: str | None = None) -> tuple[str, str]:
    """A code verifier, a random one unless it is given, and its challenge (RFC 7636, S256)."""
    verifier = verifier or secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def start_body(number: str, code_challenge: str, **fields: Any) -> Json:
    return {
        "phone_number": number,
        "code_challenge": code_challenge,
        "capabilities": {"caller_id": True, "ring_time": True},
        **fields,
    }


def confirm_body(started: Started, evidence: Json) -> Json:
    return {"challenge": started.challenge, "code_verifier": started.verifier, "evidence": evidence}


def call_evidence(caller_id: str | None, ring_ms: int | None = None) -> Json:
    quality = "estimated" if ring_ms is None else "live"
    found: Json = {"channel": "flashcall", "caller_id": caller_id, "basis": "simulated", "quality": quality}
    return found if ring_ms is None else {**found, "ring_ms": ring_ms}


def code_evidence(code: str) -> Json:
    return {"channel": "sms", "code": code}


def another(caller_id: str) -> str:
    """Another number of the same pool."""
    return caller_id[:-1] + str((int(caller_id[-1]) + 1) % 10)


def code_heard(text: str) -> str:
    """The code that was spoken digit by digit, twice; raises for a text with no code or more than one."""
    (code,) = set(re.findall(r"(?<![0-9])[0-9](?: [0-9]){3,9}(?! ?[0-9])", text))
    return str(code).replace(" ", "")


def code_in(text: str) -> str:
    """The code of a message."""
    found = re.search(r"(?<!\w)[0-9]{4,10}(?!\w)", text)
    assert found is not None
    return found[0]


def is_ringing(event: Json) -> bool:
    return bool(event["kind"] == "call" and event["state"] == "ringing")


def has_ended(event: Json) -> bool:
    return bool(event["kind"] == "call" and event["state"] == "ended")


def is_message(event: Json) -> bool:
    return bool(event["kind"] == "message")


def raw_exchange(port: int, request: bytes, *, timeout: float = 10.0) -> bytes:
    """Send bytes as they are and read until the server closes or is silent."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        connection.sendall(request)
        connection.settimeout(2.0)
        try:
            while part := connection.recv(65_536):
                received += part
        except TimeoutError:
            pass
    return received
