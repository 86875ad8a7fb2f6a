"""A stand-in for the server at the HTTP edge: enough of the contract for an app's tests, without a network.

It keeps one verification at a time, judges caller IDs and codes by their digits, and moves on to SMS by its
clock. It has no keys, no policy, no limits; its tokens are not signed and prove nothing.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ringproof._errors import RingproofError
from ringproof._match import ascii_digits, is_withheld
from ringproof._system import Clock
from ringproof._transport import Request, Response

_PICTURE = "data:image/svg+xml;charset=utf-8,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E"


@dataclass(frozen=True)
class Seen:
    """One request that arrived."""

    method: str
    path: str
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(repr=False)
    at: float


class FakeServer:
    """A Transport that answers by itself.

    `caller_ids` are the numbers that will call, one after another. `fallback` is the channel after the flash
    call, None for none; the digits of `keypad` are the `code`, and `type_keys` types them. `on_start` and
    `on_code` are called when a verification begins and when a code is sent, so that a scripted phone can
    react. `status` is the status of the flash call's attempt, `secret` that of an authenticator.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        caller_ids: Sequence[str] = ("+442079460018",),
        revealed: int = 5,
        code: str = "123456",
        fallback: str | None = "sms",
        interception: float = 45.0,
        report: float = 75.0,
        lifetime: float = 300.0,
        checks: int = 3,
        check_delay: float = 0.0,
        ring_time: str = "check",
    ) -> None:
        self.clock = clock
        self.caller_ids = tuple(caller_ids)
        self.code = code
        self.fallback = fallback
        self.interception, self.report, self.lifetime = interception, report, lifetime
        self.ring_time = ring_time
        self.status = "ringing"
        self.secret = "KRUGKIDROVUWG2ZAMJZG653OEBTG66BA"  # noqa: S105 - protects nothing but a test
        self.requests: list[Seen] = []
        self.reports: list[Mapping[str, Any]] = []
        self.on_start: Callable[[], None] = lambda: None
        self.on_code: Callable[[str], None] = lambda _: None
        self._revealed = revealed
        self._checks = checks
        self._check_delay, self._check_at = check_delay, 0.0
        self._faults: list[tuple[str, bool, RingproofError | Response]] = []
        self._answers: dict[str, Response] = {}
        self._body: dict[str, Any] = {}
        self._state = "none"
        self._reason: str | None = None
        self._channel = "flashcall"
        self._step_began = self._began = 0.0
        self._call = 1
        self._right = True
        self._typed = self._enrolled = False

    def fail(self, fault: RingproofError | Response, *, path: str = "", processed: bool = False) -> None:
        """Let the next request whose path ends so go wrong; with `processed` only the answer is lost."""
        self._faults.append((path, processed, fault))

    def calls_to(self, method: str, ending: str = "") -> list[Seen]:
        """The requests of a method whose path ends so."""
        return [seen for seen in self.requests if seen.method == method and seen.path.endswith(ending)]

    @property
    def state(self) -> str:
        """The verification's status."""
        return self._state

    def send(self, request: Request) -> Response:
        path = "/" + request.url.split("/", 3)[3]
        body = json.loads(request.body) if request.body else {}
        self.requests.append(Seen(request.method, path, body, request.headers, self.clock.monotonic()))
        for fault in self._faults:
            ending, processed, outcome = fault
            if path.endswith(ending):
                self._faults.remove(fault)
                if processed:
                    self._answer(request.method, path, body, request.headers)
                if isinstance(outcome, Response):
                    return outcome
                raise outcome
        return self._answer(request.method, path, body, request.headers)

    def _answer(
        self, method: str, path: str, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Response:
        """Answers a repeated POST as the first one."""
        key = headers.get("Idempotency-Key")
        if key is not None and key in self._answers:
            return self._answers[key]
        self._advance()
        answer = self._route(method, path, body)
        if key is not None:
            self._answers[key] = answer
        return answer

    def _route(self, method: str, path: str, body: Mapping[str, Any]) -> Response:
        action = path.removeprefix("/v1/verifications").rpartition("/")[2] if path.count("/") > 3 else ""
        if method == "POST" and path == "/v1/verifications":
            return self._start(body)
        if method == "POST" and action == "confirm":
            return self._confirm(body["evidence"])
        if method == "POST" and action == "devices":
            return self._enrol(body)
        if method == "POST" and action == "reports":
            self.reports.append(body)
        elif method == "POST" and action == "next":
            if self._state != "pending" or not self.move_on():
                return self.problem(409, "no-steps-left")
        elif method == "DELETE" and self._state == "pending":
            self._state = "cancelled"
        return self._ok(self._view())

    def problem(self, status: int, slug: str, **members: object) -> Response:
        """A refusal, for `fail`."""
        document = {"type": f"/problems/{slug}", "title": slug, "status": status, **members}
        return Response(status, {"content-type": "application/problem+json"}, json.dumps(document).encode())

    def _start(self, body: Mapping[str, Any]) -> Response:
        self._body, self._enrolled = dict(body), False
        self._state, self._reason, self._channel, self._call, self._right = (
            "pending",
            None,
            "flashcall",
            1,
            True,
        )
        self._began = self._step_began = self.clock.monotonic()
        channels = body.get("channels")
        if channels and "flashcall" not in channels:
            self.move_on()
        if channels and self.fallback not in channels:
            self.fallback = None
        self.on_start()
        return self._ok({**self._view(), "challenge": "fake.challenge.jwt"}, 201)

    def _advance(self) -> None:
        """What the server would have done by its own clock."""
        now = self.clock.monotonic()
        if self._state != "pending":
            return
        if now >= self._began + self.lifetime:
            self._state = "expired"
            return
        overdue = self._channel == "flashcall" and now >= self._step_began + self.interception
        if overdue and not self.move_on():
            self._state, self._reason = "failed", "no_call"

    def move_on(self) -> bool:
        """Give up the call and go to the next channel, as after a failed route; False when there is none."""
        if self._channel != "flashcall" or self.fallback is None:
            return False
        self._channel = self.fallback
        self._step_began = self.clock.monotonic()
        self.on_code(self.code)
        return True

    def type_keys(self, digits: str) -> None:
        """The person types digits in the call."""
        self._typed = self._typed or (self._channel == "keypad" and digits == self.code)

    def _confirm(self, evidence: Mapping[str, Any]) -> Response:
        if self._state == "verified":
            return self._ok({**self._view(), "token": self._token()})
        refusal = self._refusal(evidence)
        if refusal is not None:
            return refusal
        if self._channel == "keypad":
            wanting = {**self._view(), "result": "more_evidence"}
            return self._judge(right=True) if self._typed else self._ok(wanting)
        if self._channel != "flashcall":
            return self._judge(ascii_digits(str(evidence.get("code"))) == self.code)
        if "last_digits" not in evidence and is_withheld(evidence.get("caller_id")):
            if not self.move_on():
                self._state, self._reason = "failed", "withheld"
            return self._ok({**self._view(), "result": "withheld"})
        return self._judge_call(evidence)

    def _refusal(self, evidence: Mapping[str, Any]) -> Response | None:
        """Why the evidence is not even judged."""
        if self._state != "pending":
            return self.problem(409, "already-finished")
        early = self._check_at - self.clock.monotonic()
        if early > 0:
            return self.problem(409, "too-early", retry_after=early)
        return None if evidence["channel"] == self._channel else self.problem(400, "invalid-request")

    def _judge_call(self, evidence: Mapping[str, Any]) -> Response:
        sent = ascii_digits(self.caller_ids[self._call - 1])
        if "last_digits" in evidence:
            typed = ascii_digits(str(evidence["last_digits"]))
            right = len(typed) >= 4 and sent.endswith(typed)
        else:
            right = sent.endswith(ascii_digits(str(evidence.get("caller_id"))).lstrip("0")[-9:].rjust(9, "x"))
        if self.ring_time == "require" and evidence.get("quality") != "live":
            return self._ok({**self._view(), "result": "more_evidence"})
        if self._call < len(self.caller_ids):
            self._right = self._right and right
            self._call += 1
            self._step_began = self.clock.monotonic()
            self.on_start()
            return self._ok({**self._view(), "result": "more_evidence"})
        return self._judge(right and self._right)

    def _judge(self, right: bool) -> Response:
        if right:
            self._state = "verified"
            return self._ok({**self._view(), "token": self._token()})
        self._checks -= 1
        self._check_at = self.clock.monotonic() + self._check_delay
        if self._checks <= 0:
            self._state, self._reason = "failed", "unknown"
        return self._ok({**self._view(), "result": "mismatch"})

    def _enrol(self, body: Mapping[str, Any]) -> Response:
        if self._state == "pending":
            return self.problem(409, "too-early")
        if self._state != "verified" or self._enrolled:
            return self.problem(409, "already-finished")
        self._enrolled = True
        device = {"id": "dev_fake", "kind": body.get("kind"), "label": body.get("label")}
        uri = f"otpauth://totp/Fake:number?secret={self.secret}&issuer=Fake"
        return self._ok({**device, "secret": self.secret, "otpauth_uri": uri, "qr_code": _PICTURE}, 201)

    def _view(self) -> dict[str, Any]:
        now = self.clock.monotonic()
        pending, flash = self._state == "pending", self._channel == "flashcall"
        number = str(self._body.get("phone_number", ""))
        sent = self.caller_ids[self._call - 1]
        automatic = {"channel": self.fallback, "in": max(0.0, self._step_began + self.interception - now)}
        return {
            "id": "vrf_fake",
            "status": self._state,
            "reason": self._reason,
            "phone_number": f"{number[:3]}••••••{number[-4:]}",
            "expires_in": max(0.0, self._began + self.lifetime - now),
            "attempt": {
                "id": f"att_{self._channel}",
                "channel": self._channel,
                "status": self.status if flash else "delivered",
            },
            "flashcall": {
                "caller_id_pattern": {"prefix": sent[: self._revealed], "length": len(sent)},
                "digits_to_type": 4,
                "calls": len(self.caller_ids),
                "call": self._call,
                "interception_timeout": self.interception,
                "report_timeout": self.report,
                "ring_time": self.ring_time,
            }
            if flash and pending
            else None,
            **self._code_step(),
            "skipped": [],
            "next": {
                "check_in": max(0.0, self._check_at - now) if pending else None,
                "channels": {self.fallback: 0} if pending and flash and self.fallback else {},
                "automatic": automatic if pending and flash and self.fallback else None,
            },
            "checks_left": self._checks,
            "assurance_bits": 11.7,
        }

    def _code_step(self) -> dict[str, Any]:
        if self._state != "pending" or self._channel == "flashcall":
            return {"code": None}
        if self._channel == "keypad":
            return {"code": None, "keypad": {"digits": self.code, "typed": self._typed}}
        return {"code": {"length": len(self.code)}}

    def _token(self) -> str:
        claims = json.dumps({"phone_number": self._body.get("phone_number")}).encode()
        payload = binascii.b2a_base64(claims, newline=False).rstrip(b"=").decode()
        return f"fake.{payload}.unsigned"

    def _ok(self, body: Mapping[str, Any], status: int = 200) -> Response:
        return Response(status, {"content-type": "application/json"}, json.dumps(body).encode())
