"""The simulated phone beside the app: what a demo server's virtual handset sees, and how it shall act."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from threading import Lock
from typing import Any, Final
from urllib.parse import quote, urlsplit

from ringproof_demo.machine import Clock
from ringproof_demo.numbers import shown
from ringproof_demo.phone.desk import OWN_NUMBER, SimulatedPhone
from ringproof_demo.view import HandsetEvent, HandsetView
from ringproof_demo.words import AppWords

BEHAVIOURS: Final = ("ring", "answer", "reject", "busy", "withheld", "altered", "late", "voicemail", "off")
EVERY: Final = 0.4
"""Seconds between two looks."""
MOST_EVENTS: Final = 30
MOST_BYTES: Final = 1_000_000
TIMEOUT: Final = 4.0

Fetch = Callable[[str, "Mapping[str, object] | None"], "tuple[int, Mapping[str, Any]]"]


def fetch(url: str, body: Mapping[str, object] | None) -> tuple[int, Mapping[str, Any]]:
    """GET, or POST when there is a body; status and answer. Raises OSError when none came."""
    data = None if body is None else json.dumps(body).encode()
    try:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise OSError("no address of a server")
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - checked above
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - the same
            status, text = answer.status, answer.read(MOST_BYTES)
    except urllib.error.HTTPError as refusal:
        return refusal.code, {}
    except (HTTPException, ValueError) as nonsense:
        # Its kind only: its words quote the address, and in it the number.
        raise OSError(f"no server: {type(nonsense).__name__}") from None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return status, {}
    return status, found if isinstance(found, dict) else {}


@dataclass
class _Seen:
    """What is known of one phone."""

    number: str = field(repr=False)
    behaviour: str = "ring"
    after: int = 0
    events: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    fault: str | None = None


class Handset:
    """`start` once. `number` tells which phone to look at, `words` the language; `post` takes the picture."""

    def __init__(
        self,
        server: Callable[[], str],
        phone: SimulatedPhone,
        *,
        number: Callable[[], str | None],
        words: Callable[[], AppWords],
        post: Callable[[HandsetView], None],
        clock: Clock,
        fetch: Fetch = fetch,
    ) -> None:
        self._server = server
        self._phone = phone
        self._number = number
        self._words = words
        self._post = post
        self._clock = clock
        self._fetch = fetch
        self._lock = Lock()
        self._seen = _Seen(OWN_NUMBER)
        self._stopped = False

    def start(self) -> None:
        """Look at the phone again and again, until `stop`."""
        self._clock.later(0.0, self._look)

    def stop(self) -> None:
        """Look no more."""
        self._stopped = True

    def behave(self, behaviour: str) -> None:
        """How it acts from now on; one of BEHAVIOURS."""
        self._seen.behaviour = behaviour
        self._show()
        self._clock.spawn(lambda: self._tell("behaviour", {"behaviour": behaviour}))

    def press(self, digits: str) -> None:
        """Press keys during a call."""
        keys = "".join(key for key in digits if key in "0123456789*#")[:20]
        if keys:
            self._clock.spawn(lambda: self._tell("keys", {"digits": keys}))

    def permit(self, permitted: bool) -> None:
        """What its owner answers when the app asks to see calls."""
        self._phone.permitted = permitted
        self._show()

    def fill(self, fills: bool) -> None:
        """Whether it gives codes out of messages to the app."""
        self._phone.fills_codes = fills
        self._show()

    def picture(self) -> HandsetView:
        """What is to be shown now."""
        words, seen = self._words(), self._seen
        events = list(seen.events.values())
        ringing = any(event.get("state") == "ringing" for event in events)
        return HandsetView(
            number=shown(seen.number, words.tag),
            behaviour=seen.behaviour,
            permitted=self._phone.permitted,
            fills_codes=self._phone.fills_codes,
            ringing=ringing,
            events=tuple(_worded(event, words) for event in reversed(events)),
            fault=words.app(seen.fault, **_values(seen.fault)) if seen.fault else None,
        )

    def _url(self, action: str) -> str:
        return f"{self._server().rstrip('/')}/handset/{quote(self._seen.number, safe='')}/{action}"

    def _look(self) -> None:
        if self._stopped:
            return
        wanted = self._number() or self._seen.number
        if wanted != self._seen.number:
            self._seen = _Seen(wanted, behaviour=self._seen.behaviour)
            if self._seen.behaviour != "ring":
                self._tell("behaviour", {"behaviour": self._seen.behaviour})
        before = self.picture()
        self._read()
        if self.picture() != before or before.fault:
            self._show()
        self._clock.later(EVERY, self._look)

    def _read(self) -> None:
        seen = self._seen
        try:
            status, answer = self._fetch(f"{self._url('events')}?after={seen.after}", None)
        except OSError:
            seen.fault = "sim_lost"
            return
        seen.fault = "sim_wrong_number" if status == 404 else None if status == 200 else "sim_lost"
        for event in _events(answer):
            seen.after = max(seen.after, event["seq"])
            name = f"call {event.get('call')}" if event.get("kind") == "call" else f"{event['seq']}"
            seen.events[name] = event
            while len(seen.events) > MOST_EVENTS:
                del seen.events[next(iter(seen.events))]

    def _tell(self, action: str, body: Mapping[str, object]) -> None:
        try:
            status, _ = self._fetch(self._url(action), body)
        except OSError:
            self._seen.fault = "sim_lost"
        else:
            self._seen.fault = "sim_wrong_number" if status == 404 else None
        self._show()

    def _show(self) -> None:
        with self._lock:
            self._post(self.picture())


def _events(answer: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    listed = answer.get("events")
    events = listed if isinstance(listed, list) else []
    return [event for event in events if isinstance(event, dict) and isinstance(event.get("seq"), int)]


def _values(fault: str) -> dict[str, str]:
    return {"example": shown(OWN_NUMBER, "en")} if fault == "sim_wrong_number" else {}


def _worded(event: Mapping[str, Any], words: AppWords) -> HandsetEvent:
    if event.get("kind") != "call":
        text = event.get("text")
        return HandsetEvent("message", words.app("sim_message"), text if isinstance(text, str) else None)
    caller = event.get("caller_id")
    title = words.app("sim_call_hidden")
    if isinstance(caller, str):
        title = words.app("sim_call", caller=shown(caller, words.tag))
    if event.get("state") == "ringing":
        return HandsetEvent("incoming", title, words.app("sim_ringing"))
    heard, ring_ms = event.get("heard"), event.get("ring_ms")
    if event.get("answered") and isinstance(heard, str):
        return HandsetEvent("note", title, words.app("sim_answered", heard=heard))
    if isinstance(ring_ms, int):
        return HandsetEvent("note", title, words.app("sim_rang", seconds=words.decimal(ring_ms / 1000)))
    return HandsetEvent("note", title, words.app("sim_ended"))
