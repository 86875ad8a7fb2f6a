"""What baresip's control port says, made into calls. No input or output, no clock.

Its module `ctrl_tcp` tells every event of every call as a JSON object in a netstring (`length:object,`).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ringproof._calls import CallEvent, EventKind, Quality
from ringproof._match import LONGEST_CALLER_ID, is_withheld
from ringproof._ring import BURST_MS

LONGEST_MESSAGE = 65_536
"""Bytes; an event has some 250, a list of calls a line for each."""
MOST_CALLS = 32
"""So many calls can ring at a time; of more, the oldest is taken for ended."""

_ACTIVE = re.compile(r"Active calls \((\d{1,6})\)")


class GarbledError(ValueError):
    """What came is no netstring, or too long for one that is worth reading."""


class Netstrings:
    """Cuts a stream of bytes into netstrings, however it was divided on its way."""

    def __init__(self, longest: int = LONGEST_MESSAGE) -> None:
        self._longest = longest
        self._digits = len(str(longest))
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are whole now. Raises `GarbledError`, after which nothing can be trusted."""
        self._rest += data
        messages: list[bytes] = []
        position = 0
        while (begin := self._after_length(position)) is not None:
            end = begin + int(self._rest[position : begin - 1])
            if len(self._rest) <= end:
                break
            if self._rest[end : end + 1] != b",":
                raise GarbledError("a message ends with a comma")
            messages.append(self._rest[begin:end])
            position = end + 1
        self._rest = self._rest[position:]
        return messages

    def _after_length(self, position: int) -> int | None:
        """Where the message begins whose length is at this position; None when more has to come."""
        length, colon, _ = self._rest[position : position + self._digits + 1].partition(b":")
        if not colon and len(length) <= self._digits and (not length or length.isdigit()):
            return None
        if not colon or not length.isdigit() or int(length) > self._longest:
            raise GarbledError("a message begins with its length, which is not too long")
        return position + len(length) + 1


def encode(message: bytes) -> bytes:
    """The message as a netstring."""
    return b"%d:%s," % (len(message), message)


@dataclass
class _Ringing:
    """A call that has not been answered, given up or rejected yet."""

    call: int
    start_ms: int
    number: str | None = field(repr=False)
    withheld: bool
    unwatched: bool = False


class PhoneCalls:
    """Makes one `ringing` and one `ended` of each incoming call. No input or output, no clock.

    A call's ring ends when it is answered, given up or rejected. Events about calls whose beginning was not
    heard are left out, and so are outgoing calls and whatever is no event of a call.
    """

    def __init__(self) -> None:
        self._ringing: dict[str, _Ringing] = {}
        self._count = 0

    def observe(self, event: Mapping[str, Any], mono_ms: int, wall_ms: int) -> list[CallEvent]:
        """What one event of the phone tells; often nothing."""
        kind, call_id = event.get("type"), event.get("id")
        if not isinstance(call_id, str) or event.get("direction") != "incoming":
            return []
        if kind == "CALL_INCOMING":
            return self._open(call_id, event.get("peeruri"), mono_ms, wall_ms)
        if kind in ("CALL_ESTABLISHED", "CALL_CLOSED") and call_id in self._ringing:
            ring = self._ringing.pop(call_id)
            return [self._ended(ring, kind == "CALL_ESTABLISHED", mono_ms, wall_ms)]
        return []

    def look_away(self) -> None:
        """The connection was lost: how calls end may be missed from now on."""
        for ring in self._ringing.values():
            ring.unwatched = True

    def nothing_rings(self, mono_ms: int, wall_ms: int) -> list[CallEvent]:
        """The phone says that it has no calls: those whose end was missed have ended, nobody knows when."""
        missed = [call_id for call_id, ring in self._ringing.items() if ring.unwatched]
        return [self._unknown(self._ringing.pop(call_id), mono_ms, wall_ms) for call_id in missed]

    def _open(self, call_id: str, address: object, mono_ms: int, wall_ms: int) -> list[CallEvent]:
        if call_id in self._ringing:
            return []
        events: list[CallEvent] = []
        if len(self._ringing) >= MOST_CALLS:
            oldest = self._ringing.pop(next(iter(self._ringing)))
            events.append(self._unknown(oldest, mono_ms, wall_ms))
        self._count += 1
        number, withheld = caller(address)
        ring = self._ringing[call_id] = _Ringing(self._count, mono_ms, number, withheld)
        return [*events, self._event("ringing", ring, mono_ms, wall_ms)]

    def _ended(self, ring: _Ringing, answered: bool, mono_ms: int, wall_ms: int) -> CallEvent:
        length = mono_ms - ring.start_ms
        if ring.unwatched and not answered:
            # It may have been answered meanwhile, and what has ended now is the talk.
            return self._event("ended", ring, mono_ms, wall_ms, ring_ms=length, quality="estimated")
        if length < BURST_MS:
            # Beginning and end were read together, after this program had been kept from reading.
            return self._event("ended", ring, mono_ms, wall_ms, quality="burst", answered=answered)
        return self._event("ended", ring, mono_ms, wall_ms, ring_ms=length, answered=answered)

    def _unknown(self, ring: _Ringing, mono_ms: int, wall_ms: int) -> CallEvent:
        return self._event("ended", ring, mono_ms, wall_ms, quality="late")

    def _event(
        self,
        kind: EventKind,
        ring: _Ringing,
        mono_ms: int,
        wall_ms: int,
        *,
        ring_ms: int | None = None,
        quality: Quality = "live",
        answered: bool | None = None,
    ) -> CallEvent:
        return CallEvent(
            kind=kind,
            call=ring.call,
            number=ring.number,
            withheld=ring.withheld,
            ring_ms=ring_ms,
            basis="sip",
            quality=quality,
            answered=answered,
            mono_ms=mono_ms,
            wall_ms=wall_ms,
        )


def caller(address: object) -> tuple[str | None, bool]:
    """The number in a SIP address (RFC 3261, section 19.1), and whether it is being kept back.

    `sip:+442079460018@trunk.example;user=phone` gives `+442079460018`. An address without a user, and one of
    the anonymous kind (RFC 3323), is withheld; no address at all is merely unknown.
    """
    if not isinstance(address, str) or not address.strip():
        return None, False
    scheme, colon, rest = address.strip().lstrip("<").partition(":")
    if not colon or scheme.lower() not in {"sip", "sips", "tel"}:
        return None, False
    user, _, host = (rest, "", "") if scheme.lower() == "tel" else rest.rpartition("@")
    if host.lower().partition(";")[0].rstrip(">").endswith("anonymous.invalid"):
        return None, True
    from urllib.parse import unquote

    number = unquote(user.partition(";")[0].partition(":")[0].rstrip(">")).strip()
    return (None, True) if is_withheld(number) else (number[: LONGEST_CALLER_ID + 1], False)


def objects(messages: Sequence[bytes]) -> Iterator[Mapping[str, Any]]:
    """The JSON objects among the messages; what is none is left out."""
    import json

    for message in messages:
        with contextlib.suppress(ValueError, RecursionError):
            said = json.loads(message)
            if isinstance(said, dict):
                yield said


def is_answer(message: Mapping[str, Any]) -> bool:
    """Whether the phone answers a question here, rather than telling an event."""
    return message.get("response") is True


def is_idle(message: Mapping[str, Any]) -> bool:
    """Whether this is the phone's list of calls, and it is empty."""
    listed = message.get("data")
    if not is_answer(message) or not isinstance(listed, str):
        return False
    counts = _ACTIVE.findall(listed)
    return bool(counts) and not any(int(count) for count in counts)
