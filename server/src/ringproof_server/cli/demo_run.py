"""What the demo does as a client: it plays the app and the phone over plain HTTP, as any program could."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import secrets
import time
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from rich.live import Live
from rich.table import Table
from rich.text import Text

from ringproof_server.cli.terminal import console

GIVE_UP_AFTER = 60.0
ANSWER_AT_MOST = 1_000_000


class DemoFault(Exception):
    """The demo cannot go on; the message says why."""


class DemoClient:
    """Calls the demo's own server on loopback."""

    def __init__(self, base: str, key: str) -> None:
        self._base = base
        self._key = key

    def is_ready(self) -> bool:
        try:
            self.call("GET", "/readyz")
        except DemoFault:
            return False
        return True

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The JSON answer. Raises `DemoFault` with the server's own words."""
        request = Request(  # noqa: S310  (an http URL on loopback, made by the demo itself)
            f"{self._base}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"},
        )
        try:
            with urlopen(request, timeout=10) as answer:  # noqa: S310  (as above)
                text = answer.read(ANSWER_AT_MOST)
        except HTTPError as fault:
            with fault:
                raise DemoFault(_words_of(fault.read(ANSWER_AT_MOST), fault.code)) from None
        except (URLError, OSError, http.client.HTTPException) as fault:
            raise DemoFault(f"the server does not answer ({type(fault).__name__})") from None
        return json.loads(text or b"{}")  # type: ignore[no-any-return]  # The caller knows the endpoint.


def verify(client: DemoClient, number: str) -> str:
    """Verify a virtual phone's number by a flash call, with progress in the terminal; the token."""
    phone = f"/handset/{quote(number)}/events"
    seen = max((event["seq"] for event in client.call("GET", f"{phone}?after=0")["events"]), default=0)
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    started_at = time.monotonic()
    verification = client.call(
        "POST",
        "/v1/verifications",
        {
            "phone_number": number,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "capabilities": {"caller_id": True, "ring_time": True},
        },
    )
    answered_in = time.monotonic() - started_at
    console.print(
        f"[green]✓[/] Verification of {verification['phone_number']} started in {answered_in * 1000:.0f} ms"
    )
    evidence = _evidence_of(_watch_the_phone(client, phone, seen, number))
    result = client.call(
        "POST",
        f"/v1/verifications/{verification['id']}/confirm",
        {"challenge": verification["challenge"], "code_verifier": verifier, "evidence": evidence},
    )
    if result["status"] != "verified":
        raise DemoFault(f"the number was not verified: {result.get('result', result['status'])}")
    seconds = time.monotonic() - started_at
    bits = result["assurance_bits"]
    console.print(
        f"[bold green]✓ Verified[/] {result['phone_number']} in {seconds:.1f} s; without the phone "
        f"the chance to pass was 1 in {2**bits:,.0f} ({bits} bits)"
    )
    token: str = result["token"]
    return token


def _evidence_of(ended: dict[str, Any]) -> dict[str, Any]:
    """What an app would report of the call that this handset saw."""
    seen = {name: ended[name] for name in ("caller_id", "ring_ms", "answered")}
    return {"channel": "flashcall", **seen, "basis": "simulated", "quality": "live"}


def show_token(token: str) -> None:
    """Print what a back end reads in the token."""
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    table = Table("claim", "value", box=None, header_style="bold", pad_edge=False)
    for name, value in claims.items():
        table.add_row(name, str(value))
    console.print(table)
    console.print(Text(token, style="dim"), soft_wrap=True)


def _watch_the_phone(client: DemoClient, phone: str, seen: int, number: str) -> dict[str, Any]:
    """Follow the virtual handset until its call has ended; the event of the end."""
    give_up = time.monotonic() + GIVE_UP_AFTER
    ringing_since: float | None = None
    caller = ""
    with Live(Text(""), console=console, transient=True, refresh_per_second=8) as live:
        while time.monotonic() < give_up:
            for event in client.call("GET", f"{phone}?after={seen}")["events"]:
                seen = event["seq"]
                if event["kind"] != "call":
                    continue
                if event["state"] == "ended":
                    rang = event["ring_ms"] / 1000
                    console.print(
                        f"[green]✓[/] {number} rang for {rang:.1f} s, called by {event['caller_id']}"
                    )
                    return event  # type: ignore[no-any-return]  # One event of the handset's list.
                ringing_since, caller = time.monotonic(), event["caller_id"]
            live.update(Text(_line(ringing_since, caller, number)))
            time.sleep(0.1)
    raise DemoFault("the virtual phone did not ring")


def _line(ringing_since: float | None, caller: str, number: str) -> str:
    if ringing_since is None:
        return f"  Calling {number} …"
    return f"  {number} is ringing, {time.monotonic() - ringing_since:4.1f} s, called by {caller}"


def _words_of(body: bytes, status: int) -> str:
    try:
        problem = json.loads(body)
        return f"{problem['title']}: {problem['detail']}"
    except (ValueError, KeyError, TypeError):
        return f"the server answered {status}"
