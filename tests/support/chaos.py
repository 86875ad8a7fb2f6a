"""Carriers in bad weather, and the telephones behind them; everything is a function of a seed.

What becomes of a request depends on the carrier's mood at that time, which changes twice a minute, and on a
throw of the dice for this number; what becomes of a call depends on whose phone it is.
"""

from __future__ import annotations

import hashlib
import random
import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ringproof_server.domain.attempt import Attempt, AttemptEvent
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import (
    CarrierError,
    CarrierMisconfigured,
    CarrierThrottled,
    CarrierUnavailable,
    NumberRefused,
    NumberUnreachable,
    OutcomeUnknown,
)
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import CallbackRequest, Clock, Found, OutgoingCall, OutgoingMessage, Placed, Seals
from tests.support.carriers import ObedientCarrier, Orders, callback

HANGS_FOR: Final = 0.6
"""Real seconds; longer than the guard waits."""
WINDOW: Final = 30
"""Seconds for which a mood lasts."""


class Fault(StrEnum):
    NONE = "none"
    OUTAGE = "outage"
    THROTTLED = "throttled"
    MISCONFIGURED = "misconfigured"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    LOST_ANSWER = "lost_answer"
    """Taken, and the connection breaks."""
    GARBAGE = "garbage"
    """Taken, and the answer makes no sense; the plug-in does not even notice."""
    HANG = "hang"
    """Taken at once, and the answer does not come."""
    HANG_THEN_TAKE = "hang_then_take"
    """Taken when nobody waits for it any more."""
    HANG_FOR_NOTHING = "hang_for_nothing"


TAKEN_AT_ONCE: Final = frozenset({Fault.NONE, Fault.LOST_ANSWER, Fault.GARBAGE, Fault.HANG})
HANGING: Final = (Fault.HANG, Fault.HANG_THEN_TAKE, Fault.HANG_FOR_NOTHING)

Mood = dict[Fault, float]
CALM: Final[Mood] = {}
OUTAGE: Final[Mood] = {Fault.OUTAGE: 1.0}
SLOW: Final[Mood] = dict.fromkeys(HANGING, 0.3)
CONFUSED: Final[Mood] = {Fault.GARBAGE: 0.9}
FORGETFUL: Final[Mood] = {Fault.LOST_ANSWER: 0.6}
OVERRUN: Final[Mood] = {Fault.THROTTLED: 0.4}
PICKY: Final[Mood] = {Fault.REFUSED: 0.2, Fault.UNREACHABLE: 0.15, Fault.MISCONFIGURED: 0.2}
ROUGH: Final[Mood] = {fault: 0.06 for fault in Fault if fault is not Fault.NONE}
WEATHER: Final = (CALM, OUTAGE, ROUGH, SLOW, CALM, CONFUSED, FORGETFUL, OVERRUN, ROUGH, PICKY)


class Dice:
    """Throws that are the same in every run for the same seed and the same words."""

    def __init__(self, seed: str) -> None:
        self._seed = seed

    def about(self, *words: object) -> random.Random:
        digest = hashlib.sha256("|".join([self._seed, *map(str, words)]).encode()).digest()
        return random.Random(digest)


@dataclass(frozen=True, slots=True)
class Person:
    """Whose phone it is: how a call to it ends if nobody hangs up; whether its owner reports, and types."""

    ends: Reason
    reports: bool
    gets_messages: bool
    types: bool


def person(dice: Dice, number: str) -> Person:
    throw = dice.about("person", number)
    reasons = (
        Reason.NO_ANSWER,
        Reason.BUSY,
        Reason.REJECTED,
        Reason.ANSWERED,
        Reason.UNREACHABLE,
    )
    return Person(
        ends=throw.choices(reasons, (60, 10, 12, 8, 10))[0],
        reports=throw.random() < 0.6,
        gets_messages=throw.random() < 0.85,
        types=throw.random() < 0.8,
    )


@dataclass(slots=True)
class Order:
    """A call or message that a carrier has taken; times in seconds since the beginning."""

    item: OutgoingCall | OutgoingMessage = field(repr=False)
    remote_id: str
    taken_at: float
    rang_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None

    @property
    def is_call(self) -> bool:
        return isinstance(self.item, OutgoingCall)


@dataclass(slots=True)
class Delivery:
    """A callback that goes out at a time, to be `heard` as this event."""

    at: float
    attempt_id: str
    carrier: str
    kind: AttemptEvent
    reason: Reason | None
    request: CallbackRequest


