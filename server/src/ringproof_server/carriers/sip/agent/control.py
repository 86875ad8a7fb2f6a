"""The agent's side of its connections to servers: one thread each, which hands everything to the loop."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Final

from ringproof_server.carriers.plugin import Log
from ringproof_server.carriers.sip.agent.exchange import Exchange
from ringproof_server.carriers.sip.agent.outbox import Outbox, Posted
from ringproof_server.carriers.sip.callbacks import SIGNATURE_HEADER, signature
from ringproof_server.carriers.sip.protocol import (
    Answer,
    Delivery,
    Done,
    Find,
    Greeting,
    HangUp,
    Known,
    Ping,
    Place,
    Request,
    Retire,
    Subscribe,
    Taken,
    hear_request,
    say,
)
from ringproof_server.carriers.sip.wire import NONCE_BYTES, Wire, WireBroken, accept
from ringproof_server.ports import Clock, Random

MOST_CONNECTIONS: Final = 512
MOST_STRANGERS: Final = 64
"""Connections that have not proved anything yet; so few that they leave room for servers."""
HANDSHAKE_SECONDS: Final = 5.0
LOOP_SECONDS: Final = 60.0
"""How long a thread waits for the loop: longer than any number of trunks takes, so that it ends at all."""
TAKEN_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 1.0
REST_SECONDS: Final = 0.1
"""How long nobody is let in when that has failed, for want of descriptors or threads."""

InLoop = Callable[[Callable[[], None]], None]
"""Runs something in the thread of the loop, from any other."""


class Control:
    """Serves the connections to one agent."""

    def __init__(
        self,
        listener: socket.socket,
        *,
        greeting: Greeting,
        key: bytes,
        events_key: bytes,
        exchange: Exchange,
        outbox: Outbox,
        in_loop: InLoop,
        retire: Callable[[], None],
        clock: Clock,
        random: Random,
        log: Log,
    ) -> None:
        self._listener = listener
        self._greeting = greeting
        self._key = key
        self._events_key = events_key
        self._exchange = exchange
        self._outbox = outbox
        self._in_loop = in_loop
        self._retire = retire
        self._clock = clock
        self._random = random
        self._log = log
        self._lock = threading.Lock()
        self._strangers = 0
        self._connected = 0

    @property
    def connected(self) -> int:
        """How many connections there are of servers, which have proved that they know the key."""
        return self._connected

    def start(self) -> None:
        threading.Thread(target=self._accept_all, name="control", daemon=True).start()

    def _accept_all(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                if self._listener.fileno() < 0:
                    return
                # It passes, and until then the calls that are up must not be left without their servers.
                time.sleep(REST_SECONDS)
                continue
            if not self._let_in(connection):
                connection.close()

    def _let_in(self, connection: socket.socket) -> bool:
        with self._lock:
            if self._strangers >= MOST_STRANGERS or self._connected >= MOST_CONNECTIONS:
                return False
            self._strangers += 1
        try:
            threading.Thread(target=self._receive, args=(connection,), name="server", daemon=True).start()
        except RuntimeError:
            # The machine has no threads left.
            with self._lock:
                self._strangers -= 1
            time.sleep(REST_SECONDS)
            return False
        return True

    def _receive(self, connection: socket.socket) -> None:
        """Serve whoever proves to be a server."""
        wire = None
        try:
            wire = accept(connection, self._key, self._random.bytes(NONCE_BYTES), HANDSHAKE_SECONDS)
        except WireBroken:
            connection.close()
        finally:
            with self._lock:
                self._strangers -= 1
                self._connected += wire is not None
        if wire is not None:
            self._serve(wire)

    def _serve(self, wire: Wire) -> None:
        try:
            say(wire, self._greeting)
            while True:
                request = hear_request(wire, None)
                if isinstance(request, Subscribe):
                    self._deliver(wire)
                    return
                say(wire, self._answer(request))
        except WireBroken:
            return
        finally:
            wire.close()
            with self._lock:
                self._connected -= 1

    def _answer(self, request: Request) -> Answer:
        """Runs in the connection's thread; what is asked is done by the loop."""
        if isinstance(request, Place):
            return self._by_loop(lambda reply: self._exchange.place(request, reply))
        if isinstance(request, Ping):
            return self._by_loop(self._exchange.ping)
        if isinstance(request, Find):
            return self._by_loop(lambda reply: reply(Known(self._exchange.find(request.attempt))))
        if isinstance(request, HangUp):

            def hang_up(reply: Callable[[Answer], None]) -> None:
                self._exchange.hang_up(request.call)
                reply(Done())

            return self._by_loop(hang_up)
        if isinstance(request, Retire):
            self._in_loop(self._retire)
            return Done()
        raise WireBroken("this cannot be asked here")

    def _by_loop(self, act: Callable[[Callable[[Any], None]], None]) -> Answer:
        answer: Future[Answer] = Future()

        def reply(found: Answer) -> None:
            if not answer.done():
                answer.set_result(found)

        def guarded() -> None:
            try:
                act(reply)
            except Exception as fault:  # noqa: BLE001  (whatever it is, the server must not wait for it)
                self._log.error("sip_agent_fault", fault=type(fault).__name__)
                if not answer.done():
                    answer.cancel()

        self._in_loop(guarded)
        try:
            return answer.result(LOOP_SECONDS)
        except (FutureTimeout, CancelledError):
            # Perhaps the call was placed, or will be: a connection that breaks says just that.
            raise WireBroken("the request came to nothing") from None

    def _deliver(self, wire: Wire) -> None:
        """Send events through this connection until it breaks."""
        say(wire, Done())
        while True:
            event = self._outbox.take(LOOK_SECONDS)
            if event is None:
                if wire.has_news():
                    raise WireBroken("a listener says nothing of its own accord: it has gone")
                continue
            is_taken = False
            try:
                is_taken = self._send(wire, event)
            finally:
                if is_taken:
                    self._outbox.done(event)
                else:
                    self._outbox.give_back(event)
            if not is_taken:
                raise WireBroken("this server cannot take events now")

    def _send(self, wire: Wire, event: Posted) -> bool:
        seconds = int(self._clock.now().timestamp())
        headers = {
            "content-type": "application/json",
            SIGNATURE_HEADER: signature(self._events_key, event.url, event.body, seconds),
        }
        say(wire, Delivery(url=event.url, headers=headers, body=event.body.decode()))
        answer = hear_request(wire, TAKEN_SECONDS)
        return isinstance(answer, Taken) and answer.is_taken
