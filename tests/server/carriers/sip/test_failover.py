"""Trunks that are dead, slow or out of order, and the next one that takes the call."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Reason
from ringproof_server.domain.errors import CarrierUnavailable
from tests.server.carriers.sip.agents import Caller, calling
from tests.support.sipp import Sipp, running_sipp

SCENARIOS = Path(__file__).parent / "scenarios"


@contextlib.contextmanager
def dead_gateway() -> Iterator[str]:
    """Its address: whatever comes there disappears."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gateway:
        gateway.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{gateway.getsockname()[1]}"


@contextlib.contextmanager
def playing(folder: Path, scenario: str, code: str = "") -> Iterator[Sipp]:
    with running_sipp(SCENARIOS / f"{scenario}.xml", folder / scenario, code=code) as sipp:
        yield sipp


def hang_up(caller: Caller, name: str) -> Reason | None:
    """Let it ring, hang it up, and say how it ended."""
    caller.wait(AttemptEvent.RING)
    caller.carrier.hang_up(name)
    return caller.wait(AttemptEvent.END).reason


def test_a_call_goes_to_the_second_trunk_when_the_first_is_dead(tmp_path: Path) -> None:
    """Long before SIP itself would give up (32 s); the next call goes to the living one at once."""
    with (
        dead_gateway() as dead,
        playing(tmp_path, "ring") as living,
        calling(tmp_path / "data", {"trunk": f"{dead};name=old, {living.address};name=new"}) as caller,
    ):
        assert hang_up(caller, caller.call(dial_timeout=10)) is Reason.RANG
        first, *_ = living.messages()
        assert first.call_id.endswith("-2")
        # What the dead one has left of ten seconds.
        assert 1 <= int(first.header("Expires") or 0) <= 8
        second = caller.call()
        assert hang_up(caller, second) is Reason.RANG
        assert living.wait_until(lambda: living.received().count("ACK") == 2)
        assert [item.call_id for item in living.messages() if item.word == "INVITE"][1] == second
        assert '"trunk":"old","why":"silent"' in caller.log


def test_when_every_trunk_is_dead_nothing_was_placed(tmp_path: Path) -> None:
    """The next carrier may be tried, and a ping says why."""
    with (
        dead_gateway() as one,
        dead_gateway() as other,
        calling(tmp_path / "data", {"trunk": f"{one},{other}"}) as caller,
    ):
        with pytest.raises(CarrierUnavailable, match="no trunk takes the call"):
            caller.call()
        with pytest.raises(CarrierUnavailable, match="no trunk answers"):
            caller.carrier.ping()
        assert not caller.events()


def test_a_trunk_that_is_not_to_be_asked_is_taken_to_be_there(tmp_path: Path) -> None:
    with dead_gateway() as dead, calling(tmp_path / "data", {"trunk": f"{dead};ping=off"}) as caller:
        caller.carrier.ping()


@pytest.mark.parametrize(
    ("code", "is_there"), [(200, True), (403, True), (501, True), (502, False), (503, False), (504, False)]
)
def test_only_a_trunk_that_can_take_calls_is_there(tmp_path: Path, code: int, is_there: bool) -> None:
    """To be refused an OPTIONS proves a trunk that works; 502, 503 and 504 say that it does not."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trunk,
        ThreadPoolExecutor(1) as pool,
    ):
        trunk.bind(("127.0.0.1", 0))
        trunk.settimeout(15)
        with calling(tmp_path, {"trunk": f"127.0.0.1:{trunk.getsockname()[1]}"}) as caller:
            asked = pool.submit(caller.carrier.ping)
            request, agent = trunk.recvfrom(4096)
            kept = ("Via:", "From:", "To:", "Call-ID:", "CSeq:")
            head = [line for line in request.decode().split("\r\n") if line.startswith(kept)]
            answer = [f"SIP/2.0 {code} Said", *head, "Content-Length: 0", "", ""]
            trunk.sendto("\r\n".join(answer).encode(), agent)
            fault = asked.exception(15)
    assert (fault is None) is is_there
    assert is_there or isinstance(fault, CarrierUnavailable)


@pytest.mark.parametrize("scenario", ["refuse", "refuse_after_trying"])
def test_a_trunk_that_is_out_of_order_is_passed_over(tmp_path: Path, scenario: str) -> None:
    """Whether it says so at once or after a 100: the call is one, and rings at the second."""
    with (
        playing(tmp_path, scenario, code="503") as first,
        playing(tmp_path, "ring") as second,
        calling(tmp_path / "data", {"trunk": f"{first.address},{second.address}"}) as caller,
    ):
        assert hang_up(caller, caller.call()) is Reason.RANG
        second.wait_for("ACK")
        assert first.received() == ["INVITE", "ACK"]
        assert second.received() == ["INVITE", "CANCEL", "ACK"]
        assert [event.kind for event in caller.events()] == [AttemptEvent.RING, AttemptEvent.END]


def test_no_other_trunk_is_tried_once_the_phone_rang(tmp_path: Path) -> None:
    """It would ring twice for one attempt."""
    with (
        playing(tmp_path, "refuse_after_ringing", code="503") as first,
        playing(tmp_path, "ring") as second,
        calling(tmp_path / "data", {"trunk": f"{first.address},{second.address}"}) as caller,
    ):
        caller.call()
        assert caller.wait(AttemptEvent.END).reason is Reason.CARRIER_ERROR
        assert not second.wait_until(lambda: bool(second.received()), 0.5)


def test_a_trunk_that_answers_after_it_was_given_up_is_cancelled(tmp_path: Path) -> None:
    """Nothing rings on that nobody waits for."""
    with (
        playing(tmp_path, "late") as slow,
        calling(tmp_path / "data", {"trunk": slow.address}) as caller,
    ):
        with pytest.raises(CarrierUnavailable):
            caller.call()
        slow.wait_for("CANCEL", "ACK")
        assert not caller.events()


def test_a_trunk_may_be_named(tmp_path: Path) -> None:
    """Its name is looked up beside the calls, the first of which waits for it."""
    with (
        playing(tmp_path, "ring") as trunk,
        calling(tmp_path / "data", {"trunk": f"localhost:{trunk.port}"}) as caller,
    ):
        assert hang_up(caller, caller.call()) is Reason.RANG
        assert trunk.messages()[0].start.startswith("INVITE sip:+447400123456@localhost:")
        trunk.wait_for("ACK")


def test_a_name_that_nobody_knows_is_a_dead_trunk(tmp_path: Path) -> None:
    with calling(tmp_path / "data", {"trunk": "trunk.invalid"}) as caller:
        with pytest.raises(CarrierUnavailable):
            caller.call()
        with pytest.raises(CarrierUnavailable):
            caller.carrier.ping()
