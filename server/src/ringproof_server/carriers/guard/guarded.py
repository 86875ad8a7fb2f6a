"""The guard around a carrier: everything that is the same for all of them and no plug-in has to do.

A request passes the breaker, waits for its turn, takes a place, and is given up when its time is over. What
the carrier says passes unchanged; what is no `CarrierError` becomes one.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, TypeVar

from ringproof_server.carriers.guard.breaker import Breaker, Permit, State, Verdict
from ringproof_server.carriers.guard.compartment import Compartment, NotBegun, StillRunning
from ringproof_server.carriers.guard.reactions import (
    PLACING,
    Operation,
    known_class,
    may_repeat,
    unanswered,
    unforeseen,
    verdict_on,
)
from ringproof_server.carriers.guard.settings import GuardSettings
from ringproof_server.carriers.guard.turns import Turns
from ringproof_server.carriers.plugin import Log
from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.errors import (
    CallbackRefused,
    CarrierError,
    CarrierMisconfigured,
    CarrierThrottled,
    CarrierUnavailable,
    RingproofError,
)
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import (
    CallbackRequest,
    Carrier,
    CarrierCapabilities,
    CarrierEvent,
    DocumentSource,
    EventSink,
    Found,
    Metrics,
    OutgoingCall,
    OutgoingMessage,
    OwnsNumbers,
    Pacer,
    Placed,
    Random,
)

T = TypeVar("T")

BEFORE_A_REPEAT: Final = (0.05, 0.25)
"""Seconds between a failed request and its repetition: a number drawn from between these."""
SENSIBLE_SHARE: Final = 0.5
"""The share of the total timeout that must be left for a repetition to make sense."""
LONGEST_WORDS: Final = 200
"""Characters of a plug-in's own words in a log line."""

_LIKE_A_NUMBER: Final = re.compile(r"[+(]?[0-9](?:[ ().-]{0,2}[0-9]){5,}")


class Stage(StrEnum):
    """Where a request came to its end."""

    BREAKER = "breaker"
    PACING = "pacing"
    CONCURRENCY = "concurrency"
    TIMEOUT = "timeout"
    CARRIER = "carrier"


@dataclass(slots=True)
class Course:
    """What one request has met so far; `waited` and `asked_for` are seconds."""

    operation: Operation
    stage: Stage = Stage.BREAKER
    waited: float = 0.0
    asked_for: float = 0.0
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Side:
    """Half of what a carrier does, with a breaker and threads of its own, so that neither blocks the other:
    placing, or ending and looking up."""

    breaker: Breaker
    compartment: Compartment


