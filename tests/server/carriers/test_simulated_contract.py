"""The simulated carrier holds what every carrier holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from ringproof_server.carriers.simulated import Fault
from ringproof_server.carriers.simulated.tables import handsets
from ringproof_server.ports import CallbackRequest
from ringproof_server.testing.carrier_contract import CODE, CarrierBench, CarrierContract
from ringproof_server.tokens import SecretSeals
from tests.server.carriers.network import CALLER_ID, NUMBER, SECRET, EngineStore, Network, memory_store

T = TypeVar("T")


class FailingStore(EngineStore):
    """A database that can go away, as drivers say it: with the values of the statement."""

    def __init__(self, below: EngineStore) -> None:
        self._below = below
        self.away = False

    def run(self, work: Callable[[Connection], T]) -> T:
        self._check()
        return self._below.run(work)

    def look(self, work: Callable[[Connection], T]) -> T:
        self._check()
        return self._below.look(work)

    def _check(self) -> None:
        if self.away:
            values = {"number": NUMBER.e164, "caller_id": CALLER_ID, "text": CODE}
            raise OperationalError("INSERT INTO simulated_calls", values, OSError("connection lost"))


class TestSimulatedCarrier(CarrierContract):
    @pytest.fixture
    def bench(self) -> CarrierBench:
        store = FailingStore(memory_store())
        network = Network(store)

        def callbacks(_remote_id: str) -> Sequence[CallbackRequest]:
            network.pass_time(60)
            return network.requests

        def break_down() -> None:
            store.away = True

        return CarrierBench(
            carrier=network.carrier,
            number=NUMBER,
            caller_id=CALLER_ID,
            seals=SecretSeals(SECRET),
            callbacks=callbacks,
            break_down=break_down,
            lose_answer=lambda: network.handsets.set_fault(NUMBER, Fault.LOST_ANSWER),
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
