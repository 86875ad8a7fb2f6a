"""A Vonage of our own: the Voice and the Messages API at the HTTP edge, phones behind it, signed webhooks.

Built from the documented shapes. It is as strict as they are: a wrong path, method, field or token is refused
with the documented error. Every request is kept, and the faults of networks and vendors can be switched on.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support import leaks
from tests.support.fingers import pressed
from tests.support.vonage_fake_checks import faults_of_call, faults_of_message, heard, question
from tests.support.vonage_fake_http import PROBLEMS, Answer, Json, Request, invalid, problem, serve
from tests.support.vonage_fake_webhooks import Delivery, Signer, Webhook, post, written

APPLICATION_ID = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
API_KEY = "abcd1234"
SIGNATURE_SECRET = "the-signature-secret-of-the-fake-vonage-is-long-enough-for-any-hash"
_RETRY_AFTER = 7


@cache
def private_key() -> str:
    """The application's key, made once for all tests."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    leaks.secrets((SIGNATURE_SECRET, *re.findall(r"[A-Za-z0-9]{16,}", pem)), "key")
    return pem


@cache
def _public_key() -> Any:
    return serialization.load_pem_private_key(private_key().encode(), password=None).public_key()


class Phone(Enum):
    """How a called phone acts."""

    RINGS = "rings"
    ANSWERS = "answers"
    VOICEMAIL = "voicemail"
    BUSY = "busy"
    DECLINES = "declines"
    OFF = "off"
    NOBODY = "nobody"


class Fault(Enum):
    """What a request that makes a call or a message meets."""

    NONE = "none"
    HANG = "hang"
    LOST_ANSWER = "lost_answer"
    GARBAGE = "garbage"
    THROTTLED = "throttled"
    BROKEN = "broken"
    CLOSED = "closed"
    NUMBER_REFUSED = "number_refused"


@dataclass
class Call:
    """A call; `heard` is what its answered phone was told."""

    uuid: str
    conversation_uuid: str
    said: Json
    started_at: datetime
    status: str = "started"
    heard: str | None = None
    webhooks: list[Webhook] = field(default_factory=list)

    @property
    def to(self) -> str:
        return str(self.said["to"][0]["number"])

    @property
    def caller(self) -> str:
        return str(self.said["from"]["number"])

    @property
    def is_up(self) -> bool:
        return self.status in {"started", "ringing", "answered"}


@dataclass
class Message:
    uuid: str
    said: Json
    webhooks: list[Webhook] = field(default_factory=list)


