"""People with virtual phones who use a server that keeps dying: they try again until they get an answer."""

from __future__ import annotations

import http.client
import random
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import quote

from tests.support.api import (
    Answer,
    Api,
    Json,
    Started,
    another,
    call_evidence,
    code_evidence,
    code_in,
    confirm_body,
    has_ended,
    is_message,
    is_ringing,
    pkce,
    start_body,
)

AWAY = frozenset({500, 502, 503, 504})
PAUSE = 0.15


class Habit(Enum):
    """How a person behaves."""

    CALL = "reports the call while it rings"
    ENDED_CALL = "reports the call when it has ended, with its ring time"
    CODE = "asks for an SMS and types its code"
    AUTOMATIC_CODE = "waits for the SMS that follows by itself"
    WRONG_CALL = "reports calls that never came"
    WRONG_CODE = "types wrong codes"
    NOTHING = "does nothing"
    CANCELS = "cancels"


HABITS = {
    Habit.CALL: 30,
    Habit.ENDED_CALL: 15,
    Habit.CODE: 15,
    Habit.AUTOMATIC_CODE: 8,
    Habit.WRONG_CALL: 10,
    Habit.WRONG_CODE: 7,
    Habit.NOTHING: 10,
    Habit.CANCELS: 5,
}
"""Out of a hundred people."""


@dataclass
class Story:
    """What happened to one person. `gave_evidence` is set before the right evidence is sent."""

    number: str
    habit: Habit
    verification_id: str = ""
    gave_evidence: bool = False
    token: str = ""
    last_status: str = ""
    fault: str = ""


@dataclass
class Crowd:
    """`size` people with numbers of their own; `patience` is how long one tries, in seconds."""

    api: Api
    size: int
    seed: int
    patience: float
    threads: int = 32
    stories: list[Story] = field(default_factory=list)

    def __post_init__(self) -> None:
        dice = random.Random(self.seed)
        habits = dice.choices(list(HABITS), list(HABITS.values()), k=self.size)
        self.stories = [Story(f"+447700900{index:03}", habit) for index, habit in enumerate(habits)]
        self._waiting = iter(self.stories)
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(self.threads)]

    def set_out(self) -> None:
        for thread in self._threads:
            thread.start()

    def is_under_way(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def wait(self, seconds: float) -> None:
        """Until everybody is done; fails when that takes too long."""
        give_up = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, give_up - time.monotonic()))
        assert not self.is_under_way(), "somebody still waits for an answer"

    def _work(self) -> None:
        while True:
            with self._lock:
                story = next(self._waiting, None)
            if story is None:
                self.api.close()
                return
            try:
                Person(self.api, story, time.monotonic() + self.patience).live()
            except Exception as fault:
                story.fault = f"{type(fault).__name__}: {fault}"


class Person:
    """Lives one story. Every request is repeated, with the same idempotency key, until it is answered."""

    def __init__(self, api: Api, story: Story, give_up: float) -> None:
        self._api = api
        self._story = story
        self._give_up = give_up

    def live(self) -> None:
        verifier, code_challenge = pkce()
        body = start_body(self._story.number, code_challenge)
        answer = self._insist("POST", "/v1/verifications", body)
        assert answer.status == 201, answer
        view = answer.json()
        started = Started(view["id"], self._story.number, view["challenge"], verifier, view)
        self._story.verification_id = started.id
        _LIVES[self._story.habit](self, started)

    def report_ringing(self, started: Started) -> None:
        self._report_call(started, is_ringing)

    def report_ended(self, started: Started) -> None:
        self._report_call(started, has_ended)

    def type_code(self, started: Started) -> None:
        headers = {"Ringproof-Challenge": started.challenge}
        self._insist("POST", f"{_path(started)}/next", {"channel": "sms"}, headers)
        self.type_automatic_code(started)

    def type_automatic_code(self, started: Started) -> None:
        message = self._see(started, is_message)
        if message is not None:
            self._prove(started, code_evidence(code_in(message["text"])))

    def report_wrong(self, started: Started) -> None:
        event = self._see(started, is_ringing)
        caller_id = "+442079460000" if event is None else another(event["caller_id"])
        for _ in range(5):
            self._confirm(started, call_evidence(caller_id))

    def type_wrong(self, started: Started) -> None:
        headers = {"Ringproof-Challenge": started.challenge}
        self._insist("POST", f"{_path(started)}/next", {"channel": "sms"}, headers)
        message = self._see(started, is_message)
        code = code_in(message["text"]) if message is not None else "000000"
        for wrong in range(1, 7):
            self._confirm(started, code_evidence(f"{(int(code) + wrong) % 1_000_000:06}"))

    def do_nothing(self, started: Started) -> None:
        """Whatever happens now, the server has to end it alone."""

    def cancel(self, started: Started) -> None:
        headers = {"Ringproof-Challenge": started.challenge}
        self._insist("DELETE", _path(started), None, headers)

    def _report_call(self, started: Started, is_wanted: Callable[[Json], bool]) -> None:
        event = self._see(started, is_wanted)
        if event is not None:
            self._prove(started, call_evidence(event["caller_id"], event["ring_ms"]))

    def _prove(self, started: Started, evidence: Json) -> None:
        self._story.gave_evidence = True
        answer = self._confirm(started, evidence)
        if answer is not None and answer.status == 200:
            self._story.token = answer.json().get("token", "")

    def _confirm(self, started: Started, evidence: Json) -> Answer:
        answer = self._insist("POST", f"{_path(started)}/confirm", confirm_body(started, evidence))
        self._story.last_status = answer.json()["status"] if answer.status == 200 else answer.problem
        return answer

    def _see(self, started: Started, is_wanted: Callable[[Json], bool]) -> Json | None:
        """What the phone shows; None when it has not come while the verification could live."""
        path = f"/handset/{quote(started.number)}/events?after=0"
        give_up = min(self._give_up, time.monotonic() + started.view["expires_in"])
        while time.monotonic() < give_up:
            events: list[Json] = self._insist("GET", path).json()["events"]
            for event in events:
                if is_wanted(event):
                    return event
            time.sleep(PAUSE)
        return None

    def _insist(
        self, method: str, path: str, body: Json | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask until there is an answer; the same key tells the server that it is the same request."""
        sent: dict[str, Any] = dict(headers or {})
        if method == "POST":
            sent["Idempotency-Key"] = secrets.token_hex(16)
        while True:
            try:
                answer = self._api.request(method, path, body, sent)
                if answer.status not in AWAY:
                    return answer
            except (OSError, http.client.HTTPException):
                pass
            assert time.monotonic() < self._give_up, "no answer"
            time.sleep(PAUSE)


_LIVES: dict[Habit, Callable[[Person, Started], None]] = {
    Habit.CALL: Person.report_ringing,
    Habit.ENDED_CALL: Person.report_ended,
    Habit.CODE: Person.type_code,
    Habit.AUTOMATIC_CODE: Person.type_automatic_code,
    Habit.WRONG_CALL: Person.report_wrong,
    Habit.WRONG_CODE: Person.type_wrong,
    Habit.NOTHING: Person.do_nothing,
    Habit.CANCELS: Person.cancel,
}


def _path(started: Started) -> str:
    return f"/v1/verifications/{started.id}"
