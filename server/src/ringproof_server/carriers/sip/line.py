"""An agent as a server's process sees it: a few connections, each for one question at a time."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

from ringproof_server.carriers.sip.address import AgentAddress
from ringproof_server.carriers.sip.protocol import Answer, Greeting, Request, hear_answer, say
from ringproof_server.carriers.sip.wire import NONCE_BYTES, Wire, WireBroken, call
from ringproof_server.ports import Random

MOST_IDLE: Final = 8


class AgentAway(Exception):
    """The agent could not be asked. `is_absent` says that nothing listens there at all."""

    def __init__(self, *, is_absent: bool) -> None:
        super().__init__("the SIP agent does not answer")
        self.is_absent = is_absent


class AnswerLost(Exception):
    """The agent was asked, and its answer did not come."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection and who is at its other end."""

    wire: Wire
    greeting: Greeting


class AgentLine:
    """The connections to one agent. Safe to use from several threads."""

    def __init__(self, address: AgentAddress, key: bytes, random: Random, connect_seconds: float) -> None:
        self.address = address
        self._key = key
        self._random = random
        self._connect_seconds = connect_seconds
        self._idle: list[Connection] = []
        self._keeps = True
        self._lock = threading.Lock()

    def connect(self) -> Connection:
        """A connection of one's own. Raises `AgentAway`."""
        try:
            connection = self.address.connect(self._connect_seconds)
        except (FileNotFoundError, ConnectionRefusedError):
            raise AgentAway(is_absent=True) from None
        except OSError:
            raise AgentAway(is_absent=False) from None
        try:
            wire = call(connection, self._key, self._random.bytes(NONCE_BYTES), self._connect_seconds)
            greeting = hear_answer(wire, self._connect_seconds)
        except WireBroken:
            connection.close()
            raise AgentAway(is_absent=False) from None
        if not isinstance(greeting, Greeting):
            wire.close()
            raise AgentAway(is_absent=False)
        return Connection(wire, greeting)

    def greeting(self) -> Greeting:
        """Who the agent is at this moment. Raises `AgentAway`."""
        connection = self._take()
        self._give_back(connection)
        return connection.greeting

    def ask(self, request: Request, timeout: float) -> Answer:
        """Its answer. Raises `AgentAway` when it was not asked, `AnswerLost` when it may have been."""
        connection = self._take()
        try:
            say(connection.wire, request)
            answer = hear_answer(connection.wire, timeout)
        except WireBroken:
            connection.wire.close()
            raise AnswerLost from None
        self._give_back(connection)
        return answer

    def close(self) -> None:
        """Let go of the connections, and keep none from now on; the agent can still be asked."""
        with self._lock:
            self._keeps = False
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.wire.close()

    def _take(self) -> Connection:
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self.connect()
            if not connection.wire.has_news():
                return connection
            # An agent says nothing of its own accord: this one has gone.
            connection.wire.close()

    def _give_back(self, connection: Connection) -> None:
        with self._lock:
            if self._keeps and len(self._idle) < MOST_IDLE:
                self._idle.append(connection)
                return
        connection.wire.close()
