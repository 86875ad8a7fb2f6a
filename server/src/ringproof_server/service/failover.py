"""What follows the end of an attempt: another carrier for the same send, or what its end means otherwise."""

from __future__ import annotations

from ringproof_server.domain.attempt import Attempt
from ringproof_server.service.change import Change
from ringproof_server.service.routing import FAILED_HERE, Routing
from ringproof_server.service.steps import Steps, is_current


class Failover:
    """Gives a send that a carrier could not carry to the next one, as long as there is one and it is wanted.

    It does not matter whether the carrier said so when it was asked or later, by an event. What has reached
    the phone is never given to another carrier: the phone would ring twice.
    """

    def __init__(self, routing: Routing, steps: Steps) -> None:
        self._routing = routing
        self._steps = steps

    def attempt_ended(self, change: Change, ended: Attempt) -> None:
        """Queue the same send again, or let the verification go on as the end of this attempt demands."""
        if self._may_try_again(change, ended):
            self._steps.try_again(change, ended)
        else:
            self._steps.attempt_ended(change, ended)

    def _may_try_again(self, change: Change, ended: Attempt) -> bool:
        if not (change.is_open and ended.reason in FAILED_HERE and is_current(change, ended)):
            return False
        if ended.ringing_at is not None or ended.was_answered:
            return False
        number = change.verification.number
        return self._routing.choose(ended.channel, number, change.attempts) is not None
