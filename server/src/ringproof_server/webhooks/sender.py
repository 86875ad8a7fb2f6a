"""`ports.Webhooks` over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ringproof_server.outbound import (
    Addresses,
    Blocked,
    Lookup,
    Poster,
    Unanswered,
    Unreached,
    system_lookup,
)
from ringproof_server.ports import (
    Delivery,
    OutboxItem,
    Receipt,
    Receiver,
    StartDecision,
    StartQuestion,
    Undecided,
)
from ringproof_server.webhooks.bodies import LONGEST_ANSWER, event_body, question_body, read_decision
from ringproof_server.webhooks.signing import signed_headers

GONE: Final = 410
"""With this status a receiver unsubscribes (RFC 9110 section 15.5.11, and Standard Webhooks after it)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds that a receiver of events is waited for: until it is connected to, and in all."""

    connect: float = 3.0
    total: float = 10.0


class HttpWebhooks:
    """Signs and POSTs. `private` is whether other than public addresses may be sent to."""

    def __init__(
        self, *, private: bool = False, patience: Patience | None = None, lookup: Lookup = system_lookup
    ) -> None:
        self._poster = Poster(Addresses(private=private, lookup=lookup))
        self._patience = patience or Patience()

    def deliver(self, receiver: Receiver, item: OutboxItem, now: datetime) -> Receipt:
        """Send an event once; of the answer only the status counts."""
        body = event_body(item)
        headers = _headers(item.id, now, body, receiver)
        patience = self._patience
        try:
            answer = self._poster.post(
                receiver.url, headers, body, connect=patience.connect, total=patience.total
            )
        except Blocked:
            return Receipt(Delivery.BLOCKED)
        except (Unreached, Unanswered):
            return Receipt(Delivery.UNREACHABLE)
        if 200 <= answer.status < 300:
            return Receipt(Delivery.DELIVERED, answer.status)
        gone = answer.status == GONE
        return Receipt(Delivery.GONE if gone else Delivery.REFUSED, answer.status)

    def ask(self, receiver: Receiver, question: StartQuestion, timeout: float) -> StartDecision:
        """Ask about a start. Raises `Undecided` with `blocked`, `unreachable`, `refused` or `invalid`."""
        body = question_body(question)
        headers = _headers(question.id, question.at, body, receiver)
        try:
            answer = self._poster.post(
                receiver.url, headers, body, connect=timeout, total=timeout, most_body=LONGEST_ANSWER
            )
        except Blocked:
            raise Undecided("blocked") from None
        except (Unreached, Unanswered):
            raise Undecided("unreachable") from None
        if answer.status != 200:
            raise Undecided("refused")
        return read_decision(answer.body)


def _headers(message_id: str, now: datetime, body: bytes, receiver: Receiver) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": "Ringproof",
        **signed_headers(message_id, now, body, receiver.secrets),
    }
