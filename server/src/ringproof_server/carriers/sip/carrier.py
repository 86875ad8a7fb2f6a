"""Calls over our own SIP trunks, placed by an agent in a process of its own."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Never

from ringproof_server.carriers.plugin import CarrierOptions, CarrierSettingsError, Log, Timeouts
from ringproof_server.carriers.sip.address import AgentAddress
from ringproof_server.carriers.sip.callbacks import EVENTS_PATH, opened
from ringproof_server.carriers.sip.launch import IDLE_SECONDS, Launcher, LaunchFault, StartOrder, fingerprint
from ringproof_server.carriers.sip.line import AgentAway, AgentLine, AnswerLost
from ringproof_server.carriers.sip.listening import Listeners
from ringproof_server.carriers.sip.protocol import (
    Accepted,
    Answer,
    Done,
    Find,
    HangUp,
    Known,
    Ping,
    Place,
    Refusal,
    Refused,
    Request,
)
from ringproof_server.carriers.sip.settings import read_settings
from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import (
    CarrierMisconfigured,
    CarrierThrottled,
    CarrierUnavailable,
    NumberRefused,
    OutcomeUnknown,
)
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import (
    CallbackRequest,
    CarrierCapabilities,
    CarrierEvent,
    Clock,
    DocumentSource,
    EventSink,
    Found,
    OutgoingCall,
    OutgoingMessage,
    Placed,
    Seals,
)

NAME: Final = "sip"
SOCKET_FILE: Final = "sip-agent.sock"
LOG_FILE: Final = "sip-agent.log"
FEWEST_SECONDS: Final = 0.5
"""With less time than this left nobody is asked: whoever wants the answer may have given up before it."""
FULL_SECONDS: Final = 1.0
"""How soon an agent that has as many calls up as it may can be asked again."""

_E164: Final = re.compile(r"\+[0-9]{6,15}")
_REMOTE_ID: Final = re.compile(r"([0-9a-f]{16})-[0-9a-f]{24}")


class SipCarrier:
    """Flash calls through SIP agents: the one that this machine's processes start and share, or others.

    A call's name is `<agent>-<call>`, so that any process can hang it up, and it is the SIP Call-ID. Events
    come back over connections to the agents, signed like callbacks. Nothing is played to whoever answers:
    the call is ended at once.
    """

    name: Final = NAME
    capabilities: Final = CarrierCapabilities(
        channels=frozenset({Channel.FLASHCALL}),
        chooses_caller_id=True,
        hangs_up=True,
        reports_events=True,
    )

    def __init__(
        self,
        lines: Sequence[AgentLine],
        *,
        launcher: Launcher | None,
        timeouts: Timeouts,
        clock: Clock,
        seals: Seals,
        log: Log,
    ) -> None:
        """`launcher` starts the agent at the other end of the one line there is; None if operators do."""
        self._lines = tuple(lines)
        self._launcher = launcher
        self._timeouts = timeouts
        self._clock = clock
        self._seals = seals
        self._log = log
        self._events_key = events_key(seals)
        self._listeners: list[Listeners] = []

    def place_call(self, call: OutgoingCall) -> Placed:
        if call.channel is not Channel.FLASHCALL:
            raise NumberRefused("a SIP trunk of ours carries flash calls only")
        if _E164.fullmatch(call.to) is None:
            raise NumberRefused("the number cannot be dialled over SIP")
        if _E164.fullmatch(call.caller_id) is None:
            raise CarrierMisconfigured("the caller ID is not an E.164 number")
        order = Place(
            attempt=call.attempt_id,
            reference=call.reference,
            called=call.to,
            caller=call.caller_id,
            dial_timeout=call.dial_timeout,
            events_url=call.events_url,
        )
        # The same agent for the same attempt: it knows what it has dialled, and dials nothing twice.
        answer = self._ask_any(order, hashlib.sha256(call.attempt_id.encode()).digest()[0])
        if isinstance(answer, Accepted):
            return Placed(answer.call)
        if isinstance(answer, Refused):
            _raise(answer)
        raise OutcomeUnknown("the SIP agent answers nonsense")

    def send_message(self, message: OutgoingMessage) -> Placed:
        raise NumberRefused(f"a SIP trunk of ours does not carry {message.channel} messages")

    def hang_up(self, remote_id: str) -> None:
        found = _REMOTE_ID.fullmatch(remote_id)
        if found is None:
            return
        is_certain = True
        for line in self._lines:
            try:
                if line.greeting().agent == found[1]:
                    line.ask(HangUp(remote_id), self._timeouts.total)
                    return
            except (AgentAway, AnswerLost):
                is_certain = False
        if not is_certain:
            raise CarrierUnavailable("the SIP agent that has this call does not answer")

    def parse_event(self, request: CallbackRequest) -> CarrierEvent | None:
        event = opened(self._events_key, request, int(self._clock.now().timestamp()))
        if request.path != EVENTS_PATH:
            return None
        return CarrierEvent(
            key=event.key,
            kind=event.kind,
            attempt_id=self._seals.read_reference(event.reference),
            remote_id=event.remote_id,
            reason=event.reason,
            ring_ms=event.ring_ms,
        )

    def find(self, attempt: Attempt, to: PhoneNumber) -> Found | None:  # noqa: ARG002
        """What an agent knows: its calls until three minutes after their end, none of an agent before it."""
        for line in self._lines:
            try:
                answer = line.ask(Find(attempt.id), self._timeouts.total)
            except (AgentAway, AnswerLost) as fault:
                if self._launcher is not None and isinstance(fault, AgentAway) and fault.is_absent:
                    continue
                raise CarrierUnavailable("a SIP agent does not answer") from None
            if isinstance(answer, Known) and answer.call is not None:
                return Found(remote_id=answer.call)
        return None

    def ping(self) -> None:
        """Raise unless an agent runs, or can be started, and a trunk answers it."""
        answer = self._ask_any(Ping())
        if isinstance(answer, Refused):
            _raise(answer)
        if not isinstance(answer, Done):
            raise CarrierUnavailable("the SIP agent answers nonsense")

    def start(self, deliver: EventSink, answer: DocumentSource) -> None:  # noqa: ARG002  (nothing is said)
        if self._listeners:
            return
        self._listeners = [Listeners(line, deliver, self._preparation(), self._log) for line in self._lines]
        for listeners in self._listeners:
            listeners.start()

    def stop(self) -> None:
        """Listen no more; the agent goes on, so that a restart of the server drops no call."""
        listeners, self._listeners = self._listeners, []
        for each in listeners:
            each.stop()
        for line in self._lines:
            line.close()

    def _ask_any(self, request: Request, first: int = 0) -> Answer:
        """The answer of the first agent that can be asked, beginning with this one and going round."""
        first %= len(self._lines)
        deadline = time.monotonic() + self._timeouts.total
        for line in (*self._lines[first:], *self._lines[:first]):
            try:
                return self._ask(line, request, deadline)
            except AgentAway:
                continue
        raise CarrierUnavailable("no SIP agent answers")

    def _ask(self, line: AgentLine, request: Request, deadline: float) -> Answer:
        try:
            try:
                return line.ask(request, _left(deadline))
            except AgentAway as fault:
                if self._launcher is None or not fault.is_absent:
                    raise
                self._launcher.ensure()
                return line.ask(request, _left(deadline))
        except AnswerLost:
            if isinstance(request, Place):
                raise OutcomeUnknown("the SIP agent's answer did not come") from None
            raise CarrierUnavailable("the SIP agent's answer did not come") from None
        except LaunchFault as fault:
            raise CarrierUnavailable(str(fault)) from None

    def _preparation(self) -> _Preparation:
        return _Preparation(self._launcher)


class _Preparation:
    """Sees to it that the agent runs, when a server begins to listen and whenever the agent has gone.

    The first time an agent with other settings is replaced; later it is the newer server's.
    """

    def __init__(self, launcher: Launcher | None) -> None:
        self._launcher = launcher
        self._is_first = True
        self._lock = threading.Lock()

    def __call__(self) -> None:
        """Raises `AgentAway`."""
        if self._launcher is None:
            return
        with self._lock:
            try:
                self._launcher.ensure(replace=self._is_first)
            except LaunchFault:
                raise AgentAway(is_absent=True) from None
            self._is_first = False


def _left(deadline: float) -> float:
    """The seconds until then. Raises `CarrierUnavailable` when nothing should be begun any more."""
    left = deadline - time.monotonic()
    if left < FEWEST_SECONDS:
        raise CarrierUnavailable("there was no SIP agent in time")
    return left


def _raise(refused: Refused) -> Never:
    if refused.refusal is Refusal.NUMBER:
        raise NumberRefused(refused.why)
    if refused.refusal is Refusal.MISCONFIGURED:
        raise CarrierMisconfigured(refused.why)
    if refused.refusal is Refusal.THROTTLED:
        raise CarrierThrottled(refused.why, FULL_SECONDS)
    raise CarrierUnavailable(refused.why)


def agent_key(seals: Seals) -> bytes:
    """What servers and agents of one installation know each other by."""
    return seals.digest("sip-carrier", "agent")


def events_key(seals: Seals) -> bytes:
    """What the agents sign events with."""
    return seals.digest("sip-carrier", "events")


def own_address(data_dir: Path) -> AgentAddress:
    """Where the agent of this machine listens."""
    return AgentAddress(path=data_dir.resolve() / SOCKET_FILE)


def build(options: CarrierOptions) -> SipCarrier:
    """The carrier `sip`. Raises `CarrierSettingsError`."""
    settings = read_settings(options.settings)
    if not settings.agents and find_spec("sippy") is None:
        raise CarrierSettingsError(NAME, ("the SIP stack is missing; install ringproof-server[sip]",))
    key = agent_key(options.seals)
    own = own_address(options.data_dir)
    lines = [
        AgentLine(each, key, options.random, options.timeouts.connect) for each in settings.agents or (own,)
    ]
    launcher = None
    if not settings.agents:
        order = StartOrder(
            address=str(own),
            settings=dict(options.settings),
            fingerprint=fingerprint(key, options.settings),
            key=key.hex(),
            events_key=events_key(options.seals).hex(),
            log_file=str(options.data_dir.resolve() / LOG_FILE),
            idle_seconds=IDLE_SECONDS,
        )
        launcher = Launcher(lines[0], order, options.log)
    return SipCarrier(
        lines,
        launcher=launcher,
        timeouts=options.timeouts,
        clock=options.clock,
        seals=options.seals,
        log=options.log,
    )
