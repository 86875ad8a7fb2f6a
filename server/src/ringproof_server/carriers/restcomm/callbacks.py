"""The addresses that Restcomm reports to: since it signs nothing, each holds a secret of its own.

Whoever knows an address can say something about its own attempt only. What is said is believed as far as
"something happened"; how a call ended, and whether a message arrived, the account's own list is asked.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from ringproof_server.carriers.restcomm.records import digits, is_sid
from ringproof_server.domain.errors import CallbackRefused
from ringproof_server.ports import CallbackRequest, Seals

EVENTS_PATH: Final = "events"
LONGEST_BODY: Final = 16 * 1024
MOST_FIELDS: Final = 100

_QUERY: Final = ("reference", "parties", "proof")
_CHARACTERS: Final = 22
"""128 bits in Base64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a callback says: an event of the call, or a state of the message, with this SID."""

    sid: str
    event: str
    is_call: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A callback that came to the address of an attempt.

    `parties` is what `Addresses.parties` makes of the numbers between which the attempt is.
    """

    attempt_id: str
    parties: str = field(repr=False)
    report: Report | None


class Addresses:
    """Makes the addresses for callbacks and checks them, with keys that are derived from the server's."""

    def __init__(self, seals: Seals, account_sid: str) -> None:
        self._seals = seals
        self._account_sid = account_sid

    def make(self, events_url: str, *, reference: str, to: str, sender: str) -> str:
        """The address for one attempt between these numbers."""
        parties = self.parties(to, sender)
        query = {"reference": reference, "parties": parties, "proof": self._proof(reference, parties)}
        return f"{events_url}?{urlencode(query)}"

    def parties(self, to: str, sender: str) -> str:
        """A keyed digest of both numbers: tells whether a record is of the attempt, and no number."""
        return self._sealed("restcomm-parties", f"{digits(to)}\n{digits(sender)}")

    def open(self, request: CallbackRequest) -> Opened:
        """Raises `CallbackRefused` unless the address is one of ours; the body is not looked at before."""
        try:
            pairs = parse_qsl(
                urlsplit(request.url).query, keep_blank_values=True, strict_parsing=True, max_num_fields=8
            )
        except ValueError:
            raise CallbackRefused("the callback's address holds no secret") from None
        query = dict(pairs)
        if len(pairs) != len(_QUERY) or set(query) != set(_QUERY) or request.path != EVENTS_PATH:
            raise CallbackRefused("the callback's address holds no secret")
        reference, parties, proof = (query[name] for name in _QUERY)
        right = self._proof(reference, parties)
        if not hmac.compare_digest(right.encode(), proof.encode(errors="replace")):
            raise CallbackRefused("the secret in the callback's address is wrong")
        attempt_id = self._seals.read_reference(reference)
        if attempt_id is None:
            raise CallbackRefused("the callback's address names no attempt")
        return Opened(attempt_id=attempt_id, parties=parties, report=self._report(request.body))

    def _report(self, body: bytes) -> Report | None:
        if len(body) > LONGEST_BODY:
            raise CallbackRefused("the callback is too long")
        try:
            said = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS))
        except ValueError:
            raise CallbackRefused("the callback is not understood") from None
        if said.get("AccountSid", self._account_sid) != self._account_sid:
            raise CallbackRefused("the callback is about another account")
        for is_call, sid, event in ((True, "CallSid", "CallStatus"), (False, "MessageSid", "MessageStatus")):
            if sid in said and event in said:
                if not is_sid(said[sid]):
                    raise CallbackRefused("the callback is not understood")
                return Report(sid=said[sid], event=said[event].strip().lower(), is_call=is_call)
        return None

    def _proof(self, reference: str, parties: str) -> str:
        return self._sealed("restcomm-callback", f"{reference}\n{parties}")

    def _sealed(self, purpose: str, value: str) -> str:
        return urlsafe_b64encode(self._seals.digest(purpose, value))[:_CHARACTERS].decode()