class GuardedCarrier:
    """A carrier with the guard around it; `inner` is the carrier itself.

    The breaker's state is that of placing. Ending and looking up have a breaker of their own: a call that
    rings is hung up, and a lost one is looked for, also while nothing new is given to the carrier.
    """

    def __init__(
        self,
        inner: Carrier,
        settings: GuardSettings,
        *,
        account: str,
        pacer: Pacer,
        metrics: Metrics,
        random: Random,
        log: Log,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        """`account` tells the pacer which carriers share an account, and is no account itself. `sleep` is how
        a request waits for its turn; by default `stop` ends the wait."""
        self.inner: Final = inner
        self.capabilities: Final[CarrierCapabilities] = _with_rates(inner.capabilities, settings)
        self._settings = settings
        self._metrics = metrics
        self._random = random
        self._log = log
        self._monotonic = monotonic
        self._stopping = threading.Event()
        self._turns = Turns(self.capabilities, account, pacer, monotonic, sleep or self._stopping.wait)
        self._placing = self._side("placing")
        self._ending = self._side("ending")

    def __repr__(self) -> str:
        return f"<guarded carrier {self.name}>"

    @property
    def name(self) -> str:
        return self.inner.name

    def place_call(self, call: OutgoingCall) -> Placed:
        return self._request(Operation.PLACE_CALL, lambda: self.inner.place_call(call))

    def send_message(self, message: OutgoingMessage) -> Placed:
        return self._request(Operation.SEND_MESSAGE, lambda: self.inner.send_message(message))

    def hang_up(self, remote_id: str) -> None:
        self._request(Operation.HANG_UP, lambda: self.inner.hang_up(remote_id))

    def find(self, attempt: Attempt, to: PhoneNumber) -> Found | None:
        return self._request(Operation.FIND, lambda: self.inner.find(attempt, to))

    def ping(self) -> None:
        self._request(Operation.PING, self.inner.ping)

    def parse_event(self, request: CallbackRequest) -> CarrierEvent | None:
        """What the carrier makes of it, in the thread that asks.

        A callback that breaks the plug-in has not been understood and would break it again, so it is refused.
        One that could not be judged because something else was away may come again.
        """
        try:
            return self.inner.parse_event(request)
        except CarrierError:
            raise
        except (OSError, RingproofError) as fault:
            kind, away = type(fault).__name__, True
        except Exception as fault:  # noqa: BLE001 - Anybody may send a callback, and none may break the server.
            kind, away = type(fault).__name__, False
        self._log.error("callback_broke_the_carrier", carrier=self.name, fault=kind)
        if away:
            raise CarrierUnavailable("the callback cannot be judged now")
        raise CallbackRefused("the callback is not understood")

    def start(self, deliver: EventSink, answer: DocumentSource) -> None:
        self._stopping.clear()
        self._metrics.breaker(self.name, self._placing.breaker.state)
        self.inner.start(deliver, answer)

    def stop(self) -> None:
        """Nobody waits for a turn any more; requests under way are left to themselves."""
        self._stopping.set()
        self._placing.compartment.close()
        self._ending.compartment.close()
        self.inner.stop()

    def _side(self, name: str) -> Side:
        def changed(state: State) -> None:
            self._log.warning("carrier_breaker", carrier=self.name, side=name, state=state)
            if name == "placing":
                self._metrics.breaker(self.name, state)

        return Side(
            Breaker(self._settings.breaker, self._random.between, changed),
            Compartment(f"{self.name}-{name}", self._settings.concurrency),
        )

    def _request(self, operation: Operation, act: Callable[[], T]) -> T:
        course = Course(operation)
        try:
            result = self._with_leave(course, act)
        except CarrierError as fault:
            if isinstance(fault, CarrierThrottled) and course.attempts and self._speaks_for_all(operation):
                self._turns.pause(operation, fault.retry_after)
            self._tell(course, fault)
            raise
        self._tell(course, None)
        return result

    def _with_leave(self, course: Course, act: Callable[[], T]) -> T:
        """Ask if the breaker lets us, and tell it how that went."""
        side = self._placing if course.operation in PLACING else self._ending
        permit = self._leave(course, side)
        verdict = Verdict.NOT_ASKED
        try:
            result = self._in_turn(course, side, permit, act)
            verdict = Verdict.ANSWERED
        except CarrierError as fault:
            if course.attempts:
                speaks = course.operation not in PLACING or self._speaks_for_all(course.operation)
                verdict = verdict_on(fault) if speaks else Verdict.ANSWERED
            raise
        finally:
            side.breaker.report(permit, verdict, self._monotonic())
        return result

    def _speaks_for_all(self, operation: Operation) -> bool:
        """Whether what came of placing this says how the next placing will go."""
        return operation in PLACING and not self.capabilities.many_services

    def _leave(self, course: Course, side: Side) -> Permit:
        now = self._monotonic()
        # Where calls cannot be placed a ping must say so, however well the carrier answers it.
        is_refused = course.operation is Operation.PING and self._placing.breaker.wait(now) > 0
        permit = None if is_refused else side.breaker.admit(now)
        if permit is None:
            raise CarrierUnavailable("the carrier has failed too often and is left alone for a while")
        return permit

    def _in_turn(self, course: Course, side: Side, permit: Permit, act: Callable[[], T]) -> T:
        """Ask when it is our turn, and once more where that is allowed and can be done in time."""
        self._wait_for_turn(course, side, permit)
        began = self._monotonic()
        try:
            return self._ask(course, side, act, self._settings.timeouts.total)
        except CarrierError as fault:
            if (
                permit.is_probe
                or course.stage is not Stage.CARRIER
                or not may_repeat(course.operation, fault)
            ):
                raise
            left = self._time_to_repeat(course, began)
            if left is None or not side.breaker.holds(permit):
                raise
        return self._ask(course, side, act, left)

    def _wait_for_turn(self, course: Course, side: Side, permit: Permit) -> None:
        course.stage = Stage.PACING
        began = self._monotonic()
        try:
            self._turns.wait(course.operation, self._settings.patience)
        finally:
            course.waited += self._monotonic() - began
        if self._turns.are_kept_for(course.operation) and not side.breaker.holds(permit):
            course.stage = Stage.BREAKER
            raise CarrierUnavailable("the carrier failed too often while this request waited for its turn")

    def _time_to_repeat(self, course: Course, began: float) -> float | None:
        """Pause, and answer how many seconds a repetition may take; None where there is no sense in one."""
        total = self._settings.timeouts.total
        fewest = SENSIBLE_SHARE * total
        paused = self._monotonic()
        pause = self._random.between(*BEFORE_A_REPEAT)
        if paused + pause - began > total - fewest:
            return None
        try:
            is_our_turn = self._turns.wait_again(course.operation, pause)
        finally:
            course.waited += self._monotonic() - paused
        left = total - (self._monotonic() - began)
        return left if is_our_turn and left >= fewest else None

    def _ask(self, course: Course, side: Side, act: Callable[[], T], timeout: float) -> T:
        """Ask once, for at most `timeout` seconds, as soon as there is a place."""
        self._take_place(course, side)
        course.stage = Stage.TIMEOUT
        course.attempts += 1
        began = self._monotonic()
        try:
            outcome = side.compartment.run(act, timeout)
        except NotBegun:
            course.attempts -= 1
            raise CarrierUnavailable("this machine was too busy to ask the carrier in time") from None
        except StillRunning:
            raise unanswered(course.operation) from None
        finally:
            course.asked_for += self._monotonic() - began
        course.stage = Stage.CARRIER
        if outcome.fault is None:
            return outcome.result
        if isinstance(outcome.fault, CarrierError):
            raise outcome.fault
        raise unforeseen(course.operation, outcome.fault)

    def _take_place(self, course: Course, side: Side) -> None:
        if side.compartment.enter(0.0):
            return
        began = self._monotonic()
        entered = side.compartment.enter(self._settings.patience - course.waited)
        course.waited += self._monotonic() - began
        if not entered:
            course.stage = Stage.CONCURRENCY
            raise CarrierUnavailable("as many requests as may be are under way")

    def _tell(self, course: Course, fault: CarrierError | None) -> None:
        """One line and one count for each request."""
        outcome = "ok" if fault is None else known_class(fault).__name__
        self._metrics.carrier_request(self.name, course.operation, outcome, course.asked_for)
        write = self._log.info if fault is None else self._log.warning
        # The operator has to mend it, and the class alone does not say what.
        why = {"why": _words(fault)} if isinstance(fault, CarrierMisconfigured) else {}
        write(
            "carrier_request",
            carrier=self.name,
            operation=course.operation,
            outcome=outcome,
            stage=course.stage,
            ms=round(course.asked_for * 1000, 1),
            waited_ms=round(course.waited * 1000, 1),
            attempts=course.attempts,
            **why,
        )


class GuardedNumberOwner(GuardedCarrier):
    """The same for a carrier that can list its numbers."""

    def owned_numbers(self) -> Iterator[str]:
        """As the carrier answers them, page by page; nobody but an operator waits for them."""
        assert isinstance(self.inner, OwnsNumbers)
        try:
            yield from self.inner.owned_numbers()
        except CarrierError:
            raise
        except Exception as fault:  # noqa: BLE001 - The port promises nothing but its own errors.
            kind = type(fault)
        else:
            return
        raise CarrierUnavailable(f"the carrier's plug-in failed with {kind.__name__}")


def _words(fault: CarrierError) -> str:
    """What the plug-in says, which should hold no number; what looks like one all the same is left out."""
    return _LIKE_A_NUMBER.sub("…", str(fault)[:LONGEST_WORDS])


def _with_rates(capabilities: CarrierCapabilities, settings: GuardSettings) -> CarrierCapabilities:
    """What the carrier can do, at the rates that the operator has set."""
    return replace(
        capabilities,
        calls_per_second=_rate(settings.calls_per_second, capabilities.calls_per_second),
        messages_per_second=_rate(settings.messages_per_second, capabilities.messages_per_second),
    )


def _rate(wanted: float | None, own: float | None) -> float | None:
    found = own if wanted is None else wanted
    return None if found is None or math.isinf(found) else found
