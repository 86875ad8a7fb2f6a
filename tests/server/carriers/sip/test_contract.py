"""The carrier `sip` holds what every carrier holds, with a real phone at the other end of its trunk."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

from ringproof_server.carriers.plugin import Timeouts
from ringproof_server.carriers.sip import build, read_agent_address
from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import CallbackRequest
from ringproof_server.system import SystemClock
from ringproof_server.testing.carrier_contract import (
    AddressContract,
    CallContract,
    CarrierBench,
    GarbageContract,
    HangContract,
    RecoveryContract,
)
from ringproof_server.testing.options import carrier_options
from tests.server.carriers.sip.agents import CALLER_ID, NUMBER, SECRET, Caller, operators_agent
from tests.server.carriers.sip.relay import Relay
from tests.support import leaks
from tests.support.baresip import Phone, running_phone

OTHER_CALLER_ID: Final = "+442079460019"
HASTY: Final = Timeouts(connect=1.0, total=2.0)
QUIET_SECONDS: Final = 0.25


class PhoneSide:
    """A phone behind a trunk, and the agent that calls it behind a relay."""

    def __init__(self, phone: Phone, relay: Relay, caller: Caller) -> None:
        self._phone = phone
        self._relay = relay
        self._caller = caller
        self._before = len(phone.calls())

    def break_down(self) -> None:
        self._relay.close()

    def taken(self) -> int:
        self._settle()
        return len(self._phone.calls()) - self._before

    def up(self) -> int:
        self._settle()
        return self._phone.active_calls()

    def callbacks(self, remote_id: str) -> Sequence[CallbackRequest]:
        self._wait_for(remote_id, AttemptEvent.RING)
        self._caller.carrier.hang_up(remote_id)
        self._wait_for(remote_id, AttemptEvent.END)
        return [request for request in self._caller.requests if remote_id.encode() in request.body]

    def lose_answer(self) -> None:
        self._relay.loses_one = True

    def hang(self) -> None:
        self._relay.holds = True

    def answer_garbage(self) -> None:
        self._relay.spoils = True

    def _wait_for(self, remote_id: str, kind: AttemptEvent) -> None:
        def is_there() -> bool:
            events = (event for _, event in self._caller.heard)
            return any((event.remote_id, event.kind) == (remote_id, kind) for event in events)

        assert self._caller.wait_until(is_there), f"no {kind} was reported"

    def _settle(self) -> None:
        """What has been sent to the phone has arrived when nothing comes any more."""
        seen = -1
        while seen != (seen := len(self._phone.packets())):
            time.sleep(QUIET_SECONDS)


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    with running_phone(tmp_path_factory.mktemp("phone"), [NUMBER]) as phone:
        yield phone


class TestSipCarrier(CallContract, AddressContract, RecoveryContract, HangContract, GarbageContract):
    """Calls and their events; there is nothing that throttles, and no number that the phone would refuse."""

    @pytest.fixture
    def bench(self, phone: Phone, tmp_path: Path) -> Iterator[CarrierBench]:
        leaks.secrets([OTHER_CALLER_ID], "number")
        with operators_agent(tmp_path / "agent", phone.address) as address:
            agent = read_agent_address(address)
            assert agent is not None
            relay = Relay((agent.host, agent.port))
            # The events of the calls come to a server beside the one that is tried.
            caller = Caller(tmp_path, {"agent": address})
            caller.start()
            options = carrier_options(
                {"agent": relay.address}, timeouts=HASTY, clock=SystemClock(), data_dir=tmp_path
            )
            carrier = build(options)
            yield CarrierBench(
                carrier=carrier,
                far_side=PhoneSide(phone, relay, caller),
                number=PhoneNumber.parse(NUMBER),
                caller_id=CALLER_ID,
                other_caller_id=OTHER_CALLER_ID,
                seals=caller.seals,
                clock=options.clock,
                secrets=(SECRET,),
            )
            relay.close()
            carrier.stop()
            caller.carrier.stop()
        phone.wait_until_idle()
