"""All calls of one agent, and the state of its trunks. Everything here runs in the thread of the loop."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ringproof_server.carriers.plugin import Log
from ringproof_server.carriers.sip.agent.call import Call, Reply, Report
from ringproof_server.carriers.sip.agent.outbox import Outbox
from ringproof_server.carriers.sip.agent.stack import CallNumbers, Leg, Switch, Timer, after
from ringproof_server.carriers.sip.callbacks import SipEvent, encode
from ringproof_server.carriers.sip.outcomes import is_in_service
from ringproof_server.carriers.sip.protocol import Accepted, Done, Place, Refusal, Refused
from ringproof_server.carriers.sip.trunk import Trunk
from ringproof_server.ports import Random

MOST_CALLS: Final = 10_000
REMEMBERED_SECONDS: Final = 180.0
"""How long after its end a call is known by its attempt: longer than a server takes to ask about an answer
that was lost."""
AVOIDED_SECONDS: Final = 30.0
"""A trunk that was silent is tried last for so long."""
FRESH_SECONDS: Final = 10.0
"""A trunk that was heard within this time need not be asked whether it is there."""
PING_SECONDS: Final = 2.0
NOTED_SECONDS: Final = 10.0
"""A trunk that fails every call is one line in so many seconds."""


@dataclass(slots=True)
class _TrunkState:
    trunk: Trunk
    heard_at: float = float("-inf")
    avoided_until: float = float("-inf")


@dataclass(slots=True)
class _Ping:
    """Those who wait for a trunk to answer."""

    told: list[Callable[[Done | Refused], None]] = field(default_factory=list)


class Exchange:
    """Places calls, hangs them up, and knows those of the last minutes. It is every call's `Desk`."""

    def __init__(
        self,
        switch: Switch,
        trunks: tuple[Trunk, ...],
        *,
        agent_id: str,
        outbox: Outbox,
        random: Random,
        log: Log,
    ) -> None:
        self._switch = switch
        self._trunks = {trunk.name: _TrunkState(trunk) for trunk in trunks}
        self._agent_id = agent_id
        self._outbox = outbox
        self._random = random
        self._log = log
        self._by_attempt: dict[str, Call] = {}
        self._up: dict[str, Call] = {}
        self._answers: dict[str, Accepted | Refused] = {}
        self._over: deque[tuple[float, str]] = deque()
        self._legs_given_up: set[Leg] = set()
        self._ping: _Ping | None = None
        self._noted: dict[tuple[str, str], float] = {}
        self._is_closing = False

    @property
    def is_quiet(self) -> bool:
        """Whether no call is up, and none that was given up may still come up."""
        return not self._up and not self._legs_given_up

    def place(self, order: Place, reply: Reply) -> None:
        """Dial, unless this attempt was dialled before; `reply` is called once, now or later."""
        if order.attempt in self._answers:
            reply(self._answers[order.attempt])
            return
        if order.attempt in self._by_attempt:
            self._answer_both(self._by_attempt[order.attempt], reply)
            return
        if self._is_closing:
            reply(Refused(Refusal.UNAVAILABLE, "the SIP agent is stopping"))
            return
        if len(self._up) >= MOST_CALLS:
            reply(Refused(Refusal.THROTTLED, "the SIP agent has as many calls up as it may"))
            return
        self._forget_old()
        name = f"{self._agent_id}-{self._random.bytes(12).hex()}"
        call = Call(name, order, self._ordered(), self, self._log, reply)
        self._by_attempt[order.attempt] = call
        self._up[name] = call
        call.begin()

    def hang_up(self, name: str) -> None:
        call = self._up.get(name)
        if call is not None:
            call.hang_up()

    def find(self, attempt: str) -> str | None:
        """The name of the call of this attempt, if it was taken; who asks about one under way takes it."""
        call = self._by_attempt.get(attempt)
        if call is not None:
            call.accept()
            return call.name
        answer = self._answers.get(attempt)
        return answer.call if isinstance(answer, Accepted) else None

    def ping(self, told: Callable[[Done | Refused], None]) -> None:
        """Find out whether a trunk answers; trunks that are not to be asked are taken to."""
        now = self.now()
        states = self._trunks.values()
        if any(now - state.heard_at <= FRESH_SECONDS or not state.trunk.pings for state in states):
            told(Done())
            return
        if self._ping is not None:
            self._ping.told.append(told)
            return
        self._ping = ping = _Ping([told])
        after(PING_SECONDS, lambda: self._end_ping(ping, Refused(Refusal.UNAVAILABLE, "no trunk answers")))
        for state in states:
            self._switch.ask(state.trunk, self._random.bytes(12).hex(), self._asked(ping, state.trunk))

    def close(self) -> None:
        """Take no more calls, and end those that are up."""
        self._is_closing = True
        for call in list(self._up.values()):
            call.hang_up()

    def _asked(self, ping: _Ping, trunk: Trunk) -> Callable[[int], None]:
        def told(code: int) -> None:
            if is_in_service(code):
                self.trunk_answered(trunk)
                self._end_ping(ping, Done())

        return told

    def _end_ping(self, ping: _Ping, answer: Done | Refused) -> None:
        if self._ping is ping:
            self._ping = None
            for told in ping.told:
                told(answer)

    def _answer_both(self, call: Call, reply: Reply) -> None:
        if call.answer is not None:
            reply(call.answer)
            return
        first = call.reply

        def both(answer: Accepted | Refused) -> None:
            first(answer)
            reply(answer)

        call.reply = both

    def _ordered(self) -> tuple[Trunk, ...]:
        """As configured, with those last that were silent of late."""
        now = self.now()
        states = sorted(self._trunks.values(), key=lambda state: state.avoided_until > now)
        return tuple(state.trunk for state in states)

    def _forget_old(self) -> None:
        while self._over and self.now() - self._over[0][0] > REMEMBERED_SECONDS:
            self._answers.pop(self._over.popleft()[1], None)

    # --- what calls ask of their desk ---------------------------------------------------------------------

    def now(self) -> float:
        return time.monotonic()

    def after(self, seconds: float, act: Callable[[], None]) -> Timer:
        return after(seconds, act)

    def dial(self, trunk: Trunk, numbers: CallNumbers, call: Call) -> Leg:
        return self._switch.dial(trunk, numbers, call)

    def report(self, call: Call, report: Report) -> None:
        event = SipEvent(
            key=f"{call.name}:{report.kind.value}",
            kind=report.kind,
            reference=call.order.reference,
            remote_id=call.name,
            reason=report.reason,
            ring_ms=report.ring_ms,
            basis=report.basis,
        )
        self._outbox.post(call.name, call.order.events_url, encode(event))

    def trunk_answered(self, trunk: Trunk) -> None:
        state = self._trunks[trunk.name]
        state.heard_at = self.now()
        if state.avoided_until > float("-inf"):
            state.avoided_until = float("-inf")
            self._log.info("sip_trunk_is_back", trunk=trunk.name)

    def trunk_failed(self, trunk: Trunk, why: str) -> None:
        now = self.now()
        if why == "silent":
            self._trunks[trunk.name].avoided_until = now + AVOIDED_SECONDS
        if now - self._noted.get((trunk.name, why), float("-inf")) >= NOTED_SECONDS:
            self._noted[trunk.name, why] = now
            self._log.warning("sip_trunk_failed", trunk=trunk.name, why=why)

    def leg_given_up(self, leg: Leg) -> None:
        self._legs_given_up.add(leg)

    def leg_over(self, leg: Leg) -> None:
        self._legs_given_up.discard(leg)

    def ended(self, call: Call) -> None:
        self._up.pop(call.name, None)
        self._by_attempt.pop(call.order.attempt, None)
        if call.answer is not None:
            self._answers[call.order.attempt] = call.answer
            self._over.append((self.now(), call.order.attempt))
