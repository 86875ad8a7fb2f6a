"""What the fake Vonage accepts: the documented fields with the documented values, and nothing else."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]

_NUMBER = re.compile(r"[1-9][0-9]{6,14}")
_PAGE_SCOPED_ID = re.compile(r"[0-9]{16,20}")
_CALL_FIELDS = {
    *("to", "from", "ncco", "answer_url", "answer_method", "event_url", "event_method"),
    *("machine_detection", "length_timer", "ringing_timer", "random_from_number"),
}
_MESSAGE_FIELDS = {"to", "from", "channel", "message_type", "client_ref", "webhook_url", "webhook_version"}
_OWN_FIELDS = {
    ("sms", "text"): {"text", "ttl", "sms"},
    ("whatsapp", "text"): {"text"},
    ("whatsapp", "custom"): {"custom"},
    ("viber_service", "text"): {"text", "viber_service"},
    ("messenger", "text"): {"text", "messenger"},
}
_LONGEST_TEXT = {"sms": 3200, "whatsapp": 4096, "viber_service": 1000, "messenger": 640}
_NCCO_FIELDS = {
    "talk": ({"text"}, {"bargeIn", "loop", "level", "language", "style", "premium"}),
    "wait": (set(), {"timeout"}),
    "input": ({"type"}, {"dtmf", "speech", "eventUrl", "eventMethod", "mode"}),
}


def faults_of_call(said: Json) -> list[str]:
    """The names of the fields that the Voice API would not accept."""
    faults = sorted(set(said) - _CALL_FIELDS)
    ends = said.get("to")
    if not isinstance(ends, list) or len(ends) != 1 or not _is_phone(ends[0]):
        faults.append("to")
    if not _is_phone(said.get("from")):
        faults.append("from")
    if not _is_url_list(said.get("answer_url")) or "ncco" in said:
        faults.append("answer_url")
    if not _is_url_list(said.get("event_url")):
        faults.append("event_url")
    faults += [
        name for name in ("answer_method", "event_method") if said.get(name, "GET") not in {"GET", "POST"}
    ]
    for name, most in (("ringing_timer", 120), ("length_timer", 7200)):
        if name in said and not (isinstance(said[name], int) and 1 <= said[name] <= most):
            faults.append(name)
    if said.get("machine_detection", "hangup") not in {"continue", "hangup"}:
        faults.append("machine_detection")
    return faults


def faults_of_message(said: Json) -> list[str]:
    """The names of the fields that the Messages API would not accept."""
    kind = (said.get("channel"), said.get("message_type"))
    own = _OWN_FIELDS.get(kind)  # type: ignore[arg-type]
    if own is None:
        return ["channel"]
    faults = sorted(set(said) - _MESSAGE_FIELDS - own)
    recipient = _PAGE_SCOPED_ID if kind[0] == "messenger" else _NUMBER
    if not recipient.fullmatch(str(said.get("to"))):
        faults.append("to")
    if not isinstance(said.get("from"), str) or not 1 <= len(said["from"]) <= 50:
        faults.append("from")
    if kind[1] == "text" and not 1 <= len(str(said.get("text", ""))) <= _LONGEST_TEXT[str(kind[0])]:
        faults.append("text")
    if kind[1] == "custom" and said.get("custom", {}).get("type") != "template":
        faults.append("custom")
    if len(str(said.get("client_ref", ""))) > 100:
        faults.append("client_ref")
    if said.get("webhook_version") not in {"v1", None} or not _is_url(said.get("webhook_url", "http://a")):
        faults.append("webhook_url")
    return faults


def heard(ncco: bytes, content_type: str) -> tuple[str, bool]:
    """What an NCCO speaks, and whether it waits for keys. Raises ValueError for one that is not valid."""
    if content_type.partition(";")[0] != "application/json":
        raise ValueError("an NCCO is JSON")
    if not ncco.startswith(b"["):
        raise ValueError("an NCCO is an array")
    actions = json.loads(ncco)
    spoken: list[str] = []
    barging = False
    for action in actions:
        required, allowed = _NCCO_FIELDS[action["action"]]
        fields = set(action) - {"action"}
        if not required <= fields <= required | allowed:
            raise ValueError("an action has other options")
        if barging and action["action"] not in {"talk", "input"}:
            raise ValueError("after a talk that keys may interrupt comes an input")
        barging = action["action"] == "talk" and (barging or action.get("bargeIn", False))
        if action["action"] == "talk":
            spoken.append(action["text"])
    if barging:
        raise ValueError("after a talk that keys may interrupt comes an input")
    return " ".join(spoken), any(action["action"] == "input" for action in actions)


@dataclass(frozen=True)
class Question:
    """What an NCCO asks, where the keys go, and how many are waited for."""

    text: str
    url: str
    count: int


def question(ncco: bytes) -> Question | None:
    """The first question of an NCCO; what answers the keys takes the place of what comes after it."""
    text = ""
    for action in json.loads(ncco):
        if action["action"] == "input":
            return Question(text, action["eventUrl"][0], action["dtmf"]["maxDigits"])
        text = f"{text} {action.get('text', '')}".strip()
    return None


def _is_phone(value: object) -> bool:
    return (
        isinstance(value, dict)
        and set(value) <= {"type", "number"}
        and value.get("type") == "phone"
        and _NUMBER.fullmatch(str(value.get("number"))) is not None
    )


def _is_url_list(value: object) -> bool:
    return isinstance(value, list) and len(value) == 1 and _is_url(value[0])


def _is_url(value: object) -> bool:
    return isinstance(value, str) and urlsplit(value).scheme in {"http", "https"}
