"""An agent from its first to its last moment."""

from __future__ import annotations

import fcntl
import gc
import io
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sippy.Core.EventDispatcher import ED2  # type: ignore[import-untyped]

from ringproof_server.carriers.plugin import Log
from ringproof_server.carriers.sip.address import AgentAddress
from ringproof_server.carriers.sip.agent.control import Control
from ringproof_server.carriers.sip.agent.exchange import Exchange
from ringproof_server.carriers.sip.agent.names import Names, own_address_towards
from ringproof_server.carriers.sip.agent.outbox import Outbox
from ringproof_server.carriers.sip.agent.stack import Switch, after
from ringproof_server.carriers.sip.protocol import Greeting
from ringproof_server.carriers.sip.settings import SipSettings
from ringproof_server.ports import Clock, Random

LOCK_SECONDS: Final = 8.0
"""How long the last agent at this place is given to go: its calls end within `STOP_SECONDS`."""
STOP_SECONDS: Final = 5.0
TICK_SECONDS: Final = 0.1
COLLECTING: Final = (20_000, 20, 50)
"""When garbage is looked for: less often than Python would, since with thousands of calls up every look
through all of them holds up the ringing ones for a fifth of a second."""
FAREWELL_SECONDS: Final = 0.3
"""How long the last BYEs and events are given to leave."""


class AgentFault(Exception):
    """An agent cannot begin; the message tells the operator why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPlan:
    """What an agent is to be. It ends itself after `idle_seconds` without servers and calls; None: never."""

    address: AgentAddress
    settings: SipSettings
    fingerprint: str
    key: bytes = field(repr=False)
    events_key: bytes = field(repr=False)
    idle_seconds: float | None = None


def run_agent(plan: AgentPlan, *, clock: Clock, random: Random, log: Log, ready: Callable[[], None]) -> None:
    """Be an agent, in the main thread, until it is told to go. `ready` is called when calls can be placed.

    Raises `AgentFault` when another agent runs at this place, or it or the SIP address cannot be had.
    """
    # sippy prints what it cannot parse.
    sys.stdout = io.StringIO() if sys.stdout is None else _Nowhere()
    lock = _lock(plan.address)
    try:
        names = Names(frozenset(trunk.host for trunk in plan.settings.trunks))
        agent = _Agent(plan, _switch(plan, names), clock=clock, random=random, log=log)
        names.start()
        agent.run(ready)
    finally:
        if plan.address.path is not None:
            plan.address.path.unlink(missing_ok=True)
        if lock is not None:
            os.close(lock)


class _Agent:
    def __init__(self, plan: AgentPlan, switch: Switch, *, clock: Clock, random: Random, log: Log) -> None:
        self._plan = plan
        self._log = log
        self._outbox = Outbox()
        greeting = Greeting(agent=random.bytes(8).hex(), fingerprint=plan.fingerprint)
        self._exchange = Exchange(
            switch,
            plan.settings.trunks,
            agent_id=greeting.agent,
            outbox=self._outbox,
            random=random,
            log=log,
        )
        try:
            self._listener = plan.address.listen()
        except OSError as fault:
            raise AgentFault(f"the SIP agent cannot listen on {plan.address}: {fault.strerror}") from None
        self._control = Control(
            self._listener,
            greeting=greeting,
            key=plan.key,
            events_key=plan.events_key,
            exchange=self._exchange,
            outbox=self._outbox,
            in_loop=ED2.callFromThread,
            retire=self.stop,
            clock=clock,
            random=random,
            log=log,
        )
        self._asked_to_stop = False
        self._stopping_since: float | None = None
        self._quiet_since = time.monotonic()

    def run(self, ready: Callable[[], None]) -> None:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._take_signal)

        def begin() -> None:
            # What other threads hand to a loop that does not run yet waits for the next of them.
            self._control.start()
            self._log.info("sip_agent_started", trunks=len(self._plan.settings.trunks))
            ready()
            self._tick()

        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECTING)
        after(0.0, begin)
        ED2.loop()
        self._log.info("sip_agent_stopped")

    def stop(self) -> None:
        """Take no more calls, end those that are up, and go."""
        self._asked_to_stop = True

    def _take_signal(self, *_: object) -> None:
        self._asked_to_stop = True

    def _tick(self) -> None:
        """What has to be looked at now and then; it must not end while the agent lives."""
        now = time.monotonic()
        if self._stopping_since is None and (self._asked_to_stop or self._is_idle(now)):
            self._stopping_since = now
            self._listener.close()
            self._exchange.close()
        if self._stopping_since is not None and self._is_done(now - self._stopping_since):
            ED2.breakLoop()
            return
        after(TICK_SECONDS, self._tick)

    def _is_idle(self, now: float) -> bool:
        if self._control.connected or not self._exchange.is_quiet:
            self._quiet_since = now
        limit = self._plan.idle_seconds
        return limit is not None and now - self._quiet_since >= limit

    def _is_done(self, seconds: float) -> bool:
        is_waiting = self._control.connected and len(self._outbox)
        ended = self._exchange.is_quiet and not is_waiting
        return seconds >= STOP_SECONDS or (ended and seconds >= FAREWELL_SECONDS)


class _Nowhere(io.TextIOBase):
    def write(self, text: str, /) -> int:
        return len(text)


def _lock(address: AgentAddress) -> int | None:
    """The place is this agent's until it ends, however it ends; TCP needs no lock, its port is one."""
    if address.path is None:
        return None
    try:
        address.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(lock_file(address.path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as fault:
        raise AgentFault(f"the data folder {address.path.parent} cannot be used: {fault.strerror}") from None
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > deadline:
                os.close(file)
                raise AgentFault("another SIP agent runs here") from None
            time.sleep(TICK_SECONDS)
        else:
            # For operators: whose process it is.
            os.ftruncate(file, 0)
            os.write(file, f"{os.getpid()}\n".encode())
            return file


def lock_file(path: Path) -> Path:
    """What an agent at this place holds a lock on as long as it lives."""
    return path.with_suffix(".lock")


def _switch(plan: AgentPlan, names: Names) -> Switch:
    local = plan.settings.local
    try:
        host = local.host or own_address_towards([trunk.host for trunk in plan.settings.trunks])
    except OSError as fault:
        raise AgentFault(
            f"no address of this machine leads to a trunk ({fault.strerror}); set RINGPROOF_SIP_LOCAL_ADDRESS"
        ) from None
    try:
        return Switch(host, local.port, names, plan.settings.sources)
    except OSError as fault:
        raise AgentFault(f"the SIP address cannot be had (port {local.port}): {fault.strerror}") from None
