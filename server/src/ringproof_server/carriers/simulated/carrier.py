"""The simulated network as a carrier."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Final, Never, TypeVar

from sqlalchemy import Connection, Table, select
from sqlalchemy.exc import SQLAlchemyError

from ringproof_rcml import Dialect
from ringproof_server.carriers.plugin import CarrierOptions, Log, NetworkStore
from ringproof_server.carriers.simulated.behaviour import Fault
from ringproof_server.carriers.simulated.callbacks import EVENTS_PATH, opened
from ringproof_server.carriers.simulated.exchange import Exchange
from ringproof_server.carriers.simulated.handsets import Handsets
from ringproof_server.carriers.simulated.heartbeat import Heartbeat
from ringproof_server.carriers.simulated.moments import moment
from ringproof_server.carriers.simulated.placing import Request, insert_call, insert_message, take_request
from ringproof_server.carriers.simulated.planning import MESSENGERS
from ringproof_server.carriers.simulated.progress import locked_call
from ringproof_server.carriers.simulated.record import Record
from ringproof_server.carriers.simulated.settings import NetworkSettings, read_settings
from ringproof_server.carriers.simulated.tables import calls, messages
from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import (
    CarrierThrottled,
    CarrierUnavailable,
    NumberRefused,
    OutcomeUnknown,
    ServiceUnavailable,
)
from ringproof_server.domain.fictitious import is_fictitious
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
    Random,
    Seals,
)

T = TypeVar("T")
Insert = Callable[[Connection, Request, int], None]

NAME: Final = "simulated"
CHANNELS: Final = frozenset({Channel.FLASHCALL, Channel.SMS, Channel.VOICE, Channel.KEYPAD})


class SimulatedCarrier:
    """A telephone network with virtual handsets whose whole state is in the database.

    Every process that is given the same database is part of the same network, and a restarted one goes on
    where the last one was killed. `sleep` is how a request hangs that meets this fault; by default `stop`
    ends it early.
    """

    name: Final = NAME

    def __init__(
        self,
        *,
        store: NetworkStore,
        settings: NetworkSettings,
        clock: Clock,
        random: Random,
        seals: Seals,
        log: Log,
        sleep: Callable[[float], object] | None = None,
        patience: float = math.inf,
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._random = random
        self._seals = seals
        self._log = log
        self._key = seals.digest("simulated-carrier", "callbacks")
        self._stopped = threading.Event()
        self._sleep = sleep or self._stopped.wait
        self._patience = patience
        self._heartbeat: Heartbeat | None = None
        self.capabilities: Final = CarrierCapabilities(
            channels=CHANNELS | MESSENGERS,
            chooses_caller_id=True,
            hangs_up=True,
            reports_events=True,
            dialect=Dialect.RCML,
            serves_fictitious=True,
            fictitious_only=settings.fictitious_only,
        )
        self.handsets: Final = Handsets(store, clock)
        self.record: Final = Record(store)

    def place_call(self, call: OutgoingCall) -> Placed:
        if call.channel not in self.capabilities.channels or not call.channel.is_call:
            raise NumberRefused("the simulated network does not carry calls of this channel")
        call_id = self._random.identifier("call_")

        def take(connection: Connection, request: Request, now: int) -> None:
            insert_call(connection, call, call_id=call_id, request=request, settings=self._settings, now=now)

        return self._request(call.to, call_id, take)

    def send_message(self, message: OutgoingMessage) -> Placed:
        if message.channel not in self.capabilities.channels or message.channel.is_call:
            raise NumberRefused("the simulated network does not carry messages of this channel")
        message_id = self._random.identifier("msg_")

        def take(connection: Connection, request: Request, now: int) -> None:
            insert_message(
                connection,
                message,
                message_id=message_id,
                request=request,
                settings=self._settings,
                now=now,
            )

        return self._request(message.to, message_id, take)

    def hang_up(self, remote_id: str) -> None:
        def work(connection: Connection) -> None:
            now = self._now()
            row = locked_call(connection, remote_id, self._settings)
            if row is not None:
                row.advance(now)
                row.hang_up(now)
                row.save(hang_ups=row.hang_ups + 1)

        self._run(work)
        self._poke()

    def parse_event(self, request: CallbackRequest) -> CarrierEvent | None:
        event = opened(self._key, request, self._now())
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

    def find(self, attempt: Attempt, to: PhoneNumber) -> Found | None:
        table: Table = calls if attempt.channel.is_call else messages
        statement = (
            select(table.c.id)
            .where(table.c.attempt_id == attempt.id, table.c.number == to.e164)
            .order_by(table.c.placed_at)
            .limit(1)
        )
        found = self._guarded(
            lambda: self._store.look(lambda connection: connection.execute(statement).scalar_one_or_none())
        )
        return None if found is None else Found(remote_id=str(found))

    def ping(self) -> None:
        self._guarded(
            lambda: self._store.look(lambda connection: connection.execute(select(calls.c.id).limit(1)).all())
        )
        if self._settings.faults.outage >= 1:
            raise CarrierUnavailable("the simulated network is set to be out of order")

    def exchange(self, deliver: EventSink, answer: DocumentSource) -> Exchange:
        """This process's part of the network, to be moved on by `step` instead of by `start`'s thread."""
        return Exchange(
            store=self._store,
            settings=self._settings,
            key=self._key,
            clock=self._clock,
            log=self._log,
            deliver=deliver,
            answer=answer,
        )

    def start(self, deliver: EventSink, answer: DocumentSource) -> None:
        if self._heartbeat is None:
            self._stopped.clear()
            self._heartbeat = Heartbeat(self.exchange(deliver, answer), self._log)
            self._heartbeat.start()

    def stop(self) -> None:
        self._stopped.set()
        heartbeat, self._heartbeat = self._heartbeat, None
        if heartbeat is not None:
            heartbeat.stop()

    def _request(self, number: str, remote_id: str, take: Insert) -> Placed:
        if self._settings.fictitious_only and not is_fictitious(number):
            raise NumberRefused("the simulated network serves fictitious numbers only")

        def work(connection: Connection) -> Request:
            request = take_request(connection, number, self._settings)
            if request.fault in {Fault.NONE, Fault.LOST_ANSWER}:
                take(connection, request, self._now())
            return request

        request = self._run(work)
        if request.fault is Fault.HANG:
            self._hang(lambda connection: take(connection, request, self._now()))
        elif request.fault is not Fault.NONE:
            self._poke()
            self._refuse(request.fault)
        self._poke()
        span = self._settings.timings.answer
        if span.high:
            self._sleep(request.dice.between("answer", span.low, span.high) / 1000)
        return Placed(remote_id)

    def _hang(self, take: Callable[[Connection], None]) -> None:
        hanging = self._settings.hang_seconds
        self._sleep(min(hanging, self._patience))
        self._run(take)
        if hanging > self._patience:
            self._poke()
            raise OutcomeUnknown("the simulated network did not answer in time")

    def _refuse(self, fault: Fault) -> Never:
        if fault is Fault.LOST_ANSWER:
            raise OutcomeUnknown("the simulated network's answer was lost")
        if fault is Fault.THROTTLED:
            raise CarrierThrottled("the simulated network is throttled", self._settings.retry_after)
        if fault is Fault.REFUSED:
            raise NumberRefused("the simulated network refuses this handset")
        raise CarrierUnavailable("the simulated network does not answer")

    def _run(self, work: Callable[[Connection], T]) -> T:
        return self._guarded(lambda: self._store.run(work))

    def _guarded(self, use: Callable[[], T]) -> T:
        try:
            return use()
        except (SQLAlchemyError, ServiceUnavailable):
            # The cause may repeat the statement's values, numbers among them.
            raise CarrierUnavailable("the simulated network's database does not answer") from None

    def _now(self) -> int:
        return moment(self._clock.now())

    def _poke(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.poke()


def build(options: CarrierOptions) -> SimulatedCarrier:
    """The carrier `simulated`. Raises `CarrierSettingsError`.

    Without a `seed` in the settings every process draws its own, and nothing can be repeated.
    """
    return SimulatedCarrier(
        store=options.store,
        settings=read_settings(options.settings, seed=options.random.bytes(16)),
        clock=options.clock,
        random=options.random,
        seals=options.seals,
        log=options.log,
        patience=options.timeouts.total,
    )