class ChaosCarrier(ObedientCarrier):
    """One carrier with its telephones; `step` moves it to the present and collects what it reports."""

    def __init__(
        self, name: str, seals: Seals, clock: Clock, dice: Dice, shift: int, calm_from: float
    ) -> None:
        """`shift` is how many windows its weather is ahead; from `calm_from` seconds on it is calm."""
        super().__init__(name, Orders(), seals, channels=frozenset({Channel.FLASHCALL, Channel.SMS}))
        self._clock = clock
        self._began = clock.now()
        self._dice = dice
        self._shift = shift
        self._calm_from = calm_from
        self._lock = threading.Lock()
        self._asked: dict[tuple[str, Channel], int] = {}
        self._live: dict[str, Order] = {}
        self._reports: list[Delivery] = []
        self.requests: dict[str, list[Fault]] = {}
        self.placed: dict[str, list[Order]] = {}

    # --- what the server asks

    def hang_up(self, remote_id: str) -> None:
        if self._mood() is OUTAGE:
            raise CarrierUnavailable("out of order")
        with self._lock:
            order = self._live.get(remote_id)
            if order is not None:
                self._end(order, Reason.CANCELLED)

    def find(self, attempt: Attempt, to: PhoneNumber) -> Found | None:
        mood, throw = self._mood(), self._dice.about("find", self.name, to.e164, attempt.channel)
        if mood is OUTAGE or (mood is SLOW and throw.random() < 0.3):
            raise CarrierUnavailable("out of order")
        with self._lock:
            orders = self.placed.get(attempt.id, [])
            return Found(remote_id=orders[0].remote_id) if orders else None

    def ping(self) -> None:
        if self._mood() is OUTAGE:
            raise CarrierUnavailable("out of order")

    def _take(self, item: OutgoingCall | OutgoingMessage) -> Placed:
        fault = self._fault(item)
        remote_id = self._place(item) if fault in TAKEN_AT_ONCE else ""
        if fault in HANGING:
            time.sleep(HANGS_FOR)
            if fault is Fault.HANG_THEN_TAKE:
                self._place(item)
            raise OutcomeUnknown("no answer")
        if fault is Fault.GARBAGE:
            return {"status": "OK"}["id"]  # type: ignore[return-value]  # That is the fault.
        if fault is not Fault.NONE:
            raise _error(fault)
        return Placed(remote_id)

    # --- time

    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return (self._clock.now() - self._began).total_seconds()

    def step(self) -> list[Delivery]:
        """Move every telephone to the present; what was reported since the last time."""
        with self._lock:
            for order in list(self._live.values()):
                self._move(order)
            reports, self._reports = self._reports, []
        return reports

    @property
    def up(self) -> int:
        with self._lock:
            return len(self._live)

    def _move(self, order: Order) -> None:
        """A phone rings after two seconds; what its owner does takes another five."""
        owner, age = person(self._dice, order.item.to), self.elapsed() - order.taken_at
        if not order.is_call:
            if age >= 2:
                order.ended_at = self.elapsed()
                del self._live[order.remote_id]
                kind = AttemptEvent.DELIVER if owner.gets_messages else AttemptEvent.FAIL
                self._report(order, kind, None if owner.gets_messages else Reason.UNREACHABLE)
        elif owner.ends in {Reason.BUSY, Reason.UNREACHABLE}:
            if age >= 2:
                self._end(order, owner.ends)
        elif order.rang_at is None:
            if age >= 2:
                order.rang_at = self.elapsed()
                self._report(order, AttemptEvent.RING, None)
        elif owner.ends is Reason.ANSWERED and age >= 5 and order.answered_at is None:
            order.answered_at = self.elapsed()
            self._report(order, AttemptEvent.ANSWER, None)
        elif owner.ends is Reason.REJECTED and age >= 5:
            self._end(order, Reason.REJECTED)
        elif age >= 20:
            self._end(order, Reason.NO_ANSWER)

    def _end(self, order: Order, reason: Reason) -> None:
        order.ended_at = self.elapsed()
        del self._live[order.remote_id]
        self._report(order, AttemptEvent.END, reason)

    def _report(self, order: Order, kind: AttemptEvent, reason: Reason | None) -> None:
        """An event goes out at once, or late (after later ones), or twice, or never."""
        throw = self._dice.about("report", self.name, order.item.to, order.item.channel, kind)
        if throw.random() < 0.1:
            return
        request = callback(
            order.item.reference,
            kind,
            key=f"{order.remote_id} {kind}",
            remote_id=order.remote_id,
            reason=reason,
        )
        delays = [throw.choices((0, 2, 8), (70, 20, 10))[0]]
        if throw.random() < 0.15:
            delays.append(delays[0] + throw.choice((0, 0, 3)))
        self._reports += [
            Delivery(self.elapsed() + delay, order.item.attempt_id, self.name, kind, reason, request)
            for delay in delays
        ]

    # --- weather

    def _mood(self) -> Mood:
        if self.elapsed() >= self._calm_from:
            return CALM
        return WEATHER[(int(self.elapsed()) // WINDOW + self._shift) % len(WEATHER)]

    def _fault(self, item: OutgoingCall | OutgoingMessage) -> Fault:
        with self._lock:
            count = self._asked[item.to, item.channel] = self._asked.get((item.to, item.channel), 0) + 1
            mood, left = (
                self._mood(),
                self._dice.about("fault", self.name, item.to, item.channel, count).random(),
            )
            fault = Fault.NONE
            for candidate, share in mood.items():
                left -= share
                if left < 0:
                    fault = candidate
                    break
            self.requests.setdefault(item.attempt_id, []).append(fault)
            return fault

    def _place(self, item: OutgoingCall | OutgoingMessage) -> str:
        with self._lock:
            orders = self.placed.setdefault(item.attempt_id, [])
            order = Order(item, f"{self.name}-{item.attempt_id}-{len(orders)}", self.elapsed())
            orders.append(order)
            self._live[order.remote_id] = order
            return order.remote_id


def _error(fault: Fault) -> CarrierError:
    """What an adapter makes of such an answer."""
    errors: dict[Fault, CarrierError] = {
        Fault.OUTAGE: CarrierUnavailable("out of order"),
        Fault.THROTTLED: CarrierThrottled("too many requests", retry_after=2.0),
        Fault.MISCONFIGURED: CarrierMisconfigured("this caller ID is not allowed"),
        Fault.REFUSED: NumberRefused("this number is not served"),
        Fault.UNREACHABLE: NumberUnreachable("this number cannot be reached"),
        Fault.LOST_ANSWER: OutcomeUnknown("the connection broke"),
    }
    return errors[fault]