class FakeVonage:
    """One account with one application. With `delivers` false webhooks are made but go nowhere."""

    def __init__(self, *, now: Callable[[], datetime] | None = None, delivers: bool = True) -> None:
        self.now = now or (lambda: datetime.now(UTC))
        self.signer = Signer(SIGNATURE_SECRET, APPLICATION_ID, API_KEY, self.now)
        self.delivery = Delivery() if delivers else None
        self.requests: list[Request] = []
        self.calls: dict[str, Call] = {}
        self.messages: dict[str, Message] = {}
        self.phones: dict[str, Phone] = {}
        self.keys: dict[str, list[str]] = {}
        """By number: what whoever answers presses at each question of a call, one after another."""
        self.fault = Fault.NONE
        self.once = False
        self.credentials_refused = False
        self.rejections: dict[str, int] = {}
        """By channel: the number of the error with which messages are rejected afterwards."""
        self.reads = True
        self._seen_tokens: set[str] = set()
        self._lock = threading.RLock()
        self._released = threading.Event()
        self._server = serve(self.answer)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    # --- levers

    def close(self) -> None:
        self._released.set()
        if self.delivery is not None:
            self.delivery.stop()
        self.refuse_connections()

    def refuse_connections(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def meet(self, fault: Fault, *, once: bool = False) -> None:
        """What requests for calls and messages meet from now on, or the next one only."""
        self.fault, self.once = fault, once

    def send_again(self, webhook: Webhook) -> None:
        """Deliver a webhook once more, as Vonage does when it is not sure of the first time."""
        if self.delivery is not None:
            self.delivery.send(webhook)

    def settings(self) -> dict[str, str]:
        """The carrier's settings for this account, by their lower-case names."""
        return {
            "application_id": APPLICATION_ID,
            "private_key": private_key(),
            "signature_secret": SIGNATURE_SECRET,
            "api_key": API_KEY,
            "base_url": self.url,
            "sender": "Ringproof",
            "whatsapp_sender": "447700900000",
            "viber_sender": "12345",
            "messenger_sender": "107083064136738",
        }

    def placed(self) -> list[Request]:
        """The requests for calls and messages."""
        return [request for request in self.requests if request.method == "POST"]

    # --- the APIs

    def answer(self, request: Request) -> Answer | None:
        """The answer to a request; None when the connection is to end without one."""
        with self._lock:
            self.requests.append(request)
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        path = request.path.strip("/").split("/")
        match (request.method, path):
            case ("POST", ["v1", "calls"]):
                return self._with_fault(request, self._create_call)
            case ("POST", ["v1", "messages"]):
                return self._with_fault(request, self._create_message)
            case ("GET", ["v1", "calls"]):
                return self._list_calls(request)
            case ("GET", ["v1", "calls", uuid]) if uuid in self.calls:
                return 200, self._shown(self.calls[uuid]), {}
            case ("PUT", ["v1", "calls", uuid]) if uuid in self.calls:
                return self._modify(request, self.calls[uuid])
            case (_, ["v1", "calls" | "messages", *_]):
                return problem(404, "not-found")
        return problem(404, "not-found")

    def _refusal(self, request: Request) -> Answer | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        options: Any = {"require": ["iat", "jti", "exp"], "verify_exp": False, "verify_iat": False}
        try:
            claims = jwt.decode(token, _public_key(), algorithms=["RS256"], options=options)
        except jwt.PyJWTError:
            return problem(401, "unauthorized")
        now = self.now().timestamp()
        fresh = claims["iat"] - 60 <= now <= claims["exp"] and claims["jti"] not in self._seen_tokens
        ours = scheme == "Bearer" and claims.get("application_id") == APPLICATION_ID
        if self.credentials_refused or not (fresh and ours):
            return problem(401, "unauthorized")
        self._seen_tokens.add(claims["jti"])
        if request.method in {"POST", "PUT"} and request.headers.get("content-type") != "application/json":
            return problem(415, "invalid-json")
        return None

    def _with_fault(self, request: Request, make: Callable[[Json], Answer]) -> Answer | None:
        fault = self.fault
        if self.once:
            self.meet(Fault.NONE)
        if fault is Fault.HANG:
            self._released.wait(timeout=30)
            return None
        if fault is Fault.THROTTLED:
            return problem(429, "throttled", headers={"Retry-After": str(_RETRY_AFTER)})
        if fault is Fault.CLOSED:
            return problem(503, "unavailable")
        if fault is Fault.NUMBER_REFUSED:
            return invalid(request, ["to"])
        with self._lock:
            answer = make(request.json())
        if fault is Fault.LOST_ANSWER:
            return None
        if fault is Fault.BROKEN:
            return problem(500, "internal-error")
        return (answer[0], b'{"uuid": nonsense', {}) if fault is Fault.GARBAGE else answer

    def _create_call(self, said: Json) -> Answer:
        faults = faults_of_call(said)
        if faults:
            return problem(400, "invalid-params", invalid_parameters=[{"name": name} for name in faults])
        call = Call(str(uuid4()), f"CON-{uuid4()}", said, self.now())
        self.calls[call.uuid] = call
        self._tell(call, "started")
        behaviour = self.phones.get(call.to, Phone.RINGS)
        match behaviour:
            case Phone.OFF:
                self._tell(call, "failed", detail="cannot_route", sip_code=404)
            case Phone.BUSY:
                self._tell(call, "busy")
            case _:
                self._tell(call, "ringing")
        match behaviour:
            case Phone.DECLINES:
                self._tell(call, "rejected", detail="declined", sip_code=603)
            case Phone.NOBODY:
                self._tell(call, "timeout")
            case Phone.ANSWERS | Phone.VOICEMAIL:
                self._pick_up(call, machine=behaviour is Phone.VOICEMAIL)
        shown = {"uuid": call.uuid, "status": "started", "direction": "outbound"}
        return 201, {**shown, "conversation_uuid": call.conversation_uuid}, {}

    def _create_message(self, said: Json) -> Answer:
        faults = faults_of_message(said)
        if faults:
            named = [{"name": name, "reason": "not valid"} for name in faults]
            return problem(422, "invalid-params", invalid_parameters=named)
        message = Message(str(uuid4()), said)
        self.messages[message.uuid] = message
        self._report(message, "submitted")
        number = self.rejections.get(said["channel"])
        if number is not None:
            error = {"type": f"{PROBLEMS}/messages#{number}", "title": number, "detail": "as documented"}
            self._report(message, "rejected", error=error)
        else:
            self._report(message, "delivered")
            if said["channel"] != "sms" and self.reads:
                self._report(message, "read")
        return 202, {"message_uuid": message.uuid}, {}

    def _list_calls(self, request: Request) -> Answer:
        query = request.query
        known = {
            "status",
            "date_start",
            "date_end",
            "page_size",
            "record_index",
            "order",
            "conversation_uuid",
        }
        size, index = int(query.get("page_size", 10)), int(query.get("record_index", 0))
        if set(query) - known or not 1 <= size <= 100:
            return problem(400, "invalid-params")
        start, end = (_read_time(query.get(name)) for name in ("date_start", "date_end"))
        found = [
            call
            for call in self.calls.values()
            if (start is None or call.started_at >= start) and (end is None or call.started_at <= end)
        ]
        links: Json = {"self": {"href": "/calls"}}
        if len(found) > index + size:
            links["next"] = {"href": f"/calls?record_index={index + size}"}
        page = [self._shown(call) for call in found[index : index + size]]
        shown = {"count": len(found), "page_size": size, "record_index": index, "_links": links}
        return 200, {**shown, "_embedded": {"calls": page}}, {}

    def _modify(self, request: Request, call: Call) -> Answer:
        if request.json() != {"action": "hangup"}:
            return problem(400, "invalid-params")
        with self._lock:
            if not call.is_up:
                return problem(400, "invalid-state")
            self.end(call)
        return 204, None, {}

    # --- what goes on behind

    def end(self, call: Call) -> None:
        """The call is hung up by whoever made it."""
        self._tell(call, "completed" if call.status == "answered" else "cancelled", duration="0")

    def _tell(self, call: Call, status: str, **more: object) -> None:
        if status not in {"human", "machine"}:
            call.status = status
        name = "call_uuid" if status in {"human", "machine"} else "uuid"
        content = {
            "headers": {},
            "from": call.caller,
            "to": call.to,
            name: call.uuid,
            "conversation_uuid": call.conversation_uuid,
            "status": status,
            "direction": "outbound",
            "timestamp": written(self.now()),
            **more,
        }
        self._send(call.webhooks, self.signer.webhook(call.said["event_url"][0], content))

    def _pick_up(self, call: Call, *, machine: bool) -> None:
        self._tell(call, "answered", start_time=None, rate=None, network=None)
        if "machine_detection" in call.said:
            self._tell(call, "machine" if machine else "human")
        if self.delivery is not None:
            self.delivery.then(lambda: self._talk(call))

    def _talk(self, call: Call) -> None:
        ends = {"from": call.caller, "to": call.to, "uuid": call.uuid}
        body = json.dumps({**ends, "conversation_uuid": call.conversation_uuid}).encode()
        headers = {"content-type": "application/json"}
        status, answered, document = post(call.said["answer_url"][0], headers, body)
        assert status == 200, "the answer URL did not answer"
        spoken = []
        while True:
            text, _ = heard(document, answered["content-type"])
            asked = question(document)
            if asked is None:
                spoken.append(text)
                break
            keys = pressed(self.keys, call.to, asked.count)
            # Keys end what is being spoken; without any the question is heard to its end.
            spoken += [] if keys else [asked.text]
            told = {**ends, "dtmf": {"digits": keys, "timed_out": not keys}}
            status, answered, document = post(asked.url, headers, json.dumps(told).encode())
            assert status == 200, "the event URL of the input did not answer"
        call.heard = " ".join(spoken)
        self._tell(call, "completed", duration="4", price="0.01", rate="0.1", network="23430")

    def _report(self, message: Message, status: str, **more: object) -> None:
        said = message.said
        content = {
            "message_uuid": message.uuid,
            "to": said["to"],
            "from": said["from"],
            "timestamp": written(self.now()),
            "status": status,
            "channel": said["channel"],
            "client_ref": said["client_ref"],
            **more,
        }
        self._send(message.webhooks, self.signer.webhook(said["webhook_url"], content))

    def _send(self, kept: list[Webhook], webhook: Webhook) -> None:
        kept.append(webhook)
        if self.delivery is not None:
            self.delivery.send(webhook)

    def _shown(self, call: Call) -> Json:
        return {
            "_links": {"self": {"href": f"/calls/{call.uuid}"}},
            "uuid": call.uuid,
            "conversation_uuid": call.conversation_uuid,
            "to": {"type": "phone", "number": call.to},
            "from": {"type": "phone", "number": call.caller},
            "status": call.status,
            "direction": "outbound",
        }


def _read_time(text: str | None) -> datetime | None:
    return None if text is None else datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
