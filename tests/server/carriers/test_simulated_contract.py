"""The simulated carrier holds what every carrier holds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import OperationalError

from ringproof_server.carriers.simulated import Fault
from ringproof_server.carriers.simulated.tables import calls, handsets
from ringproof_server.ports import CallbackRequest
from ringproof_server.testing.carrier_contract import (
    CODE,
    AddressContract,
    CallContract,
    CarrierBench,
    HangContract,
    MessageContract,
    NumberContract,
    RecoveryContract,
    ThrottlingContract,
)
from ringproof_server.tokens import SecretSeals
from tests.server.carriers.network import CALLER_ID, NUMBER, SECRET, EngineStore, Network, memory_store

T = TypeVar("T")
OTHER_CALLER_ID = "+442079460019"


class FailingStore(EngineStore):
    """A database that can go away, as drivers say it: with the values of the statement.

    One thread after another, as the connection below can be used.
    """

    def __init__(self, below: EngineStore) -> None:
        self._below = below
        self._lock = threading.Lock()
        self.away = False
        self.afterwards: Callable[[], None] | None = None

    def run(self, work: Callable[[Connection], T]) -> T:
        self._check()
        with self._lock:
            result = self._below.run(work)
        afterwards, self.afterwards = self.afterwards, None
        if afterwards is not None:
            afterwards()
        return result

    def look(self, work: Callable[[Connection], T]) -> T:
        self._check()
        with self._lock:
            return self._below.look(work)

    def _check(self) -> None:
        if self.away:
            values = {"number": NUMBER.e164, "caller_id": CALLER_ID, "text": CODE}
            raise OperationalError("INSERT INTO simulated_calls", values, OSError("connection lost"))


class FarSide:
    """The network as whoever runs it sees it."""

    def __init__(self) -> None:
        self._below = memory_store()
        self.store = FailingStore(self._below)
        self.network = Network(self.store, patience=10.0)
        self._told = False

    def break_down(self) -> None:
        self.store.away = True

    def taken(self) -> int:
        away, self.store.away = self.store.away, False
        record = self.network.carrier.record
        count = sum(record.calls_per_attempt().values()) + sum(record.messages_per_attempt().values())
        self.store.away = away
        return count

    def up(self) -> int:
        statement = select(func.count()).where(calls.c.ended_at.is_(None))
        return int(self._below.look(lambda connection: connection.execute(statement).scalar_one()))

    def callbacks(self, remote_id: str) -> Sequence[CallbackRequest]:
        if not self._told:
            self.network.pass_time(60)
            self._told = True
        pairs = zip(self.network.requests, self.network.events, strict=True)
        return [request for request, event in pairs if event.remote_id == remote_id]

    def lose_answer(self) -> None:
        self._meets(Fault.LOST_ANSWER)
        self.store.afterwards = lambda: self._meets(Fault.NONE)

    def hang(self) -> None:
        self._meets(Fault.HANG)

    def throttle(self) -> float | None:
        self._meets(Fault.THROTTLED)
        return 2.0

    def refuse_number(self) -> None:
        self._meets(Fault.REFUSED)

    def _meets(self, fault: Fault) -> None:
        self.network.handsets.set_fault(NUMBER, fault)


class TestSimulatedCarrier(
    CallContract,
    MessageContract,
    AddressContract,
    RecoveryContract,
    HangContract,
    ThrottlingContract,
    NumberContract,
):
    @pytest.fixture
    def bench(self) -> CarrierBench:
        far_side = FarSide()
        return CarrierBench(
            carrier=far_side.network.carrier,
            far_side=far_side,
            number=NUMBER,
            caller_id=CALLER_ID,
            other_caller_id=OTHER_CALLER_ID,
            seals=SecretSeals(SECRET),
            clock=far_side.network.clock,
            secrets=(SECRET,),
        )


def test_the_contract_meets_a_broken_network() -> None:
    """The bench above breaks down in earnest: what was placed before stays, nothing new comes."""
    store = FailingStore(memory_store())
    network = Network(store)
    network.call()
    store.away = True
    with pytest.raises(Exception, match="does not answer"):
        network.call("att_2")
    store.away = False
    assert network.carrier.record.calls_per_attempt() == {"att_1": 1}
    assert store.look(lambda connection: connection.execute(handsets.select()).one()).placements == 1
