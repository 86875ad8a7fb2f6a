"""Asks an application before its verification starts: it may refuse, choose channels, lower limits."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ringproof_server.domain.application import Application, Caller
from ringproof_server.domain.errors import Forbidden
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.stage import Workflow, channels_of, stages
from ringproof_server.domain.webhook import Hook, OnTimeout
from ringproof_server.ports import Receiver, StartDecision, StartQuestion, Undecided
from ringproof_server.service.parts import Parts
from ringproof_server.service.requests import StartRequest
from ringproof_server.service.webhook_secrets import opened

LOWERABLE: Final = frozenset(
    {"ttl", "max_guess_probability", "max_calls", "pending_per_number", "flash_starts"}
)
"""The limits that are settled when a verification starts, so that a lower one holds to its end."""
AT_A_TIME: Final = 8
"""Questions to one application at a time, in this process. An application that answers slowly holds up no
more requests than these; further ones count as not answered in time."""
QUESTION: Final = "verification.requested"

Note = Mapping[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True)
class Terms:
    """A start as the application will have it; `note` is what its trace says of that, None if nobody was
    asked."""

    caller: Caller
    request: StartRequest
    note: Note | None = None


class Hooks:
    """The questions to applications of this process."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._places: dict[str, threading.BoundedSemaphore] = {}
        self._lock = threading.Lock()

    def ask(self, caller: Caller, request: StartRequest, number: PhoneNumber, address: str | None) -> Terms:
        """The terms of this start. Waits for the application, where it wants to be asked, and nothing else.

        `address` is the client's where it counts. Raises `Forbidden` when the application says no, or says
        nothing that can be used in time and wants that to be a no.
        """
        application = caller.application
        hook = application.hook
        if hook is None:
            return Terms(caller, request)
        begun = time.monotonic()
        outcome = "undecided"
        try:
            decision = self._decision(application, hook, request, number, address)
            terms = agreed(caller, request, decision)
            outcome = "deny" if terms is None else "allow"
        except Undecided as fault:
            if hook.on_timeout is OnTimeout.DENY:
                raise Forbidden("the application did not allow this verification in time") from None
            return Terms(caller, request, {"decision": outcome, "why": str(fault)})
        finally:
            self._parts.metrics.webhook(QUESTION, outcome, time.monotonic() - begun)
        if terms is None:
            raise Forbidden("the application does not allow this verification")
        return terms

    def _decision(
        self,
        application: Application,
        hook: Hook,
        request: StartRequest,
        number: PhoneNumber,
        address: str | None,
    ) -> StartDecision:
        place = self._place(application.id)
        if not place.acquire(blocking=False):
            raise Undecided("busy")
        try:
            now = self._parts.clock.now()
            receiver = Receiver(url=hook.url, secrets=opened(self._parts.seals, hook.secrets, now))
            if not receiver.secrets:
                raise Undecided("unsigned")
            question = StartQuestion(
                id=self._parts.random.identifier("ask_"),
                at=now,
                number=number,
                channels=channels_of(request.channels or application.policy.workflow),
                reference=request.reference,
                language=request.language,
                address=address,
            )
            return self._parts.webhooks.ask(receiver, question, hook.timeout)
        finally:
            place.release()

    def _place(self, application_id: str) -> threading.BoundedSemaphore:
        with self._lock:
            if application_id not in self._places:
                self._places[application_id] = threading.BoundedSemaphore(AT_A_TIME)
            return self._places[application_id]


def agreed(caller: Caller, request: StartRequest, decision: StartDecision) -> Terms | None:
    """The start by this decision, None where it is a no. Raises `Undecided` for what cannot be done: channels
    that would not have been tried anyway, limits that nobody knows or that leave their bounds."""
    if not decision.allow:
        return None
    note: dict[str, str | int | float | bool | None] = {"decision": "allow"}
    policy = _lowered(caller.application.policy, decision.limits, note)
    if decision.channels is not None:
        chosen = _chosen(request.channels or policy.workflow, decision)
        request = replace(request, channels=chosen)
        note["channels"] = ",".join(channels_of(chosen))
    return Terms(replace(caller, application=replace(caller.application, policy=policy)), request, note)


def _lowered(
    policy: Policy, limits: Mapping[str, float], note: dict[str, str | int | float | bool | None]
) -> Policy:
    if not limits:
        return policy
    if not limits.keys() <= LOWERABLE:
        raise Undecided("invalid")
    lowered: dict[str, int | float] = {}
    for name, value in limits.items():
        now = getattr(policy, name)
        if not math.isfinite(value) or (isinstance(now, int) and value != int(value)):
            raise Undecided("invalid")
        lowered[name] = min(now, type(now)(value))
    try:
        changed = replace(policy, **lowered)  # type: ignore[arg-type]  # The names are those of numbers.
    except ValueError:
        raise Undecided("invalid") from None
    note.update(lowered)
    return changed


def _chosen(workflow: Workflow, decision: StartDecision) -> Workflow:
    """The stages of these channels, in this order, with their own times and conditions."""
    by_channel = {stage.channel: stage for stage in stages(workflow)}
    named = decision.channels or ()
    if not named or len(set(named)) != len(named) or not set(named) <= set(by_channel):
        raise Undecided("invalid")
    return tuple(by_channel[channel] for channel in named)
