"""Takes the agents' events into this process, as long as it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from ringproof_server.carriers.plugin import Log
from ringproof_server.carriers.sip.callbacks import EVENTS_PATH
from ringproof_server.carriers.sip.line import AgentAway, AgentLine
from ringproof_server.carriers.sip.protocol import Delivery, Done, Subscribe, Taken, hear_answer, say
from ringproof_server.carriers.sip.wire import Wire, WireBroken, WireTimeout
from ringproof_server.domain.errors import CallbackRefused
from ringproof_server.ports import CallbackRequest, EventSink

THREADS: Final = 2
"""Connections to each agent, so that one slow transaction does not hold up every other event."""
PAUSE_SECONDS: Final = 0.5
LOOK_SECONDS: Final = 1.0


class Listeners:
    """Threads that listen to one agent. `prepare` is called before each try to reach it, and may start it."""

    def __init__(self, line: AgentLine, deliver: EventSink, prepare: Callable[[], None], log: Log) -> None:
        self._line = line
        self._deliver = deliver
        self._prepare = prepare
        self._log = log
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._wires: set[Wire] = set()
        self._threads = [
            threading.Thread(target=self._work, name=f"sip-events-{number}", daemon=True)
            for number in range(THREADS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Take no more events; what is being delivered is given two seconds."""
        self._stopping.set()
        with self._lock:
            wires = list(self._wires)
        for wire in wires:
            wire.interrupt()
        for thread in self._threads:
            thread.join(timeout=2)

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self._prepare()
                self._listen()
            except (AgentAway, WireBroken):
                self._stopping.wait(PAUSE_SECONDS)

    def _listen(self) -> None:
        wire = self._line.connect().wire
        with self._lock:
            self._wires.add(wire)
        try:
            say(wire, Subscribe())
            if not isinstance(hear_answer(wire, LOOK_SECONDS), Done):
                raise WireBroken("the agent does not let us listen")
            while not self._stopping.is_set():
                self._take_one(wire)
        finally:
            with self._lock:
                self._wires.discard(wire)
            wire.close()

    def _take_one(self, wire: Wire) -> None:
        try:
            delivery = hear_answer(wire, LOOK_SECONDS)
        except WireTimeout:
            return
        if not isinstance(delivery, Delivery):
            raise WireBroken("the agent says something else than events")
        say(wire, Taken(self._is_taken(delivery)))

    def _is_taken(self, delivery: Delivery) -> bool:
        request = CallbackRequest(
            path=EVENTS_PATH,
            url=delivery.url,
            method="POST",
            headers=delivery.headers,
            body=delivery.body.encode(),
        )
        try:
            self._deliver(request)
        except CallbackRefused as fault:
            # Whoever takes it next would say the same.
            self._log.warning("sip_event_refused", why=str(fault))
        except Exception as fault:  # noqa: BLE001  (the database may be away; the agent keeps the event)
            self._log.warning("sip_event_not_taken", fault=type(fault).__name__)
            return False
        return True
