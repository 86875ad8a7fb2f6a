"""Whose turn it is: the pace of a carrier's account, and the pauses that the carrier asks for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from ringproof_server.carriers.guard.reactions import Operation
from ringproof_server.domain.errors import CarrierThrottled, CarrierUnavailable
from ringproof_server.ports import CarrierCapabilities, Pacer

PAUSE: Final = 1.0
"""Seconds for which nothing is placed when a carrier wants fewer requests and does not say for how long."""
LONGEST_PAUSE: Final = 300.0
"""However long a carrier asks for: nobody would notice that it has come back."""
LONGEST_SECOND_WAIT: Final = 0.5


class Turns:
    """Calls and messages wait apart; what ends or looks up never waits."""

    def __init__(
        self,
        capabilities: CarrierCapabilities,
        account: str,
        pacer: Pacer,
        monotonic: Callable[[], float],
        sleep: Callable[[float], object],
    ) -> None:
        """`sleep` answers something true when the wait was ended before its time."""
        self._pacer = pacer
        self._monotonic = monotonic
        self._sleep = sleep
        rates = {
            Operation.PLACE_CALL: (f"{account}:calls", capabilities.calls_per_second),
            Operation.SEND_MESSAGE: (f"{account}:messages", capabilities.messages_per_second),
        }
        self._rates = {operation: (key, rate) for operation, (key, rate) in rates.items() if rate is not None}
        self._paused_until: dict[Operation, float] = {}

    def are_kept_for(self, operation: Operation) -> bool:
        """Whether an `operation` may have to wait at all."""
        return operation in self._rates or operation in self._paused_until

    def pause(self, operation: Operation, seconds: float | None) -> None:
        """Place nothing of this kind for so long: the carrier has asked for it.

        A longer pause that another answer asked for is kept all the same.
        """
        wanted = PAUSE if seconds is None or math.isnan(seconds) else seconds
        until = self._monotonic() + min(max(wanted, 0.0), LONGEST_PAUSE)
        self._paused_until[operation] = max(until, self._paused_until.get(operation, until))

    def wait(self, operation: Operation, patience: float) -> None:
        """Wait until it is the turn of an `operation`.

        Raises `CarrierThrottled` at once, without taking a turn, when that is more than `patience` seconds
        off, and `CarrierUnavailable` when the server stops meanwhile.
        """
        left = patience - self._wait_for_pause(operation, patience)
        if operation in self._rates:
            wait = self._reserve(operation, left)
            if wait > left:
                raise CarrierThrottled("the carrier's pace leaves no room", retry_after=wait)
            self._rest(wait)

    def wait_again(self, operation: Operation, pause: float) -> bool:
        """Wait for a second turn, at least `pause` seconds; False when it is too far off."""
        self._rest(pause)
        if operation not in self._rates:
            return True
        wait = self._reserve(operation, LONGEST_SECOND_WAIT)
        if wait > LONGEST_SECOND_WAIT:
            return False
        self._rest(wait)
        return True

    def _wait_for_pause(self, operation: Operation, patience: float) -> float:
        until = self._paused_until.get(operation)
        wait = 0.0 if until is None else max(0.0, until - self._monotonic())
        if wait > patience:
            raise CarrierThrottled("the carrier has asked for a pause", retry_after=wait)
        self._rest(wait)
        return wait

    def _reserve(self, operation: Operation, patience: float) -> float:
        key, rate = self._rates[operation]
        return self._pacer.reserve(key, rate, patience)

    def _rest(self, seconds: float) -> None:
        if seconds > 0 and self._sleep(seconds):
            raise CarrierUnavailable("the server stops")
